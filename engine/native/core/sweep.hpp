// The sweep of design §5: Y = J Q and Z = Jᵀ(J Q) in one pass over the examples, block after block.
// Rows of convolutions are written in panels of 64 parameters, so that both thin products run out of cache;
// where a layer has fewer positions than outputs (every dense layer), its rows a δᵀ are never formed:
// J Q = Σ_o δ_o (A Q_o) and Jᵀ Y = Aᵀ (Σ_k δ_ko Y_k) need one product for all K outputs.
#pragma once
#include "model.hpp"

namespace jacoflow {

class Sweep {
 public:
  explicit Sweep(Arithmetic<float>& arithmetic) : arithmetic_(arithmetic), network_(arithmetic.layers.network()) {
    const Schedule<float>& schedule = arithmetic.schedule;
    for (std::size_t i = 0; i < network_.operations.size(); ++i) {
      const Operation& op = network_.operations[i];
      if (op.parameters == 0 || schedule.slot(op.out) < 0) continue;
      const Value& out = schedule.value(op.out);
      const Index positions = out.height * out.width;
      if (isFused(op)) {
        Fused fused{i, positions, schedule.steps[i].kernelRows + (op.other >= 0 ? 1 : 0), out.channels, leftSize_, deltaSize_};
        leftSize_ += positions * fused.depth;
        deltaSize_ += network_.outputs * positions * fused.units;
        fused_.push_back(fused);
      } else {
        segments_.push_back({i, panels_});
        panels_ += divideUp(op.parameters, panelWidth);
      }
    }
    place_.assign(network_.operations.size(), -1);
    for (std::size_t s = 0; s < segments_.size(); ++s) place_[segments_[s].operation] = static_cast<int>(s);
    for (std::size_t s = 0; s < fused_.size(); ++s) place_[fused_[s].operation] = static_cast<int>(s);
  }

  /** Examples between two barriers: enough rows that a pass over Q and Z costs little, within a bound on memory. */
  Index blockExamples() const {
    const Index K = network_.outputs;
    const Index bytes = (K * panels_ * panelWidth + leftSize_ + deltaSize_) * static_cast<Index>(sizeof(float));
    const Index wanted = panels_ == 0 ? 256 : std::max<Index>(1, divideUp(maximumRows, K));
    return std::clamp<Index>(maximumBytes / std::max<Index>(bytes, 1), 1, wanted);
  }

  /** Bytes of work buffers for a block of b columns. */
  Index workBytes(Index b) const {
    const Index rows = blockExamples() * network_.outputs;
    return (rows * panels_ * panelWidth + blockExamples() * (leftSize_ + deltaSize_) +
            2 * network_.trainable * roundUp(b, lanes<float>) + (groups + 1) * rows * roundUp(b, lanes<float>)) *
           static_cast<Index>(sizeof(float));
  }

  /** Q is p × b; Y nK × b, Z p × b, norms nK. */
  void run(const Examples& examples, const float* Q, Index b, float* Y, float* Z, double* norms, Control& control) {
    Pool& pool = arithmetic_.pool();
    const Index K = network_.outputs;
    columns_ = b;
    padded_ = roundUp(b, lanes<float>);
    const Index block = std::min(blockExamples(), std::max<Index>(examples.count, 1));
    capacity_ = block * K;
    makeUnits();
    right_.reserve(unitSize_ * padded_);
    back_.reserve(unitSize_ * padded_);
    rows_.reserve(checkedProduct(panels_ * panelWidth, capacity_));
    left_.reserve(checkedProduct(leftSize_, block));
    delta_.reserve(checkedProduct(deltaSize_, block));
    partial_.reserve(checkedProduct(groups * capacity_, padded_));
    product_.reserve(checkedProduct(capacity_, padded_));
    scratch_.resize(static_cast<std::size_t>(pool.threads()));
    for (auto& scratch : scratch_) scratch.reserve(checkedProduct(block * largestPositions(), padded_));
    pool.each(static_cast<Index>(units_.size()), [&](Index i, int) {
      const Unit& unit = units_[static_cast<std::size_t>(i)];
      packUnit(unit, Q);
      std::memset(back_.data() + unit.offset * padded_, 0, static_cast<std::size_t>(unit.depth * padded_) * sizeof(float));
    });
    for (Index from = 0; from < examples.count; from += block) {
      control.check();
      const Index count = std::min(block, examples.count - from);
      differentiate(examples, from, count, norms + from * K, control);
      control.check();
      project(count, Y + from * K * b);
      control.check();
      accumulate(count);
      control.advance(count);
    }
    pool.each(static_cast<Index>(units_.size()), [&](Index i, int) { unpackUnit(units_[static_cast<std::size_t>(i)], Z); });
  }

