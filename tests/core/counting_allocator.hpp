// Counts what a test program takes from the heap, in the libraries that it links as well: a program
// that includes this links `counting_allocator`, which replaces the allocation functions.
#pragma once

#include <cstddef>

namespace costmark::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool malloc_is_counted = false;  // the sanitizer has replaced it
#else
inline constexpr bool malloc_is_counted = true;
#endif

// Blocks taken since the program began, by operator new and, where `malloc_is_counted`, by malloc
// and its kin. Without OpenSSL's.
std::size_t allocations() noexcept;

// Blocks that OpenSSL took. They are counted apart, because nothing that goes through its EVP
// interface can avoid them: 3.0 allocates a small context whenever a digest is begun.
std::size_t openssl_allocations() noexcept;

// Whether OpenSSL could be told apart; false when something called it before it was.
bool openssl_is_counted_apart() noexcept;

}  // namespace costmark::testing
