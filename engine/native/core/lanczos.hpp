// The largest few eigenpairs of a large symmetric matrix: block Lanczos in float64 with full reorthogonalisation.
// Reducing the whole matrix passes over it n times; this passes over it once a block, as a matrix product.
#pragma once
#include "eigen.hpp"
#include "product.hpp"

namespace jacoflow {

class LargestPairs {
 public:
  explicit LargestPairs(Pool& pool) : pool_(pool), small_(pool) {}

  /** Whether so few pairs of so large a matrix are wanted that this is the quicker way. */
  static bool suits(Index n, Index count) { return n >= 600 && count > 0 && count <= widest - guards && 8 * (count + guards) <= n; }

  /**
   * The `count` largest pairs of A (n × n, symmetric), values descending, vectors one a column. A pair is taken when
   * ‖A u − λu‖ ≤ n ε max|λ|, measured on the vectors returned: the backward error of the full reduction. false when half
   * of n columns do not suffice (a flat spectrum): nothing is written then.
   *
   * A block of count + 16 random columns sees that many copies of a value, so no tie among the wanted is missed.
   */
  bool run(Control& control, const double* A, Index n, Index count, double* values, double* vectors) {
    const bool found = search(control, A, n, count, values, vectors);
    if (n * stride_ > keptElements) release();
    return found;
  }

 private:
  bool search(Control& control, const double* A, Index n, Index count, double* values, double* vectors) {
    control_ = &control;
    n_ = n;
    count_ = count;
    width_ = count + guards;
    limit_ = std::min(n / 2, std::max<Index>(16 * width_, 1024));
    // Whole vectors are written past the last column of a block.
    stride_ = roundUp(limit_ + lanes<double>, panel);
    basis_.reserve(checkedProduct(n, stride_));
    images_.reserve(checkedProduct(n, stride_));
    projected_.assign(static_cast<std::size_t>(checkedProduct(limit_, limit_)), 0);
    columns_.reserve(checkedProduct(width_, n));
    fillRandom();
    filled_ = 0;
    lookedAt_ = 0;
    Index blocks = 0, nextLook = 4;
    for (Index added = extend(width_); added > 0; added = extend(added)) {
      apply(A, added);
      project(added);
      filled_ += added;
      blocks += 1;
      const bool last = filled_ + added > limit_;
      if (blocks == nextLook || last) {
        if (filled_ >= count && accept(values, vectors)) return true;
        nextLook = expectedBlocks(blocks);
      }
      if (last) return false;
      toColumns(images_.data() + filled_ - added, added);  // A V is the candidate of the next block
    }
    // Nothing new to add: the basis is invariant, and holds the wanted pairs if it is large enough.
    return filled_ >= count && accept(values, vectors);
  }

  static constexpr Index guards = 16;
  static constexpr Index widest = 160;
  static constexpr Index panel = 3 * lanes<double>;
  static constexpr Index rowBlock = 96;
  /** A column that keeps less than this share of its length holds rounding only. */
  static constexpr double negligible = 1e-12;

  /** Numbers that spread over all directions, the same on every run: a start needs no more of randomness. */
  void fillRandom() {
    std::uint64_t state = 0x9e3779b97f4a7c15u;
    for (Index i = 0; i < width_ * n_; ++i) {
      state += 0x9e3779b97f4a7c15u;
      std::uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9u;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
      columns_[i] = static_cast<double>((mixed ^ (mixed >> 31)) >> 11) * 0x1p-53 - 0.5;
    }
  }

  /** Orthonormalises the first `width` columns of columns_ against the basis and each other, and puts what is left there. */
  Index extend(Index width) {
    for (Index c = 0; c < width; ++c) scaleToOne(columns_.data() + c * n_);
    for (int pass = 0; pass < 2 && width > 0; ++pass) {
      control_->check();
      if (filled_ > 0) {
        toRows(width);
        removeBasis(width);
        toColumns(basis_.data() + filled_, width);
      }
      width = orthonormalise(width);
    }
    toRows(width);
    return width;
  }

  /** columns_ to the free columns of the basis. */
  void toRows(Index width) {
    pool_.each(divideUp(n_, rowBlock), [&](Index task, int) {
      const Index end = std::min(n_, (task + 1) * rowBlock);
      for (Index i = task * rowBlock; i < end; ++i)
        for (Index c = 0; c < width; ++c) basis_[i * stride_ + filled_ + c] = columns_[c * n_ + i];
    });
  }

  void toColumns(const double* from, Index width) {
    pool_.each(divideUp(n_, rowBlock), [&](Index task, int) {
      const Index end = std::min(n_, (task + 1) * rowBlock);
      for (Index i = task * rowBlock; i < end; ++i)
        for (Index c = 0; c < width; ++c) columns_[c * n_ + i] = from[i * stride_ + c];
    });
  }

