// Activations with their derivatives, element by element. relu'(0) = 0 (design §4); gelu is the exact (erf) form.
#pragma once
#include "plan.hpp"

namespace jacoflow {

/** Value, and derivative at the same argument. */
template <class T>
inline T activate(Activation activation, T x, T& slope) {
  switch (activation) {
    case Activation::linear:
      slope = T(1);
      return x;
    case Activation::relu:
      slope = x > T(0) ? T(1) : T(0);
      return x > T(0) ? x : (x == x ? T(0) : x);
    case Activation::tanh: {
      const T y = std::tanh(x);
      slope = T(1) - y * y;
      return y;
    }
    case Activation::sigmoid: {
      const T y = T(1) / (T(1) + std::exp(-x));
      slope = y * (T(1) - y);
      return y;
    }
    case Activation::softplus:
      slope = T(1) / (T(1) + std::exp(-x));
      return (x > T(0) ? x : T(0)) + std::log1p(std::exp(-std::abs(x)));
    case Activation::gelu: {
      const T area = T(0.5) * std::erfc(-x * T(0.70710678118654752440));
      slope = area + x * T(0.39894228040143267794) * std::exp(T(-0.5) * x * x);
      return x * area;
    }
    case Activation::erf:
      slope = T(1.12837916709551257390) * std::exp(-x * x);
      return std::erf(x);
  }
  slope = T(0);
  return x;
}

/** Whether the derivative must be kept: linear needs none, relu's is read off its output. */
inline bool keepsSlope(Activation activation) {
  return activation != Activation::linear && activation != Activation::relu;
}

/** In place over `count` elements; slopes may be null. */
template <class T>
void activateRun(Activation activation, T* values, T* slopes, Index count) {
  if (activation == Activation::linear) return;
  if (activation == Activation::relu) {
    for (Index i = 0; i < count; ++i) values[i] = values[i] > T(0) ? values[i] : (values[i] == values[i] ? T(0) : values[i]);
    return;
  }
  for (Index i = 0; i < count; ++i) {
    T slope;
    values[i] = activate(activation, values[i], slope);
    if (slopes != nullptr) slopes[i] = slope;
  }
}

/** δ ⊙= φ′ over `count` elements; `outputs` serve relu, `slopes` the others. */
template <class T>
void applySlope(Activation activation, T* delta, const T* outputs, const T* slopes, Index count) {
  if (activation == Activation::relu) {
    for (Index i = 0; i < count; ++i) delta[i] = outputs[i] > T(0) ? delta[i] : T(0);
  } else if (activation != Activation::linear) {
    for (Index i = 0; i < count; ++i) delta[i] *= slopes[i];
  }
}

}  // namespace jacoflow
