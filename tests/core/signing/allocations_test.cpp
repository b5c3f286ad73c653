// In the steady state signing allocates nothing. What OpenSSL allocates inside is its own affair;
// it is only held against a bound here, so that nobody fetches or builds contexts per request.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "core/counting_allocator.hpp"
#include "costmark/signing.hpp"

namespace costmark::signing {
namespace {

struct Counts {
  std::size_t ours;
  std::size_t openssl;
};

template <class Work>
Counts count(Work work) {
  const Counts before{testing::allocations(), testing::openssl_allocations()};
  work();
  return {testing::allocations() - before.ours, testing::openssl_allocations() - before.openssl};
}

class Allocations : public ::testing::Test {
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
  EXPECT_GT(count([&] { sign(); }).ours, 0U);  // the counter counts
  const auto steady = count([&] {
    for (int i = 0; i < 100; ++i) sign();
  });
  EXPECT_EQ(steady.ours, 0U);
  ASSERT_TRUE(testing::openssl_is_counted_apart());
  EXPECT_LE(steady.openssl, 100U * 8);
}

}  // namespace
}  // namespace costmark::signing