 private:
  static constexpr Index maximumRows = 192;
  static constexpr Index maximumBytes = 200'000'000;
  static constexpr Index groups = 16;

  struct Segment {
    std::size_t operation;
    Index panel;
  };
  struct Fused {
    std::size_t operation;
    Index positions, depth, units;
    Index left, delta;
  };
  /** A run of Q's rows that is packed together: one panel of parameters, or all inputs of one unit of a fused layer. */
  struct Unit {
    /** Index in segments_ or fused_. */
    int source;
    bool fused;
    /** Panel within all panels, or output unit within the layer. */
    Index part;
    Index depth;
    /** Row of the packed Q. */
    Index offset;
  };

  Index largestPositions() const {
    Index most = 0;
    for (const Fused& fused : fused_) most = std::max(most, fused.positions);
    return most;
  }

  void makeUnits() {
    if (!units_.empty() || unitSize_ > 0) return;
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      const Index count = network_.operations[segments_[s].operation].parameters;
      for (Index at = 0; at < count; at += panelWidth) {
        units_.push_back({static_cast<int>(s), false, segments_[s].panel + at / panelWidth, panelWidth, unitSize_});
        unitSize_ += panelWidth;
      }
    }
    for (std::size_t s = 0; s < fused_.size(); ++s)
      for (Index o = 0; o < fused_[s].units; ++o) {
        units_.push_back({static_cast<int>(s), true, o, fused_[s].depth, unitSize_});
        unitSize_ += fused_[s].depth;
      }
    // Groups of nearly equal work, the same whatever the number of threads: their sums are added in order.
    groupEnds_.assign(1, 0);
    Index done = 0;
    for (std::size_t u = 0; u < units_.size(); ++u) {
      done += units_[u].depth;
      if (done * groups >= unitSize_ * static_cast<Index>(groupEnds_.size())) groupEnds_.push_back(u + 1);
    }
    while (groupEnds_.size() < static_cast<std::size_t>(groups) + 1) groupEnds_.push_back(units_.size());
  }

  /** Row of Q (a parameter) that is row k of the unit, or −1 for padding. */
  Index parameter(const Unit& unit, Index k) const {
    if (!unit.fused) {
      const Segment& segment = segments_[static_cast<std::size_t>(unit.source)];
      const Operation& op = network_.operations[segment.operation];
      const Index at = (unit.part - segment.panel) * panelWidth + k;
      return at < op.parameters ? op.first + at : -1;
    }
    const Fused& fused = fused_[static_cast<std::size_t>(unit.source)];
    return network_.operations[fused.operation].first + k * fused.units + unit.part;
  }

  void packUnit(const Unit& unit, const float* Q) {
    float* to = right_.data() + unit.offset * padded_;
    const Panels panels(columns_, lanes<float>);
    for (int i = 0; i < panels.count; ++i) {
      const Index first = static_cast<Index>(panels.begin(i)) * lanes<float>;
      const Index width = static_cast<Index>(panels.width(i)) * lanes<float>;
      const Index real = std::min(width, columns_ - first);
      for (Index k = 0; k < unit.depth; ++k, to += width) {
        const Index row = parameter(unit, k);
        if (row < 0) {
          std::memset(to, 0, static_cast<std::size_t>(width) * sizeof(float));
          continue;
        }
        std::memcpy(to, Q + row * columns_ + first, static_cast<std::size_t>(real) * sizeof(float));
        for (Index j = real; j < width; ++j) to[j] = 0;
      }
    }
  }

