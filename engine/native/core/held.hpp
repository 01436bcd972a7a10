// Products with rows of J that are held in memory, in float32 with sums taken over into float64 every few hundred terms:
// twice the rate of float64, and an error far below that of the rows themselves.
#pragma once
#include <algorithm>
#include <vector>

#include "pool.hpp"
#include "product.hpp"

namespace jacoflow {

/** A matrix (rows × columns) that lies in memory as blocks of its rows. */
struct HeldRows {
  struct Part {
    const float* values;
    Index rows;
  };
  std::vector<Part> parts;
  Index rows = 0;
  Index columns = 0;

  void add(const float* values, Index count) {
    parts.push_back({values, count});
    rows += count;
  }

  /** read(row, pointer to the elements from `column` on) for the rows first … end − 1. */
  template <class Read>
  void each(Index first, Index end, Index column, const Read& read) const {
    Index before = 0;
    for (const Part& part : parts) {
      for (Index row = std::max(first, before); row < std::min(end, before + part.rows); ++row)
        read(row, part.values + (row - before) * columns + column);
      before += part.rows;
    }
  }
};

/** Columns of one packed float32 panel of a Gram matrix, and how many columns of J are taken at a time. */
inline constexpr Index gramPanel = 3 * lanes<float>;
inline constexpr Index gramDepth = 512;

/** A Aᵀ (rows × rows, full), products in float32, summed over `gramDepth` terms before they go to float64. */
inline void heldGram(Pool& pool, Control& control, const HeldRows& A, double* result) {
  const Index panels = divideUp(A.rows, gramPanel);
  Buffer<float> packed, tiles;
  packed.reserve(checkedProduct(panels * gramPanel, gramDepth));
  tiles.reserve(pool.threads() * gramPanel * gramPanel);
  std::memset(result, 0, static_cast<std::size_t>(A.rows * A.rows) * sizeof(double));
  for (Index from = 0; from < A.columns; from += gramDepth) {
    control.check();
    const Index depth = std::min(gramDepth, A.columns - from);
    pool.each(panels, [&](Index panel, int) {
      float* to = packed.data() + panel * gramPanel * gramDepth;
      const Index first = panel * gramPanel, end = std::min(A.rows, first + gramPanel);
      A.each(first, end, from, [&](Index row, const float* values) {
        for (Index k = 0; k < depth; ++k) to[k * gramPanel + row - first] = values[k];
      });
    });
    // The longest rows of panels first, so that no thread is left with one at the end.
    pool.each(panels, [&](Index task, int thread) {
      const Index i = panels - 1 - task;
      float* tile = tiles.data() + thread * gramPanel * gramPanel;
      for (Index j = 0; j <= i; ++j) {
        panelProduct<float, true>(packed.data() + i * gramPanel * gramDepth, gramPanel, packed.data() + j * gramPanel * gramDepth,
                                  gramPanel, depth, tile, gramPanel, gramPanel, 3, Store::replace);
        const Index rows = std::min(gramPanel, A.rows - i * gramPanel), columns = std::min(gramPanel, A.rows - j * gramPanel);
        for (Index r = 0; r < rows; ++r) {
          double* to = result + (i * gramPanel + r) * A.rows + j * gramPanel;
          for (Index c = 0; c < columns; ++c) to[c] += tile[r * gramPanel + c];
        }
      }
    });
  }
  pool.each(divideUp(A.rows, 64), [&](Index task, int) {
    for (Index i = task * 64; i < std::min(A.rows, (task + 1) * 64); ++i)
      for (Index j = i + 1; j < A.rows; ++j) result[i * A.rows + j] = result[j * A.rows + i];
  });
}

/**
 * Y = AᵀX (columns × b) and Z = A Y (rows × b) in one pass over A: strips of columns that stay in cache give a part of Y
 * and at once its share of Z. Strips are summed in float32 over `sweepColumns` columns, and those sums in float64, by
 * parts that do not depend on the number of threads.
 */
class HeldSweep {
 public:
  HeldSweep(Pool& pool, Control& control, const HeldRows& A, Index width)
      : pool_(pool), control_(control), A_(A), width_(width), padded_(roundUp(width, lanes<float>)), panels_(width, lanes<float>) {
    const Index most = cachedFloats / std::max<Index>(1, A.rows);
    strip_ = std::clamp<Index>(most / 16 * 16, 16, 128);
    partColumns_ = roundUp(std::max(sweepColumns, divideUp(A.columns, mostParts)), sweepColumns);
  }

