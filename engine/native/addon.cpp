// Node-API binding: one queue and one pool of threads an engine; every call is a job, done off the event loop.
#include <node_api.h>

#include <deque>
#include <memory>

#include "core/operations.hpp"

using namespace jacoflow;

namespace {

enum class Call : int {
  load = 0, forward, rows, rows64, sweep, gram, trainOpen, trainStep, trainParameters, close,
  crossProduct, combine, subtract, gram64, symmetricEigen, peak, heldGram, heldSweep,
  coordinates, remainder, trainState, trainRestore,
};

const char* const faultNames[] = {"cancelled", "invalidPlan", "invalidArgument", "outOfMemory", "notFinite", "notConverged"};

struct Array {
  napi_typedarray_type type;
  void* data;
  Index length;
};

/** What JavaScript holds of a model or a training; the queue's jobs hold it too. */
struct Engine;
struct Holder {
  /** First, so that the pool outlives what runs on it. */
  std::shared_ptr<Engine> engine;
  /** A training's place holds the model whose network it reads, so that either may be closed first. */
  std::shared_ptr<Model> model;
  std::unique_ptr<Training> training;
  /** What the training here was given and reads at every step: kept until it goes. Event-loop thread only. */
  napi_ref given = nullptr;

  void keepGiven(napi_env env, napi_ref reference) {
    if (given != nullptr) napi_delete_reference(env, given);
    given = reference;
  }
};

struct Job {
  Call call;
  std::shared_ptr<Holder> holder, second;
  std::vector<Array> arrays;
  std::vector<double> numbers;
  napi_ref keep = nullptr;
  /** Of an opening of a training: its arrays. The place has them from the answer on, in the order of the queue. */
  napi_ref given = nullptr;
  napi_ref done = nullptr;
  napi_ref progress = nullptr;
  Control control;
  double result = 0;
  bool failed = false;
  Failure failure{Fault::cancelled, "", -1};
};

/** Something that JavaScript holds. The mark tells kinds apart: any may be handed back in the place of any. */
template <class T>
struct Handle {
  std::uint64_t mark;
  std::shared_ptr<T> kept;
};

template <class T>
constexpr std::uint64_t markOf = 0;
template <>
constexpr std::uint64_t markOf<Engine> = 0x6a61636f'656e6731;
template <>
constexpr std::uint64_t markOf<Holder> = 0x6a61636f'686f6c31;
template <>
constexpr std::uint64_t markOf<Job> = 0x6a61636f'6a6f6231;

struct Message {
  std::shared_ptr<Job> job;
  bool finished;
  double examples;
};

void deliver(napi_env env, napi_value, void* context, void* data);

struct Engine {
  explicit Engine(int threads) : pool(threads) {}

  Pool pool;
  SymmetricProblems eigen{pool};
  napi_threadsafe_function callbacks = nullptr;
  std::thread driver;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<std::shared_ptr<Job>> queue;
  std::shared_ptr<Job> current;
  bool stopping = false;
  /** Jobs that JavaScript waits for; while there are any, the process stays alive. Event-loop thread only. */
  int waiting = 0;
  bool closing = false;

  ~Engine() { stop(); }

