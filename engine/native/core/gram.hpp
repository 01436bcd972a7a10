// J Jᵀ in float64 from float32 factors. A dense layer's part is (A Aᵀ + 1) ⊙ Δ Δᵀ; the others are summed over their rows,
// held for as many layers at a time as a bound on memory allows (the network is run again for the rest).
#pragma once
#include "dense64.hpp"
#include "model.hpp"

namespace jacoflow {

class Gram {
 public:
  explicit Gram(Arithmetic<float>& arithmetic) : arithmetic_(arithmetic), network_(arithmetic.layers.network()) {}

  void run(const Examples& examples, double* result, Control& control) {
    const Index K = network_.outputs, n = examples.count, rows = n * K;
    const Index stride = roundUp(rows, panel64);
    G_.reserve(checkedProduct(stride, stride));
    std::memset(G_.data(), 0, static_cast<std::size_t>(stride * stride) * sizeof(double));
    for (std::size_t from = 0; from < network_.operations.size();) {
      const std::size_t to = plan(from, n);
      if (held_.empty()) break;
      hold(examples, control);
      for (const Held& held : held_) {
        if (held.dense) addDense(held, n, G_.data(), stride, control);
        else addRows(held, rows, G_.data(), stride, control);
      }
      from = to;
    }
    spread(arithmetic_.pool(), G_.data(), stride, rows, result);
    if (workBytes(n) - maximumBytes > keptBytes) release();
  }

  /** Bytes of work buffers for n examples. */
  Index workBytes(Index n) const {
    const Index rows = roundUp(n * network_.outputs, panel64);
    return rows * rows * static_cast<Index>(sizeof(double)) + maximumBytes;
  }

 private:
  static constexpr Index maximumBytes = 1'000'000'000;
  /** Bytes of G above which work memory is given back; below, the next call finds it in place: fresh pages are slow. */
  static constexpr Index keptBytes = 250'000'000;

  void release() {
    factors_.release();
    for (Buffer<double>* buffer : {&G_, &packed_, &inputs_, &outputs_}) buffer->release();
  }

  struct Held {
    std::size_t operation;
    bool dense;
    /** Floats before it in the buffer; dense: inputs n × in, then δ nK × out. */
    Index offset;
    Index depth, units;
  };

  /** Layers from `from` that are held together: at least one, then while they fit. Returns the first that is not looked at. */
  std::size_t plan(std::size_t from, Index n) {
    held_.clear();
    size_ = 0;
    std::size_t i = from;
    for (; i < network_.operations.size(); ++i) {
      const Operation& op = network_.operations[i];
      if (op.parameters == 0 || arithmetic_.schedule.slot(op.out) < 0) continue;
      const Index in = arithmetic_.schedule.value(op.in).channels, out = arithmetic_.schedule.value(op.out).channels;
      const bool dense = op.kind == Kind::dense;
      const Index floats = dense ? checkedProduct(n, in + network_.outputs * out) : checkedProduct(n * network_.outputs, op.parameters);
      if (!held_.empty() && (size_ + floats) * static_cast<Index>(sizeof(float)) > maximumBytes) break;
      held_.push_back({i, dense, size_, dense ? in : op.parameters, out});
      size_ += floats;
    }
    return i;
  }

  void hold(const Examples& examples, Control& control) {
    const Index K = network_.outputs, n = examples.count;
    factors_.reserve(size_);
    place_.assign(network_.operations.size(), -1);
    for (std::size_t h = 0; h < held_.size(); ++h) place_[held_[h].operation] = static_cast<int>(h);
    const Index block = arithmetic_.blockExamples(K);
    arithmetic_.pool().each(divideUp(n, block), [&](Index task, int thread) {
      control.check();
      const Index from = task * block, count = std::min(block, n - from);
      Space<float>& work = arithmetic_.space(thread, block, K);
      arithmetic_.readBlock(work, examples, from, count);
      arithmetic_.differentiate(work, count, [&](std::size_t i) {
        if (place_[i] < 0) return;
        const Held& held = held_[static_cast<std::size_t>(place_[i])];
        const Operation& op = network_.operations[i];
        float* base = factors_.data() + held.offset;
        for (Index e = 0; e < count; ++e) {
          if (held.dense)
            std::memcpy(base + (from + e) * held.depth, arithmetic_.layers.valueOf(work, op.in, e), static_cast<std::size_t>(held.depth) * sizeof(float));
          for (Index k = 0; k < K; ++k) {
            const Index row = (from + e) * K + k;
            if (held.dense)
              std::memcpy(base + n * held.depth + row * held.units, arithmetic_.layers.deltaOf(work, op.out, e, k),
                          static_cast<std::size_t>(held.units) * sizeof(float));
            else
              arithmetic_.layers.row(i, work, e, k, RowTarget<float>{base + row * held.depth});
          }
        }
      });
      control.advance(count);
    });
  }

  auto reader(const float* values, Index depth) const {
    return [values, depth](Index row, Index from, Index count, double* to, Index step) {
      const float* source = values + row * depth + from;
      for (Index k = 0; k < count; ++k) to[k * step] = source[k];
    };
  }

  void addRows(const Held& held, Index rows, double* G, Index stride, Control& control) {
    addGram(arithmetic_.pool(), control, rows, held.depth, reader(factors_.data() + held.offset, held.depth), packed_, G, stride);
  }

  void addDense(const Held& held, Index n, double* G, Index stride, Control& control) {
    const Index K = network_.outputs, rows = n * K;
    const bool bias = network_.operations[held.operation].other >= 0;
    const Index inputStride = roundUp(n, panel64);
    inputs_.reserve(checkedProduct(inputStride, inputStride));
    outputs_.reserve(checkedProduct(stride, stride));
    std::memset(inputs_.data(), 0, static_cast<std::size_t>(inputStride * inputStride) * sizeof(double));
    std::memset(outputs_.data(), 0, static_cast<std::size_t>(stride * stride) * sizeof(double));
    const float* inputs = factors_.data() + held.offset;
    addGram(arithmetic_.pool(), control, n, held.depth, reader(inputs, held.depth), packed_, inputs_.data(), inputStride);
    addGram(arithmetic_.pool(), control, rows, held.units, reader(inputs + n * held.depth, held.units), packed_, outputs_.data(), stride);
    arithmetic_.pool().each(n, [&](Index i, int) {
      for (Index j = 0; j <= i; ++j) {
        const double input = inputs_[i * inputStride + j] + (bias ? 1.0 : 0.0);
        for (Index k = 0; k < K; ++k)
          for (Index l = 0; l < K; ++l) {
            const Index row = i * K + k, column = j * K + l;
            if (column <= row) G[row * stride + column] += input * outputs_[row * stride + column];
          }
      }
    });
  }

  Arithmetic<float>& arithmetic_;
  const Network& network_;
  std::vector<Held> held_;
  std::vector<int> place_;
  Index size_ = 0;
  Buffer<float> factors_;
  Buffer<double> G_, packed_, inputs_, outputs_;
};

}  // namespace jacoflow
