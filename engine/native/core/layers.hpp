// What each operation does to a range of examples: forward, data gradient of K cotangents, weight gradients.
#pragma once
#include <memory>

#include "activation.hpp"
#include "convolution.hpp"
#include "winograd.hpp"

namespace jacoflow {

/**
 * Where a row of J goes, 64 parameters a panel; a plain row is the case `panel` = 64. Panels begin at multiples of a
 * vector's size and are written past the caches: end with `streamFence`.
 */
inline constexpr Index panelWidth = 64;

template <class T>
struct RowTarget {
  T* base;
  Index panel = panelWidth;

  void write(Index from, const T* values, Index count) const {
    if (panel == panelWidth) {
      std::memcpy(base + from, values, static_cast<std::size_t>(count) * sizeof(T));
      return;
    }
    while (count > 0) {
      const Index inside = from % panelWidth;
      const Index run = std::min(count, panelWidth - inside);
      T* to = base + from / panelWidth * panel + inside;
      if (inside % lanes<T> == 0 && run % lanes<T> == 0)
        for (Index i = 0; i < run; i += lanes<T>) stream(to + i, load(values + i));
      else
        std::memcpy(to, values, static_cast<std::size_t>(run) * sizeof(T));
      from += run;
      values += run;
      count -= run;
    }
  }
};

/** Memory layouts and schedules that depend on the network and the element type alone. */
template <class T>
struct Schedule {
  struct Step {
    std::vector<Phase> forward, gradient;
    KernelRows kernel;
    /** Used for the kernels and sizes that winograd.hpp takes; otherwise the phases are. */
    TileGrid forwardTiles, gradientTiles;
    /** Rows of the kernel matrix (taps × channels in) and its padded place in a gradient buffer. */
    Index kernelRows = 0;
    Index gradientOffset = 0, gradientSize = 0;
  };

  const Network& network;
  std::vector<Value> values;
  std::vector<Step> steps;
  /** Gradient buffer of each value (−1: none), and the layout of each buffer. */
  std::vector<int> slots;
  std::vector<Value> slotValues;
  Index gradientSize = 0;
  Index largestStep = 0;
  /** Elements of scratch memory for transformed tiles, and for the transformed patches of one image. */
  Index tileScratch = 0, imagePatches = 0;
  /** Bytes of values, slopes and K gradient buffers for one example. */
  Index valueBytes = 0, slotBytes = 0;

  explicit Schedule(const Network& source) : network(source), values(layValuesOut<T>(source)) {
    for (const Operation& op : network.operations) {
      Step step;
      const Value& in = value(op.in);
      const Value& out = value(op.out);
      if (op.kind == Kind::convolution) {
        step.forward = forwardPhases(op, in, out);
        step.gradient = gradientPhases(op, in, out);
        step.kernel = jacoflow::kernelRows(op, in, widestKernelRun);
        step.forwardTiles = forwardGrid<T>(op, in, out);
        step.gradientTiles = gradientGrid<T>(op, in, out);
        tileScratch = std::max({tileScratch, winogradScratch(in.stride, out.stride), winogradScratch(out.stride, in.stride)});
        if (step.forwardTiles.used()) imagePatches = std::max(imagePatches, patchesSize(step.forwardTiles));
        step.kernelRows = op.kernelHeight * op.kernelWidth * in.channels;
      }
      if (op.kind == Kind::dense) step.kernelRows = in.channels;
      if (op.kind == Kind::normalization) step.kernelRows = 1;
      if (step.kernelRows > 0) {
        step.gradientOffset = gradientSize;
        step.gradientSize = checkedProduct(step.kernelRows + 1, out.stride);
        gradientSize += step.gradientSize;
        largestStep = std::max(largestStep, step.gradientSize);
      }
      valueBytes += out.size() * static_cast<Index>(sizeof(T)) * (keepsSlope(op.activation) || op.kind == Kind::maximumPooling ? 2 : 1);
      steps.push_back(std::move(step));
    }
    valueBytes += value(network.input).size() * static_cast<Index>(sizeof(T));
    assignSlots();
    for (const Value& slot : slotValues) slotBytes += slot.size() * static_cast<Index>(sizeof(T));
  }
  Schedule(const Schedule&) = delete;

