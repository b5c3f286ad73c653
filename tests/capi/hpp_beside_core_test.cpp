// costmark.hpp in a program that has the C++ library itself, linked into it: two costmark::Client
// that know nothing of each other.
#include <costmark/costmark.hpp>

#include <costmark/client.hpp>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace {

static_assert(!std::is_same_v<costmark::Client, costmark::sdk::Client>);
static_assert(!std::is_same_v<costmark::Operation, costmark::sdk::Operation>);

TEST(HppBesideCore, EachHasItsOwnClient) {
  costmark::Prepared core_prepared;
  const costmark::sdk::Client client(
      costmark::sdk::Config{{"project", "proj_abc123"},
                            {"region", "us-east-1"},
                            {"access_key_id", "AKIDEXAMPLE"},
                            {"secret_access_key", "not-a-real-secret"}});
  costmark::sdk::Request request;
  request.url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
  request.body = R"({"model":"openai.gpt-oss-20b","messages":[]})";
  costmark::sdk::Operation call(client);
  call.begin(request);
  EXPECT_EQ(call.prepare().project, "proj_abc123");
  EXPECT_THROW(costmark::sdk::json_set("", "a", "1"), costmark::sdk::Error);
  const costmark::Error error(costmark::Code::invalid_json, "the other Error");
  EXPECT_EQ(error.message, "the other Error");
}

}  // namespace