  /** Cancels what runs and what waits; the driver answers each as cancelled and ends. */
  void cancelAll() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
      if (current) current->control.cancelled = true;
      for (auto& job : queue) job->control.cancelled = true;
    }
    wake.notify_all();
  }

  void stop() {
    cancelAll();
    if (driver.joinable()) driver.join();
  }

  /** Event-loop thread only: once closed and with every answer delivered, the driver has ended and nothing is kept. */
  void releaseWhenDone() {
    if (!closing || waiting > 0 || callbacks == nullptr) return;
    stop();
    napi_release_threadsafe_function(callbacks, napi_tsfn_release);
    callbacks = nullptr;
  }

  void drive() {
    flushDenormals();
    for (;;) {
      std::shared_ptr<Job> job;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return stopping || !queue.empty(); });
        if (queue.empty()) return;
        job = queue.front();
        queue.pop_front();
        current = job;
      }
      run(*job);
      {
        std::lock_guard lock(mutex);
        current.reset();
      }
      send({std::move(job), true, 0});
    }
  }

  void send(Message message) {
    auto* owned = new Message(std::move(message));
    if (napi_call_threadsafe_function(callbacks, owned, napi_tsfn_nonblocking) != napi_ok) delete owned;
  }

  void run(Job& job) {
    try {
      job.control.check();
      perform(job);
    } catch (const Failure& failure) {
      job.failed = true;
      job.failure = failure;
    } catch (const std::bad_alloc&) {
      job.failed = true;
      job.failure = {Fault::outOfMemory, "memory for a work buffer", -1};
    } catch (const std::exception& error) {
      job.failed = true;
      job.failure = {Fault::invalidArgument, error.what(), -1};
    }
  }

  template <class T>
  static T* array(const Job& job, std::size_t i, Index length) {
    constexpr napi_typedarray_type type = std::is_same_v<T, float>    ? napi_float32_array
                                          : std::is_same_v<T, double> ? napi_float64_array
                                                                      : napi_int32_array;
    if (i >= job.arrays.size() || job.arrays[i].type != type || job.arrays[i].length < length)
      fail(Fault::invalidArgument, "an array of the wrong type or length", static_cast<double>(i));
    return static_cast<T*>(job.arrays[i].data);
  }

  static Index size(const Job& job, std::size_t i) {
    if (i >= job.numbers.size() || !(job.numbers[i] >= 0) || job.numbers[i] > 1e13) fail(Fault::invalidArgument, "a size", static_cast<double>(i));
    return static_cast<Index>(job.numbers[i]);
  }

  /** Blocks of rows: arrays from `first` on, numbers from `count` on their rows. */
  static HeldRows heldRows(const Job& job, std::size_t first, std::size_t count, Index columns) {
    HeldRows held;
    held.columns = columns;
    for (std::size_t i = first; i < job.arrays.size(); ++i, ++count) {
      const Index rows = size(job, count);
      held.add(array<float>(job, i, checkedProduct(rows, columns)), rows);
    }
    return held;
  }

  static Model& model(const Job& job) {
    if (!job.holder || !job.holder->model) fail(Fault::invalidArgument, "the model is closed");
    return *job.holder->model;
  }

  static Model& loaded(const Job& job) {
    Model& found = model(job);
    if (found.parameters() == nullptr) fail(Fault::invalidArgument, "the model has no parameters yet");
    return found;
  }

  void perform(Job& job);
};