  const Value& value(int i) const { return values[static_cast<std::size_t>(i)]; }
  int slot(int i) const { return slots[static_cast<std::size_t>(i)]; }

 private:
  void assignSlots() {
    slots.assign(values.size(), -1);
    std::vector<int> free;
    auto take = [&](int v) {
      int& slot = slots[static_cast<std::size_t>(v)];
      if (slot >= 0 || !value(v).needsGradient) return;
      for (std::size_t i = 0; i < free.size(); ++i)
        if (slotValues[static_cast<std::size_t>(free[i])].sameLayout(value(v)) &&
            slotValues[static_cast<std::size_t>(free[i])].stride == value(v).stride) {
          slot = free[i];
          free.erase(free.begin() + static_cast<std::ptrdiff_t>(i));
          return;
        }
      slot = static_cast<int>(slotValues.size());
      slotValues.push_back(value(v));
    };
    take(network.output);
    for (auto op = network.operations.rbegin(); op != network.operations.rend(); ++op) {
      const int own = slot(op->out);
      if (own < 0) continue;
      bool passedOn = false;
      if (op->kind == Kind::add) {
        for (const int v : {op->in, op->second}) {
          // A sum hands its gradient to a term that nothing else reads without copying it.
          if (!passedOn && value(v).needsGradient && value(v).consumers == 1 && v != network.output &&
              value(v).stride == value(op->out).stride && value(v).sameLayout(value(op->out))) {
            slots[static_cast<std::size_t>(v)] = own;
            passedOn = true;
          }
        }
        take(op->second);
      }
      take(op->in);
      if (!passedOn) free.push_back(own);
    }
  }
};

/** Parameters in the forms the kernels read. */
template <class T>
struct Weights {
  struct Step {
    Buffer<T> forward, backward, bias;
    PackedMatrix<T> forwardMatrix, backwardMatrix;
    /** Normalisation at the moving statistics: y = scale·x + shift; x̂ = (x − mean)·inverse. */
    Buffer<T> scale, shift, mean, inverse;
  };
  std::vector<Step> steps;

  void prepare(const Schedule<T>& schedule) { steps.resize(schedule.steps.size()); }

