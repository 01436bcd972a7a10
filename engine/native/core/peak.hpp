// What the processor's vector units can do at most: multiply-adds on registers alone, on every thread of a pool at once.
#pragma once
#include <chrono>

#include "pool.hpp"

namespace jacoflow {

/** Float32 operations a second over `rounds` rounds a thread, a multiply-add counted as two. */
inline double peakRate(Pool& pool, Index rounds) {
  // Enough independent sums to hide the latency of a multiply-add, few enough to stay in registers.
  constexpr int count = JACOFLOW_REGISTERS >= 32 ? 24 : 12;
  constexpr Index inner = 1 << 20;
  const Index tasks = pool.threads();
  std::vector<float> sums(static_cast<std::size_t>(tasks * 64));
  const auto start = std::chrono::steady_clock::now();
  pool.each(tasks, [&](Index task, int) {
    Vector<float> sum[count];
    for (int i = 0; i < count; ++i) sum[i] = broadcast(static_cast<float>(i));
    const Vector<float> factor = broadcast(0.999f), term = broadcast(static_cast<float>(task) + 0.5f);
    for (Index round = 0; round < rounds; ++round)
      for (Index i = 0; i < inner; ++i)
#pragma GCC unroll 24
        for (int j = 0; j < count; ++j) sum[j] = sum[j] * factor + term;
    Vector<float> total{};
    for (int i = 0; i < count; ++i) total += sum[i];
    store(sums.data() + task * 64, total);
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  // The sums are finite by construction; reading them keeps the work from being left out.
  const double seen = sums[0] < 0 ? 0 : 1;
  return seen * 2.0 * static_cast<double>(count * lanes<float> * inner) * static_cast<double>(rounds * tasks) / seconds;
}

}  // namespace jacoflow
