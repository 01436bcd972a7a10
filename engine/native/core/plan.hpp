// The network as it crosses from TypeScript: a flat list of values and operations (engine/native/plan.ts writes it).
// Everything in it is checked here, so that no plan can make the core read or write out of bounds.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "memory.hpp"

namespace jacoflow {

enum class Kind : int {
  convolution = 1,
  dense = 2,
  activation = 3,
  normalization = 4,
  maximumPooling = 5,
  averagePooling = 6,
  globalPooling = 7,
  flatten = 8,
  padShortcut = 9,
  add = 10,
  scale = 11,
};

enum class Activation : int { linear = 0, relu = 1, tanh = 2, sigmoid = 3, softplus = 4, gelu = 5, erf = 6 };

struct Value {
  Index height = 1, width = 1, channels = 1;
  /** Channels in memory: rounded up so that a pixel is whole vectors (see Geometry). */
  Index stride = 0;
  Index top = 0, bottom = 0, left = 0, right = 0;
  bool needsGradient = false;
  /** A vector, which dense layers read and write: it has no margin, unlike an image of one pixel. */
  bool flat = false;
  int consumers = 0;

  Index elements() const { return height * width * channels; }
  Index rowStride() const { return (width + left + right) * stride; }
  Index size() const { return (height + top + bottom) * rowStride(); }
  Index pixel(Index y, Index x) const { return (y + top) * rowStride() + (x + left) * stride; }
  bool sameLayout(const Value& other) const { return sameShape(other) && flat == other.flat; }
  bool sameShape(const Value& other) const {
    return height == other.height && width == other.width && channels == other.channels;
  }
};

struct Operation {
  Kind kind = Kind::add;
  int in = 0, second = -1, out = 0;
  Activation activation = Activation::linear;
  bool trainable = false;
  /** Kernel or gamma, then bias or beta; −1 when there is none. */
  Index first = -1, other = -1;
  Index movingMean = -1, movingVariance = -1;
  Index kernelHeight = 1, kernelWidth = 1, strideHeight = 1, strideWidth = 1, padTop = 0, padLeft = 0;
  Index channelsBefore = 0;
  double number = 0;
  double momentum = 0;

