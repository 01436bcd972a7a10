// Matrix products for one thread: register tiles of MR rows × NV vectors, A by broadcast, B in packed column panels.
#pragma once
#include "memory.hpp"

namespace jacoflow {

/** Widest panel, in vectors, that still leaves registers for a tile. */
inline constexpr int maximumPanelVectors = JACOFLOW_REGISTERS >= 32 ? 5 : 3;

/** Rows of a full register tile beside NV vectors of columns. */
constexpr int tileRows(int vectors) {
  if (JACOFLOW_REGISTERS >= 32) {
    constexpr int rows[] = {0, 16, 12, 8, 6, 5};
    return rows[vectors];
  }
  constexpr int rows[] = {0, 8, 5, 4, 2, 2};
  return rows[vectors];
}

/**
 * C (MR × NV vectors) = or += Σ_k A(m, k) B(k, :). `alongRow` says that A's rows m are neighbours in memory
 * (A(m, k) = a[m + k·stride]); otherwise A(m, k) = a[m·stride + k].
 */
template <class T, int MR, int NV, bool alongRow>
inline void tile(const T* __restrict a, Index stride, const T* __restrict b, Index bStride, Index depth, T* __restrict c,
                 Index cStride, Store mode) {
  constexpr int L = lanes<T>;
  Vector<T> sum[MR][NV];
#pragma GCC unroll 16
  for (int m = 0; m < MR; ++m)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) sum[m][v] = Vector<T>{};
  for (Index k = 0; k < depth; ++k) {
    Vector<T> right[NV];
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) right[v] = load(b + k * bStride + v * L);
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m) {
      const Vector<T> left = broadcast(alongRow ? a[k * stride + m] : a[m * stride + k]);
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) sum[m][v] += left * right[v];
    }
  }
#pragma GCC unroll 16
  for (int m = 0; m < MR; ++m)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) {
      T* to = c + m * cStride + v * L;
      store(to, mode == Store::add ? load(to) + sum[m][v] : sum[m][v]);
    }
}

template <class T, int NV, bool alongRow>
inline void panelRows(const T* a, Index stride, const T* b, Index bStride, Index depth, T* c, Index cStride, Index rows,
                      Store mode) {
  constexpr int MR = tileRows(NV);
  const Index step = alongRow ? 1 : stride;
  Index m = 0;
  for (; m + MR <= rows; m += MR) tile<T, MR, NV, alongRow>(a + m * step, stride, b, bStride, depth, c + m * cStride, cStride, mode);
  if constexpr (MR > 8) {
    for (; m + 8 <= rows; m += 8) tile<T, 8, NV, alongRow>(a + m * step, stride, b, bStride, depth, c + m * cStride, cStride, mode);
  }
  if constexpr (MR > 4) {
    for (; m + 4 <= rows; m += 4) tile<T, 4, NV, alongRow>(a + m * step, stride, b, bStride, depth, c + m * cStride, cStride, mode);
  }
  if constexpr (MR > 2) {
    for (; m + 2 <= rows; m += 2) tile<T, 2, NV, alongRow>(a + m * step, stride, b, bStride, depth, c + m * cStride, cStride, mode);
  }
  for (; m < rows; ++m) tile<T, 1, NV, alongRow>(a + m * step, stride, b, bStride, depth, c + m * cStride, cStride, mode);
}

/** C (rows × vectors·lanes) = or += A B for one column panel of at most `maximumPanelVectors` vectors. */
template <class T, bool alongRow>
inline void panelProduct(const T* a, Index stride, const T* b, Index bStride, Index depth, T* c, Index cStride, Index rows,
                         int vectors, Store mode) {
  switch (vectors) {
    case 1:
      return panelRows<T, 1, alongRow>(a, stride, b, bStride, depth, c, cStride, rows, mode);
    case 2:
      return panelRows<T, 2, alongRow>(a, stride, b, bStride, depth, c, cStride, rows, mode);
    case 3:
      return panelRows<T, 3, alongRow>(a, stride, b, bStride, depth, c, cStride, rows, mode);
#if JACOFLOW_REGISTERS >= 32
    case 4:
      return panelRows<T, 4, alongRow>(a, stride, b, bStride, depth, c, cStride, rows, mode);
    case 5:
      return panelRows<T, 5, alongRow>(a, stride, b, bStride, depth, c, cStride, rows, mode);
#endif
    default:
      fail(Fault::invalidArgument, "panel width", vectors);
  }
}

/** Columns cut into panels of nearly equal numbers of vectors. */
struct Panels {
  int vectors = 0;
  int count = 0;

  explicit Panels(Index columns, int lanesPerVector, int widest = maximumPanelVectors)
      : vectors(static_cast<int>(divideUp(columns, lanesPerVector))), count(static_cast<int>(divideUp(vectors, widest))) {}
  /** First vector of panel i; `begin(count)` is the number of vectors. */
  int begin(int i) const { return static_cast<int>(static_cast<Index>(vectors) * i / count); }
  int width(int i) const { return begin(i + 1) - begin(i); }
};

/** A right factor (depth × columns) packed panel after panel, columns padded with zeros to whole vectors. */
template <class T>
struct PackedMatrix {
  Buffer<T> values;
  Index depth = 0;
  Index columns = 0;

  Index paddedColumns() const { return roundUp(columns, lanes<T>); }

  /** element(k, j) gives the matrix. */
  template <class Element>
  void pack(Index newDepth, Index newColumns, const Element& element) {
    depth = newDepth;
    columns = newColumns;
    T* to = values.reserve(depth * paddedColumns());
    const Panels panels(columns, lanes<T>);
    for (int i = 0; i < panels.count; ++i) {
      const Index first = static_cast<Index>(panels.begin(i)) * lanes<T>;
      const Index last = static_cast<Index>(panels.begin(i + 1)) * lanes<T>;
      for (Index k = 0; k < depth; ++k)
        for (Index j = first; j < last; ++j) *to++ = j < columns ? element(k, j) : T(0);
    }
  }
};

/** C (rows × paddedColumns, row stride cStride) = or += A B; A(m, k) = a[m·aStride + k]. */
template <class T>
void multiply(const T* a, Index aStride, const PackedMatrix<T>& b, T* c, Index cStride, Index rows, Store mode) {
  constexpr Index depthBlock = 256;
  const Panels panels(b.columns, lanes<T>);
  for (int i = 0; i < panels.count; ++i) {
    const Index width = static_cast<Index>(panels.width(i)) * lanes<T>;
    const T* panel = b.values.data() + static_cast<Index>(panels.begin(i)) * lanes<T> * b.depth;
    T* to = c + static_cast<Index>(panels.begin(i)) * lanes<T>;
    for (Index k = 0; k < b.depth; k += depthBlock) {
      const Index depth = b.depth - k < depthBlock ? b.depth - k : depthBlock;
      panelProduct<T, false>(a + k, aStride, panel + k * width, width, depth, to, cStride, rows, panels.width(i),
                             k == 0 ? mode : Store::add);
    }
  }
}

}  // namespace jacoflow
