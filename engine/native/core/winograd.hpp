// Winograd's minimal filtering F(2×2, 3×3) (Lavin and Gray 2016, §4) for 3×3 convolutions of stride 1 on images of even
// sides: 16 products a 2×2 tile of outputs and channel pair where the sum over taps takes 36. The forward pass and
// the data gradient are y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A; the weight gradient is its adjoint Gᵀ[(A δ Aᵀ) ⊙ (Bᵀ d B)]G.
// All transforms but G's are sums of differences, so little precision is lost; float64 rows are computed directly.
#pragma once
#include "plan.hpp"
#include "product.hpp"

namespace jacoflow {

/** Elements of a transformed patch. */
inline constexpr Index winogradPlanes = 16;

/** Where the 4×4 patches and 2×2 tiles of an image lie. */
struct TileGrid {
  Index rows = 0, columns = 0;
  /** Channels of the image that patches are cut from; whole vectors. */
  Index channels = 0;
  Index source = 0, sourceRow = 0, target = 0, targetRow = 0, targetPixel = 0;

  bool used() const { return rows > 0; }
  Index tiles() const { return rows * columns; }
};

/** Whether patches are cut from `from` for even images `to`; fewer channels than eight are not worth the transforms. */
template <class T>
bool filtersInTiles(const Operation& op, const Value& from, const Value& to) {
  return sizeof(T) == 4 && op.kernelHeight == 3 && op.kernelWidth == 3 && op.strideHeight == 1 && op.strideWidth == 1 &&
         to.height % 2 == 0 && to.width % 2 == 0 && from.stride % lanes<T> == 0 && from.channels >= 8;
}

/** The grid of a convolution's forward pass and weight gradient, or none when it is not of this kind. */
template <class T>
TileGrid forwardGrid(const Operation& op, const Value& in, const Value& out) {
  if (!filtersInTiles<T>(op, in, out)) return {};
  return {out.height / 2, out.width / 2, in.stride, in.pixel(-op.padTop, -op.padLeft), in.rowStride(), out.pixel(0, 0), out.rowStride(), out.stride};
}

/** The grid of its data gradient: δ filtered with the kernel turned round. */
template <class T>
TileGrid gradientGrid(const Operation& op, const Value& in, const Value& out) {
  if (!filtersInTiles<T>(op, out, in)) return {};
  return {in.height / 2, in.width / 2, out.stride, out.pixel(op.padTop - 2, op.padLeft - 2), out.rowStride(), in.pixel(0, 0), in.rowStride(), in.stride};
}

/** G g Gᵀ of every kernel: target [16][channels][outputs]; element(y, x, c, o) gives the kernel. */
template <class T, class Element>
void transformKernel(Index channels, Index outputs, Index padded, const Element& element, T* target) {
  const auto transform = [](const T* g, T* u) {
    const T even = g[0] + g[2];
    u[0] = g[0];
    u[1] = T(0.5) * (even + g[1]);
    u[2] = T(0.5) * (even - g[1]);
    u[3] = g[2];
  };
  for (Index c = 0; c < channels; ++c)
    for (Index o = 0; o < outputs; ++o) {
      T down[3][4], across[4][4];
      for (Index x = 0; x < 3; ++x) {
        const T g[3] = {element(0, x, c, o), element(1, x, c, o), element(2, x, c, o)};
        transform(g, down[x]);
      }
      for (Index y = 0; y < 4; ++y) {
        const T g[3] = {down[0][y], down[1][y], down[2][y]};
        transform(g, across[y]);
        for (Index x = 0; x < 4; ++x) target[((4 * y + x) * channels + c) * padded + o] = across[y][x];
      }
    }
}

namespace detail {

/** One column of Bᵀ d. */
template <class T>
inline void patchColumn(const T* from, Index row, Vector<T>* to) {
  const Vector<T> d0 = load(from), d1 = load(from + row), d2 = load(from + 2 * row), d3 = load(from + 3 * row);
  to[0] = d0 - d2;
  to[1] = d1 + d2;
  to[2] = d2 - d1;
  to[3] = d1 - d3;
}

/** Bᵀ d B of `run` neighbouring patches; patch i goes to `to` + i·channels, its elements `plane` apart. */
template <class T>
void transformPatches(const T* from, Index row, Index channels, Index run, T* to, Index plane) {
  for (Index c = 0; c < channels; c += lanes<T>) {
    const T* source = from + c;
    T* target = to + c;
    Vector<T> left[2][4];
    patchColumn(source, row, left[0]);
    patchColumn(source + channels, row, left[1]);
    for (Index i = 0; i < run; ++i, source += 2 * channels, target += channels) {
      Vector<T> right[2][4];
      patchColumn(source + 2 * channels, row, right[0]);
      patchColumn(source + 3 * channels, row, right[1]);
#pragma GCC unroll 4
      for (Index y = 0; y < 4; ++y) {
        T* at = target + 4 * y * plane;
        store(at, left[0][y] - right[0][y]);
        store(at + plane, left[1][y] + right[0][y]);
        store(at + 2 * plane, right[0][y] - left[1][y]);
        store(at + 3 * plane, left[1][y] - right[1][y]);
        left[0][y] = right[0][y];
        left[1][y] = right[1][y];
      }
    }
  }
}

/** Aᵀ m A of `run` neighbouring tiles of `outputs` channels. */
template <class T>
void transformTiles(const T* from, Index plane, Index outputs, Index run, const T* bias, T* to, Index row, Index pixel, Store mode) {
  for (Index i = 0; i < run; ++i, from += outputs, to += 2 * pixel)
    for (Index o = 0; o < outputs; o += lanes<T>) {
      Vector<T> upper[4], lower[4];
#pragma GCC unroll 4
      for (Index x = 0; x < 4; ++x) {
        const T* m = from + o + x * plane;
        const Vector<T> m1 = load(m + 4 * plane), m2 = load(m + 8 * plane);
        upper[x] = load(m) + m1 + m2;
        lower[x] = m1 - m2 - load(m + 12 * plane);
      }
      const Vector<T> base = bias != nullptr ? load(bias + o) : Vector<T>{};
      const auto put = [&](T* at, Vector<T> value) { store(at, mode == Store::add ? load(at) + value : value + base); };
      put(to + o, upper[0] + upper[1] + upper[2]);
      put(to + pixel + o, upper[1] - upper[2] - upper[3]);
      put(to + row + o, lower[0] + lower[1] + lower[2]);
      put(to + row + pixel + o, lower[1] - lower[2] - lower[3]);
    }
}

/** A δ Aᵀ of `run` neighbouring tiles of `outputs` channels. */
template <class T>
void spreadTiles(const T* from, Index row, Index pixel, Index outputs, Index run, T* to, Index plane) {
  for (Index i = 0; i < run; ++i, from += 2 * pixel, to += outputs)
    for (Index o = 0; o < outputs; o += lanes<T>) {
      Vector<T> down[2][4];
#pragma GCC unroll 2
      for (Index x = 0; x < 2; ++x) {
        const Vector<T> d0 = load(from + o + x * pixel), d1 = load(from + o + x * pixel + row);
        down[x][0] = d0;
        down[x][1] = d0 + d1;
        down[x][2] = d0 - d1;
        down[x][3] = -d1;
      }
#pragma GCC unroll 4
      for (Index y = 0; y < 4; ++y) {
        T* at = to + o + 4 * y * plane;
        store(at, down[0][y]);
        store(at + plane, down[0][y] + down[1][y]);
        store(at + 2 * plane, down[0][y] - down[1][y]);
        store(at + 3 * plane, -down[1][y]);
      }
    }
}

/** Gᵀ u G: 16 planes of [channels][outputs] to the kernel's rows [tap][channel][outputs]. */
template <class T>
void gatherKernel(const T* from, Index plane, Index channels, Index outputs, T* to, Store mode) {
  const Vector<T> half = broadcast(T(0.5));
  const Index tap = channels * outputs;
  for (Index at = 0; at < tap; at += lanes<T>) {
    Vector<T> down[3][4];
#pragma GCC unroll 4
    for (Index x = 0; x < 4; ++x) {
      const T* u = from + at + x * plane;
      const Vector<T> u1 = load(u + 4 * plane), u2 = load(u + 8 * plane);
      const Vector<T> even = half * (u1 + u2);
      down[0][x] = load(u) + even;
      down[1][x] = half * (u1 - u2);
      down[2][x] = even + load(u + 12 * plane);
    }
#pragma GCC unroll 3
    for (Index y = 0; y < 3; ++y) {
      const Vector<T> even = half * (down[y][1] + down[y][2]);
      const Vector<T> values[3] = {down[y][0] + even, half * (down[y][1] - down[y][2]), even + down[y][3]};
#pragma GCC unroll 3
      for (Index x = 0; x < 3; ++x) {
        T* target = to + (3 * y + x) * tap + at;
        store(target, mode == Store::add ? load(target) + values[x] : values[x]);
      }
    }
  }
}

template <class T, int MR, int NV, bool alongRow>
inline void productRows(const T* a, Index aStride, const T* b, Index bStride, Index depth, T* c, Index cStride, Index rows, Store mode) {
  const Index step = alongRow ? 1 : aStride;
  Index m = 0;
  for (; m + MR <= rows; m += MR) tile<T, MR, NV, alongRow>(a + m * step, aStride, b, bStride, depth, c + m * cStride, cStride, mode);
  for (; m + 4 <= rows; m += 4) tile<T, 4, NV, alongRow>(a + m * step, aStride, b, bStride, depth, c + m * cStride, cStride, mode);
  for (; m < rows; ++m) tile<T, 1, NV, alongRow>(a + m * step, aStride, b, bStride, depth, c + m * cStride, cStride, mode);
}

/** The stride as a constant, for the usual channel counts, lets one register address a whole tile. */
template <class T, int MR, int NV, bool alongRow>
inline void productRowsAt(const T* a, Index aStride, const T* b, Index bStride, Index depth, T* c, Index cStride, Index rows, Store mode) {
  if constexpr (!alongRow) {
    switch (aStride) {
      case 16:
        return productRows<T, MR, NV, alongRow>(a, 16, b, bStride, depth, c, cStride, rows, mode);
      case 32:
        return productRows<T, MR, NV, alongRow>(a, 32, b, bStride, depth, c, cStride, rows, mode);
      case 64:
        return productRows<T, MR, NV, alongRow>(a, 64, b, bStride, depth, c, cStride, rows, mode);
    }
  }
  productRows<T, MR, NV, alongRow>(a, aStride, b, bStride, depth, c, cStride, rows, mode);
}

/** C = or += A B for factors that stay in cache; columns are whole vectors. */
template <class T, bool alongRow>
inline void cachedProduct(const T* a, Index aStride, const T* b, Index bStride, Index depth, T* c, Index cStride, Index rows, Index columns,
                          Store mode) {
  constexpr int L = lanes<T>;
  constexpr int tall = JACOFLOW_REGISTERS >= 32 ? 16 : 8, wide = JACOFLOW_REGISTERS >= 32 ? 8 : 4;
  Index o = 0;
  for (; o + 2 * L <= columns; o += 2 * L) productRowsAt<T, wide, 2, alongRow>(a, aStride, b + o, bStride, depth, c + o, cStride, rows, mode);
  if (o < columns) productRowsAt<T, tall, 1, alongRow>(a, aStride, b + o, bStride, depth, c + o, cStride, rows, mode);
}

/** body(image, row of tiles, column of tiles, run, place) for the tiles [first, last), cut where rows of tiles end. */
template <class Body>
inline void tileRuns(const TileGrid& grid, Index first, Index last, const Body& body) {
  for (Index t = first; t < last;) {
    const Index inside = t % grid.tiles(), column = inside % grid.columns;
    const Index run = std::min(grid.columns - column, last - t);
    body(t / grid.tiles(), inside / grid.columns, column, run, t - first);
    t += run;
  }
}

/** Elements between two planes: no power of two, or all planes would share a few lines of the first-level cache. */
inline Index planeSize(Index tiles, Index channels) { return tiles * channels + 16; }

}  // namespace detail

/** Tiles that are transformed and multiplied together. */
inline constexpr Index tileGroup = 32;

/** Elements of scratch memory that `winograd` needs, and `winogradWeights` beside the patches it is given. */
inline Index winogradScratch(Index channels, Index outputs) {
  return winogradPlanes * (detail::planeSize(tileGroup, channels) + std::max(detail::planeSize(tileGroup, outputs), detail::planeSize(channels, outputs)));
}

/**
 * target = or += source filtered, for `images` images that follow each other. kernel [16][channels][outputs] of
 * transformKernel, `channels` ≤ the grid's; outputs are whole vectors; `bias` (outputs long) or null.
 */
template <class T>
void winograd(const TileGrid& grid, Index images, const T* source, Index sourceImage, Index channels, const T* kernel, Index outputs,
              const T* bias, T* target, Index targetImage, Store mode, T* scratch) {
  const Index patchPlane = detail::planeSize(tileGroup, grid.channels), tilePlane = detail::planeSize(tileGroup, outputs);
  T* patches = scratch;
  T* tiles = scratch + winogradPlanes * patchPlane;
  const Index total = grid.tiles() * images;
  for (Index first = 0; first < total; first += tileGroup) {
    const Index last = std::min(total, first + tileGroup);
    detail::tileRuns(grid, first, last, [&](Index image, Index y, Index x, Index run, Index place) {
      const T* from = source + image * sourceImage + grid.source + 2 * y * grid.sourceRow + 2 * x * grid.channels;
      detail::transformPatches(from, grid.sourceRow, grid.channels, run, patches + place * grid.channels, patchPlane);
    });
    for (Index p = 0; p < winogradPlanes; ++p)
      detail::cachedProduct<T, false>(patches + p * patchPlane, grid.channels, kernel + p * channels * outputs, outputs, channels,
                                      tiles + p * tilePlane, outputs, last - first, outputs, Store::replace);
    detail::tileRuns(grid, first, last, [&](Index image, Index y, Index x, Index run, Index place) {
      T* to = target + image * targetImage + grid.target + 2 * y * grid.targetRow + 2 * x * grid.targetPixel;
      detail::transformTiles(tiles + place * outputs, tilePlane, outputs, run, bias, to, grid.targetRow, grid.targetPixel, mode);
    });
  }
}

/** Elements that the transformed patches of one image take. */
inline Index patchesSize(const TileGrid& grid) { return winogradPlanes * detail::planeSize(grid.tiles(), grid.channels); }

/** Bᵀ d B of all patches of an image, for the weight gradients of all its cotangents. */
template <class T>
void transformImage(const TileGrid& grid, const T* source, T* patches) {
  detail::tileRuns(grid, 0, grid.tiles(), [&](Index, Index y, Index x, Index run, Index place) {
    const T* from = source + grid.source + 2 * y * grid.sourceRow + 2 * x * grid.channels;
    detail::transformPatches(from, grid.sourceRow, grid.channels, run, patches + place * grid.channels, detail::planeSize(grid.tiles(), grid.channels));
  });
}

/** target [9][channels][outputs] = or += Σ_tiles of one image and one cotangent, from transformImage's patches. */
template <class T>
void winogradWeights(const TileGrid& grid, Index channels, const T* patches, const T* delta, Index outputs, T* target, Store mode, T* scratch) {
  const Index patchPlane = detail::planeSize(grid.tiles(), grid.channels), deltaPlane = detail::planeSize(tileGroup, outputs);
  const Index kernelPlane = detail::planeSize(channels, outputs);
  T* deltas = scratch;
  T* kernel = scratch + winogradPlanes * deltaPlane;
  for (Index first = 0; first < grid.tiles(); first += tileGroup) {
    const Index last = std::min(grid.tiles(), first + tileGroup);
    detail::tileRuns(grid, first, last, [&](Index, Index y, Index x, Index run, Index place) {
      const T* from = delta + grid.target + 2 * y * grid.targetRow + 2 * x * grid.targetPixel;
      detail::spreadTiles(from, grid.targetRow, grid.targetPixel, outputs, run, deltas + place * outputs, deltaPlane);
    });
    for (Index p = 0; p < winogradPlanes; ++p)
      detail::cachedProduct<T, true>(patches + p * patchPlane + first * grid.channels, grid.channels, deltas + p * deltaPlane, outputs,
                                     last - first, kernel + p * kernelPlane, outputs, channels, outputs, first == 0 ? Store::replace : Store::add);
  }
  detail::gatherKernel(kernel, kernelPlane, channels, outputs, target, mode);
}

}  // namespace jacoflow
