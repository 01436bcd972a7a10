// What the processor's vector units can do at most: multiply-adds on registers alone, on every thread of a pool at once.
#pragma once
#include <ctime>

#include "pool.hpp"

namespace jacoflow {

/** Seconds that the calling thread has run: what other programs take of its processor does not count. */
inline double threadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/** Float32 operations a second of all threads over `rounds` rounds each, a multiply-add counted as two. */
inline double peakRate(Pool& pool, Index rounds) {
  // Enough independent sums to hide the latency of a multiply-add, few enough to stay in registers.
  constexpr int count = JACOFLOW_REGISTERS >= 32 ? 24 : 12;
  constexpr Index inner = 1 << 20;
  const Index tasks = pool.threads();
  std::vector<double> rates(static_cast<std::size_t>(tasks));
  pool.each(tasks, [&](Index task, int) {
    const double start = threadSeconds();
    Vector<float> sum[count];
    for (int i = 0; i < count; ++i) sum[i] = broadcast(static_cast<float>(i));
    const Vector<float> factor = broadcast(0.999f), term = broadcast(static_cast<float>(task) + 0.5f);
    for (Index round = 0; round < rounds; ++round)
      for (Index i = 0; i < inner; ++i)
#pragma GCC unroll 24
        for (int j = 0; j < count; ++j) sum[j] = sum[j] * factor + term;
    float total = 0;
    for (int i = 0; i < count; ++i) total += sum[i][0];
    // The sums are positive; asking keeps the work from being left out.
    if (total > 0) rates[static_cast<std::size_t>(task)] = static_cast<double>(rounds * inner * count * lanes<float>) * 2 / (threadSeconds() - start);
  });
  double rate = 0;
  for (const double one : rates) rate += one;
  return rate;
}

}  // namespace jacoflow