void Engine::perform(Job& job) {
  switch (job.call) {
    case Call::load:
      model(job).load(array<float>(job, 0, model(job).network().total));
      break;
    case Call::forward: {
      Model& m = loaded(job);
      const Index n = size(job, 0);
      m.forward(array<float>(job, 0, checkedProduct(n, m.width())), n, array<float>(job, 1, checkedProduct(n, m.network().outputs)), job.control);
      break;
    }
    case Call::rows:
    case Call::rows64: {
      Model& m = loaded(job);
      const Index n = size(job, 0);
      const float* features = array<float>(job, 0, checkedProduct(n, m.width()));
      const Index length = checkedProduct(checkedProduct(n, m.network().outputs), m.network().trainable);
      if (job.call == Call::rows) m.rows(features, n, array<float>(job, 1, length), job.control);
      else m.rows64(features, n, array<double>(job, 1, length), job.control);
      break;
    }
    case Call::sweep: {
      Model& m = loaded(job);
      const Index n = size(job, 0), b = size(job, 1), rows = checkedProduct(n, m.network().outputs);
      m.sweep(array<float>(job, 0, checkedProduct(n, m.width())), n, array<float>(job, 1, checkedProduct(m.network().trainable, b)), b,
              array<float>(job, 2, checkedProduct(rows, b)), array<float>(job, 3, checkedProduct(m.network().trainable, b)),
              array<double>(job, 4, rows), job.control);
      break;
    }
    case Call::gram: {
      Model& m = loaded(job);
      const Index n = size(job, 0), rows = checkedProduct(n, m.network().outputs);
      m.gram(array<float>(job, 0, checkedProduct(n, m.width())), n, array<double>(job, 1, checkedProduct(rows, rows)), job.control);
      break;
    }
    case Call::trainOpen: {
      Model& m = loaded(job);
      if (!job.second) fail(Fault::invalidArgument, "a training needs a place");
      const Index n = size(job, 0);
      Settings settings{size(job, 1) == 1 ? LossKind::crossEntropy : LossKind::squared, static_cast<Rule>(std::min<Index>(size(job, 2), 2)),
                        {job.numbers.at(3), job.numbers.at(4), job.numbers.at(5)}};
      const float* features = array<float>(job, 0, checkedProduct(n, m.width()));
      requireFinite(m.pool(), features, n * m.width(), "features");
      auto training = std::make_unique<Training>(m.network(), m.pool(), settings, m.parameters(), features,
                                                 array<std::int32_t>(job, 1, n), n, m.width());
      // Both or neither: a training beside another network's sizes would be read and written beyond its memory.
      job.second->training = std::move(training);
      job.second->model = job.holder->model;
      break;
    }
    case Call::trainStep: {
      if (!job.second || !job.second->training) fail(Fault::invalidArgument, "the training is closed");
      const Index n = size(job, 0);
      job.result = job.second->training->step(array<std::int32_t>(job, 0, n), n, job.numbers.at(1), size(job, 2) == 1, job.control);
      break;
    }
    case Call::trainParameters: {
      if (!job.second || !job.second->training) fail(Fault::invalidArgument, "the training is closed");
      const Index total = job.second->model->network().total;
      std::memcpy(array<float>(job, 0, total), job.second->training->parameters(), static_cast<std::size_t>(total) * sizeof(float));
      break;
    }
    case Call::trainState:
    case Call::trainRestore: {
      if (!job.second || !job.second->training) fail(Fault::invalidArgument, "the training is closed");
      Training& training = *job.second->training;
      const Network& network = job.second->model->network();
      const std::size_t bytes = static_cast<std::size_t>(network.trainable) * sizeof(float);
      float* parameters = array<float>(job, 0, network.total);
      for (Index i = 0; i < training.moments(); ++i) {
        float* moment = array<float>(job, static_cast<std::size_t>(1 + i), network.trainable);
        if (job.call == Call::trainState) std::memcpy(moment, training.moment(i), bytes);
        else std::memcpy(training.moment(i), moment, bytes);
      }
      if (job.call == Call::trainRestore) {
        training.restore(parameters, size(job, 0));
      } else {
        std::memcpy(parameters, training.parameters(), static_cast<std::size_t>(network.total) * sizeof(float));
        job.result = static_cast<double>(training.steps());
      }
      break;
    }
    case Call::close:
      if (Holder* closed = job.second ? job.second.get() : job.holder.get()) {
        closed->training.reset();
        closed->model.reset();
      }
      break;
    case Call::crossProduct: {
      const Index m = size(job, 0), a = size(job, 1), b = size(job, 2);
      crossProduct(pool, job.control, array<float>(job, 0, checkedProduct(m, a)), a, array<float>(job, 1, checkedProduct(m, b)), b, m,
                   array<double>(job, 2, checkedProduct(a, b)));
      break;
    }
    case Call::combine:
    case Call::subtract: {
      const Index m = size(job, 0), a = size(job, 1), b = size(job, 2);
      const Index length = checkedProduct(m, b);
      combine(pool, job.control, array<float>(job, 0, checkedProduct(m, a)), m, a, array<double>(job, 1, checkedProduct(a, b)), b,
              job.call == Call::subtract ? array<float>(job, 3, length) : nullptr, array<float>(job, 2, length));
      break;
    }
    case Call::gram64: {
      const Index rows = size(job, 0), columns = size(job, 1);
      const bool ofRows = size(job, 2) == 1;
      const Index n = ofRows ? rows : columns;
      gram64(pool, job.control, array<double>(job, 0, checkedProduct(rows, columns)), rows, columns, ofRows,
             array<double>(job, 1, checkedProduct(n, n)));
      break;
    }
    case Call::symmetricEigen: {
      const Index n = size(job, 0), count = std::min(size(job, 1), size(job, 0));
      eigen.run(job.control, array<double>(job, 0, checkedProduct(n, n)), n, count, array<double>(job, 1, count),
                     array<double>(job, 2, checkedProduct(n, count)));
      break;
    }
    case Call::heldGram: {
      const HeldRows held = heldRows(job, 1, 1, size(job, 0));
      heldGram(pool, job.control, held, array<double>(job, 0, checkedProduct(held.rows, held.rows)));
      break;
    }
    case Call::heldSweep: {
      const Index columns = size(job, 0), b = size(job, 1);
      const HeldRows held = heldRows(job, 3, 2, columns);
      const Index length = checkedProduct(held.rows, b);
      HeldSweep(pool, job.control, held, b)
          .run(array<float>(job, 0, length), array<float>(job, 1, checkedProduct(columns, b)), array<float>(job, 2, length));
      break;
    }
    case Call::coordinates: {
      const Index r = size(job, 0), b = size(job, 1), m = size(job, 2);
      coordinates(pool, job.control, array<float>(job, 0, checkedProduct(r, m)), r, array<double>(job, 1, checkedProduct(b, m)), b, m,
                  array<double>(job, 2, checkedProduct(b, r)));
      break;
    }
    case Call::remainder: {
      const Index r = size(job, 0), b = size(job, 1), m = size(job, 2);
      const Index length = checkedProduct(b, m);
      remainderOf(pool, job.control, array<double>(job, 0, length), b, array<float>(job, 1, checkedProduct(r, m)), r, m,
                  array<double>(job, 2, checkedProduct(b, r)), array<double>(job, 3, length));
      break;
    }
    case Call::peak:
      if (size(job, 0) > 100'000) fail(Fault::invalidArgument, "rounds of the peak", job.numbers[0]);
      job.result = peakRate(pool, size(job, 0));
      break;
    default:
      fail(Fault::invalidArgument, "an unknown call", static_cast<double>(job.call));
  }
}

#define CHECKED(call)                                                  \
  do {                                                                 \
    if ((call) != napi_ok) {                                           \
      napi_throw_error(env, "invalidArgument", "Node-API: " #call);    \
      return nullptr;                                                  \
    }                                                                  \
  } while (0)

napi_value number(napi_env env, double value) {
  napi_value result = nullptr;
  napi_create_double(env, value, &result);
  return result;
}

napi_value text(napi_env env, const char* value) {
  napi_value result = nullptr;
  napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &result);
  return result;
}

/** On the event loop: done(fault | null, message, value, result) or progress(examples). */
void deliver(napi_env env, napi_value, void* context, void* data) {
  std::unique_ptr<Message> message(static_cast<Message*>(data));
  if (env == nullptr) return;
  auto* engine = static_cast<Engine*>(context);
  Job& job = *message->job;
  napi_value receiver = nullptr, function = nullptr;
  napi_get_undefined(env, &receiver);
  if (!message->finished) {
    if (job.progress == nullptr) return;
    napi_get_reference_value(env, job.progress, &function);
    napi_value argument = number(env, message->examples);
    napi_call_function(env, receiver, function, 1, &argument, nullptr);
    return;
  }
  napi_value arguments[4];
  if (job.failed) arguments[0] = text(env, faultNames[static_cast<int>(job.failure.fault)]);
  else napi_get_null(env, &arguments[0]);
  arguments[1] = text(env, job.failure.message.c_str());
  arguments[2] = number(env, job.failure.value);
  arguments[3] = number(env, job.result);
  napi_get_reference_value(env, job.done, &function);
  napi_delete_reference(env, job.done);
  napi_delete_reference(env, job.keep);
  if (job.progress != nullptr) napi_delete_reference(env, job.progress);
  job.progress = nullptr;
  // A closing that was cancelled has closed nothing.
  if (job.call == Call::close && !job.failed)
    if (Holder* closed = job.second ? job.second.get() : job.holder.get()) closed->keepGiven(env, nullptr);
  if (job.given != nullptr && !job.failed) job.second->keepGiven(env, std::exchange(job.given, nullptr));
  if (job.given != nullptr) napi_delete_reference(env, job.given);
  if (--engine->waiting == 0) napi_unref_threadsafe_function(env, engine->callbacks);
  napi_call_function(env, receiver, function, 4, arguments, nullptr);
  engine->releaseWhenDone();
}

template <class T>
napi_value handleOf(napi_env env, std::shared_ptr<T> kept, napi_finalize finalize) {
  napi_value result = nullptr;
  auto* handle = new Handle<T>{markOf<T>, std::move(kept)};
  if (napi_create_external(env, handle, finalize, nullptr, &result) == napi_ok) return result;
  delete handle;
  napi_throw_error(env, "outOfMemory", "a handle");
  return nullptr;
}

template <class T>
void forgetHandle(napi_env, void* data, void*) {
  delete static_cast<Handle<T>*>(data);
}

/** No job of it is left: each keeps the handle. */
void forgetHolder(napi_env env, void* data, void* hint) {
  static_cast<Handle<Holder>*>(data)->kept->keepGiven(env, nullptr);
  forgetHandle<Holder>(env, data, hint);
}

/** What a handle of this kind holds; nothing for any other value. */
template <class T>
std::shared_ptr<T> heldBy(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  void* data = nullptr;
  if (napi_typeof(env, value, &type) != napi_ok || type != napi_external) return nullptr;
  if (napi_get_value_external(env, value, &data) != napi_ok || data == nullptr) return nullptr;
  auto* handle = static_cast<Handle<T>*>(data);
  return handle->mark == markOf<T> ? handle->kept : nullptr;
}

void stopAtExit(void* data) { static_cast<Engine*>(data)->stop(); }

napi_value openEngine(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value argument = nullptr;
  CHECKED(napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr));
  std::int32_t threads = 1;
  CHECKED(napi_get_value_int32(env, argument, &threads));
  try {
    auto engine = std::make_shared<Engine>(std::clamp(threads, 1, 1024));
    auto* kept = new std::shared_ptr<Engine>(engine);
    const auto forget = [](napi_env inner, void* data, void*) {
      auto* own = static_cast<std::shared_ptr<Engine>*>(data);
      napi_remove_env_cleanup_hook(inner, stopAtExit, own->get());
      delete own;
    };
    CHECKED(napi_create_threadsafe_function(env, nullptr, nullptr, text(env, "jacoflow"), 0, 1, kept, forget, engine.get(), deliver,
                                            &engine->callbacks));
    napi_unref_threadsafe_function(env, engine->callbacks);
    Engine* driven = engine.get();
    engine->driver = std::thread([driven] { driven->drive(); });
    napi_add_env_cleanup_hook(env, stopAtExit, engine.get());
    return handleOf<Engine>(env, engine, [](napi_env, void* data, void*) {
      auto* own = static_cast<Handle<Engine>*>(data);
      own->kept->closing = true;
      own->kept->cancelAll();
      own->kept->releaseWhenDone();
      delete own;
    });
  } catch (const std::exception& error) {
    napi_throw_error(env, "outOfMemory", error.what());
    return nullptr;
  }
}