  /** Operation i from the flat parameter vector. Operations may be loaded on several threads at once. */
  void load(const Schedule<T>& schedule, const float* parameters, std::size_t i) {
    {
      const Operation& op = schedule.network.operations[i];
      const Value& in = schedule.value(op.in);
      const Value& out = schedule.value(op.out);
      Step& step = steps[i];
      const float* first = parameters + op.first;
      if (op.kind == Kind::convolution || op.kind == Kind::dense) {
        T* bias = step.bias.reserve(out.stride);
        for (Index o = 0; o < out.channels; ++o) bias[o] = op.other >= 0 ? static_cast<T>(parameters[op.other + o]) : T(0);
      }
      if (op.kind == Kind::dense) {
        step.forwardMatrix.pack(in.channels, out.channels,
                                [&](Index k, Index j) { return static_cast<T>(first[k * out.channels + j]); });
        if (in.needsGradient) {
          step.backwardMatrix.pack(out.channels, in.channels,
                                   [&](Index k, Index j) { return static_cast<T>(first[j * out.channels + k]); });
        }
      } else if (op.kind == Kind::convolution) {
        const Index taps = op.kernelHeight * op.kernelWidth;
        const auto kernel = [&](Index y, Index x, Index c, Index o) {
          return static_cast<T>(first[((y * op.kernelWidth + x) * in.channels + c) * out.channels + o]);
        };
        if (schedule.steps[i].forwardTiles.used()) {
          transformKernel(in.channels, out.channels, out.stride, kernel, step.forward.reserve(winogradPlanes * in.channels * out.stride));
        } else {
        T* forward = step.forward.reserve(taps * in.channels * out.stride);
        for (Index row = 0; row < taps * in.channels; ++row)
          for (Index o = 0; o < out.channels; ++o) forward[row * out.stride + o] = static_cast<T>(first[row * out.channels + o]);
        }
        if (in.needsGradient && schedule.steps[i].gradientTiles.used()) {
          const auto turned = [&](Index y, Index x, Index o, Index c) { return kernel(2 - y, 2 - x, c, o); };
          transformKernel(out.channels, in.channels, in.stride, turned, step.backward.reserve(winogradPlanes * out.channels * in.stride));
        } else if (in.needsGradient) {
          T* backward = step.backward.reserve(taps * out.channels * in.stride);
          for (Index t = 0; t < taps; ++t)
            for (Index c = 0; c < in.channels; ++c)
              for (Index o = 0; o < out.channels; ++o)
                backward[(t * out.channels + o) * in.stride + c] = static_cast<T>(first[(t * in.channels + c) * out.channels + o]);
        }
      } else if (op.kind == Kind::normalization) {
        T* scale = step.scale.reserve(out.stride);
        T* shift = step.shift.reserve(out.stride);
        T* mean = step.mean.reserve(out.stride);
        T* inverse = step.inverse.reserve(out.stride);
        for (Index c = 0; c < out.channels; ++c) {
          const double deviation = std::sqrt(static_cast<double>(parameters[op.movingVariance + c]) + op.number);
          mean[c] = static_cast<T>(parameters[op.movingMean + c]);
          inverse[c] = static_cast<T>(1.0 / deviation);
          scale[c] = static_cast<T>(parameters[op.first + c] / deviation);
          shift[c] = static_cast<T>(parameters[op.other + c] - parameters[op.first + c] / deviation * parameters[op.movingMean + c]);
        }
      }
    }
  }
};

/** Everything a range of examples needs while it goes through the network. Reused call after call. */
template <class T>
struct Space {
  std::vector<Buffer<T>> values, slopes, deltas;
  std::vector<Buffer<typename VectorOf<T>::integer>> winners;
  Buffer<T> scratch;
  /** Transformed tiles; and the transformed patches of the input of `patchedStep` for example `patchedExample`. */
  Buffer<T> tiles, patches;
  std::size_t patchedStep = 0;
  Index patchedExample = -1;
  Index capacity = 0, cotangents = 0;

  void prepare(const Schedule<T>& schedule, Index examples, Index cotangentCount) {
    values.resize(schedule.values.size());
    slopes.resize(schedule.steps.size());
    winners.resize(schedule.steps.size());
    deltas.resize(schedule.slotValues.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i].reserve(checkedProduct(examples, schedule.values[i].size()));
    if (cotangentCount > 0) {
      for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
        const Operation& op = schedule.network.operations[i];
        const Index size = checkedProduct(examples, schedule.value(op.out).size());
        if (keepsSlope(op.activation)) slopes[i].reserve(size);
        if (op.kind == Kind::maximumPooling) winners[i].reserve(size);
      }
      for (std::size_t i = 0; i < deltas.size(); ++i)
        deltas[i].reserve(checkedProduct(checkedProduct(examples, cotangentCount), schedule.slotValues[i].size()));
      scratch.reserve(schedule.largestStep);
      patches.reserve(schedule.imagePatches);
    }
    tiles.reserve(schedule.tileScratch);
    capacity = examples;
    cotangents = cotangentCount;
  }
};

template <class T>
class Layers {
 public:
  using Integer = typename VectorOf<T>::integer;

  Layers(const Schedule<T>& schedule, const Weights<T>& weights) : schedule_(schedule), network_(schedule.network), weights_(weights) {}

  const Schedule<T>& schedule() const { return schedule_; }
  const Network& network() const { return network_; }

  /** Features of one example, NHWC without padding, into place e. */
  void read(Space<T>& space, Index e, const float* features) const {
    const Value& value = schedule_.value(network_.input);
    T* image = space.values[static_cast<std::size_t>(network_.input)].data() + e * value.size();
    space.patchedExample = -1;
    for (Index y = 0; y < value.height; ++y)
      for (Index x = 0; x < value.width; ++x) {
        T* to = image + value.pixel(y, x);
        for (Index c = 0; c < value.channels; ++c) to[c] = static_cast<T>(*features++);
      }
  }

