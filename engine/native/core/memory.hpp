// Aligned buffers that only grow, and the one exception the core throws.
#pragma once
#include <cstdlib>
#include <new>
#include <string>
#include <utility>

#include "vector.hpp"
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace jacoflow {

enum class Fault { cancelled, invalidPlan, invalidArgument, outOfMemory, notFinite, notConverged };

struct Failure {
  Fault fault;
  std::string message;
  /** Element that is at fault, or bytes asked for; −1 when neither. */
  double value = -1;
};

[[noreturn]] inline void fail(Fault fault, std::string message, double value = -1) {
  throw Failure{fault, std::move(message), value};
}

/** a·b, or a failure when it cannot be a size in memory. */
inline Index checkedProduct(Index a, Index b) {
  Index result = 0;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &result) || result > (Index(1) << 46)) {
    fail(Fault::outOfMemory, "a size overflows", static_cast<double>(a) * static_cast<double>(b));
  }
  return result;
}

/** Asks for large pages under memory of the caller's that is about to be written: first touches cost a fifth. */
inline void preferLargePages([[maybe_unused]] void* memory, [[maybe_unused]] Index bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t page = std::uintptr_t(1) << 21;
  const std::uintptr_t first = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(memory) + static_cast<std::uintptr_t>(bytes)) / page * page;
  if (end > first) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#endif
}

/** Zeroed when it grows; the elements of the last use stay when it does not. */
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { std::free(data_); }

  T* reserve(Index count) {
    if (count <= size_) return data_;
    const Index bytes = checkedProduct(count, static_cast<Index>(sizeof(T)));
    const bool large = bytes >= (Index(1) << 22);
    const Index alignment = large ? Index(1) << 21 : 64;
    std::free(data_);
    data_ = nullptr;
    size_ = 0;
    const Index rounded = roundUp(bytes, alignment);
    void* memory = std::aligned_alloc(static_cast<std::size_t>(alignment), static_cast<std::size_t>(rounded));
    if (memory == nullptr) fail(Fault::outOfMemory, "memory for a work buffer", static_cast<double>(bytes));
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (large) madvise(memory, static_cast<std::size_t>(rounded), MADV_HUGEPAGE);
#endif
    std::memset(memory, 0, static_cast<std::size_t>(rounded));
    data_ = static_cast<T*>(memory);
    size_ = count;
    return data_;
  }
  void release() {
    std::free(data_);
    data_ = nullptr;
    size_ = 0;
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  Index size() const { return size_; }
  T& operator[](Index i) { return data_[i]; }
  const T& operator[](Index i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  Index size_ = 0;
};

}  // namespace jacoflow