napi_value closeEngine(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value argument = nullptr;
  CHECKED(napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr));
  const auto engine = heldBy<Engine>(env, argument);
  if (engine != nullptr && !engine->closing) {
    // Running jobs end as cancelled; their answers are still delivered, then the function goes.
    engine->closing = true;
    engine->cancelAll();
    engine->releaseWhenDone();
  }
  return nullptr;
}

bool readArray(napi_env env, napi_value value, Array& array) {
  std::size_t length = 0, offset = 0;
  napi_value buffer = nullptr;
  bool is = false;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return false;
  if (napi_get_typedarray_info(env, value, &array.type, &length, &array.data, &buffer, &offset) != napi_ok) return false;
  array.length = static_cast<Index>(length);
  // Memory that JavaScript may take back while a job writes to it.
  napi_value resizable = nullptr;
  bool mayShrink = false;
  if (napi_get_named_property(env, buffer, "resizable", &resizable) == napi_ok) napi_get_value_bool(env, resizable, &mayShrink);
  return !mayShrink;
}

/** openModel(engine, codes, numbers) → model */
napi_value openModel(napi_env env, napi_callback_info info) {
  std::size_t count = 3;
  napi_value arguments[3];
  CHECKED(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr));
  const auto engine = heldBy<Engine>(env, arguments[0]);
  Array codes{}, numbers{};
  if (engine == nullptr || !readArray(env, arguments[1], codes) || !readArray(env, arguments[2], numbers) ||
      codes.type != napi_int32_array || numbers.type != napi_float64_array) {
    napi_throw_error(env, "invalidArgument", "openModel(engine, Int32Array, Float64Array)");
    return nullptr;
  }
  try {
    auto holder = std::make_shared<Holder>();
    holder->engine = engine;
    holder->model = std::make_shared<Model>(static_cast<std::int32_t*>(codes.data), codes.length, static_cast<double*>(numbers.data),
                                            numbers.length, engine->pool);
    return handleOf<Holder>(env, std::move(holder), forgetHolder);
  } catch (const Failure& failure) {
    napi_throw_error(env, faultNames[static_cast<int>(failure.fault)], failure.message.c_str());
  } catch (const std::exception& error) {
    napi_throw_error(env, "outOfMemory", error.what());
  }
  return nullptr;
}