  /** f of example e, K numbers. */
  void write(const Space<T>& space, Index e, T* outputs) const { compact(network_.output, space, e, outputs); }

  /** One value of example e without padding. */
  void compact(int v, const Space<T>& space, Index e, T* to) const {
    gather(schedule_.value(v), space.values[static_cast<std::size_t>(v)].data() + e * schedule_.value(v).size(), to);
  }

  /** The unit cotangents e_1 … e_K at the output of examples [0, count). */
  void seed(Space<T>& space, Index count) const {
    const int slot = schedule_.slot(network_.output);
    if (slot < 0) return;
    const Value& value = schedule_.value(network_.output);
    for (Index e = 0; e < count; ++e)
      for (Index k = 0; k < space.cotangents; ++k) {
        T* delta = deltaOf(space, network_.output, e, k);
        Index at = 0;
        for (Index y = 0; y < value.height; ++y)
          for (Index x = 0; x < value.width; ++x)
            for (Index c = 0; c < value.channels; ++c) delta[value.pixel(y, x) + c] = at++ == k ? T(1) : T(0);
      }
  }

  T* deltaOf(Space<T>& space, int v, Index e, Index k) const {
    return space.deltas[static_cast<std::size_t>(schedule_.slot(v))].data() + (e * space.cotangents + k) * schedule_.value(v).size();
  }
  T* valueOf(Space<T>& space, int v, Index e) const {
    return space.values[static_cast<std::size_t>(v)].data() + e * schedule_.value(v).size();
  }

  void forward(Space<T>& space, Index from, Index to) const {
    for (std::size_t i = 0; i < network_.operations.size(); ++i) forward(i, space, from, to);
  }

