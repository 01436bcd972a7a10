// Symmetric eigenproblem in float64: Householder reduction to tridiagonal form, implicit QL whose
// rotations are applied backwards to the wanted vectors alone, back-transformation. Robust for ties and rank deficiency:
// the vectors are a product of orthogonal transformations, whatever the values.
#pragma once
#include <algorithm>
#include <numeric>

#include "pool.hpp"

namespace jacoflow {

namespace detail {

inline double dot64(const double* a, const double* b, Index count) {
  constexpr int L = lanes<double>;
  Vector<double> s0{}, s1{}, s2{}, s3{};
  Index i = 0;
  for (; i + 4 * L <= count; i += 4 * L) {
    s0 += load(a + i) * load(b + i);
    s1 += load(a + i + L) * load(b + i + L);
    s2 += load(a + i + 2 * L) * load(b + i + 2 * L);
    s3 += load(a + i + 3 * L) * load(b + i + 3 * L);
  }
  s0 += s1 + (s2 + s3);
  double total = 0;
  for (int l = 0; l < L; ++l) total += s0[l];
  for (; i < count; ++i) total += a[i] * b[i];
  return total;
}

inline void addScaled64(double* to, double factor, const double* from, Index count) {
  for (Index i = 0; i < count; ++i) to[i] += factor * from[i];
}

}  // namespace detail

class SymmetricEigen {
 public:
  explicit SymmetricEigen(Pool& pool) : pool_(pool) {}

