#include "allocations.hpp"

#include <malloc.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

thread_local bool armed = false;
thread_local bool fail_all_after = false;
thread_local std::size_t fail_at = 0;
thread_local allocations::Counts counts = {};
thread_local std::ptrdiff_t held = 0;

// What was taken before `begin` may be given back after it.
void hold(std::ptrdiff_t bytes) noexcept {
  if (armed) held += bytes;
}

bool fails() noexcept {
  if (!armed) return false;
  ++counts.all;
  return fail_at != 0 && (counts.all == fail_at || (fail_all_after && counts.all > fail_at));
}

}  // namespace

namespace allocations {

void begin(std::size_t n, bool all_after) noexcept {
  fail_at = n;
  fail_all_after = all_after;
  counts = {};
  held = 0;
  armed = true;
}

Counts end() noexcept {
  armed = false;
  counts.held = held < 0 ? 0 : static_cast<std::size_t>(held);
  return counts;
}

}  // namespace allocations

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

// The sanitizer has malloc; C++'s own allocation is on top of it.
static void* allocate(std::size_t size) {
  return fails() ? nullptr : std::malloc(size);
}

#else

static void* allocate(std::size_t size) {
  return std::malloc(size);
}

// glibc lets a program bring its own malloc, for OpenSSL and simdjson too; these are glibc's under
// it.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t number, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void __libc_free(void* memory);

static void* taken(void* memory) {
  if (memory != nullptr) hold(static_cast<std::ptrdiff_t>(malloc_usable_size(memory)));
  return memory;
}

static void given_back(void* memory) {
  if (memory != nullptr) hold(-static_cast<std::ptrdiff_t>(malloc_usable_size(memory)));
}

static void* none_left() {
  errno = ENOMEM;
  return nullptr;
}

void* malloc(std::size_t size) {
  return fails() ? none_left() : taken(__libc_malloc(size));
}

void* calloc(std::size_t number, std::size_t size) {
  return fails() ? none_left() : taken(__libc_calloc(number, size));
}

void* realloc(void* memory, std::size_t size) {
  if (fails()) return none_left();
  given_back(memory);
  return taken(__libc_realloc(memory, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return fails() ? none_left() : taken(__libc_memalign(alignment, size));
}

int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  if (fails()) return ENOMEM;
  *out = taken(__libc_memalign(alignment, size));
  return *out == nullptr ? ENOMEM : 0;
}

void free(void* memory) {
  given_back(memory);
  __libc_free(memory);
}
}

#endif

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  if (armed) ++counts.cxx;
  return allocate(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
  void* memory = operator new(size, std::nothrow);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new[](std::size_t size) {
  return operator new(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