  /** Operation i on examples [from, to). */
  void forward(std::size_t i, Space<T>& space, Index from, Index to) const {
    const Operation& op = network_.operations[i];
    const Value& in = schedule_.value(op.in);
    const Value& out = schedule_.value(op.out);
    const auto& step = schedule_.steps[i];
    const auto& weights = weights_.steps[i];
    if (op.kind == Kind::dense) {
      T* y = valueOf(space, op.out, from);
      for (Index e = from; e < to; ++e) std::memcpy(valueOf(space, op.out, e), weights.bias.data(), static_cast<std::size_t>(out.stride) * sizeof(T));
      multiply(valueOf(space, op.in, from), in.size(), weights.forwardMatrix, y, out.size(), to - from, Store::add);
      for (Index e = from; e < to; ++e) activateImage(i, space, e);
      return;
    }
    if (step.forwardTiles.used()) {
      winograd(step.forwardTiles, to - from, valueOf(space, op.in, from), in.size(), in.channels, weights.forward.data(), out.stride,
               weights.bias.data(), valueOf(space, op.out, from), out.size(), Store::replace, space.tiles.data());
      for (Index e = from; e < to; ++e) activateImage(i, space, e);
      return;
    }
    for (Index e = from; e < to; ++e) {
      const T* x = valueOf(space, op.in, e);
      T* y = valueOf(space, op.out, e);
      switch (op.kind) {
        case Kind::convolution:
          convolve(step.forward, x, in.channels, weights.forward.data(), out.stride, weights.bias.data(), y, Store::replace, Epilogue::none);
          break;
        case Kind::normalization:
          rows(out, [&](Index at, Index count) { affine(x + at, weights.scale.data(), weights.shift.data(), y + at, count, out.stride); });
          break;
        case Kind::activation:
          rows(out, [&](Index at, Index count) { std::memcpy(y + at, x + at, static_cast<std::size_t>(count) * sizeof(T)); });
          break;
        case Kind::scale: {
          const T factor = static_cast<T>(op.number);
          rows(out, [&](Index at, Index count) { for (Index j = 0; j < count; ++j) y[at + j] = factor * x[at + j]; });
          break;
        }
        case Kind::add: {
          const T* z = valueOf(space, op.second, e);
          if (op.activation == Activation::relu) {
            rows(out, [&](Index at, Index count) {
              for (Index j = 0; j < count; j += lanes<T>) store(y + at + j, positivePart<T>(load(x + at + j) + load(z + at + j)));
            });
            continue;
          }
          rows(out, [&](Index at, Index count) { for (Index j = 0; j < count; ++j) y[at + j] = x[at + j] + z[at + j]; });
          break;
        }
        case Kind::flatten:
          gather(in, x, y);
          break;
        case Kind::padShortcut:
          for (Index h = 0; h < out.height; ++h)
            for (Index w = 0; w < out.width; ++w)
              std::memcpy(y + out.pixel(h, w) + op.channelsBefore, x + in.pixel(h * op.strideHeight, w * op.strideHeight),
                          static_cast<std::size_t>(in.channels) * sizeof(T));
          break;
        case Kind::globalPooling:
          sumPixels(in, x, y, Store::replace);
          for (Index c = 0; c < out.stride; ++c) y[c] /= static_cast<T>(in.height * in.width);
          break;
        case Kind::averagePooling:
          windows(op, in, out, [&](Index target, Index count, auto&& each) {
            for (Index c = 0; c < out.stride; ++c) y[target + c] = T(0);
            each([&](Index source, Index) { for (Index c = 0; c < out.stride; ++c) y[target + c] += x[source + c]; });
            for (Index c = 0; c < out.stride; ++c) y[target + c] /= static_cast<T>(count);
          });
          break;
        case Kind::maximumPooling: {
          Integer* winner = space.cotangents > 0 ? space.winners[i].data() + e * out.size() : nullptr;
          windows(op, in, out, [&](Index target, Index, auto&& each) {
            bool first = true;
            each([&](Index source, Index place) {
              for (Index c = 0; c < out.stride; ++c)
                if (first || x[source + c] > y[target + c] || x[source + c] != x[source + c]) {
                  y[target + c] = x[source + c];
                  if (winner != nullptr) winner[target + c] = static_cast<Integer>(place);
                }
              first = false;
            });
          });
          break;
        }
        case Kind::dense:
          break;
      }
      activateImage(i, space, e);
    }
  }

  /** A normalisation with scale and shift of the caller's. */
  void normalizeForward(std::size_t i, Space<T>& space, Index from, Index to, const T* scale, const T* shift) const {
    const Operation& op = network_.operations[i];
    const Value& out = schedule_.value(op.out);
    for (Index e = from; e < to; ++e) {
      const T* x = valueOf(space, op.in, e);
      T* y = valueOf(space, op.out, e);
      rows(out, [&](Index at, Index count) { affine(x + at, scale, shift, y + at, count, out.stride); });
      activateImage(i, space, e);
    }
  }

  /**
   * δ of operation i's output (in place) times its activation's slope: what weight gradients and `backward` read.
   */
  void throughActivation(std::size_t i, Space<T>& space, Index from, Index to) const {
    const Operation& op = network_.operations[i];
    if (op.activation == Activation::linear || schedule_.slot(op.out) < 0) return;
    const Value& out = schedule_.value(op.out);
    for (Index e = from; e < to; ++e) {
      const T* y = valueOf(space, op.out, e);
      const T* slope = keepsSlope(op.activation) ? space.slopes[i].data() + e * out.size() : nullptr;
      for (Index k = 0; k < space.cotangents; ++k) {
        T* delta = deltaOf(space, op.out, e, k);
        rows(out, [&](Index at, Index count) {
          applySlope(op.activation, delta + at, y + at, slope != nullptr ? slope + at : nullptr, count);
        });
      }
    }
  }

