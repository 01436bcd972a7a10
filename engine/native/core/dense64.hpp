// Products summed in float64 on all threads: A Aᵀ, AᵀB, A C, B − A C (design §5, block Krylov), V Uᵀ, V − C U.
#pragma once
#include "pool.hpp"
#include "product.hpp"

namespace jacoflow {

/** Columns of one packed float64 panel: a whole register tile wide, and as many rows of the result. */
inline constexpr Index panel64 = 3 * lanes<double>;
inline constexpr int panel64Vectors = 3;
/** Depth of one packed block: a panel of it stays in the second-level cache. */
inline constexpr Index depth64 = 512;

/**
 * G (rows × rows, row stride `stride` ≥ rows rounded up to panel64) += A Aᵀ, lower triangle of panels only.
 * read(row, from, count, to, step) copies A(row, from … from + count) to to[0], to[step], … as float64.
 */
template <class Read>
void addGram(Pool& pool, Control& control, Index rows, Index depth, const Read& read, Buffer<double>& work, double* G, Index stride) {
  const Index panels = divideUp(rows, panel64);
  double* packed = work.reserve(checkedProduct(panels * panel64, depth64));
  for (Index from = 0; from < depth; from += depth64) {
    control.check();
    const Index count = std::min(depth64, depth - from);
    pool.each(panels, [&](Index panel, int) {
      double* to = packed + panel * panel64 * depth64;
      for (Index r = 0; r < panel64; ++r) {
        const Index row = panel * panel64 + r;
        if (row < rows) read(row, from, count, to + r, panel64);
        else
          for (Index k = 0; k < count; ++k) to[k * panel64 + r] = 0;
      }
    });
    // The longest rows of panels first, so that no thread is left with one at the end.
    pool.each(panels, [&](Index task, int) {
      const Index i = panels - 1 - task;
      for (Index j = 0; j <= i; ++j)
        panelProduct<double, true>(packed + i * panel64 * depth64, panel64, packed + j * panel64 * depth64, panel64, count,
                                   G + i * panel64 * stride + j * panel64, stride, panel64, panel64Vectors, Store::add);
    });
  }
}

/** Copies the lower triangle of a padded G to a full symmetric n × n result. */
inline void spread(Pool& pool, const double* G, Index stride, Index n, double* result) {
  pool.each(divideUp(n, 64), [&](Index task, int) {
    const Index end = std::min(n, (task + 1) * 64);
    for (Index i = task * 64; i < end; ++i)
      for (Index j = 0; j < n; ++j) result[i * n + j] = j <= i ? G[i * stride + j] : G[j * stride + i];
  });
}

/** Gram matrix of the rows (n × d) or of the columns of a float64 matrix. */
inline void gram64(Pool& pool, Control& control, const double* A, Index rows, Index columns, bool ofRows, double* result) {
  const Index n = ofRows ? rows : columns;
  const Index stride = roundUp(n, panel64);
  Buffer<double> G, work;
  G.reserve(checkedProduct(stride, stride));
  addGram(
      pool, control, n, ofRows ? columns : rows,
      [&](Index row, Index from, Index count, double* to, Index step) {
        if (ofRows) for (Index k = 0; k < count; ++k) to[k * step] = A[row * columns + from + k];
        else for (Index k = 0; k < count; ++k) to[k * step] = A[(from + k) * columns + row];
      },
      work, G.data(), stride);
  spread(pool, G.data(), stride, n, result);
}

/** AᵀB (a × b) of float32 matrices with m rows; summed over fixed parts of the rows, then over the parts in order. */
inline void crossProduct(Pool& pool, Control& control, const float* A, Index a, const float* B, Index b, Index m, double* result) {
  const Index partRows = std::max<Index>(depth64, roundUp(divideUp(m, 32), depth64));
  const Index parts = divideUp(m, partRows);
  const Index aPadded = roundUp(a, panel64), bPadded = roundUp(b, panel64);
  Buffer<double> sums;
  sums.reserve(checkedProduct(checkedProduct(parts, aPadded), bPadded));
  std::vector<Buffer<double>> work(static_cast<std::size_t>(pool.threads()));
  for (auto& one : work) one.reserve(checkedProduct(aPadded + bPadded, depth64));
  pool.each(parts, [&](Index part, int thread) {
    double* left = work[static_cast<std::size_t>(thread)].data();
    double* right = left + aPadded * depth64;
    double* sum = sums.data() + part * aPadded * bPadded;
    const auto pack = [](const float* from, Index columns, Index count, Index padded, double* to) {
      for (Index first = 0; first < padded; first += panel64, to += panel64 * depth64)
        for (Index k = 0; k < count; ++k) {
          const Index real = std::clamp<Index>(columns - first, 0, panel64);
          Index j = 0;
          for (; j < real; ++j) to[k * panel64 + j] = from[k * columns + first + j];
          for (; j < panel64; ++j) to[k * panel64 + j] = 0;
        }
    };
    for (Index from = part * partRows; from < std::min(m, (part + 1) * partRows); from += depth64) {
      control.check();
      const Index count = std::min({depth64, m - from, (part + 1) * partRows - from});
      pack(A + from * a, a, count, aPadded, left);
      pack(B + from * b, b, count, bPadded, right);
      for (Index j = 0; j < bPadded; j += panel64)
        for (Index i = 0; i < aPadded; i += panel64)
          panelProduct<double, true>(left + i * depth64, panel64, right + j * depth64, panel64, count, sum + i * bPadded + j,
                                     bPadded, panel64, panel64Vectors, Store::add);
    }
  });
  pool.each(a, [&](Index i, int) {
    for (Index j = 0; j < b; ++j) {
      double total = 0;
      for (Index part = 0; part < parts; ++part) total += sums[(part * aPadded + i) * bPadded + j];
      result[i * b + j] = total;
    }
  });
}

/** A C, or target − A C when there is a target: A m × a, C a × b, rounded to float32 once. */
inline void combine(Pool& pool, Control& control, const float* A, Index m, Index a, const double* C, Index b, const float* target,
                    float* result) {
  constexpr Index rowBlock = 64;
  preferLargePages(result, m * b * static_cast<Index>(sizeof(float)));
  PackedMatrix<double> coefficients;
  coefficients.pack(a, b, [&](Index k, Index j) { return C[k * b + j]; });
  const Index padded = coefficients.paddedColumns();
  std::vector<Buffer<double>> work(static_cast<std::size_t>(pool.threads()));
  for (auto& one : work) one.reserve(checkedProduct(rowBlock, a + padded));
  pool.each(divideUp(m, rowBlock), [&](Index task, int thread) {
    control.check();
    double* left = work[static_cast<std::size_t>(thread)].data();
    double* sum = left + rowBlock * a;
    const Index first = task * rowBlock, rows = std::min(rowBlock, m - first);
    for (Index i = 0; i < rows * a; ++i) left[i] = A[first * a + i];
    if (a == 0) std::memset(sum, 0, static_cast<std::size_t>(rows * padded) * sizeof(double));
    multiply(left, a, coefficients, sum, padded, rows, Store::replace);
    for (Index r = 0; r < rows; ++r)
      for (Index j = 0; j < b; ++j) {
        const Index at = (first + r) * b + j;
        const double value = sum[r * padded + j];
        result[at] = static_cast<float>(target != nullptr ? static_cast<double>(target[at]) - value : value);
      }
  });
}

/** Σ_k a(k) b(k), in one fixed order. */
inline double dot(const double* a, const double* b, Index count) {
  constexpr Index L = lanes<double>;
  constexpr int together = 4;
  Vector<double> sums[together] = {};
  Index k = 0;
  for (; k + together * L <= count; k += together * L)
#pragma GCC unroll 4
    for (int t = 0; t < together; ++t) sums[t] += load(a + k + t * L) * load(b + k + t * L);
  const Vector<double> sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double total = 0;
  for (Index lane = 0; lane < L; ++lane) total += sum[lane];
  for (; k < count; ++k) total += a[k] * b[k];
  return total;
}

/** V Uᵀ (b × r) of b float64 and r float32 rows of m elements. */
inline void coordinates(Pool& pool, Control& control, const float* U, Index r, const double* V, Index b, Index m, double* result) {
  constexpr Index part = 2048;
  std::vector<Buffer<double>> work(static_cast<std::size_t>(pool.threads()));
  for (auto& one : work) one.reserve(part);
  pool.each(r, [&](Index s, int thread) {
    control.check();
    double* wide = work[static_cast<std::size_t>(thread)].data();
    for (Index j = 0; j < b; ++j) result[j * r + s] = 0;
    for (Index from = 0; from < m; from += part) {
      const Index count = std::min(part, m - from);
      for (Index k = 0; k < count; ++k) wide[k] = U[s * m + from + k];
      for (Index j = 0; j < b; ++j) result[j * r + s] += dot(wide, V + j * m + from, count);
    }
  });
}

/** V − C U (b × m), C b × r. */
inline void remainderOf(Pool& pool, Control& control, const double* V, Index b, const float* U, Index r, Index m, const double* C,
                        double* result) {
  constexpr Index part = 512;
  pool.each(divideUp(m, part), [&](Index task, int) {
    control.check();
    const Index from = task * part, count = std::min(part, m - from);
    for (Index j = 0; j < b; ++j) {
      double* __restrict to = result + j * m + from;
      std::memcpy(to, V + j * m + from, static_cast<std::size_t>(count) * sizeof(double));
      for (Index s = 0; s < r; ++s) {
        const double weight = C[j * r + s];
        const float* __restrict row = U + s * m + from;
        for (Index k = 0; k < count; ++k) to[k] -= weight * static_cast<double>(row[k]);
      }
    }
  });
}

}  // namespace jacoflow
