// Optimisation of one model: loss, gradient of the batch mean, update. The batch is cut into the same parts whatever
// the number of threads; a part's gradient is a sum in order and the parts are added in order.
#pragma once
#include "model.hpp"

namespace jacoflow {

enum class LossKind : int { squared = 0, crossEntropy = 1 };
enum class Rule : int { descent = 0, momentum = 1, adam = 2 };

struct Settings {
  LossKind loss;
  Rule rule;
  /** momentum; or beta1, beta2, epsilon. */
  double numbers[3];
};

class Training {
 public:
  Training(const Network& network, Pool& pool, const Settings& settings, const float* parameters, const float* features,
           const std::int32_t* labels, Index examples, Index width)
      : settings_(settings), network_(network), arithmetic_(network, pool), pool_(pool), features_(features), labels_(labels, labels + examples),
        examples_(examples), width_(width) {
    for (const std::int32_t label : labels_)
      if (label < 0 || label >= network.outputs) fail(Fault::invalidArgument, "a label", label);
    parameters_.reserve(std::max<Index>(network.total, 1));
    std::memcpy(parameters_.data(), parameters, static_cast<std::size_t>(network.total) * sizeof(float));
    gradient_.reserve(std::max<Index>(network.trainable, 1));
    if (settings.rule != Rule::descent) first_.reserve(std::max<Index>(network.trainable, 1));
    if (settings.rule == Rule::adam) second_.reserve(std::max<Index>(network.trainable, 1));
    arithmetic_.load(parameters_.data());
  }

  const float* parameters() const { return parameters_.data(); }
  std::int64_t steps() const { return steps_; }
  /** Vectors of trainable numbers that the rule keeps from step to step. */
  Index moments() const { return settings_.rule == Rule::adam ? 2 : settings_.rule == Rule::momentum ? 1 : 0; }
  float* moment(Index index) { return index == 0 ? first_.data() : second_.data(); }

  /** Goes on from parameters, and moments that the caller has put in place, after `steps` steps. */
  void restore(const float* parameters, std::int64_t steps) {
    std::memcpy(parameters_.data(), parameters, static_cast<std::size_t>(network_.total) * sizeof(float));
    arithmetic_.load(parameters_.data());
    steps_ = steps;
  }

  /** Loss before the step. */
  double step(const std::int32_t* given, Index count, double learningRate, bool batchStatistics, Control& control) {
    if (count == 0) fail(Fault::invalidArgument, "the examples of a step", 0);
    // A copy: the caller's memory may be shared and change after it was looked at.
    indices_.assign(given, given + count);
    const std::int32_t* indices = indices_.data();
    for (Index i = 0; i < count; ++i)
      if (indices[i] < 0 || indices[i] >= examples_) fail(Fault::invalidArgument, "an example's index", indices[i]);
    const bool together = (batchStatistics && network_.hasNormalization) || !network_.hasConvolution;
    cut(count, together);
    const double loss = together ? gradientTogether(indices, count, batchStatistics && network_.hasNormalization, control)
                                 : gradientInParts(indices, count, control);
    update(learningRate);
    arithmetic_.load(parameters_.data());
    return loss;
  }

 private:
  static constexpr Index gradientBytes = 256'000'000;

  const Schedule<float>& schedule() const { return arithmetic_.schedule; }

  void cut(Index count, bool together) {
    const Index bytes = std::max<Index>(schedule().gradientSize, 1) * static_cast<Index>(sizeof(float));
    const Index affordable = std::clamp<Index>(gradientBytes / bytes, 1, 16);
    parts_ = std::min(count, together && !partial() ? Index(16) : affordable);
    gradients_.reserve(checkedProduct(partial() ? parts_ : 1, schedule().gradientSize));
    losses_.assign(static_cast<std::size_t>(parts_), 0);
  }

  float* partGradient(Index part, std::size_t i) {
    return gradients_.data() + part * schedule().gradientSize + schedule().steps[i].gradientOffset;
  }

