// The calls of the engine on plain pointers and sizes: what the Node-API binding and the sanitized test program share.
#pragma once
#include "gram.hpp"
#include "held.hpp"
#include "lanczos.hpp"
#include "peak.hpp"
#include "sweep.hpp"
#include "training.hpp"

namespace jacoflow {

inline void requireFinite(Pool& pool, const float* values, Index count, const char* what) {
  const Index slice = 1 << 20;
  std::atomic<Index> worst{-1};
  pool.each(divideUp(count, slice), [&](Index task, int) {
    const Index end = std::min(count, (task + 1) * slice);
    float sum = 0;
    for (Index i = task * slice; i < end; ++i) sum += values[i] * 0.0f;
    if (sum == 0.0f) return;
    for (Index i = task * slice; i < end; ++i)
      if (!std::isfinite(values[i])) {
        Index seen = worst.load();
        while ((seen < 0 || i < seen) && !worst.compare_exchange_weak(seen, i)) {
        }
        return;
      }
  });
  if (worst.load() >= 0) fail(Fault::notFinite, what, static_cast<double>(worst.load()));
}

class Model {
 public:
  Model(const std::int32_t* codes, Index codeCount, const double* numbers, Index numberCount, Pool& pool)
      : pool_(pool), network_(readPlan(codes, codeCount, numbers, numberCount)) {}

  const Network& network() const { return network_; }
  Pool& pool() { return pool_; }
  Index width() const { return network_.values[static_cast<std::size_t>(network_.input)].elements(); }
  const float* parameters() const { return parameters_.data(); }

  void load(const float* parameters) {
    requireFinite(pool_, parameters, network_.total, "parameters");
    parameters_.reserve(std::max<Index>(network_.total, 1));
    std::memcpy(parameters_.data(), parameters, static_cast<std::size_t>(network_.total) * sizeof(float));
    single().load(parameters_.data());
    doubleLoaded_ = false;
  }

  void forward(const float* features, Index n, float* outputs, Control& control) {
    requireFinite(pool_, features, n * width(), "features");
    single().forward({features, n, width()}, outputs, control);
  }

  void rows(const float* features, Index n, float* result, Control& control) {
    requireFinite(pool_, features, n * width(), "features");
    preferLargePages(result, n * network_.outputs * network_.trainable * static_cast<Index>(sizeof(float)));
    single().rows({features, n, width()}, result, control);
  }

  void rows64(const float* features, Index n, double* result, Control& control) {
    requireFinite(pool_, features, n * width(), "features");
    if (!double_) double_ = std::make_unique<Arithmetic<double>>(network_, pool_);
    if (!doubleLoaded_) double_->load(parameters_.data());
    doubleLoaded_ = true;
    preferLargePages(result, n * network_.outputs * network_.trainable * static_cast<Index>(sizeof(double)));
    double_->rows({features, n, width()}, result, control);
  }

  void sweep(const float* features, Index n, const float* Q, Index b, float* Y, float* Z, double* norms, Control& control) {
    requireFinite(pool_, features, n * width(), "features");
    requireFinite(pool_, Q, network_.trainable * b, "block");
    if (!sweep_) sweep_ = std::make_unique<Sweep>(single());
    preferLargePages(Z, network_.trainable * b * static_cast<Index>(sizeof(float)));
    sweep_->run({features, n, width()}, Q, b, Y, Z, norms, control);
  }

  void gram(const float* features, Index n, double* result, Control& control) {
    requireFinite(pool_, features, n * width(), "features");
    if (!gram_) gram_ = std::make_unique<Gram>(single());
    const Index rows = checkedProduct(n, network_.outputs);
    preferLargePages(result, rows * rows * static_cast<Index>(sizeof(double)));
    gram_->run({features, n, width()}, result, control);
  }

 private:
  Arithmetic<float>& single() {
    if (!single_) single_ = std::make_unique<Arithmetic<float>>(network_, pool_);
    return *single_;
  }

  Pool& pool_;
  const Network network_;
  Buffer<float> parameters_;
  std::unique_ptr<Arithmetic<float>> single_;
  std::unique_ptr<Arithmetic<double>> double_;
  std::unique_ptr<Sweep> sweep_;
  std::unique_ptr<Gram> gram_;
  bool doubleLoaded_ = false;
};

}  // namespace jacoflow