  /** Trainable elements; they are one run in the parameter vector, from `first`. */
  Index parameters = 0;
  bool addsToIn = false, addsToSecond = false;
};

/** Fields of one operation in the flat plan, and of its numbers. */
inline constexpr int operationFields = 20;
inline constexpr int operationNumbers = 2;
inline constexpr int planVersion = 1;

struct Network {
  std::vector<Value> values;
  std::vector<Operation> operations;
  int input = 0, output = 0;
  Index outputs = 0;
  Index trainable = 0, total = 0;
  bool hasNormalization = false;
  bool hasConvolution = false;
};

namespace detail {

inline void require(bool holds, const char* what, double value = -1) {
  if (!holds) fail(Fault::invalidPlan, what, value);
}

/** Range of dy rows that input rows 0 … size−1 reach through a kernel: what a data gradient reads. */
inline void widenForGradient(Index size, Index outSize, Index kernel, Index stride, Index pad, Index& before, Index& after) {
  Index least = 0, most = outSize - 1;
  for (Index position = 0; position < size; ++position) {
    for (Index k = 0; k < kernel; ++k) {
      const Index shifted = position + pad - k;
      if (shifted % stride != 0) continue;
      least = std::min(least, shifted / stride);
      most = std::max(most, shifted / stride);
    }
  }
  before = std::max(before, -least);
  after = std::max(after, most - (outSize - 1));
}

}  // namespace detail

inline Network readPlan(const std::int32_t* codes, Index codeCount, const double* numbers, Index numberCount) {
  using detail::require;
  Network network;
  Index at = 0;
  auto next = [&]() -> Index {
    require(at < codeCount, "plan ends early", static_cast<double>(at));
    return codes[at++];
  };
  require(next() == planVersion, "plan version");
  network.trainable = next();
  network.total = next();
  require(network.trainable >= 0 && network.total >= network.trainable, "parameter counts");
  const Index valueCount = next();
  const Index operationCount = next();
  network.input = static_cast<int>(next());
  network.output = static_cast<int>(next());
  require(valueCount >= 1 && valueCount < 1'000'000 && operationCount >= 0 && operationCount < 1'000'000, "plan counts");
  require(network.input >= 0 && network.input < valueCount && network.output >= 0 && network.output < valueCount,
          "plan ends");
  for (Index i = 0; i < valueCount; ++i) {
    Value value;
    value.height = next();
    value.width = next();
    value.channels = next();
    value.flat = next() != 0;
    require(!value.flat || (value.height == 1 && value.width == 1), "a vector is one pixel", static_cast<double>(i));
    require(value.height >= 1 && value.width >= 1 && value.channels >= 1, "value shape", static_cast<double>(i));
    checkedProduct(checkedProduct(value.height, value.width), value.channels);
    network.values.push_back(value);
  }
  require(numberCount == operationCount * operationNumbers, "plan numbers");
  require(codeCount == at + operationCount * operationFields, "plan length");
  std::vector<bool> defined(static_cast<std::size_t>(valueCount), false);
  defined[static_cast<std::size_t>(network.input)] = true;
  for (Index i = 0; i < operationCount; ++i) {
    Operation op;
    const Index start = at;
    const Index kind = next();
    require(kind >= 1 && kind <= 11, "operation kind", static_cast<double>(kind));
    op.kind = static_cast<Kind>(kind);
    op.in = static_cast<int>(next());
    op.second = static_cast<int>(next());
    op.out = static_cast<int>(next());
    const Index activation = next();
    require(activation >= 0 && activation <= 6, "activation", static_cast<double>(activation));
    op.activation = static_cast<Activation>(activation);
    op.trainable = next() != 0;
    op.first = next();
    op.other = next();
    op.movingMean = next();
    op.movingVariance = next();
    op.kernelHeight = next();
    op.kernelWidth = next();
    op.strideHeight = next();
    op.strideWidth = next();
    op.padTop = next();
    op.padLeft = next();
    op.channelsBefore = next();
    at = start + operationFields;
    op.number = numbers[i * operationNumbers];
    op.momentum = numbers[i * operationNumbers + 1];
    const auto isDefined = [&](int v) { return v >= 0 && v < valueCount && defined[static_cast<std::size_t>(v)]; };
    require(isDefined(op.in), "operation reads an undefined value", static_cast<double>(i));
    require(op.out >= 0 && op.out < valueCount && !defined[static_cast<std::size_t>(op.out)],
            "operation writes a value twice", static_cast<double>(i));
    defined[static_cast<std::size_t>(op.out)] = true;
    Value& in = network.values[static_cast<std::size_t>(op.in)];
    Value& out = network.values[static_cast<std::size_t>(op.out)];
    ++in.consumers;
    const auto hasRun = [&](Index offset, Index size, bool trainable) {
      return offset >= 0 && size <= (trainable ? network.trainable : network.total) - offset;
    };
    const auto checkTensors = [&](Index firstSize, Index otherSize) {
      require(hasRun(op.first, firstSize, op.trainable), "kernel out of range", static_cast<double>(i));
      if (op.other >= 0) require(hasRun(op.other, otherSize, op.trainable), "bias out of range", static_cast<double>(i));
      if (op.trainable && op.other >= 0) {
        require(op.other == op.first + firstSize, "bias does not follow its kernel", static_cast<double>(i));
      }
      op.parameters = op.trainable ? firstSize + (op.other >= 0 ? otherSize : 0) : 0;
    };
    const bool window = op.kind == Kind::convolution || op.kind == Kind::maximumPooling || op.kind == Kind::averagePooling;
    if (window) {
      require(op.kernelHeight >= 1 && op.kernelWidth >= 1 && op.strideHeight >= 1 && op.strideWidth >= 1 &&
                  op.padTop >= 0 && op.padLeft >= 0 && op.kernelHeight < 4096 && op.kernelWidth < 4096 &&
                  op.strideHeight < 4096 && op.strideWidth < 4096 && op.padTop < 4096 && op.padLeft < 4096,
              "window", static_cast<double>(i));
    }
    const bool makesFlat = op.kind == Kind::dense || op.kind == Kind::flatten || op.kind == Kind::globalPooling;
    const bool wantsImage = window || op.kind == Kind::padShortcut || op.kind == Kind::globalPooling;
    require(out.flat == (makesFlat || (!wantsImage && in.flat)) && !(wantsImage && in.flat) && (op.kind != Kind::dense || in.flat),
            "vectors and images are mixed up", static_cast<double>(i));
    switch (op.kind) {
      case Kind::convolution: {
        network.hasConvolution = true;
        checkTensors(checkedProduct(op.kernelHeight * op.kernelWidth, checkedProduct(in.channels, out.channels)), out.channels);
        const Index bottom = (out.height - 1) * op.strideHeight - op.padTop + op.kernelHeight - in.height;
        const Index right = (out.width - 1) * op.strideWidth - op.padLeft + op.kernelWidth - in.width;
        require(bottom < 4096 && right < 4096, "convolution reaches too far", static_cast<double>(i));
        in.top = std::max(in.top, op.padTop);
        in.left = std::max(in.left, op.padLeft);
        in.bottom = std::max(in.bottom, bottom);
        in.right = std::max(in.right, right);
        detail::widenForGradient(in.height, out.height, op.kernelHeight, op.strideHeight, op.padTop, out.top, out.bottom);
        detail::widenForGradient(in.width, out.width, op.kernelWidth, op.strideWidth, op.padLeft, out.left, out.right);
        break;
      }
      case Kind::dense:
        require(in.height == 1 && in.width == 1 && out.height == 1 && out.width == 1, "dense wants flat values");
        checkTensors(checkedProduct(in.channels, out.channels), out.channels);
        break;
      case Kind::normalization:
        network.hasNormalization = true;
        require(in.sameShape(out), "normalisation keeps its shape", static_cast<double>(i));
        require(op.first >= 0 && op.other >= 0, "normalisation has gamma and beta", static_cast<double>(i));
        checkTensors(in.channels, in.channels);
        require(hasRun(op.movingMean, in.channels, false) && hasRun(op.movingVariance, in.channels, false),
                "moving statistics out of range", static_cast<double>(i));
        break;
      case Kind::activation:
      case Kind::scale:
        require(in.sameShape(out), "element-wise operation keeps its shape", static_cast<double>(i));
        break;
      case Kind::maximumPooling:
      case Kind::averagePooling:
        require(in.channels == out.channels, "pooling keeps channels", static_cast<double>(i));
        require((out.height - 1) * op.strideHeight - op.padTop < in.height &&
                    (out.width - 1) * op.strideWidth - op.padLeft < in.width && op.padTop < op.kernelHeight &&
                    op.padLeft < op.kernelWidth,
                "a pooling window lies outside", static_cast<double>(i));
        break;
      case Kind::globalPooling:
        require(in.channels == out.channels && out.height == 1 && out.width == 1, "global pooling", static_cast<double>(i));
        break;
      case Kind::flatten:
        require(out.height == 1 && out.width == 1 && out.channels == in.elements(), "flatten", static_cast<double>(i));
        break;
      case Kind::padShortcut:
        require(op.strideHeight >= 1 && op.channelsBefore >= 0 && op.channelsBefore + in.channels <= out.channels &&
                    (out.height - 1) * op.strideHeight < in.height && (out.width - 1) * op.strideHeight < in.width,
                "pad shortcut", static_cast<double>(i));
        break;
      case Kind::add: {
        require(isDefined(op.second), "sum reads an undefined value", static_cast<double>(i));
        Value& second = network.values[static_cast<std::size_t>(op.second)];
        ++second.consumers;
        require(in.sameLayout(out) && second.sameLayout(out), "sum of unlike shapes", static_cast<double>(i));
        break;
      }
    }
    out.needsGradient = in.needsGradient || op.parameters > 0;
    if (op.kind == Kind::add) out.needsGradient |= network.values[static_cast<std::size_t>(op.second)].needsGradient;
    network.operations.push_back(op);
  }
  require(defined[static_cast<std::size_t>(network.output)], "output is undefined");
  Value& output = network.values[static_cast<std::size_t>(network.output)];
  network.outputs = output.elements();
  ++output.consumers;
  // Values of one shape share one layout, so that a sum may pass its gradient buffer on and buffers are reused.
  for (Value& a : network.values)
    for (Value& b : network.values)
      if (a.sameLayout(b)) {
        a.top = b.top = std::max(a.top, b.top);
        a.bottom = b.bottom = std::max(a.bottom, b.bottom);
        a.left = b.left = std::max(a.left, b.left);
        a.right = b.right = std::max(a.right, b.right);
      }
  for (const Operation& op : network.operations)
    require(network.values[static_cast<std::size_t>(op.out)].consumers > 0, "a value leads nowhere", op.out);
  for (const Value& value : network.values)
    require(!value.flat || value.top + value.bottom + value.left + value.right == 0, "a vector has a margin");
  std::vector<bool> written(static_cast<std::size_t>(valueCount), false);
  written[static_cast<std::size_t>(network.output)] = true;
  for (auto op = network.operations.rbegin(); op != network.operations.rend(); ++op) {
    op->addsToIn = written[static_cast<std::size_t>(op->in)];
    written[static_cast<std::size_t>(op->in)] = true;
    if (op->second >= 0 && op->kind == Kind::add) {
      op->addsToSecond = written[static_cast<std::size_t>(op->second)];
      written[static_cast<std::size_t>(op->second)] = true;
    }
  }
  return network;
}

/** Memory layout of every value for elements of type T: a pixel is whole vectors. */
template <class T>
std::vector<Value> layValuesOut(const Network& network) {
  std::vector<Value> values = network.values;
  std::vector<bool> scalarReads(values.size(), false);
  scalarReads[static_cast<std::size_t>(network.input)] = true;
  for (const Operation& op : network.operations)
    if (op.in == network.input || (op.kind == Kind::add && op.second == network.input)) {
      if (op.kind != Kind::convolution && op.kind != Kind::flatten) scalarReads[static_cast<std::size_t>(network.input)] = false;
    }
  for (std::size_t i = 0; i < values.size(); ++i) {
    Value& value = values[i];
    value.stride = scalarReads[i] && static_cast<int>(i) != network.output ? value.channels : roundUp(value.channels, lanes<T>);
    checkedProduct(checkedProduct(value.height + value.top + value.bottom, value.width + value.left + value.right), value.stride);
  }
  return values;
}

}  // namespace jacoflow