  /** Every part goes through the whole network in blocks that stay in cache. */
  double gradientInParts(const std::int32_t* indices, Index count, Control& control) {
    pool_.each(parts_, [&](Index part, int thread) {
      const Index end = count * (part + 1) / parts_;
      const Index begin = count * part / parts_;
      const Index block = std::min(arithmetic_.blockExamples(1), end - begin);
      Space<float>& work = arithmetic_.space(thread, arithmetic_.blockExamples(1), 1);
      for (Index from = begin; from < end; from += block) {
        control.check();
        const Index here = std::min(block, end - from);
        for (Index e = 0; e < here; ++e) arithmetic_.layers.read(work, e, features_ + indices[from + e] * width_);
        arithmetic_.layers.forward(work, 0, here);
        for (Index e = 0; e < here; ++e)
          losses_[static_cast<std::size_t>(part)] += lossAndCotangent(work, e, labels_[static_cast<std::size_t>(indices[from + e])], count);
        arithmetic_.backward(work, here, [&](std::size_t i) {
          addWeights(i, work, 0, here, partGradient(part, i), from == begin ? Store::replace : Store::add);
        });
      }
    });
    pool_.each(static_cast<Index>(schedule().steps.size()), [&](Index i, int) { gatherGradient(static_cast<std::size_t>(i), parts_); });
    return totalLoss();
  }

  /** Kernel gradient of examples [from, to), one cotangent each. */
  void addWeights(std::size_t i, Space<float>& work, Index from, Index to, float* target, Store mode) {
    const Operation& op = network_.operations[i];
    if (op.kind == Kind::dense) {
      denseWeights(i, work, from, to, 0, schedule().value(op.in).channels, target, mode);
      return;
    }
    for (Index e = from; e < to; ++e) arithmetic_.layers.weights(i, work, e, 0, target, e == from ? mode : Store::add);
  }

  /** Rows [first, last) of a dense kernel's gradient, and the bias with the first. */
  void denseWeights(std::size_t i, Space<float>& work, Index from, Index to, Index first, Index last, float* target, Store mode) {
    const Operation& op = network_.operations[i];
    const Value& in = schedule().value(op.in);
    const Value& out = schedule().value(op.out);
    const float* x = arithmetic_.layers.valueOf(work, op.in, from) + first;
    const float* delta = arithmetic_.layers.deltaOf(work, op.out, from, 0);
    const Panels panels(out.stride, lanes<float>);
    for (int panel = 0; panel < panels.count; ++panel) {
      const Index column = static_cast<Index>(panels.begin(panel)) * lanes<float>;
      panelProduct<float, true>(x, in.size(), delta + column, out.size(), to - from, target + first * out.stride + column, out.stride,
                                last - first, panels.width(panel), mode);
    }
    if (first == 0) {
      float* bias = target + schedule().steps[i].kernelRows * out.stride;
      for (Index o = 0; o < out.stride; ++o) {
        float sum = mode == Store::add ? bias[o] : 0;
        for (Index e = 0; e < to - from; ++e) sum += delta[e * out.size() + o];
        bias[o] = sum;
      }
    }
  }

  /** Operation after operation over the whole batch: what batch statistics need, and what is best for dense layers. */
  double gradientTogether(const std::int32_t* indices, Index count, bool batchStatistics, Control& control) {
    together_.prepare(schedule(), count, 1);
    const auto begin = [&](Index part) { return count * part / parts_; };
    pool_.each(parts_, [&](Index part, int) {
      for (Index e = begin(part); e < begin(part + 1); ++e) arithmetic_.layers.read(together_, e, features_ + indices[e] * width_);
    });
    const std::size_t size = schedule().steps.size();
    for (std::size_t i = 0; i < size; ++i) {
      control.check();
      const bool statistics = batchStatistics && network_.operations[i].kind == Kind::normalization;
      if (statistics) normalize(i, count);
      else pool_.each(parts_, [&](Index part, int) { arithmetic_.layers.forward(i, together_, begin(part), begin(part + 1)); });
    }
    pool_.each(parts_, [&](Index part, int) {
      for (Index e = begin(part); e < begin(part + 1); ++e)
        losses_[static_cast<std::size_t>(part)] += lossAndCotangent(together_, e, labels_[static_cast<std::size_t>(indices[e])], count);
    });
    for (std::size_t i = size; i-- > 0;) {
      control.check();
      const Operation& op = network_.operations[i];
      if (schedule().slot(op.out) < 0) continue;
      if (batchStatistics && op.kind == Kind::normalization) {
        normalizeBackward(i, count);
        continue;
      }
      pool_.each(parts_, [&](Index part, int) {
        arithmetic_.layers.throughActivation(i, together_, begin(part), begin(part + 1));
        if (op.parameters > 0 && op.kind != Kind::dense)
          addWeights(i, together_, begin(part), begin(part + 1), partGradient(part, i), Store::replace);
        arithmetic_.layers.backward(i, together_, begin(part), begin(part + 1));
      });
      if (op.parameters == 0) continue;
      if (op.kind == Kind::dense) {
        const Index rows = schedule().value(op.in).channels;
        const Index slices = std::min<Index>(rows, 16);
        pool_.each(slices, [&](Index slice, int) {
          denseWeights(i, together_, 0, count, rows * slice / slices, rows * (slice + 1) / slices, partGradient(0, i), Store::replace);
        });
        gatherGradient(i, 1);
      } else {
        gatherGradient(i, parts_);
      }
    }
    return totalLoss();
  }