/** openHolder() → an empty place for a training */
napi_value openHolder(napi_env env, napi_callback_info) {
  return handleOf<Holder>(env, std::make_shared<Holder>(), forgetHolder);
}

/** submit(engine, call, model, training, arrays, numbers, done, progress) → job */
napi_value submit(napi_env env, napi_callback_info info) {
  std::size_t count = 8;
  napi_value arguments[8];
  CHECKED(napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr));
  const auto kept = heldBy<Engine>(env, arguments[0]);
  Engine* engine = kept.get();
  if (engine == nullptr || engine->closing || count < 8) {
    napi_throw_error(env, "closed", "the engine is closed");
    return nullptr;
  }
  auto job = std::make_shared<Job>();
  std::int32_t call = 0;
  CHECKED(napi_get_value_int32(env, arguments[1], &call));
  job->call = static_cast<Call>(call);
  job->holder = heldBy<Holder>(env, arguments[2]);
  job->second = heldBy<Holder>(env, arguments[3]);
  for (const auto& holder : {job->holder, job->second}) {
    if (!holder) continue;
    // A place is its first caller's from here on: two engines would open it on two threads.
    if (!holder->engine) holder->engine = kept;
    if (holder->engine == kept) continue;
    napi_throw_error(env, "invalidArgument", "a model or training of another engine");
    return nullptr;
  }
  napi_valuetype type = napi_undefined;
  CHECKED(napi_typeof(env, arguments[6], &type));
  if (type != napi_function) {
    napi_throw_error(env, "invalidArgument", "submit wants a function to answer to");
    return nullptr;
  }
  // An array of our own: the caller may take out of theirs what a job still writes to.
  napi_value arrays = nullptr, held = nullptr;
  CHECKED(napi_create_array(env, &arrays));
  std::uint32_t length = 0;
  CHECKED(napi_get_array_length(env, arguments[4], &length));
  for (std::uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    CHECKED(napi_get_element(env, arguments[4], i, &element));
    Array array{};
    if (!readArray(env, element, array)) {
      napi_throw_error(env, "invalidArgument", "submit wants typed arrays of memory that keeps its size");
      return nullptr;
    }
    CHECKED(napi_set_element(env, arrays, i, element));
    job->arrays.push_back(array);
  }
  CHECKED(napi_get_array_length(env, arguments[5], &length));
  for (std::uint32_t i = 0; i < length; ++i) {
    napi_value element = nullptr;
    double value = 0;
    CHECKED(napi_get_element(env, arguments[5], i, &element));
    CHECKED(napi_get_value_double(env, element, &value));
    job->numbers.push_back(value);
  }
  if (job->call == Call::trainOpen && job->second) CHECKED(napi_create_reference(env, arrays, 1, &job->given));
  CHECKED(napi_create_array(env, &held));
  CHECKED(napi_set_element(env, held, 0, arrays));
  CHECKED(napi_set_element(env, held, 1, arguments[2]));
  CHECKED(napi_set_element(env, held, 2, arguments[3]));
  CHECKED(napi_create_reference(env, held, 1, &job->keep));
  CHECKED(napi_create_reference(env, arguments[6], 1, &job->done));
  CHECKED(napi_typeof(env, arguments[7], &type));
  if (type == napi_function) {
    CHECKED(napi_create_reference(env, arguments[7], 1, &job->progress));
    std::weak_ptr<Job> weak = job;
    auto last = std::make_shared<std::atomic<std::int64_t>>(0);
    job->control.progress = [engine, weak, last](Index done) {
      // A message for each example would flood the loop; one in 20 ms tells as much.
      const std::int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
      std::int64_t before = last->load();
      if (now - before < 20 || !last->compare_exchange_strong(before, now)) return;
      if (auto alive = weak.lock()) engine->send({alive, false, static_cast<double>(done)});
    };
  }
  if (engine->waiting++ == 0) napi_ref_threadsafe_function(env, engine->callbacks);
  {
    std::lock_guard lock(engine->mutex);
    engine->queue.push_back(job);
  }
  engine->wake.notify_one();
  return handleOf<Job>(env, job, forgetHandle<Job>);
}

