// Direct convolution on padded NHWC images: a tile of pixels × vectors of output channels stays in registers while all
// taps and input channels stream by. The forward pass and the data gradient are the same sum over taps
// (the gradient of a strided convolution is one such sum a phase); the weight gradient keeps kernel elements in registers.
#pragma once
#include <vector>

#include "plan.hpp"

namespace jacoflow {

/** One kernel element: where its input lies from the pixel's origin, and its channels-in × padded-channels-out block. */
struct Tap {
  Index source;
  Index weights;
};

/** Outputs at rows `y0 + i·stepY`, columns `x0 + j·stepX`, each a sum over the same taps. */
struct Phase {
  Index rows, columns;
  Index target, targetRow, targetPixel;
  Index source, sourceRow, sourcePixel;
  std::vector<Tap> taps;
};

enum class Epilogue { none, positivePart };

namespace detail {

template <class T, int NP, int NV>
inline void convolutionTile(const T* __restrict source, Index pixel, const Tap* taps, Index tapCount, Index channels,
                            const T* __restrict weights, Index weightRow, const T* bias, T* __restrict target,
                            Index targetPixel, Store mode, Epilogue epilogue) {
  constexpr int L = lanes<T>;
  Vector<T> sum[NP][NV];
#pragma GCC unroll 16
  for (int i = 0; i < NP; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) sum[i][v] = bias != nullptr ? load(bias + v * L) : Vector<T>{};
  for (Index t = 0; t < tapCount; ++t) {
    const T* from = source + taps[t].source;
    const T* w = weights + taps[t].weights;
    for (Index c = 0; c < channels; ++c) {
      Vector<T> right[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) right[v] = load(w + c * weightRow + v * L);
#pragma GCC unroll 16
      for (int i = 0; i < NP; ++i) {
        const Vector<T> left = broadcast(from[i * pixel + c]);
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) sum[i][v] += left * right[v];
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < NP; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      T* to = target + i * targetPixel + v * L;
      Vector<T> value = mode == Store::add ? load(to) + sum[i][v] : sum[i][v];
      if (epilogue == Epilogue::positivePart) value = positivePart<T>(value);
      store(to, value);
    }
}

/** The pixel stride as a constant, for the usual channel counts, lets one register address a whole tile. */
template <class T, int NP, int NV>
inline void convolutionTileAt(const T* source, Index pixel, const Tap* taps, Index tapCount, Index channels, const T* weights,
                              Index weightRow, const T* bias, T* target, Index targetPixel, Store mode, Epilogue epilogue) {
  switch (pixel) {
    case 16:
      return convolutionTile<T, NP, NV>(source, 16, taps, tapCount, channels, weights, weightRow, bias, target, targetPixel, mode, epilogue);
    case 32:
      return convolutionTile<T, NP, NV>(source, 32, taps, tapCount, channels, weights, weightRow, bias, target, targetPixel, mode, epilogue);
    case 64:
      return convolutionTile<T, NP, NV>(source, 64, taps, tapCount, channels, weights, weightRow, bias, target, targetPixel, mode, epilogue);
    default:
      return convolutionTile<T, NP, NV>(source, pixel, taps, tapCount, channels, weights, weightRow, bias, target, targetPixel, mode, epilogue);
  }
}

template <class T, int NV, int widest>
inline void convolutionRow(const Phase& phase, const T* source, Index channels, const T* weights, Index weightRow,
                           const T* bias, T* target, Store mode, Epilogue epilogue) {
  const Tap* taps = phase.taps.data();
  const Index count = static_cast<Index>(phase.taps.size());
  const Index from = phase.sourcePixel, to = phase.targetPixel;
  Index x = 0;
  for (; x + widest <= phase.columns; x += widest)
    convolutionTileAt<T, widest, NV>(source + x * from, from, taps, count, channels, weights, weightRow, bias, target + x * to, to, mode, epilogue);
  if constexpr (widest > 8) {
    for (; x + 8 <= phase.columns; x += 8)
      convolutionTileAt<T, 8, NV>(source + x * from, from, taps, count, channels, weights, weightRow, bias, target + x * to, to, mode, epilogue);
  }
  if constexpr (widest > 4) {
    for (; x + 4 <= phase.columns; x += 4)
      convolutionTile<T, 4, NV>(source + x * from, from, taps, count, channels, weights, weightRow, bias, target + x * to, to, mode, epilogue);
  }
  for (; x + 2 <= phase.columns; x += 2)
    convolutionTile<T, 2, NV>(source + x * from, from, taps, count, channels, weights, weightRow, bias, target + x * to, to, mode, epilogue);
  for (; x < phase.columns; ++x)
    convolutionTile<T, 1, NV>(source + x * from, from, taps, count, channels, weights, weightRow, bias, target + x * to, to, mode, epilogue);
}

}  // namespace detail

/**
 * target = or += Σ_taps source · weights, for one image. `channels` are read one by one, `outputs` (whole vectors) are
 * written; `bias` (outputs long) or null.
 */
template <class T>
void convolve(const std::vector<Phase>& phases, const T* source, Index channels, const T* weights, Index outputs,
              const T* bias, T* target, Store mode, Epilogue epilogue) {
  constexpr int L = lanes<T>;
  constexpr int wide2 = JACOFLOW_REGISTERS >= 32 ? 8 : 4;
  constexpr int wide1 = JACOFLOW_REGISTERS >= 32 ? 16 : 8;
  for (const Phase& phase : phases) {
    for (Index o = 0; o < outputs;) {
      const bool pair = o + 2 * L <= outputs;
      for (Index y = 0; y < phase.rows; ++y) {
        const T* from = source + phase.source + y * phase.sourceRow;
        T* to = target + phase.target + y * phase.targetRow + o;
        const T* b = bias != nullptr ? bias + o : nullptr;
        if (pair)
          detail::convolutionRow<T, 2, wide2>(phase, from, channels, weights + o, outputs, b, to, mode, epilogue);
        else
          detail::convolutionRow<T, 1, wide1>(phase, from, channels, weights + o, outputs, b, to, mode, epilogue);
      }
      o += pair ? 2 * L : L;
    }
  }
}

/** Phases (one) of the forward pass of `op`; weights are [tap][in][out padded]. */
inline std::vector<Phase> forwardPhases(const Operation& op, const Value& in, const Value& out) {
  Phase phase;
  phase.rows = out.height;
  phase.columns = out.width;
  phase.target = out.pixel(0, 0);
  phase.targetRow = out.rowStride();
  phase.targetPixel = out.stride;
  phase.source = in.pixel(-op.padTop, -op.padLeft);
  phase.sourceRow = op.strideHeight * in.rowStride();
  phase.sourcePixel = op.strideWidth * in.stride;
  for (Index y = 0; y < op.kernelHeight; ++y)
    for (Index x = 0; x < op.kernelWidth; ++x)
      phase.taps.push_back({y * in.rowStride() + x * in.stride,
                            (y * op.kernelWidth + x) * in.channels * out.stride});
  return {phase};
}

/** Phases of the data gradient: input pixels of one residue modulo the strides reach the same taps. Weights are [tap][out][in padded]. */
inline std::vector<Phase> gradientPhases(const Operation& op, const Value& in, const Value& out) {
  std::vector<Phase> phases;
  for (Index py = 0; py < op.strideHeight && py < in.height; ++py)
    for (Index px = 0; px < op.strideWidth && px < in.width; ++px) {
      Phase phase;
      phase.rows = divideUp(in.height - py, op.strideHeight);
      phase.columns = divideUp(in.width - px, op.strideWidth);
      phase.target = in.pixel(py, px);
      phase.targetRow = op.strideHeight * in.rowStride();
      phase.targetPixel = op.strideWidth * in.stride;
      phase.source = out.pixel(0, 0);
      phase.sourceRow = out.rowStride();
      phase.sourcePixel = out.stride;
      for (Index y = 0; y < op.kernelHeight; ++y)
        for (Index x = 0; x < op.kernelWidth; ++x) {
          const Index dy = py + op.padTop - y, dx = px + op.padLeft - x;
          if (dy % op.strideHeight != 0 || dx % op.strideWidth != 0) continue;
          phase.taps.push_back({dy / op.strideHeight * out.rowStride() + dx / op.strideWidth * out.stride,
                                (y * op.kernelWidth + x) * out.channels * in.stride});
        }
      phases.push_back(phase);
    }
  return phases;
}

/** Where each row (tap, input channel) of a kernel reads its input, cut into runs of neighbouring elements. */
struct KernelRows {
  struct Run {
    Index row, count, source;
  };
  std::vector<Run> runs;
};

inline KernelRows kernelRows(const Operation& op, const Value& in, int widest) {
  KernelRows rows;
  const bool dense = in.stride == in.channels;
  // Neighbouring taps of unpadded pixels are one run, so that three channels still fill a tile.
  const Index length = dense ? op.kernelWidth * in.channels : in.channels;
  const Index pieces = dense ? 1 : op.kernelWidth;
  for (Index y = 0; y < op.kernelHeight; ++y)
    for (Index piece = 0; piece < pieces; ++piece)
      for (Index c = 0; c < length;) {
        Index count = widest;
        while (count > length - c) count /= 2;
        rows.runs.push_back({(y * op.kernelWidth + piece) * in.channels + c, count,
                             y * in.rowStride() + piece * in.stride + c});
        c += count;
      }
  return rows;
}

namespace detail {

template <class T, int CB, int NV>
inline void weightTile(const T* __restrict x, Index xRow, Index xPixel, const T* __restrict d, Index dRow, Index dPixel,
                       Index rows, Index columns, T* __restrict target, Index targetRow, Store mode) {
  constexpr int L = lanes<T>;
  Vector<T> sum[CB][NV];
#pragma GCC unroll 16
  for (int c = 0; c < CB; ++c)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) sum[c][v] = Vector<T>{};
  for (Index i = 0; i < rows; ++i) {
    const T* from = x + i * xRow;
    const T* delta = d + i * dRow;
    for (Index j = 0; j < columns; ++j, from += xPixel, delta += dPixel) {
      Vector<T> right[NV];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) right[v] = load(delta + v * L);
#pragma GCC unroll 16
      for (int c = 0; c < CB; ++c) {
        const Vector<T> left = broadcast(from[c]);
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) sum[c][v] += left * right[v];
      }
    }
  }
#pragma GCC unroll 16
  for (int c = 0; c < CB; ++c)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      T* to = target + c * targetRow + v * L;
      store(to, mode == Store::add ? load(to) + sum[c][v] : sum[c][v]);
    }
}

