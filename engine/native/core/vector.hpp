// Vector types of the widest registers this translation unit may use. One library is built per instruction set,
// so nothing here is shared between sets and the choice is made when a library is loaded.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define JACOFLOW_VECTOR_BYTES 64
#define JACOFLOW_REGISTERS 32
#define JACOFLOW_INSTRUCTIONS "avx512"
#elif defined(__AVX2__) && defined(__FMA__)
#define JACOFLOW_VECTOR_BYTES 32
#define JACOFLOW_REGISTERS 16
#define JACOFLOW_INSTRUCTIONS "avx2"
#elif defined(__aarch64__)
#define JACOFLOW_VECTOR_BYTES 16
#define JACOFLOW_REGISTERS 32
#define JACOFLOW_INSTRUCTIONS "neon"
#else
#define JACOFLOW_VECTOR_BYTES 16
#define JACOFLOW_REGISTERS 16
#define JACOFLOW_INSTRUCTIONS "baseline"
#endif

namespace jacoflow {

using Index = std::ptrdiff_t;

template <class T>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(JACOFLOW_VECTOR_BYTES)));
  typedef float loose __attribute__((vector_size(JACOFLOW_VECTOR_BYTES), aligned(4), may_alias));
  typedef std::int32_t mask __attribute__((vector_size(JACOFLOW_VECTOR_BYTES)));
  typedef std::int32_t looseMask __attribute__((vector_size(JACOFLOW_VECTOR_BYTES), aligned(4), may_alias));
  using integer = std::int32_t;
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(JACOFLOW_VECTOR_BYTES)));
  typedef double loose __attribute__((vector_size(JACOFLOW_VECTOR_BYTES), aligned(8), may_alias));
  typedef std::int64_t mask __attribute__((vector_size(JACOFLOW_VECTOR_BYTES)));
  typedef std::int64_t looseMask __attribute__((vector_size(JACOFLOW_VECTOR_BYTES), aligned(8), may_alias));
  using integer = std::int64_t;
};

template <class T>
using Vector = typename VectorOf<T>::type;
template <class T>
using Mask = typename VectorOf<T>::mask;
template <class T>
inline constexpr int lanes = JACOFLOW_VECTOR_BYTES / static_cast<int>(sizeof(T));

template <class T>
inline Vector<T> load(const T* from) {
  return *reinterpret_cast<const typename VectorOf<T>::loose*>(from);
}
template <class T>
inline void store(T* to, Vector<T> value) {
  *reinterpret_cast<typename VectorOf<T>::loose*>(to) = value;
}
/**
 * Stores past the caches where the processor can, to an address that is a multiple of a vector's size: for memory that is
 * read again only when the caches were filled many times over. Other threads see it after `streamFence`.
 */
template <class T>
inline void stream(T* to, Vector<T> value) {
#if defined(__AVX512F__)
  _mm512_stream_si512(reinterpret_cast<__m512i*>(to), reinterpret_cast<__m512i>(value));
#elif defined(__AVX2__)
  _mm256_stream_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(value));
#elif defined(__SSE2__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(to), reinterpret_cast<__m128i>(value));
#else
  store(to, value);
#endif
}
inline void streamFence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}
template <class T>
inline Vector<T> broadcast(T value) {
  return value - Vector<T>{};
}
template <class T>
inline Vector<T> positivePart(Vector<T> value) {
  return value > Vector<T>{} ? value : Vector<T>{};
}

/** Whether a kernel writes over its target or adds to it. */
enum class Store { replace, add };

inline constexpr Index roundUp(Index value, Index multiple) { return (value + multiple - 1) / multiple * multiple; }
inline constexpr Index divideUp(Index value, Index divisor) { return (value + divisor - 1) / divisor; }

}  // namespace jacoflow
