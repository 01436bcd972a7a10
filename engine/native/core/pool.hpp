// Threads that take tasks from a counter. Which thread does a task never shows in a result: tasks write apart
// and are summed in their own order.
#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "memory.hpp"
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace jacoflow {

/** Denormals cost a hundred cycles each and say nothing: flush them in the calling thread. */
inline void flushDenormals() {
#if defined(__SSE__)
  _mm_setcsr(_mm_getcsr() | 0x8040);
#elif defined(__aarch64__)
  std::uint64_t control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" ::"r"(control | (std::uint64_t(1) << 24)));
#endif
}

class Pool {
 public:
  explicit Pool(int threads) : threads_(threads) {
    for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
  }
  ~Pool() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_) worker.join();
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return threads_; }

  /** body(task, thread) for every task; the caller is thread 0. The first exception is thrown again here. */
  void each(Index tasks, const std::function<void(Index, int)>& body) {
    if (tasks <= 0) return;
    if (threads_ == 1 || tasks == 1) {
      for (Index i = 0; i < tasks; ++i) body(i, 0);
      return;
    }
    {
      std::lock_guard lock(mutex_);
      body_ = &body;
      tasks_ = tasks;
      next_.store(0, std::memory_order_relaxed);
      running_ = threads_ - 1;
      error_ = nullptr;
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    drain(0);
    for (int spin = 0; spin < spins && running_.load(std::memory_order_acquire) != 0; ++spin) pause();
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return running_.load() == 0; });
    body_ = nullptr;
    if (error_) std::rethrow_exception(error_);
  }

 private:
  static constexpr int spins = 2000;

  static void pause() {
#if defined(__SSE__)
    _mm_pause();
#endif
  }

  void drain(int thread) {
    try {
      for (Index i = next_.fetch_add(1); i < tasks_; i = next_.fetch_add(1)) (*body_)(i, thread);
    } catch (...) {
      next_.store(tasks_);
      std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }

  void work(int thread) {
    flushDenormals();
    std::uint64_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < spins && generation_.load(std::memory_order_acquire) == seen; ++spin) pause();
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return stopping_ || generation_.load() != seen; });
        if (stopping_) return;
        seen = generation_.load();
      }
      drain(thread);
      std::lock_guard lock(mutex_);
      if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) done_.notify_all();
    }
  }

  const int threads_;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<int> running_{0};
  std::atomic<Index> next_{0};
  Index tasks_ = 0;
  const std::function<void(Index, int)>* body_ = nullptr;
  std::exception_ptr error_;
  bool stopping_ = false;
};

/** What a caller holds of a running job: it may stop it and hear how far it is. */
struct Control {
  std::atomic<bool> cancelled{false};
  std::atomic<Index> examplesDone{0};
  std::function<void(Index)> progress;

  void check() const {
    if (cancelled.load(std::memory_order_relaxed)) fail(Fault::cancelled, "cancelled");
  }
  void advance(Index examples) {
    const Index done = examplesDone.fetch_add(examples) + examples;
    if (progress) progress(done);
  }
};

}  // namespace jacoflow
