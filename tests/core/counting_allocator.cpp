#include "counting_allocator.hpp"

#include <openssl/crypto.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> taken{0};
std::atomic<std::size_t> taken_by_openssl{0};

void count() noexcept {
  taken.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

static void* take_uncounted(std::size_t size) {
  return std::malloc(size);
}
static void* take_again_uncounted(void* block, std::size_t size) {
  return std::realloc(block, size);
}

// Not inlined: GCC takes malloc and operator delete for a mismatched pair otherwise.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  count();
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* block = operator new(size, std::nothrow)) return block;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) {
  return operator new(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
[[gnu::noinline]] void operator delete(void* block) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}
void operator delete[](void* block) noexcept {
  operator delete(block);
}
void operator delete[](void* block, std::size_t) noexcept {
  operator delete(block);
}

#else

// glibc lets a program bring its own malloc; these are glibc's under it.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t number, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  count();
  return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) {
  count();
  return __libc_calloc(number, size);
}
void* realloc(void* block, std::size_t size) {
  count();
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  count();
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
}

static void* take_uncounted(std::size_t size) {
  return __libc_malloc(size);
}
static void* take_again_uncounted(void* block, std::size_t size) {
  return __libc_realloc(block, size);
}

#endif

namespace {

// Before main, because OpenSSL takes an allocator only until it first uses one.
const bool counted_apart = CRYPTO_set_mem_functions(
                               [](std::size_t size, const char*, int) {
                                 taken_by_openssl.fetch_add(1, std::memory_order_relaxed);
                                 return take_uncounted(size);
                               },
                               [](void* block, std::size_t size, const char*, int) {
                                 taken_by_openssl.fetch_add(1, std::memory_order_relaxed);
                                 return take_again_uncounted(block, size);
                               },
                               [](void* block, const char*, int) { std::free(block); }) == 1;

}  // namespace

namespace costmark::testing {

std::size_t allocations() noexcept {
  return taken.load(std::memory_order_relaxed);
}
std::size_t openssl_allocations() noexcept {
  return taken_by_openssl.load(std::memory_order_relaxed);
}
bool openssl_is_counted_apart() noexcept {
  return counted_apart;
}

}  // namespace costmark::testing
