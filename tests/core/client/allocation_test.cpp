// `prepare` allocates nothing once its output object has seen a request of the same size.
//
// OpenSSL is counted apart: 3.0 allocates a small context whenever a digest is begun, which nothing
// that goes through its EVP interface can avoid (later versions keep it).
#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "core/client/client_fixture.hpp"

namespace {

std::atomic<std::size_t> allocations{0};
std::atomic<std::size_t> openssl_allocations{0};

// Body, canonical request, and the two halves of an HMAC.
constexpr std::size_t digests_per_prepare = 4;

}  // namespace

// malloc itself is counted, so that what simdjson and the standard library take is seen as well.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  *out = __libc_memalign(alignment, size);
  return *out == nullptr ? 12 : 0;
}
}

namespace {

// Before main, because OpenSSL takes an allocator only until it first uses one.
const bool openssl_is_counted_apart =
    CRYPTO_set_mem_functions(
        [](std::size_t size, const char*, int) {
          openssl_allocations.fetch_add(1, std::memory_order_relaxed);
          return __libc_malloc(size);
        },
        [](void* block, std::size_t size, const char*, int) {
          openssl_allocations.fetch_add(1, std::memory_order_relaxed);
          return __libc_realloc(block, size);
        },
        [](void* block, const char*, int) { std::free(block); }) == 1;

}  // namespace

namespace costmark::testing {
namespace {

constexpr int prepares = 100;

std::size_t allocations_of_prepare(const OptionValues& options, const Post& post) {
  const auto client = client_of(options);
  Prepared prepared;
  const Request request = post.request();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client->prepare(request, prepared).ok());
  const std::size_t before = allocations.load();
  const std::size_t openssl_before = openssl_allocations.load();
  for (int i = 0; i < prepares; ++i) {
    if (!client->prepare(request, prepared).ok()) return static_cast<std::size_t>(-1);
  }
  EXPECT_LE(openssl_allocations.load() - openssl_before, prepares * digests_per_prepare);
  return allocations.load() - before;
}

std::string chat_body(std::size_t size) {
  std::string body = R"({"model":"openai.gpt-oss-120b","stream":true,"messages":[)";
  while (body.size() < size) body += R"({"role":"user","content":"What \"is\" the time?"},)";
  body.back() = ']';
  return body + "}";
}

TEST(Allocations, TheCounterCounts) {
  ASSERT_TRUE(openssl_is_counted_apart);
  const std::size_t before = allocations.load();
  std::free(std::malloc(100));
  std::string* volatile text = new std::string(100, 'x');
  delete text;
  EXPECT_GE(allocations.load() - before, 3U);
}

TEST(Allocations, NoneWithTheBodyCarrierAndASignature) {
  const OptionValues options =
      with_keys({{"project", "proj_a"}, {"auth", "sigv4"}, {"carrier", "body"}});
  for (const std::size_t size : {100U, 10'000U, 1'000'000U}) {
    EXPECT_EQ(allocations_of_prepare(options, {std::string(mantle_chat), chat_body(size)}), 0U)
        << size;
  }
}

TEST(Allocations, NoneWithTheHeaderCarrierRulesAndAToken) {
  const OptionValues options{{"rules", "proj_a: model=openai.*"},
                             {"bearer_token", "a-token-that-is-longer-than-a-short-string"}};
  EXPECT_EQ(allocations_of_prepare(options, {std::string(mantle_chat), chat_body(10'000)}), 0U);
}

TEST(Allocations, NoneWithASessionToken) {
  OptionValues options = with_keys({{"project", "proj_a"}});
  options.emplace("session_token", std::string(900, 't'));
  EXPECT_EQ(allocations_of_prepare(options, {std::string(mantle_chat), chat_body(10'000)}), 0U);
}

}  // namespace
}  // namespace costmark::testing