  /** Data gradient of operation i for examples [from, to), after `throughActivation`. */
  void backward(std::size_t i, Space<T>& space, Index from, Index to) const {
    const Operation& op = network_.operations[i];
    if (schedule_.slot(op.out) < 0) return;
    const Value& in = schedule_.value(op.in);
    const Value& out = schedule_.value(op.out);
    if (op.kind == Kind::add) {
      passOn(op.out, op.in, op.addsToIn, space, from, to);
      passOn(op.out, op.second, op.addsToSecond, space, from, to);
      return;
    }
    if (schedule_.slot(op.in) < 0) return;
    const auto& step = schedule_.steps[i];
    const auto& weights = weights_.steps[i];
    const Store mode = op.addsToIn ? Store::add : Store::replace;
    if (op.kind == Kind::dense) {
      multiply(deltaOf(space, op.out, from, 0), out.size(), weights.backwardMatrix, deltaOf(space, op.in, from, 0), in.size(),
               (to - from) * space.cotangents, mode);
      return;
    }
    if (step.gradientTiles.used()) {
      winograd(step.gradientTiles, (to - from) * space.cotangents, deltaOf(space, op.out, from, 0), out.size(), out.channels,
               weights.backward.data(), in.stride, static_cast<const T*>(nullptr), deltaOf(space, op.in, from, 0), in.size(), mode,
               space.tiles.data());
      return;
    }
    for (Index e = from; e < to; ++e) {
      for (Index k = 0; k < space.cotangents; ++k) {
        const T* d = deltaOf(space, op.out, e, k);
        T* x = deltaOf(space, op.in, e, k);
        if (op.kind != Kind::convolution && mode == Store::replace && op.kind != Kind::activation) {
          rows(in, [&](Index at, Index count) { std::memset(x + at, 0, static_cast<std::size_t>(count) * sizeof(T)); });
        }
        switch (op.kind) {
          case Kind::convolution:
            convolve(step.gradient, d, out.channels, weights.backward.data(), in.stride, static_cast<const T*>(nullptr), x, mode, Epilogue::none);
            break;
          case Kind::normalization:
            rows(in, [&](Index at, Index count) { addScaled(d + at, weights.scale.data(), x + at, count, in.stride); });
            break;
          case Kind::activation:
            rows(in, [&](Index at, Index count) {
              if (mode == Store::add) for (Index j = 0; j < count; ++j) x[at + j] += d[at + j];
              else std::memcpy(x + at, d + at, static_cast<std::size_t>(count) * sizeof(T));
            });
            break;
          case Kind::scale: {
            const T factor = static_cast<T>(op.number);
            rows(in, [&](Index at, Index count) { for (Index j = 0; j < count; ++j) x[at + j] += factor * d[at + j]; });
            break;
          }
          case Kind::flatten: {
            Index at = 0;
            for (Index h = 0; h < in.height; ++h)
              for (Index w = 0; w < in.width; ++w) {
                T* to_ = x + in.pixel(h, w);
                for (Index c = 0; c < in.channels; ++c) to_[c] += d[at++];
              }
            break;
          }
          case Kind::padShortcut:
            for (Index h = 0; h < out.height; ++h)
              for (Index w = 0; w < out.width; ++w) {
                T* to_ = x + in.pixel(h * op.strideHeight, w * op.strideHeight);
                const T* d_ = d + out.pixel(h, w) + op.channelsBefore;
                for (Index c = 0; c < in.channels; ++c) to_[c] += d_[c];
              }
            break;
          case Kind::globalPooling: {
            const T share = T(1) / static_cast<T>(in.height * in.width);
            rows(in, [&](Index at, Index count) {
              for (Index p = 0; p < count; p += in.stride)
                for (Index c = 0; c < in.stride; ++c) x[at + p + c] += share * d[c];
            });
            break;
          }
          case Kind::averagePooling:
            windows(op, in, out, [&](Index target, Index count, auto&& each) {
              const T share = T(1) / static_cast<T>(count);
              each([&](Index source, Index) { for (Index c = 0; c < out.stride; ++c) x[source + c] += share * d[target + c]; });
            });
            break;
          case Kind::maximumPooling: {
            const Integer* winner = space.winners[i].data() + e * out.size();
            windows(op, in, out, [&](Index target, Index, auto&& each) {
              each([&](Index source, Index place) {
                for (Index c = 0; c < out.stride; ++c) x[source + c] += winner[target + c] == static_cast<Integer>(place) ? d[target + c] : T(0);
              });
            });
            break;
          }
          case Kind::dense:
          case Kind::add:
            break;
        }
      }
    }
  }

