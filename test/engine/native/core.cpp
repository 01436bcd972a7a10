// The core under sanitizers, without Node: every call on random networks at several thread counts, results checked
// against the rows of J, and thousands of damaged plans, each of which must be refused or run within bounds.
// scripts/test-native-sanitized.mjs builds and runs it.
#include <cstdio>
#include <random>

#include "../../../engine/native/core/operations.hpp"

using namespace jacoflow;

namespace {

int failures = 0;

void expect(bool holds, const char* what) {
  if (holds) return;
  ++failures;
  std::printf("FAILED: %s\n", what);
}

struct Plan {
  std::vector<std::int32_t> codes;
  std::vector<double> numbers;
  Index total = 0, trainable = 0, width = 0, outputs = 0;
};

/** Writes plans as engine/native/plan.ts does, with trainable tensors first. */
class Builder {
 public:
  explicit Builder(Index height, Index width, Index channels) { input_ = addValue(height, width, channels, false); }
  explicit Builder(Index features) { input_ = addValue(1, 1, features, true); }

  int input() const { return input_; }

  int convolution(int in, Index filters, Index kernel, Index stride, Index pad, int activation) {
    const auto [h, w, c] = shape(in);
    const int out = addValue((h + 2 * pad - kernel) / stride + 1, (w + 2 * pad - kernel) / stride + 1, filters, false);
    const Index first = take(kernel * kernel * c * filters), other = take(filters);
    return emit({1, in, -1, out, activation, 1, first, other, -1, -1, kernel, kernel, stride, stride, pad, pad, 0, 0, 0, 0});
  }
  int dense(int in, Index units, int activation) {
    const Index first = take(shape(in)[2] * units), other = take(units);
    return emit({2, in, -1, addValue(1, 1, units, true), activation, 1, first, other, -1, -1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0});
  }
  int normalization(int in) {
    const Index c = shape(in)[2], first = take(2 * c);
    fixed_.push_back({codes_.size(), c});
    return emit({4, in, -1, like(in), 0, 1, first, first + c, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}, 1e-3, 0.9);
  }
  int pooling(int in, bool maximum, Index size, Index stride) {
    const auto [h, w, c] = shape(in);
    return emit({maximum ? 5 : 6, in, -1, addValue((h - size) / stride + 1, (w - size) / stride + 1, c, false), 0, 0, -1, -1, -1, -1,
                 size, size, stride, stride, 0, 0, 0, 0, 0, 0});
  }
  int globalPooling(int in) { return simple(7, in, addValue(1, 1, shape(in)[2], true)); }
  int flatten(int in) {
    const auto [h, w, c] = shape(in);
    return simple(8, in, addValue(1, 1, h * w * c, true));
  }
  int padShortcut(int in, Index stride, Index before, Index after) {
    const auto [h, w, c] = shape(in);
    const int out = addValue(divideUp(h, stride), divideUp(w, stride), before + c + after, false);
    return emit({9, in, -1, out, 0, 0, -1, -1, -1, -1, 1, 1, stride, stride, 0, 0, before, 0, 0, 0});
  }
  int add(int in, int second, int activation) {
    return emit({10, in, second, like(in), activation, 0, -1, -1, -1, -1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0});
  }
  int activation(int in, int kind) { return emit({3, in, -1, like(in), kind, 0, -1, -1, -1, -1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}); }
  int scale(int in, double factor) { return simple(11, in, like(in), factor); }

  Plan finish(int output) {
    Plan plan;
    plan.trainable = used_;
    plan.total = used_;
    for (const auto& [at, channels] : fixed_) {
      codes_[at + 8] = static_cast<std::int32_t>(plan.total);
      codes_[at + 9] = static_cast<std::int32_t>(plan.total + channels);
      plan.total += 2 * channels;
    }
    plan.codes = {planVersion, static_cast<std::int32_t>(plan.trainable), static_cast<std::int32_t>(plan.total),
                  static_cast<std::int32_t>(values_.size() / 4), static_cast<std::int32_t>(codes_.size() / operationFields), input_, output};
    plan.codes.insert(plan.codes.end(), values_.begin(), values_.end());
    plan.codes.insert(plan.codes.end(), codes_.begin(), codes_.end());
    plan.numbers = numbers_;
    const auto in = shape(input_);
    plan.width = in[0] * in[1] * in[2];
    plan.outputs = shape(output)[0] * shape(output)[1] * shape(output)[2];
    return plan;
  }