  void unpackUnit(const Unit& unit, float* Z) const {
    const float* from = back_.data() + unit.offset * padded_;
    const Panels panels(columns_, lanes<float>);
    for (int i = 0; i < panels.count; ++i) {
      const Index first = static_cast<Index>(panels.begin(i)) * lanes<float>;
      const Index width = static_cast<Index>(panels.width(i)) * lanes<float>;
      const Index real = std::min(width, columns_ - first);
      for (Index k = 0; k < unit.depth; ++k, from += width) {
        const Index row = parameter(unit, k);
        if (row >= 0) std::memcpy(Z + row * columns_ + first, from, static_cast<std::size_t>(real) * sizeof(float));
      }
    }
  }

  /** Phase one: rows, factors and norms of the block's examples. */
  void differentiate(const Examples& examples, Index from, Index count, double* norms, Control& control) {
    const Index K = network_.outputs;
    const Index inner = std::min(arithmetic_.blockExamples(K), divideUp(count, arithmetic_.pool().threads()));
    arithmetic_.pool().each(divideUp(count, inner), [&](Index task, int thread) {
      control.check();
      const Index first = task * inner, here = std::min(inner, count - first);
      Space<float>& work = arithmetic_.space(thread, inner, K);
      arithmetic_.readBlock(work, examples, from + first, here);
      double* own = norms + first * K;
      for (Index r = 0; r < here * K; ++r) own[r] = 0;
      arithmetic_.differentiate(work, here, [&](std::size_t i) {
        if (isFused(network_.operations[i])) {
          return keepFactors(fused_[static_cast<std::size_t>(place_[i])], work, first, here, own);
        }
        const Segment& segment = segments_[static_cast<std::size_t>(place_[i])];
        for (Index e = 0; e < here; ++e)
          for (Index k = 0; k < K; ++k) {
            const Index row = (first + e) * K + k;
            const RowTarget<float> target{rows_.data() + segment.panel * capacity_ * panelWidth + row * panelWidth, capacity_ * panelWidth};
            arithmetic_.layers.weights(i, work, e, k, work.scratch.data(), Store::replace);
            arithmetic_.layers.unpad(i, work.scratch.data(), [&](Index at, const float* values, Index length) {
              own[e * K + k] += squaredNorm(values, length);
              target.write(at, values, length);
            });
          }
      });
      streamFence();
    });
  }

  bool isFused(const Operation& op) const {
    const Value& out = arithmetic_.schedule.value(op.out);
    return op.kind == Kind::dense || (op.kind == Kind::convolution && out.height * out.width < network_.outputs);
  }

  /** Input patches (with a one for the bias) and δ of a layer whose rows are not formed, and its share of the norms. */
  void keepFactors(const Fused& fused, Space<float>& work, Index first, Index count, double* norms) {
    const Index K = network_.outputs;
    const Operation& op = network_.operations[fused.operation];
    const Value& in = arithmetic_.schedule.value(op.in);
    const Value& out = arithmetic_.schedule.value(op.out);
    for (Index e = 0; e < count; ++e) {
      float* left = leftOf(fused, first + e);
      const float* x = arithmetic_.layers.valueOf(work, op.in, e);
      for (Index position = 0; position < fused.positions; ++position) {
        float* to = left + position * fused.depth;
        if (op.kind == Kind::dense) {
          std::memcpy(to, x, static_cast<std::size_t>(in.channels) * sizeof(float));
        } else {
          const Index y = position / out.width, w = position % out.width;
          for (Index h = 0; h < op.kernelHeight; ++h)
            for (Index v = 0; v < op.kernelWidth; ++v)
              std::memcpy(to + (h * op.kernelWidth + v) * in.channels,
                          x + in.pixel(y * op.strideHeight - op.padTop + h, w * op.strideWidth - op.padLeft + v),
                          static_cast<std::size_t>(in.channels) * sizeof(float));
        }
        if (op.other >= 0) to[fused.depth - 1] = 1;
      }
      for (Index k = 0; k < K; ++k) {
        const float* d = arithmetic_.layers.deltaOf(work, op.out, e, k);
        float* to = deltaOf(fused, first + e) + k * fused.positions * fused.units;
        for (Index y = 0; y < out.height; ++y)
          for (Index w = 0; w < out.width; ++w)
            std::memcpy(to + (y * out.width + w) * fused.units, d + out.pixel(y, w), static_cast<std::size_t>(fused.units) * sizeof(float));
      }
      const float* delta = deltaOf(fused, first + e);
      for (Index a = 0; a < fused.positions; ++a)
        for (Index c = 0; c <= a; ++c) {
          const double inputs = dot(left + a * fused.depth, left + c * fused.depth, fused.depth) * (a == c ? 1 : 2);
          for (Index k = 0; k < K; ++k) {
            const float* d = delta + k * fused.positions * fused.units;
            norms[e * K + k] += inputs * dot(d + a * fused.units, d + c * fused.units, fused.units);
          }
        }
    }
  }