  /**
   * ∂(cotangent k of example e)/∂(parameters of i) in padded form: [kernel rows][out padded], then the bias;
   * gamma then beta for a normalisation at its moving statistics.
   */
  void weights(std::size_t i, Space<T>& space, Index e, Index k, T* target, Store mode) const {
    const Operation& op = network_.operations[i];
    const Value& in = schedule_.value(op.in);
    const Value& out = schedule_.value(op.out);
    const auto& step = schedule_.steps[i];
    const T* x = valueOf(space, op.in, e);
    const T* d = deltaOf(space, op.out, e, k);
    if (op.kind == Kind::convolution) {
      if (step.forwardTiles.used()) {
        if (space.patchedExample != e || space.patchedStep != i) transformImage(step.forwardTiles, x, space.patches.data());
        space.patchedExample = e;
        space.patchedStep = i;
        winogradWeights(step.forwardTiles, in.channels, space.patches.data(), d, out.stride, target, mode, space.tiles.data());
      } else {
        convolutionWeights(op, in, out, step.kernel, x, d, target, mode);
      }
      if (op.other >= 0) sumPixels(out, d, target + step.kernelRows * out.stride, mode);
    } else if (op.kind == Kind::dense) {
      for (Index r = 0; r < in.channels; ++r) {
        T* row = target + r * out.stride;
        const T a = x[r];
        if (mode == Store::add) for (Index o = 0; o < out.stride; ++o) row[o] += a * d[o];
        else for (Index o = 0; o < out.stride; ++o) row[o] = a * d[o];
      }
      T* bias = target + step.kernelRows * out.stride;
      for (Index o = 0; o < out.stride; ++o) bias[o] = mode == Store::add ? bias[o] + d[o] : d[o];
    } else if (op.kind == Kind::normalization) {
      normalizationWeights(out, x, d, weights_.steps[i].mean.data(), weights_.steps[i].inverse.data(), target, mode);
    }
  }

  /** Σ_pixels δ x̂ and Σ_pixels δ, x̂ = (x − mean)·inverse. */
  static void normalizationWeights(const Value& out, const T* x, const T* d, const T* mean, const T* inverse, T* target, Store mode) {
    constexpr int L = lanes<T>;
    for (Index o = 0; o < out.stride; o += L) {
      Vector<T> gamma{}, beta{};
      const Vector<T> m = load(mean + o), s = load(inverse + o);
      for (Index y = 0; y < out.height; ++y)
        for (Index w = 0; w < out.width; ++w) {
          const Index at = out.pixel(y, w) + o;
          const Vector<T> delta = load(d + at);
          gamma += delta * ((load(x + at) - m) * s);
          beta += delta;
        }
      T* first = target + o;
      T* other = target + out.stride + o;
      store(first, mode == Store::add ? load(first) + gamma : gamma);
      store(other, mode == Store::add ? load(other) + beta : beta);
    }
  }

  /** The row segment of operation i for (example, cotangent), parameters counted from the operation's first. */
  void row(std::size_t i, Space<T>& space, Index e, Index k, const RowTarget<T>& target) const {
    const Operation& op = network_.operations[i];
    const Value& out = schedule_.value(op.out);
    T* scratch = space.scratch.data();
    weights(i, space, e, k, scratch, Store::replace);
    unpad(i, scratch, [&](Index at, const T* values, Index count) { target.write(at, values, count); }, out);
  }

  /** Calls emit(place, values, count) over the padded gradient of operation i, places counted from its first parameter. */
  template <class Emit>
  void unpad(std::size_t i, const T* padded, const Emit& emit) const {
    unpad(i, padded, emit, schedule_.value(network_.operations[i].out));
  }