napi_value cancel(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value argument = nullptr;
  CHECKED(napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr));
  const auto job = heldBy<Job>(env, argument);
  if (job == nullptr) napi_throw_error(env, "invalidArgument", "cancel wants a job");
  else job->control.cancelled = true;
  return nullptr;
}

napi_value initialize(napi_env env, napi_value exports) {
  const struct {
    const char* name;
    napi_callback function;
  } functions[] = {{"openEngine", openEngine}, {"closeEngine", closeEngine}, {"openModel", openModel},
                   {"openHolder", openHolder}, {"submit", submit},           {"cancel", cancel}};
  for (const auto& entry : functions) {
    napi_value function = nullptr;
    CHECKED(napi_create_function(env, entry.name, NAPI_AUTO_LENGTH, entry.function, nullptr, &function));
    CHECKED(napi_set_named_property(env, exports, entry.name, function));
  }
  CHECKED(napi_set_named_property(env, exports, "instructions", text(env, JACOFLOW_INSTRUCTIONS)));
  napi_value supported = nullptr;
  CHECKED(napi_create_array(env, &supported));
  std::uint32_t at = 0;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw"))
    CHECKED(napi_set_element(env, supported, at++, text(env, "avx512")));
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) CHECKED(napi_set_element(env, supported, at++, text(env, "avx2")));
#endif
  CHECKED(napi_set_element(env, supported, at++, text(env, "baseline")));
  CHECKED(napi_set_named_property(env, exports, "supported", supported));
  return exports;
}

}  // namespace

NAPI_MODULE(jacoflow, initialize)