  /** Whether some layer's gradient is summed part by part: all but dense layers, whose parts are rows of the kernel. */
  bool partial() const { return network_.hasConvolution || network_.hasNormalization; }

  double totalLoss() const {
    double total = 0;
    for (const double loss : losses_) total += loss;
    return total;
  }

  /** The example's share of the batch-mean loss; its gradient becomes the cotangent. */
  double lossAndCotangent(Space<float>& work, Index e, Index label, Index count) {
    const Layers<float>& layers = arithmetic_.layers;
    const Index K = network_.outputs;
    if (label < 0 || label >= K) fail(Fault::invalidArgument, "a label", static_cast<double>(label));
    thread_local std::vector<float> outputs;
    outputs.resize(static_cast<std::size_t>(K));
    layers.write(work, e, outputs.data());
    double loss = 0;
    const double share = 1.0 / static_cast<double>(count);
    double largest = outputs[0], sum = 0;
    if (settings_.loss == LossKind::crossEntropy) {
      for (const float f : outputs) largest = std::max(largest, static_cast<double>(f));
      for (const float f : outputs) sum += std::exp(static_cast<double>(f) - largest);
      loss = largest + std::log(sum) - outputs[static_cast<std::size_t>(label)];
    }
    if (schedule().slot(network_.output) >= 0) {
      const Value& value = schedule().value(network_.output);
      float* delta = layers.deltaOf(work, network_.output, e, 0);
      Index k = 0;
      for (Index y = 0; y < value.height; ++y)
        for (Index x = 0; x < value.width; ++x)
          for (Index c = 0; c < value.channels; ++c, ++k) {
            const double f = outputs[static_cast<std::size_t>(k)];
            const double given = k == label ? 1.0 : 0.0;
            const double residual = settings_.loss == LossKind::crossEntropy ? std::exp(f - largest) / sum - given : f - given;
            delta[value.pixel(y, x) + c] = static_cast<float>(residual * share);
          }
    }
    if (settings_.loss == LossKind::squared)
      for (Index k = 0; k < K; ++k) {
        const double residual = static_cast<double>(outputs[static_cast<std::size_t>(k)]) - (k == label ? 1.0 : 0.0);
        loss += 0.5 * residual * residual;
      }
    return loss * share;
  }

  /** Sum of the parts' padded gradients into the flat gradient. */
  void gatherGradient(std::size_t i, Index parts) {
    const Operation& op = network_.operations[i];
    if (op.parameters == 0 || schedule().slot(op.out) < 0) return;
    float* sum = partGradient(0, i);
    const Index size = schedule().steps[i].gradientSize;
    for (Index part = 1; part < parts; ++part) {
      const float* more = partGradient(part, i);
      for (Index j = 0; j < size; ++j) sum[j] += more[j];
    }
    arithmetic_.layers.unpad(i, sum, [&](Index at, const float* values, Index length) {
      std::memcpy(gradient_.data() + op.first + at, values, static_cast<std::size_t>(length) * sizeof(float));
    });
  }