  double scaleToOne(double* column) const {
    const double length = std::sqrt(detail::dot64(column, column, n_));
    if (length > 0) {
      const double factor = 1 / length;
      for (Index i = 0; i < n_; ++i) column[i] *= factor;
    }
    return length;
  }

  /** overlap_ (first `size` columns of V × width) = VᵀB, B having rows of stride_. */
  void overlapWith(const double* B, Index size, Index width) {
    constexpr Index group = 48, depthBlock = 256;
    const Panels panels(width, lanes<double>);
    const Index padded = roundUp(width, lanes<double>);
    overlap_.reserve(checkedProduct(roundUp(limit_, group), roundUp(width_, lanes<double>)));
    pool_.each(divideUp(size, group), [&](Index task, int) {
      const Index first = task * group, rows = std::min(group, size - first);
      for (Index from = 0; from < n_; from += depthBlock) {
        const Index depth = std::min(depthBlock, n_ - from);
        for (int i = 0; i < panels.count; ++i) {
          const Index column = static_cast<Index>(panels.begin(i)) * lanes<double>;
          panelProduct<double, true>(basis_.data() + from * stride_ + first, stride_, B + from * stride_ + column, stride_, depth,
                                     overlap_.data() + first * padded + column, padded, rows, panels.width(i),
                                     from == 0 ? Store::replace : Store::add);
        }
      }
    });
  }

  /** X −= V (VᵀX) for the `width` columns after the filled ones. */
  void removeBasis(Index width) {
    overlapWith(basis_.data() + filled_, filled_, width);
    const Index padded = roundUp(width, lanes<double>);
    PackedMatrix<double> coefficients;
    coefficients.pack(filled_, width, [&](Index k, Index j) { return -overlap_[k * padded + j]; });
    pool_.each(divideUp(n_, rowBlock), [&](Index task, int) {
      control_->check();
      const Index first = task * rowBlock, rows = std::min(rowBlock, n_ - first);
      double* row = basis_.data() + first * stride_;
      multiply(row, stride_, coefficients, row + filled_, stride_, rows, Store::add);
    });
  }

  /** Modified Gram–Schmidt; columns that shrink to rounding are left out. Returns how many are kept. */
  Index orthonormalise(Index width) {
    Index kept = 0;
    for (Index c = 0; c < width; ++c) {
      double* column = columns_.data() + c * n_;
      if (!(scaleToOne(column) > negligible)) continue;
      double* place = columns_.data() + kept * n_;
      if (kept != c) std::copy(column, column + n_, place);
      kept += 1;
      pool_.each(divideUp(width - c - 1, 8), [&](Index task, int) {
        const Index end = std::min(width, c + 1 + (task + 1) * 8);
        for (Index other = c + 1 + task * 8; other < end; ++other) {
          double* to = columns_.data() + other * n_;
          detail::addScaled64(to, -detail::dot64(place, to, n_), place, n_);
        }
      });
    }
    return kept;
  }

  /** W = A V for the `added` columns after the filled ones. */
  void apply(const double* A, Index added) {
    PackedMatrix<double> block;
    block.pack(n_, added, [&](Index k, Index j) { return columns_[j * n_ + k]; });
    pool_.each(divideUp(n_, rowBlock), [&](Index task, int) {
      control_->check();
      const Index first = task * rowBlock, rows = std::min(rowBlock, n_ - first);
      multiply(A + first * n_, n_, block, images_.data() + first * stride_ + filled_, stride_, rows, Store::replace);
    });
  }

  /** Adds the rows and columns of VᵀAV that belong to the new columns. */
  void project(Index added) {
    const Index size = filled_ + added, padded = roundUp(added, lanes<double>);
    overlapWith(images_.data() + filled_, size, added);
    for (Index c = 0; c < added; ++c)
      for (Index j = 0; j < size; ++j) {
        const double mirrored = j < filled_ ? overlap_[j * padded + c] : overlap_[(filled_ + c) * padded + j - filled_];
        at(j, filled_ + c) = at(filled_ + c, j) = 0.5 * (overlap_[j * padded + c] + mirrored);
      }
  }

  /** Blocks after which the remainders should do, were they to shrink as they did since the look before. */
  Index expectedBlocks(Index blocks) {
    const double excess = std::log(std::max(excess_, 1.0));
    const Index least = blocks + 1, most = blocks + std::max<Index>(2, blocks / 2 + 1);
    Index expected = blocks + 2;
    if (lookedAt_ > 0 && excess < excessBefore_) {
      const double perBlock = (excessBefore_ - excess) / static_cast<double>(blocks - lookedAt_);
      expected = blocks + static_cast<Index>(std::ceil(std::min(excess / perBlock, 1e6)));
    }
    lookedAt_ = blocks;
    excessBefore_ = excess;
    return std::clamp(expected, least, most);
  }

