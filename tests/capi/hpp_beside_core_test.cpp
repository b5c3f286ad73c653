// costmark.hpp in a program that has the C++ library itself, linked into it: two costmark::Client
// that know nothing of each other.
#include <costmark/costmark.hpp>

#include <costmark/client.hpp>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

namespace {

static_assert(!std::is_same_v<costmark::Client, costmark::c::Client>);
static_assert(!std::is_same_v<costmark::Response, costmark::c::Response>);

TEST(HppBesideCore, EachHasItsOwnClient) {
  costmark::Prepared core_prepared;
  costmark::c::Prepared prepared;
  const costmark::c::Client client(costmark::c::Config{{"project", "proj_abc123"},
                                                       {"region", "us-east-1"},
                                                       {"access_key_id", "AKIDEXAMPLE"},
                                                       {"secret_access_key", "not-a-real-secret"}});
  costmark::c::Request request;
  request.url = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
  request.body = R"({"model":"openai.gpt-oss-20b","messages":[]})";
  client.prepare(request, prepared);
  EXPECT_EQ(prepared.project(), "proj_abc123");
  EXPECT_THROW(costmark::c::json_set("", "a", "1"), costmark::c::Error);
  const costmark::Error error(costmark::Code::invalid_json, "the other Error");
  EXPECT_EQ(error.message, "the other Error");
}

}  // namespace