  static double dot(const float* a, const float* b, Index count) {
    double sums[8] = {};
    Index i = 0;
    for (; i + 8 <= count; i += 8)
      for (int j = 0; j < 8; ++j) sums[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
    for (; i < count; ++i) sums[0] += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  }

  float* leftOf(const Fused& fused, Index e) { return left_.data() + fused.left * (capacity_ / network_.outputs) + e * fused.positions * fused.depth; }
  float* deltaOf(const Fused& fused, Index e) {
    return delta_.data() + fused.delta * (capacity_ / network_.outputs) + e * network_.outputs * fused.positions * fused.units;
  }

  /** Phase two: Y of the block. */
  void project(Index count, float* Y) {
    const Index rows = count * network_.outputs;
    const Panels panels(columns_, lanes<float>);
    arithmetic_.pool().each(groups, [&](Index g, int thread) {
      float* sum = partial_.data() + g * capacity_ * padded_;
      std::memset(sum, 0, static_cast<std::size_t>(rows * padded_) * sizeof(float));
      for (std::size_t u = groupEnds_[static_cast<std::size_t>(g)]; u < groupEnds_[static_cast<std::size_t>(g) + 1]; ++u) {
        const Unit& unit = units_[u];
        if (unit.fused) {
          projectFused(unit, count, sum, scratch_[static_cast<std::size_t>(thread)].data());
          continue;
        }
        const float* a = rows_.data() + unit.part * capacity_ * panelWidth;
        for (int i = 0; i < panels.count; ++i) {
          const Index first = static_cast<Index>(panels.begin(i)) * lanes<float>;
          panelProduct<float, false>(a, panelWidth, right_.data() + unit.offset * padded_ + first * unit.depth,
                                     static_cast<Index>(panels.width(i)) * lanes<float>, unit.depth, sum + first, padded_, rows,
                                     panels.width(i), Store::add);
        }
      }
    });
    arithmetic_.pool().each(divideUp(rows, 64), [&](Index task, int) {
      const Index end = std::min((task + 1) * 64, rows);
      for (Index r = task * 64; r < end; ++r) {
        float* row = product_.data() + r * padded_;
        std::memcpy(row, partial_.data() + r * padded_, static_cast<std::size_t>(padded_) * sizeof(float));
        for (Index g = 1; g < groups; ++g) {
          const float* more = partial_.data() + (g * capacity_ + r) * padded_;
          for (Index j = 0; j < padded_; ++j) row[j] += more[j];
        }
        std::memcpy(Y + r * columns_, row, static_cast<std::size_t>(columns_) * sizeof(float));
      }
    });
  }

  /** Y_ik += Σ_positions δ_ik,o (A_i Q_o) for one output unit o. */
  void projectFused(const Unit& unit, Index count, float* sum, float* scratch) {
    const Fused& fused = fused_[static_cast<std::size_t>(unit.source)];
    const Index K = network_.outputs;
    const Index lefts = count * fused.positions;
    const Panels panels(columns_, lanes<float>);
    for (int i = 0; i < panels.count; ++i) {
      const Index first = static_cast<Index>(panels.begin(i)) * lanes<float>;
      const Index width = static_cast<Index>(panels.width(i)) * lanes<float>;
      const float* q = right_.data() + unit.offset * padded_ + first * unit.depth;
      for (Index k = 0; k < fused.depth; k += depthBlock)
        panelProduct<float, false>(leftOf(fused, 0) + k, fused.depth, q + k * width, width, std::min(depthBlock, fused.depth - k),
                                   scratch + first, padded_, lefts, panels.width(i), k == 0 ? Store::replace : Store::add);
    }
    for (Index e = 0; e < count; ++e) {
      const float* delta = deltaOf(fused, e) + unit.part;
      for (Index k = 0; k < K; ++k) {
        float* row = sum + (e * K + k) * padded_;
        for (Index position = 0; position < fused.positions; ++position) {
          const Vector<float> d = broadcast(delta[(k * fused.positions + position) * fused.units]);
          const float* t = scratch + (e * fused.positions + position) * padded_;
          for (Index j = 0; j < padded_; j += lanes<float>) store(row + j, load(row + j) + d * load(t + j));
        }
      }
    }
  }

  /** Phase three: Z += J_cᵀ Y_c, every unit by one thread. */
  void accumulate(Index count) {
    const Index K = network_.outputs;
    const Index rows = count * K;
    const Panels panels(columns_, lanes<float>);
    const Index batch = 8;
    arithmetic_.pool().each(divideUp(static_cast<Index>(units_.size()), batch), [&](Index task, int thread) {
      const Index end = std::min((task + 1) * batch, static_cast<Index>(units_.size()));
      for (Index u = task * batch; u < end; ++u) {
        const Unit& unit = units_[static_cast<std::size_t>(u)];
        const float* a = nullptr;
        const float* right = product_.data();
        Index stride = panelWidth, depth = rows;
        if (unit.fused) {
          const Fused& fused = fused_[static_cast<std::size_t>(unit.source)];
          float* scratch = scratch_[static_cast<std::size_t>(thread)].data();
          for (Index e = 0; e < count; ++e)
            for (Index position = 0; position < fused.positions; ++position) {
              float* t = scratch + (e * fused.positions + position) * padded_;
              const float* delta = deltaOf(fused, e) + position * fused.units + unit.part;
              for (Index j = 0; j < padded_; j += lanes<float>) {
                Vector<float> total{};
                for (Index k = 0; k < K; ++k)
                  total += broadcast(delta[k * fused.positions * fused.units]) * load(product_.data() + (e * K + k) * padded_ + j);
                store(t + j, total);
              }
            }
          a = leftOf(fused, 0);
          stride = fused.depth;
          depth = count * fused.positions;
          right = scratch;
        } else {
          a = rows_.data() + unit.part * capacity_ * panelWidth;
        }
        for (int i = 0; i < panels.count; ++i) {
          const Index first = static_cast<Index>(panels.begin(i)) * lanes<float>;
          const Index width = static_cast<Index>(panels.width(i)) * lanes<float>;
          float* z = back_.data() + unit.offset * padded_ + first * unit.depth;
          for (Index k = 0; k < depth; k += cachedRows)
            panelProduct<float, true>(a + k * stride, stride, right + k * padded_ + first, padded_, std::min(cachedRows, depth - k), z, width,
                                      unit.depth, panels.width(i), Store::add);
        }
      }
    });
  }

  static constexpr Index depthBlock = 256;
  /** Rows of Y that stay in the first-level cache, beside those of J, while all parameters of a panel meet them. */
  static constexpr Index cachedRows = 96;

  Arithmetic<float>& arithmetic_;
  const Network& network_;
  std::vector<Segment> segments_;
  std::vector<Fused> fused_;
  std::vector<int> place_;
  Index panels_ = 0, leftSize_ = 0, deltaSize_ = 0;
  std::vector<Unit> units_;
  std::vector<std::size_t> groupEnds_;
  Index unitSize_ = 0;
  Index columns_ = 0, padded_ = 0, capacity_ = 0;
  Buffer<float> right_, back_, rows_, left_, delta_, partial_, product_;
  std::vector<Buffer<float>> scratch_;
};

}  // namespace jacoflow