  double& at(Index i, Index j) { return projected_[static_cast<std::size_t>(i * limit_ + j)]; }

  /** Writes the Ritz pairs and says true if all their remainders are small enough. */
  bool accept(double* values, double* vectors) {
    const Index m = filled_;
    std::vector<double> small(static_cast<std::size_t>(m * m)), ritz(static_cast<std::size_t>(count_));
    for (Index i = 0; i < m; ++i)
      for (Index j = 0; j < m; ++j) small[static_cast<std::size_t>(i * m + j)] = at(i, j);
    std::vector<double> coefficients(static_cast<std::size_t>(m * count_));
    small_.run(*control_, small.data(), m, count_, ritz.data(), coefficients.data());
    PackedMatrix<double> packed;
    packed.pack(m, count_, [&](Index k, Index j) { return coefficients[static_cast<std::size_t>(k * count_ + j)]; });
    const Index padded = packed.paddedColumns();
    const Index tasks = divideUp(n_, rowBlock);
    std::vector<double> squares(static_cast<std::size_t>(tasks * count_), 0);
    found_.reserve(checkedProduct(n_, count_));
    pool_.each(tasks, [&](Index task, int) {
      control_->check();
      const Index first = task * rowBlock, rows = std::min(rowBlock, n_ - first);
      std::vector<double> vector(static_cast<std::size_t>(rowBlock * padded)), image(static_cast<std::size_t>(rowBlock * padded));
      multiply(basis_.data() + first * stride_, stride_, packed, vector.data(), padded, rows, Store::replace);
      multiply(images_.data() + first * stride_, stride_, packed, image.data(), padded, rows, Store::replace);
      for (Index r = 0; r < rows; ++r)
        for (Index c = 0; c < count_; ++c) {
          const double u = vector[static_cast<std::size_t>(r * padded + c)];
          const double off = image[static_cast<std::size_t>(r * padded + c)] - ritz[static_cast<std::size_t>(c)] * u;
          squares[static_cast<std::size_t>(task * count_ + c)] += off * off;
          found_[(first + r) * count_ + c] = u;
        }
    });
    double largest = 0;
    for (Index i = 0; i < m; ++i) largest = std::max(largest, std::abs(at(i, i)));
    for (const double value : ritz) largest = std::max(largest, std::abs(value));
    const double bound = static_cast<double>(n_) * 2.220446049250313e-16 * largest;
    double worst = 0;
    for (Index c = 0; c < count_; ++c) {
      double sum = 0;
      for (Index task = 0; task < tasks; ++task) sum += squares[static_cast<std::size_t>(task * count_ + c)];
      worst = std::max(worst, std::sqrt(sum));
    }
    if (!(worst <= bound)) {
      excess_ = bound > 0 ? worst / bound : 1;
      return false;
    }
    std::copy_n(ritz.data(), count_, values);
    std::copy_n(found_.data(), n_ * count_, vectors);
    return true;
  }

  /** Elements of the basis above which its memory is given back; below, the next problem finds it in place. */
  static constexpr Index keptElements = Index(1) << 24;

  void release() {
    basis_.release();
    images_.release();
    columns_.release();
    overlap_.release();
    found_.release();
    projected_ = {};
  }

  Pool& pool_;
  SymmetricEigen small_;
  Control* control_ = nullptr;
  Index n_ = 0, count_ = 0, width_ = 0, limit_ = 0, stride_ = 0, filled_ = 0;
  /** V and A V, n rows of stride_; the candidates of the next block, one column after the other. */
  Buffer<double> basis_, images_, columns_, overlap_, found_;
  std::vector<double> projected_;
  /** The largest remainder against its bound at the last look; the logarithm and the blocks of the look before. */
  double excess_ = 1, excessBefore_ = 0;
  Index lookedAt_ = 0;
};

/** Symmetric eigenproblems one after the other, with work memory that stays: fresh pages cost more than the arithmetic. */
class SymmetricProblems {
 public:
  explicit SymmetricProblems(Pool& pool) : largest_(pool), whole_(pool) {}

  /** The `count` largest eigenpairs of A (n × n, symmetric), values descending, vectors (n × count) one a column. */
  void run(Control& control, const double* A, Index n, Index count, double* values, double* vectors) {
    for (Index i = 0; i < n * n; ++i)
      if (!std::isfinite(A[i])) fail(Fault::notFinite, "a symmetric matrix", static_cast<double>(i));
    if (LargestPairs::suits(n, count) && largest_.run(control, A, n, count, values, vectors)) return;
    whole_.run(control, A, n, count, values, vectors);
  }

 private:
  LargestPairs largest_;
  SymmetricEigen whole_;
};

}  // namespace jacoflow