  /** A is n × n (its lower triangle is read); values and vectors (n × count, one a column) descending. */
  void run(Control& control, const double* A, Index n, Index count, double* values, double* vectors) {
    if (n == 0) return;
    control_ = &control;
    n_ = n;
    stride_ = roundUp(n, 8);
    matrix_.reserve(checkedProduct(n, stride_));
    double scale = 0;
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j <= i; ++j) {
        const double value = 0.5 * (A[i * n + j] + A[j * n + i]);
        if (!std::isfinite(value)) fail(Fault::notFinite, "a symmetric matrix", static_cast<double>(i * n + j));
        scale = std::max(scale, std::abs(value));
      }
    const double factor = scale > 0 ? 1.0 / scale : 1.0;
    for (Index i = 0; i < n; ++i)
      for (Index j = 0; j < n; ++j) matrix_[i * stride_ + j] = 0.5 * (A[i * n + j] + A[j * n + i]) * factor;
    reduce();
    solve();
    std::vector<Index> order(static_cast<std::size_t>(n));
    std::iota(order.begin(), order.end(), Index(0));
    std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return diagonal_[static_cast<std::size_t>(a)] > diagonal_[static_cast<std::size_t>(b)]; });
    for (Index c = 0; c < count; ++c) values[c] = diagonal_[static_cast<std::size_t>(order[static_cast<std::size_t>(c)])] * scale;
    rotateWanted(order, count);
    backTransform(count, vectors);
    if (n > keptSize) release();
  }

 private:
  /** Work memory of a larger problem is given back; below, the next problem finds it in place. */
  static constexpr Index keptSize = 2048;

  void release() {
    matrix_.release();
    vectors_.release();
    rotations_ = {};
    runs_ = {};
  }

  /**
   * Householder reduction, last row first. Reflector i acts on elements 0 … i−1 and stays in row i of the matrix.
   * Every step is a symmetric product and a rank-two update of the leading block, done in one pass on all threads:
   * the update of step i+1 and the product of step i share their reading of the matrix.
   */
  void reduce() {
    const Index n = n_;
    diagonal_.assign(static_cast<std::size_t>(n), 0);
    beside_.assign(static_cast<std::size_t>(n), 0);
    factors_.assign(static_cast<std::size_t>(n), 0);
    work_.reserve(3 * stride_);
    double* v = work_.data();
    double* w = v + stride_;
    double* product = w + stride_;
    bool pending = false;
    for (Index i = n - 1; i > 0; --i) {
      if (i % 32 == 0) control_->check();
      double* row = matrix_.data() + i * stride_;
      if (pending) {
        // Row i of the matrix after the pending update A −= v wᵀ + w vᵀ.
        const double vi = v[i], wi = w[i];
        for (Index j = 0; j <= i; ++j) row[j] -= vi * w[j] + wi * v[j];
      }
      diagonal_[static_cast<std::size_t>(i)] = row[i];
      const double norm2 = detail::dot64(row, row, i);
      const double tail2 = i > 1 ? detail::dot64(row, row, i - 1) : 0;
      reflector_.assign(row, row + i);
      double tau = 0;
      if (tail2 > 1e-300) {
        const double norm = std::sqrt(norm2);
        const double alpha = row[i - 1] > 0 ? -norm : norm;
        beside_[static_cast<std::size_t>(i)] = alpha;
        reflector_[static_cast<std::size_t>(i - 1)] -= alpha;
        const double length2 = tail2 + reflector_[static_cast<std::size_t>(i - 1)] * reflector_[static_cast<std::size_t>(i - 1)];
        tau = 2.0 / length2;
      } else {
        beside_[static_cast<std::size_t>(i)] = row[i - 1];
        tau = 0;
      }
      factors_[static_cast<std::size_t>(i)] = tau;
      // One pass: apply the pending update to rows 0 … i−1 and, with the fresh rows, form A u.
      updateAndMultiply(i, pending, v, w, reflector_.data(), product, tau != 0);
      std::copy(reflector_.begin(), reflector_.end(), row);
      if (tau != 0) {
        for (Index j = 0; j < i; ++j) product[j] *= tau;
        const double half = 0.5 * tau * detail::dot64(product, reflector_.data(), i);
        for (Index j = 0; j < i; ++j) {
          v[j] = reflector_[static_cast<std::size_t>(j)];
          w[j] = product[j] - half * v[j];
        }
        pending = true;
      } else {
        pending = false;
      }
    }
    diagonal_[0] = matrix_[0];
    if (pending) diagonal_[0] -= 2 * v[0] * w[0];
    beside_[0] = 0;
  }

  /** Rows 0 … size−1 in full (both triangles are kept): A −= v wᵀ + w vᵀ when pending, product = A u. */
  void updateAndMultiply(Index size, bool pending, const double* v, const double* w, const double* u, double* product, bool multiply) {
    const Index block = 32;
    const auto body = [&](Index task, int) {
      const Index end = std::min(size, (task + 1) * block);
      for (Index r = task * block; r < end; ++r) {
        double* row = matrix_.data() + r * stride_;
        if (pending) {
          const double vr = v[r], wr = w[r];
          constexpr int L = lanes<double>;
          const Vector<double> vv = broadcast(vr), ww = broadcast(wr);
          Vector<double> s0{}, s1{};
          Index j = 0;
          for (; j + 2 * L <= size; j += 2 * L) {
            const Vector<double> a = load(row + j) - (vv * load(w + j) + ww * load(v + j));
            const Vector<double> b = load(row + j + L) - (vv * load(w + j + L) + ww * load(v + j + L));
            store(row + j, a);
            store(row + j + L, b);
            s0 += a * load(u + j);
            s1 += b * load(u + j + L);
          }
          s0 += s1;
          double total = 0;
          for (int l = 0; l < L; ++l) total += s0[l];
          for (; j < size; ++j) {
            row[j] -= vr * w[j] + wr * v[j];
            total += row[j] * u[j];
          }
          product[r] = total;
        } else if (multiply) {
          product[r] = detail::dot64(row, u, size);
        }
      }
    };
    const Index tasks = divideUp(size, block);
    if (size < 256) for (Index task = 0; task < tasks; ++task) body(task, 0);
    else pool_.each(tasks, body);
  }

  struct Rotation {
    double cosine, sine;
  };
  /** Rotations of the planes (first + k, first + k − 1 …): one implicit QL sweep from `last` − 1 down to `first`. */
  struct Run {
    Index first, last;
    std::size_t offset;
  };

  /** Implicit QL with Wilkinson's shift on (diagonal_, beside_); its rotations are gathered. */
  void solve() {
    const Index n = n_;
    auto d = [&](Index i) -> double& { return diagonal_[static_cast<std::size_t>(i)]; };
    std::vector<double> e(static_cast<std::size_t>(n), 0);
    for (Index i = 1; i < n; ++i) e[static_cast<std::size_t>(i - 1)] = beside_[static_cast<std::size_t>(i)];
    rotations_.clear();
    runs_.clear();
    // About 0.85 n² of them come; what is not used is never touched.
    rotations_.reserve(static_cast<std::size_t>(checkedProduct(n, n)));
    const double epsilon = 2.220446049250313e-16;
    double norm = 0;
    for (Index i = 0; i < n; ++i) norm = std::max(norm, std::abs(d(i)) + std::abs(e[static_cast<std::size_t>(i)]));
    for (Index l = 0; l < n; ++l) {
      for (int iteration = 0;; ++iteration) {
        Index m = l;
        // Among values that are all rounding, what couples them never falls below their own: that of the norm will do.
        const double negligible = iteration < patience ? 1e-280 : epsilon * norm;
        for (; m < n - 1; ++m) {
          const double size = std::abs(d(m)) + std::abs(d(m + 1));
          if (std::abs(e[static_cast<std::size_t>(m)]) <= std::max(epsilon * size, negligible)) break;
        }
        if (m == l) break;
        if (iteration == 90) fail(Fault::notConverged, "eigenvalue", static_cast<double>(l));
        double g = (d(l + 1) - d(l)) / (2 * e[static_cast<std::size_t>(l)]);
        double r = std::hypot(g, 1.0);
        g = d(m) - d(l) + e[static_cast<std::size_t>(l)] / (g + std::copysign(r, g));
        double s = 1, c = 1, p = 0;
        Index i = m - 1;
        const std::size_t offset = rotations_.size();
        bool deflated = false;
        for (; i >= l; --i) {
          double f = s * e[static_cast<std::size_t>(i)];
          const double b = c * e[static_cast<std::size_t>(i)];
          r = std::hypot(f, g);
          e[static_cast<std::size_t>(i + 1)] = r;
          if (r == 0) {
            d(i + 1) -= p;
            e[static_cast<std::size_t>(m)] = 0;
            deflated = true;
            break;
          }
          s = f / r;
          c = g / r;
          g = d(i + 1) - p;
          r = (d(i) - g) * s + 2 * c * b;
          p = s * r;
          d(i + 1) = g + p;
          g = c * r - b;
          rotations_.push_back({c, s});
        }
        if (rotations_.size() > offset) runs_.push_back({i + 1, m, offset});
        if (deflated && i >= l) continue;
        d(l) -= p;
        e[static_cast<std::size_t>(l)] = g;
        e[static_cast<std::size_t>(m)] = 0;
      }
      if (l % 16 == 0) control_->check();
    }
  }

  /**
   * The wanted eigenvectors of the tridiagonal matrix, one a column of vectors_: all rotations, the last one
   * first, on unit vectors. What is not wanted costs nothing, and the columns are as orthonormal as the rotations.
   */
  void rotateWanted(const std::vector<Index>& order, Index count) {
    wide_ = roundUp(std::max<Index>(count, 1), slice);
    vectors_.reserve(checkedProduct(n_, wide_));
    std::memset(vectors_.data(), 0, static_cast<std::size_t>(n_ * wide_) * sizeof(double));
    for (Index c = 0; c < count; ++c) vectors_[order[static_cast<std::size_t>(c)] * wide_ + c] = 1;
    pool_.each(wide_ / slice, [&](Index task, int) {
      double* from = vectors_.data() + task * slice;
      Index done = 0;
      for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
        if (done++ % 64 == 0) control_->check();
        rotateRows(from, *run);
      }
    });
  }

  /** The rotations of a run backwards: planes (first, first + 1) up to (last − 1, last), each row read and written once. */
  void rotateRows(double* from, const Run& run) const {
    constexpr int L = lanes<double>;
    const Rotation* rotation = rotations_.data() + run.offset + (run.last - run.first);
    double* row = from + run.first * wide_;
    Vector<double> carried[slice / L];
#pragma GCC unroll 8
    for (Index j = 0; j < slice / L; ++j) carried[j] = load(row + j * L);
    for (Index i = run.first; i < run.last; ++i, row += wide_) {
      rotation -= 1;
      const Vector<double> c = broadcast(rotation->cosine), s = broadcast(rotation->sine);
#pragma GCC unroll 8
      for (Index j = 0; j < slice / L; ++j) {
        const Vector<double> high = load(row + wide_ + j * L);
        store(row + j * L, c * carried[j] + s * high);
        carried[j] = c * high - s * carried[j];
      }
    }
#pragma GCC unroll 8
    for (Index j = 0; j < slice / L; ++j) store(row + j * L, carried[j]);
  }

  /** Reflectors on the wanted vectors, each thread its own; then one a column of the result. */
  void backTransform(Index count, double* vectors) {
    pool_.each(count, [&](Index c, int) {
      control_->check();
      std::vector<double> vector(static_cast<std::size_t>(n_));
      for (Index i = 0; i < n_; ++i) vector[static_cast<std::size_t>(i)] = vectors_[i * wide_ + c];
      for (Index i = 1; i < n_; ++i) {
        const double tau = factors_[static_cast<std::size_t>(i)];
        if (tau == 0) continue;
        const double* u = matrix_.data() + i * stride_;
        detail::addScaled64(vector.data(), -tau * detail::dot64(u, vector.data(), i), u, i);
      }
      for (Index i = 0; i < n_; ++i) vectors_[i * wide_ + c] = vector[static_cast<std::size_t>(i)];
    });
    for (Index r = 0; r < n_; ++r)
      for (Index c = 0; c < count; ++c) vectors[r * count + c] = vectors_[r * wide_ + c];
  }

  /** Sweeps for one value before coupling is judged by the norm of the matrix instead of by the values beside it. */
  static constexpr int patience = 30;

  /** Columns of the vectors that a thread rotates at a time: as many as its registers carry from row to row. */
  static constexpr Index slice = 8 * lanes<double>;

  Pool& pool_;
  Control* control_ = nullptr;
  Index n_ = 0, stride_ = 0, wide_ = 0;
  Buffer<double> matrix_, vectors_, work_;
  std::vector<double> diagonal_, beside_, factors_, reflector_;
  std::vector<Rotation> rotations_;
  std::vector<Run> runs_;
};

}  // namespace jacoflow
