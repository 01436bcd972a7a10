// A network with parameters on a pool: forward passes and rows of J over any number of examples.
#pragma once
#include "layers.hpp"
#include "pool.hpp"

namespace jacoflow {

/** Bytes of values and gradients that one thread works on at a time: about a second-level cache. */
inline constexpr Index cacheBytes = 800'000;
/** The same where large dense kernels are read once a block, so that larger blocks save more than they spill. */
inline constexpr Index denseBlockBytes = 6'000'000;

/** ‖values‖² in float64. */
template <class T>
double squaredNorm(const T* values, Index count) {
  double sums[8] = {};
  Index i = 0;
  for (; i + 8 <= count; i += 8)
    for (int j = 0; j < 8; ++j) sums[j] += static_cast<double>(values[i + j]) * static_cast<double>(values[i + j]);
  for (; i < count; ++i) sums[0] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/** Examples [from, to) of the caller's n × d matrix, given one by one. */
struct Examples {
  const float* features;
  Index count;
  Index width;
};

template <class T>
class Arithmetic {
 public:
  Arithmetic(const Network& network, Pool& pool)
      : schedule(network), layers(schedule, weights), pool_(pool), spaces_(static_cast<std::size_t>(pool.threads())) {
    weights.prepare(schedule);
    Index denseBytes = 0;
    for (const Operation& op : network.operations)
      if (op.kind == Kind::dense) denseBytes += schedule.value(op.in).channels * schedule.value(op.out).stride * static_cast<Index>(sizeof(T));
    budget_ = network.hasConvolution && denseBytes < 400'000 ? cacheBytes : denseBlockBytes;
  }

  void load(const float* parameters) {
    pool_.each(static_cast<Index>(schedule.steps.size()),
               [&](Index i, int) { weights.load(schedule, parameters, static_cast<std::size_t>(i)); });
  }

  /** Examples that one thread takes through the network together. */
  Index blockExamples(Index cotangents) const {
    const Index bytes = schedule.valueBytes + cotangents * schedule.slotBytes;
    return std::clamp<Index>(budget_ / std::max<Index>(bytes, 1), 1, 64);
  }

  Space<T>& space(int thread, Index examples, Index cotangents) {
    Space<T>& space = spaces_[static_cast<std::size_t>(thread)];
    space.prepare(schedule, examples, cotangents);
    return space;
  }

  /** f → outputs, n × K. */
  void forward(const Examples& examples, T* outputs, Control& control) {
    const Index block = blockExamples(0);
    const Index K = layers.network().outputs;
    pool_.each(divideUp(examples.count, block), [&](Index task, int thread) {
      control.check();
      const Index from = task * block, count = std::min(block, examples.count - from);
      Space<T>& work = space(thread, block, 0);
      readBlock(work, examples, from, count);
      layers.forward(work, 0, count);
      for (Index e = 0; e < count; ++e) layers.write(work, e, outputs + (from + e) * K);
      control.advance(count);
    });
  }

  void readBlock(Space<T>& work, const Examples& examples, Index from, Index count) const {
    for (Index e = 0; e < count; ++e) layers.read(work, e, examples.features + (from + e) * examples.width);
  }

  /** Forward, then K cotangents back; visit(i) when δ of operation i's output is ready for its weight gradients. */
  template <class Visit>
  void differentiate(Space<T>& work, Index count, const Visit& visit) const {
    layers.forward(work, 0, count);
    layers.seed(work, count);
    backward(work, count, visit);
  }

  template <class Visit>
  void backward(Space<T>& work, Index count, const Visit& visit) const {
    for (std::size_t i = schedule.steps.size(); i-- > 0;) {
      const Operation& op = layers.network().operations[i];
      if (schedule.slot(op.out) < 0) continue;
      layers.throughActivation(i, work, 0, count);
      if (op.parameters > 0) visit(i);
      layers.backward(i, work, 0, count);
    }
  }

  /** Rows of J, nK × p, row after row. */
  void rows(const Examples& examples, T* result, Control& control) {
    const Network& network = layers.network();
    const Index K = network.outputs, p = network.trainable;
    const Index block = blockExamples(K);
    pool_.each(divideUp(examples.count, block), [&](Index task, int thread) {
      control.check();
      const Index from = task * block, count = std::min(block, examples.count - from);
      Space<T>& work = space(thread, block, K);
      readBlock(work, examples, from, count);
      differentiate(work, count, [&](std::size_t i) {
        for (Index e = 0; e < count; ++e)
          for (Index k = 0; k < K; ++k)
            layers.row(i, work, e, k, RowTarget<T>{result + ((from + e) * K + k) * p + network.operations[i].first});
      });
      control.advance(count);
    });
  }

  Pool& pool() { return pool_; }

  const Schedule<T> schedule;
  Weights<T> weights;
  const Layers<T> layers;

 private:
  Pool& pool_;
  std::vector<Space<T>> spaces_;
  Index budget_;
};

}  // namespace jacoflow