  void update(double learningRate) {
    ++steps_;
    const float rate = static_cast<float>(learningRate);
    const double* numbers = settings_.numbers;
    const double correction1 = 1 - std::pow(numbers[0], static_cast<double>(steps_));
    const double correction2 = 1 - std::pow(numbers[1], static_cast<double>(steps_));
    const Index p = network_.trainable, slice = 65'536;
    pool_.each(divideUp(p, slice), [&](Index task, int) {
      const Index end = std::min(p, (task + 1) * slice);
      float* w = parameters_.data();
      const float* g = gradient_.data();
      float* m = first_.data();
      float* v = second_.data();
      switch (settings_.rule) {
        case Rule::descent:
          for (Index j = task * slice; j < end; ++j) w[j] -= rate * g[j];
          break;
        case Rule::momentum: {
          const float keep = static_cast<float>(numbers[0]);
          for (Index j = task * slice; j < end; ++j) {
            m[j] = keep * m[j] + g[j];
            w[j] -= rate * m[j];
          }
          break;
        }
        case Rule::adam: {
          const float keep1 = static_cast<float>(numbers[0]), keep2 = static_cast<float>(numbers[1]);
          const float new1 = static_cast<float>(1 - numbers[0]), new2 = static_cast<float>(1 - numbers[1]);
          const float scale1 = static_cast<float>(learningRate / correction1), scale2 = static_cast<float>(1 / correction2);
          const float epsilon = static_cast<float>(numbers[2]);
          for (Index j = task * slice; j < end; ++j) {
            m[j] = keep1 * m[j] + new1 * g[j];
            v[j] = keep2 * v[j] + new2 * g[j] * g[j];
            w[j] -= scale1 * m[j] / (std::sqrt(v[j] * scale2) + epsilon);
          }
          break;
        }
      }
    });
  }

  struct Statistics {
    Buffer<float> mean, inverse;
  };

  /** sum(part, sums): per-channel float64 sums of a part, added over the parts in order. */
  template <class Sum>
  const double* reduce(Index channels, const Sum& sum) {
    double* sums = reduction_.reserve(checkedProduct(parts_ + 1, 2 * channels));
    std::memset(sums, 0, static_cast<std::size_t>((parts_ + 1) * 2 * channels) * sizeof(double));
    pool_.each(parts_, [&](Index part, int) { sum(part, sums + (part + 1) * 2 * channels); });
    for (Index part = 1; part <= parts_; ++part)
      for (Index c = 0; c < 2 * channels; ++c) sums[c] += sums[part * 2 * channels + c];
    return sums;
  }

  /** Batch normalisation by the statistics of the batch; the moving ones follow (biased variance, as Keras keeps it). */
  void normalize(std::size_t i, Index count) {
    const Operation& op = network_.operations[i];
    const Value& value = schedule().value(op.out);
    const Index C = value.stride;
    const double pixels = static_cast<double>(count * value.height * value.width);
    statistics_.resize(schedule().steps.size());
    Statistics& own = statistics_[i];
    float* mean = own.mean.reserve(C);
    float* inverse = own.inverse.reserve(C);
    const auto begin = [&](Index part) { return count * part / parts_; };
    const auto pass = [&](Index part, const auto& each) {
      for (Index e = begin(part); e < begin(part + 1); ++e) {
        const float* x = arithmetic_.layers.valueOf(together_, op.in, e);
        for (Index y = 0; y < value.height; ++y)
          for (Index w = 0; w < value.width; ++w) each(x + value.pixel(y, w));
      }
    };
    std::vector<double> means(static_cast<std::size_t>(C)), variances(static_cast<std::size_t>(C));
    const double* sums = reduce(C, [&](Index part, double* to) {
      pass(part, [&](const float* x) { for (Index c = 0; c < C; ++c) to[c] += static_cast<double>(x[c]); });
    });
    for (Index c = 0; c < C; ++c) means[static_cast<std::size_t>(c)] = sums[c] / pixels;
    sums = reduce(C, [&](Index part, double* to) {
      pass(part, [&](const float* x) {
        for (Index c = 0; c < C; ++c) {
          const double centred = static_cast<double>(x[c]) - means[static_cast<std::size_t>(c)];
          to[c] += centred * centred;
        }
      });
    });
    for (Index c = 0; c < C; ++c) variances[static_cast<std::size_t>(c)] = sums[c] / pixels;
    std::vector<float> scale(static_cast<std::size_t>(C)), shift(static_cast<std::size_t>(C));
    for (Index c = 0; c < value.channels; ++c) {
      const std::size_t at = static_cast<std::size_t>(c);
      mean[c] = static_cast<float>(means[at]);
      inverse[c] = static_cast<float>(1 / std::sqrt(variances[at] + op.number));
      scale[at] = parameters_[op.first + c] * inverse[c];
      shift[at] = parameters_[op.other + c] - scale[at] * mean[c];
      float& movingMean = parameters_[op.movingMean + c];
      float& movingVariance = parameters_[op.movingVariance + c];
      movingMean = static_cast<float>(op.momentum * movingMean + (1 - op.momentum) * means[at]);
      movingVariance = static_cast<float>(op.momentum * movingVariance + (1 - op.momentum) * variances[at]);
    }
    pool_.each(parts_, [&](Index part, int) {
      arithmetic_.layers.normalizeForward(i, together_, begin(part), begin(part + 1), scale.data(), shift.data());
    });
  }