template <class T, int NV>
inline void weightTileOf(Index count, const T* x, Index xRow, Index xPixel, const T* d, Index dRow, Index dPixel, Index rows,
                         Index columns, T* target, Index targetRow, Store mode) {
  switch (count) {
    case 16:
      if constexpr (NV == 1 && JACOFLOW_REGISTERS >= 32)
        return weightTile<T, 16, NV>(x, xRow, xPixel, d, dRow, dPixel, rows, columns, target, targetRow, mode);
      [[fallthrough]];
    case 8:
      for (Index i = 0; i + 8 <= count; i += 8)
        weightTile<T, 8, NV>(x + i, xRow, xPixel, d, dRow, dPixel, rows, columns, target + i * targetRow, targetRow, mode);
      return;
    case 4:
      return weightTile<T, 4, NV>(x, xRow, xPixel, d, dRow, dPixel, rows, columns, target, targetRow, mode);
    case 2:
      return weightTile<T, 2, NV>(x, xRow, xPixel, d, dRow, dPixel, rows, columns, target, targetRow, mode);
    default:
      return weightTile<T, 1, NV>(x, xRow, xPixel, d, dRow, dPixel, rows, columns, target, targetRow, mode);
  }
}

}  // namespace detail

/** Widest run of kernel rows that a register tile holds. */
inline constexpr int widestKernelRun = JACOFLOW_REGISTERS >= 32 ? 16 : 8;