  void run(const float* X, float* Y, float* Z) {
    packed_.pack(A_.rows, width_, [&](Index row, Index column) { return X[row * width_ + column]; });
    const Index parts = divideUp(A_.columns, partColumns_), size = checkedProduct(A_.rows, padded_);
    sums_.reserve(checkedProduct(parts, size));
    std::memset(sums_.data(), 0, static_cast<std::size_t>(parts * size) * sizeof(double));
    std::vector<Work> work(static_cast<std::size_t>(pool_.threads()));
    for (Work& one : work) {
      one.strip.reserve(checkedProduct(A_.rows, strip_));
      one.product.reserve(strip_ * padded_);
      one.back.reserve(size);
    }
    pool_.each(parts, [&](Index part, int thread) {
      Work& own = work[static_cast<std::size_t>(thread)];
      const Index end = std::min(A_.columns, (part + 1) * partColumns_);
      for (Index from = part * partColumns_; from < end; from += sweepColumns) {
        control_.check();
        std::memset(own.back.data(), 0, static_cast<std::size_t>(size) * sizeof(float));
        for (Index column = from; column < std::min(end, from + sweepColumns); column += strip_)
          strip(own, column, std::min({strip_, end - column, from + sweepColumns - column}), Y);
        double* sum = sums_.data() + part * size;
        for (Index i = 0; i < size; ++i) sum[i] += own.back[i];
      }
    });
    pool_.each(divideUp(A_.rows, 16), [&](Index task, int) {
      for (Index row = task * 16; row < std::min(A_.rows, (task + 1) * 16); ++row)
        for (Index column = 0; column < width_; ++column) {
          double total = 0;
          for (Index part = 0; part < parts; ++part) total += sums_[part * size + row * padded_ + column];
          Z[row * width_ + column] = static_cast<float>(total);
        }
    });
  }

 private:
  static constexpr Index sweepColumns = 1024;
  static constexpr Index mostParts = 32;
  static constexpr Index depthBlock = 256;
  /** A strip of A this long leaves room for X and Y beside it in the second-level cache. */
  static constexpr Index cachedFloats = 1 << 17;

  struct Work {
    Buffer<float> strip, product, back;
  };

  void strip(Work& own, Index column, Index count, float* Y) {
    float* A = own.strip.data();
    A_.each(0, A_.rows, column, [&](Index row, const float* values) {
      std::memcpy(A + row * strip_, values, static_cast<std::size_t>(count) * sizeof(float));
    });
    for (int i = 0; i < panels_.count; ++i) {
      const int vectors = panels_.width(i);
      const Index first = static_cast<Index>(panels_.begin(i)) * lanes<float>, width = static_cast<Index>(vectors) * lanes<float>;
      const float* X = packed_.values.data() + first * A_.rows;
      // The part of Y is packed as the right factor of the second product.
      float* product = own.product.data() + first * strip_;
      for (Index k = 0; k < A_.rows; k += depthBlock)
        panelProduct<float, true>(A + k * strip_, strip_, X + k * width, width, std::min(depthBlock, A_.rows - k), product, width, count,
                                  vectors, k == 0 ? Store::replace : Store::add);
      panelProduct<float, false>(A, strip_, product, width, count, own.back.data() + first, padded_, A_.rows, vectors, Store::add);
      const Index real = std::min(width, width_ - first);
      for (Index c = 0; c < count; ++c)
        std::memcpy(Y + (column + c) * width_ + first, product + c * width, static_cast<std::size_t>(real) * sizeof(float));
    }
  }

  Pool& pool_;
  Control& control_;
  const HeldRows& A_;
  const Index width_, padded_;
  const Panels panels_;
  Index strip_, partColumns_;
  PackedMatrix<float> packed_;
  Buffer<double> sums_;
};

}  // namespace jacoflow