  /** δx = γ/σ (δ − mean δ − x̂ mean(δ x̂)). */
  void normalizeBackward(std::size_t i, Index count) {
    const Operation& op = network_.operations[i];
    const Value& value = schedule().value(op.out);
    const Index C = value.stride;
    const Statistics& own = statistics_[i];
    const float pixels = static_cast<float>(count * value.height * value.width);
    const auto begin = [&](Index part) { return count * part / parts_; };
    const double* sums = reduce(C, [&](Index part, double* to) {
      thread_local std::vector<float> sum;
      sum.assign(static_cast<std::size_t>(2 * C), 0);
      arithmetic_.layers.throughActivation(i, together_, begin(part), begin(part + 1));
      for (Index e = begin(part); e < begin(part + 1); ++e) {
        Layers<float>::normalizationWeights(value, arithmetic_.layers.valueOf(together_, op.in, e),
                                            arithmetic_.layers.deltaOf(together_, op.out, e, 0), own.mean.data(),
                                            own.inverse.data(), sum.data(), Store::replace);
        for (Index c = 0; c < 2 * C; ++c) to[c] += static_cast<double>(sum[static_cast<std::size_t>(c)]);
      }
    });
    std::vector<float> gamma(static_cast<std::size_t>(C)), beta(static_cast<std::size_t>(C)), scale(static_cast<std::size_t>(C));
    for (Index c = 0; c < value.channels; ++c) {
      const std::size_t at = static_cast<std::size_t>(c);
      if (op.parameters > 0) {
        gradient_[op.first + c] = static_cast<float>(sums[c]);
        gradient_[op.other + c] = static_cast<float>(sums[C + c]);
      }
      gamma[at] = static_cast<float>(sums[c]) / pixels;
      beta[at] = static_cast<float>(sums[C + c]) / pixels;
      scale[at] = parameters_[op.first + c] * own.inverse[c];
    }
    if (schedule().slot(op.in) < 0) return;
    pool_.each(parts_, [&](Index part, int) {
      for (Index e = begin(part); e < begin(part + 1); ++e) {
        const float* x = arithmetic_.layers.valueOf(together_, op.in, e);
        const float* d = arithmetic_.layers.deltaOf(together_, op.out, e, 0);
        float* to = arithmetic_.layers.deltaOf(together_, op.in, e, 0);
        for (Index y = 0; y < value.height; ++y)
          for (Index w = 0; w < value.width; ++w) {
            const Index pixel = value.pixel(y, w);
            for (Index c = 0; c < C; ++c) {
              const std::size_t at = static_cast<std::size_t>(c);
              const float normal = (x[pixel + c] - own.mean[c]) * own.inverse[c];
              const float result = scale[at] * (d[pixel + c] - beta[at] - normal * gamma[at]);
              to[pixel + c] = op.addsToIn ? to[pixel + c] + result : result;
            }
          }
      }
    });
  }

  const Settings settings_;
  const Network& network_;
  Arithmetic<float> arithmetic_;
  Pool& pool_;
  const float* features_;
  std::vector<std::int32_t> labels_;
  std::vector<std::int32_t> indices_;
  Index examples_, width_;
  Buffer<float> parameters_, gradient_, first_, second_, gradients_;
  Buffer<double> reduction_;
  Space<float> together_;
  std::vector<Statistics> statistics_;
  std::vector<double> losses_;
  Index parts_ = 1;
  std::int64_t steps_ = 0;
};

}  // namespace jacoflow