  template <class Emit>
  void unpad(std::size_t i, const T* padded, const Emit& emit, const Value& out) const {
    const Operation& op = network_.operations[i];
    const Index kernelRows = schedule_.steps[i].kernelRows;
    const Index count = op.other >= 0 ? kernelRows + 1 : kernelRows;
    if (out.stride == out.channels) {
      emit(Index(0), padded, count * out.channels);
    } else {
      for (Index r = 0; r < count; ++r) emit(r * out.channels, padded + r * out.stride, out.channels);
    }
  }

  /** body(offset, elements) for every row of pixels of a value. */
  template <class Body>
  static void rows(const Value& value, const Body& body) {
    for (Index y = 0; y < value.height; ++y) body(value.pixel(y, 0), value.width * value.stride);
  }

 private:
  static void gather(const Value& value, const T* from, T* to) {
    for (Index y = 0; y < value.height; ++y)
      for (Index x = 0; x < value.width; ++x) {
        std::memcpy(to, from + value.pixel(y, x), static_cast<std::size_t>(value.channels) * sizeof(T));
        to += value.channels;
      }
  }

  static void affine(const T* x, const T* scale, const T* shift, T* y, Index count, Index stride) {
    for (Index p = 0; p < count; p += stride)
      for (Index c = 0; c < stride; c += lanes<T>) store(y + p + c, load(x + p + c) * load(scale + c) + load(shift + c));
  }

  static void addScaled(const T* x, const T* scale, T* y, Index count, Index stride) {
    for (Index p = 0; p < count; p += stride)
      for (Index c = 0; c < stride; c += lanes<T>) store(y + p + c, load(y + p + c) + load(x + p + c) * load(scale + c));
  }

  /** body(target pixel, pixels inside, each) for every window; each(visit) visits its pixels as (source, place in window). */
  template <class Body>
  static void windows(const Operation& op, const Value& in, const Value& out, const Body& body) {
    for (Index y = 0; y < out.height; ++y)
      for (Index x = 0; x < out.width; ++x) {
        const Index top = y * op.strideHeight - op.padTop, left = x * op.strideWidth - op.padLeft;
        const Index y0 = std::max<Index>(top, 0), y1 = std::min(top + op.kernelHeight, in.height);
        const Index x0 = std::max<Index>(left, 0), x1 = std::min(left + op.kernelWidth, in.width);
        body(out.pixel(y, x), (y1 - y0) * (x1 - x0), [&](const auto& visit) {
          for (Index h = y0; h < y1; ++h)
            for (Index w = x0; w < x1; ++w) visit(in.pixel(h, w), (h - top) * op.kernelWidth + (w - left));
        });
      }
  }

  void activateImage(std::size_t i, Space<T>& space, Index e) const {
    const Operation& op = network_.operations[i];
    if (op.activation == Activation::linear) return;
    const Value& out = schedule_.value(op.out);
    T* y = valueOf(space, op.out, e);
    T* slope = keepsSlope(op.activation) && space.cotangents > 0 ? space.slopes[i].data() + e * out.size() : nullptr;
    rows(out, [&](Index at, Index count) { activateRun(op.activation, y + at, slope != nullptr ? slope + at : nullptr, count); });
  }

  /** δ_target = or += δ_source for a term of a sum. */
  void passOn(int source, int target, bool adds, Space<T>& space, Index from, Index to) const {
    const int slot = schedule_.slot(target);
    if (slot < 0 || slot == schedule_.slot(source)) return;
    const Value& value = schedule_.value(source);
    for (Index e = from; e < to; ++e)
      for (Index k = 0; k < space.cotangents; ++k) {
        const T* d = deltaOf(space, source, e, k);
        T* x = deltaOf(space, target, e, k);
        rows(value, [&](Index at, Index count) {
          if (adds) for (Index j = 0; j < count; ++j) x[at + j] += d[at + j];
          else std::memcpy(x + at, d + at, static_cast<std::size_t>(count) * sizeof(T));
        });
      }
  }

  const Schedule<T>& schedule_;
  const Network& network_;
  const Weights<T>& weights_;
};

}  // namespace jacoflow