/** target [rows of the kernel][out padded] = or += Σ_pixels x ⊗ δ for one image and one cotangent. */
template <class T>
void convolutionWeights(const Operation& op, const Value& in, const Value& out, const KernelRows& kernel, const T* x,
                        const T* delta, T* target, Store mode) {
  constexpr int L = lanes<T>;
  const T* from = x + in.pixel(-op.padTop, -op.padLeft);
  const T* d = delta + out.pixel(0, 0);
  const Index xRow = op.strideHeight * in.rowStride(), xPixel = op.strideWidth * in.stride;
  // Rows of both images that fit the first-level cache together while every tap passes over them.
  const Index bytes = (xRow + out.rowStride()) * static_cast<Index>(sizeof(T));
  const Index block = std::max<Index>(1, std::min<Index>(out.height, 26000 / std::max<Index>(bytes, 1)));
  for (Index y = 0; y < out.height; y += block) {
    const Index rows = std::min(block, out.height - y);
    const Store blockMode = y == 0 ? mode : Store::add;
    for (const KernelRows::Run& run : kernel.runs) {
      const T* source = from + y * xRow + run.source;
      T* to = target + run.row * out.stride;
      for (Index o = 0; o < out.stride;) {
        const T* dy = d + y * out.rowStride() + o;
        if (o + 2 * L <= out.stride) {
          detail::weightTileOf<T, 2>(run.count, source, xRow, xPixel, dy, out.rowStride(), out.stride, rows, out.width, to + o, out.stride, blockMode);
          o += 2 * L;
        } else {
          detail::weightTileOf<T, 1>(run.count, source, xRow, xPixel, dy, out.rowStride(), out.stride, rows, out.width, to + o, out.stride, blockMode);
          o += L;
        }
      }
    }
  }
}

/** target [out padded] = or += Σ_pixels δ. */
template <class T>
void sumPixels(const Value& value, const T* delta, T* target, Store mode) {
  constexpr int L = lanes<T>;
  for (Index o = 0; o < value.stride; o += L) {
    Vector<T> sum = mode == Store::add ? load(target + o) : Vector<T>{};
    for (Index y = 0; y < value.height; ++y) {
      const T* row = delta + value.pixel(y, 0) + o;
      for (Index x = 0; x < value.width; ++x) sum += load(row + x * value.stride);
    }
    store(target + o, sum);
  }
}

}  // namespace jacoflow
