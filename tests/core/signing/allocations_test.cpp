// In the steady state signing allocates nothing: counted with a replaced operator new. What OpenSSL
// allocates inside is its own affair (3.0 takes a few blocks for every digest); it is only held
// against a bound here, so that nobody fetches or builds contexts per request.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "costmark/signing.hpp"

namespace {

std::atomic<long> allocations{0};
std::atomic<long> openssl_allocations{0};

void* openssl_allocate(std::size_t size, const char*, int) {
  ++openssl_allocations;
  return std::malloc(size);
}

void* openssl_reallocate(void* block, std::size_t size, const char*, int) {
  ++openssl_allocations;
  return std::realloc(block, size);
}

void openssl_release(void* block, const char*, int) {
  std::free(block);
}

// Before anything else calls OpenSSL; later it would be refused.
const bool openssl_counted =
    CRYPTO_set_mem_functions(openssl_allocate, openssl_reallocate, openssl_release) == 1;

}  // namespace

// Not inlined: GCC takes malloc and operator delete for a mismatched pair otherwise.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* block = std::malloc(size)) return block;
  throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* block) noexcept {
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t) noexcept {
  std::free(block);
}

namespace costmark::signing {
namespace {

struct Counts {
  long ours;
  long openssl;
};

template <class Work>
Counts count(Work work) {
  const Counts before{allocations, openssl_allocations};
  work();
  return {allocations - before.ours, openssl_allocations - before.openssl};
}

class Allocations : public testing::Test {
 protected:
  void sign() {
    const Header headers[] = {
        {"content-type", "application/json"}, {"openai-project", "proj_1"}, {"x-folded", "a   b"}};
    const std::string_view url =
        "https://bedrock-mantle.us-east-1.api.aws/openai/v1/../v1/responses?b=%C3%BC&a=1";
    const auto status = signer_.sign_url({"POST", url, headers, body_}, *credentials_,
                                         {"us-east-1", "bedrock-mantle"}, now_++, {}, signature_);
    if (!status) std::abort();
  }

  Signer signer_;
  Signature signature_;
  std::string body_ = std::string(2000, 'x');
  CredentialsPtr credentials_ =
      Credentials::create({"AKIDEXAMPLE", "secret", std::string(1000, 't'), {}, "", ""}).value();
  UnixSeconds now_ = 1735787045;
};

TEST_F(Allocations, NoneOnceTheBuffersHaveGrown) {
  EXPECT_GT(count([&] { sign(); }).ours, 0);  // the counter counts
  const auto steady = count([&] {
    for (int i = 0; i < 100; ++i) sign();
  });
  EXPECT_EQ(steady.ours, 0);
  ASSERT_TRUE(openssl_counted);
  EXPECT_LE(steady.openssl, 100 * 8);
}

}  // namespace
}  // namespace costmark::signing