 private:
  std::array<Index, 3> shape(int v) const {
    const std::size_t at = static_cast<std::size_t>(v) * 4;
    return {values_[at], values_[at + 1], values_[at + 2]};
  }
  int addValue(Index h, Index w, Index c, bool flat) {
    for (const Index side : {h, w, c, Index(flat)}) values_.push_back(static_cast<std::int32_t>(side));
    return static_cast<int>(values_.size() / 4) - 1;
  }
  int like(int v) {
    const auto [h, w, c] = shape(v);
    return addValue(h, w, c, values_[static_cast<std::size_t>(v) * 4 + 3] != 0);
  }
  Index take(Index count) { return std::exchange(used_, used_ + count); }
  int simple(int kind, int in, int out, double number = 0) {
    return emit({kind, in, -1, out, 0, 0, -1, -1, -1, -1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}, number);
  }
  int emit(const std::array<Index, operationFields>& fields, double number = 0, double momentum = 0) {
    for (const Index field : fields) codes_.push_back(static_cast<std::int32_t>(field));
    numbers_.push_back(number);
    numbers_.push_back(momentum);
    return static_cast<int>(fields[3]);
  }

  std::vector<std::int32_t> values_, codes_;
  std::vector<double> numbers_;
  std::vector<std::pair<std::size_t, Index>> fixed_;
  Index used_ = 0;
  int input_ = 0;
};

std::vector<Plan> plans() {
  std::vector<Plan> all;
  {
    Builder b(9, 7, 3);
    int v = b.convolution(b.input(), 17, 3, 1, 1, 1);
    const int w = b.activation(b.normalization(b.convolution(v, 17, 3, 1, 1, 0)), 2);
    v = b.add(w, v, 1);
    v = b.pooling(v, true, 2, 1);
    const int main = b.convolution(v, 20, 3, 2, 1, 3);
    v = b.add(main, b.padShortcut(v, 2, 1, 2), 4);
    v = b.pooling(v, false, 2, 2);
    all.push_back(b.finish(b.scale(b.dense(b.flatten(v), 5, 5), -0.5)));
  }
  {
    Builder b(29);
    int v = b.dense(b.input(), 33, 2);
    v = b.add(b.normalization(b.dense(v, 33, 6)), v, 0);
    all.push_back(b.finish(b.dense(v, 3, 0)));
  }
  {
    Builder b(8, 8, 16);
    int v = b.convolution(b.input(), 16, 3, 1, 1, 1);
    v = b.add(b.convolution(v, 16, 3, 1, 1, 0), v, 1);
    v = b.convolution(v, 32, 3, 2, 1, 1);
    v = b.convolution(v, 32, 3, 1, 1, 1);
    v = b.convolution(v, 67, 4, 1, 0, 1);
    all.push_back(b.finish(b.dense(b.globalPooling(v), 11, 0)));
  }
  {
    // Filtered in tiles with odd channels, every padding, tiles that fill no group, and a gradient that is added to.
    Builder b(6, 10, 9);
    int v = b.convolution(b.input(), 23, 3, 1, 0, 1);
    v = b.convolution(v, 40, 3, 1, 2, 2);
    v = b.add(b.convolution(v, 40, 3, 1, 1, 0), v, 1);
    all.push_back(b.finish(b.dense(b.globalPooling(v), 4, 0)));
  }
  return all;
}

std::vector<float> numbers(Index count, std::mt19937& random, float scale) {
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double off = 0, size = 1e-30;
  for (std::size_t i = 0; i < a.size(); ++i) {
    off += (a[i] - b[i]) * (a[i] - b[i]);
    size += b[i] * b[i];
  }
  return std::sqrt(off / size);
}

void exercise(const Plan& plan, int threads, Index n) {
  Pool pool(threads);
  std::mt19937 random(7);
  Model model(plan.codes.data(), static_cast<Index>(plan.codes.size()), plan.numbers.data(), static_cast<Index>(plan.numbers.size()), pool);
  std::vector<float> parameters = numbers(plan.total, random, 0.2f);
  for (Index i = plan.trainable; i < plan.total; ++i) parameters[static_cast<std::size_t>(i)] = 0.5f + std::abs(parameters[static_cast<std::size_t>(i)]);
  model.load(parameters.data());
  const std::vector<float> features = numbers(n * plan.width, random, 1);
  const Index rows = n * plan.outputs, p = plan.trainable, b = 5;
  Control control;
  std::vector<float> outputs(static_cast<std::size_t>(rows)), J(static_cast<std::size_t>(rows * p));
  model.forward(features.data(), n, outputs.data(), control);
  model.rows(features.data(), n, J.data(), control);
  std::vector<double> J64(J.size());
  model.rows64(features.data(), n, J64.data(), control);
  expect(distance({J.begin(), J.end()}, J64) < 1e-4, "rows agree with rows64");
  const std::vector<float> Q = numbers(p * b, random, 1);
  std::vector<float> Y(static_cast<std::size_t>(rows * b)), Z(static_cast<std::size_t>(p * b));
  std::vector<double> norms(static_cast<std::size_t>(rows)), gram(static_cast<std::size_t>(rows * rows));
  model.sweep(features.data(), n, Q.data(), b, Y.data(), Z.data(), norms.data(), control);
  model.gram(features.data(), n, gram.data(), control);
  std::vector<double> product(Y.size()), back(Z.size()), wanted(gram.size());
  for (Index i = 0; i < rows; ++i)
    for (Index k = 0; k < p; ++k)
      for (Index j = 0; j < b; ++j) product[static_cast<std::size_t>(i * b + j)] += J64[static_cast<std::size_t>(i * p + k)] * static_cast<double>(Q[static_cast<std::size_t>(k * b + j)]);
  for (Index i = 0; i < rows; ++i)
    for (Index k = 0; k < p; ++k)
      for (Index j = 0; j < b; ++j) back[static_cast<std::size_t>(k * b + j)] += J64[static_cast<std::size_t>(i * p + k)] * product[static_cast<std::size_t>(i * b + j)];
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < rows; ++j)
      for (Index k = 0; k < p; ++k) wanted[static_cast<std::size_t>(i * rows + j)] += J64[static_cast<std::size_t>(i * p + k)] * J64[static_cast<std::size_t>(j * p + k)];
  expect(distance({Y.begin(), Y.end()}, product) < 1e-4, "Y = J Q");
  expect(distance({Z.begin(), Z.end()}, back) < 1e-4, "Z = J'(J Q)");
  expect(distance(gram, wanted) < 1e-4, "J J'");
  for (Index i = 0; i < rows; ++i)
    expect(std::abs(norms[static_cast<std::size_t>(i)] - wanted[static_cast<std::size_t>(i * (rows + 1))]) <= 1e-4 * (1 + wanted[static_cast<std::size_t>(i * (rows + 1))]), "norms");
  std::vector<std::int32_t> labels(static_cast<std::size_t>(n)), indices(labels.size());
  for (Index i = 0; i < n; ++i) {
    labels[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i % plan.outputs);
    indices[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(n - 1 - i);
  }
  for (const Rule rule : {Rule::descent, Rule::momentum, Rule::adam})
    for (const LossKind loss : {LossKind::squared, LossKind::crossEntropy}) {
      Training training(model.network(), pool, {loss, rule, {0.9, 0.999, 1e-8}}, model.parameters(), features.data(), labels.data(), n, plan.width);
      for (int step = 0; step < 3; ++step)
        expect(std::isfinite(training.step(indices.data(), n, 1e-6, step == 1, control)), "a finite loss");
    }
  Control stopped;
  stopped.cancelled = true;
  try {
    model.rows(features.data(), n, J.data(), stopped);
    expect(false, "a cancelled call ends");
  } catch (const Failure& failure) {
    expect(failure.fault == Fault::cancelled, "it says that it was cancelled");
  }
}

/** A plan with damage is refused, or runs within the sizes it declares. */
void fuzz(const Plan& plan, int rounds) {
  Pool pool(1);
  std::mt19937 random(11);
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  int refused = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::int32_t> codes = plan.codes;
    std::vector<double> own = plan.numbers;
    for (std::size_t damage = 1 + pick(3); damage > 0; --damage) {
      const std::int32_t values[] = {0, -1, 1, 2, 7, 64, 1000, 2'000'000'000, -2'000'000'000, codes[pick(codes.size())]};
      codes[pick(codes.size())] = values[pick(std::size(values))];
    }
    if (pick(20) == 0) codes.resize(pick(codes.size()));
    try {
      Model model(codes.data(), static_cast<Index>(codes.size()), own.data(), static_cast<Index>(own.size()), pool);
      if (model.network().total > 60'000 || model.width() > 5'000 || model.network().outputs > 200) continue;
      for (const Value& value : model.network().values)
        if (value.elements() > 20'000) fail(Fault::outOfMemory, "too large for a test");
      const Index width = model.width(), outputs = model.network().outputs;
      std::vector<float> parameters = numbers(model.network().total, random, 0.1f);
      if (parameters.empty()) continue;
      model.load(parameters.data());
      const std::vector<float> features = numbers(2 * width, random, 1);
      std::vector<float> J(static_cast<std::size_t>(2 * outputs * model.network().trainable) + 1);
      Control control;
      model.rows(features.data(), 2, J.data(), control);
      const Index p = model.network().trainable;
      std::vector<float> Q(static_cast<std::size_t>(p * 3) + 1, 1.0f), Y(static_cast<std::size_t>(6 * outputs)), Z(Q.size());
      std::vector<double> norms(static_cast<std::size_t>(2 * outputs));
      model.sweep(features.data(), 2, Q.data(), 3, Y.data(), Z.data(), norms.data(), control);
    } catch (const Failure&) {
      ++refused;
    } catch (const std::bad_alloc&) {
      ++refused;
    }
  }
  expect(refused > rounds / 4, "damaged plans are refused");
}

void algebra(int threads) {
  Pool pool(threads);
  Control control;
  std::mt19937 random(5);
  for (const auto& [m, a, b] : {std::array<Index, 3>{1, 1, 1}, {65, 7, 30}, {1100, 25, 49}}) {
    const auto A = numbers(m * a, random, 1), B = numbers(m * b, random, 1);
    std::vector<double> C(static_cast<std::size_t>(a * b)), wanted(C.size());
    crossProduct(pool, control, A.data(), a, B.data(), b, m, C.data());
    for (Index r = 0; r < m; ++r)
      for (Index i = 0; i < a; ++i)
        for (Index j = 0; j < b; ++j) wanted[static_cast<std::size_t>(i * b + j)] += static_cast<double>(A[static_cast<std::size_t>(r * a + i)]) * static_cast<double>(B[static_cast<std::size_t>(r * b + j)]);
    expect(distance(C, wanted) < 1e-12, "A'B");
    std::vector<float> result(static_cast<std::size_t>(m * b));
    combine(pool, control, A.data(), m, a, C.data(), b, B.data(), result.data());
    expect(std::isfinite(result.back()), "B - A C");
    const std::vector<double> vectors(B.begin(), B.end());
    std::vector<double> inside(static_cast<std::size_t>(a)), outside(vectors.size());
    const auto basis = numbers(a * m * b, random, 1);
    coordinates(pool, control, basis.data(), a, vectors.data(), 1, m * b, inside.data());
    remainderOf(pool, control, vectors.data(), 1, basis.data(), a, m * b, inside.data(), outside.data());
    // ‖v‖² = Σ_i v_i (v − UᵀU v)_i + ‖U v‖².
    double energy = 0;
    for (std::size_t i = 0; i < vectors.size(); ++i) energy += vectors[i] * (outside[i] - vectors[i]);
    for (const double value : inside) energy += value * value;
    expect(std::abs(energy) < 1e-9 * static_cast<double>(m * b * a), "V - C U");
    HeldRows held;
    held.columns = b;
    held.add(B.data(), m / 3);
    held.add(B.data() + m / 3 * b, m - m / 3);
    std::vector<double> gram(static_cast<std::size_t>(m * m));
    heldGram(pool, control, held, gram.data());
    std::vector<float> product(static_cast<std::size_t>(b * a)), back(static_cast<std::size_t>(m * a));
    HeldSweep(pool, control, held, a).run(A.data(), product.data(), back.data());
    double worst = 0;
    for (Index j = 0; j < b; ++j)
      for (Index i = 0; i < a; ++i)
        worst = std::max(worst, std::abs(wanted[static_cast<std::size_t>(i * b + j)] - static_cast<double>(product[static_cast<std::size_t>(j * a + i)])));
    expect(worst < 1e-4 * static_cast<double>(m), "A'X of held rows");
    double trace = 0, sum = 0;
    for (Index r = 0; r < m; ++r) trace += gram[static_cast<std::size_t>(r * (m + 1))];
    for (const float value : B) sum += static_cast<double>(value) * static_cast<double>(value);
    expect(std::abs(trace - sum) <= 1e-6 * sum, "trace of the Gram matrix of held rows");
  }
  for (const Index n : {1, 2, 3, 17, 64, 300}) {
    const auto A = numbers(n * n, random, 1);
    std::vector<double> symmetric(A.size()), values(static_cast<std::size_t>(n)), vectors(A.size());
    const std::vector<double> wide(A.begin(), A.end());
    gram64(pool, control, wide.data(), n, n, true, symmetric.data());
    SymmetricEigen(pool).run(control, symmetric.data(), n, n, values.data(), vectors.data());
    double trace = 0, sum = 0;
    for (Index i = 0; i < n; ++i) {
      trace += symmetric[static_cast<std::size_t>(i * (n + 1))];
      sum += values[static_cast<std::size_t>(i)];
    }
    expect(std::abs(trace - sum) <= 1e-10 * std::abs(trace), "eigenvalues add up to the trace");
  }
}

}  // namespace

int main() {
  for (const Plan& plan : plans())
    for (const int threads : {1, 3})
      for (const Index n : {1, 3}) exercise(plan, threads, n);
  for (const Plan& plan : plans()) fuzz(plan, 400);
  algebra(1);
  algebra(3);
  std::printf("%s, %s\n", JACOFLOW_INSTRUCTIONS, failures == 0 ? "all passed" : "FAILED");
  return failures == 0 ? 0 : 1;
}
