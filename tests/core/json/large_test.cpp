#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "costmark/json.hpp"

namespace costmark::json {
namespace {

constexpr std::size_t hundred_megabytes = 100'000'000;

std::string large_body() {
  constexpr std::string_view message =
      R"({"role":"user","content":"a message with \"quotes\", [brackets] and {braces}"},)";
  std::string body = R"({"model":"m","messages":[)";
  body.reserve(hundred_megabytes + 200);
  while (body.size() < hundred_megabytes) body += message;
  body.back() = ']';
  return body + R"(,"project_id":"old","stream":true})";
}

TEST(Large, HundredMegabytesAreEditedAndTheMemoryGivenBack) {
  const std::string body = large_body();
  const std::array<std::string_view, 2> paths{"project_id", "stream_options.include_usage"};
  Document document;
  ASSERT_TRUE(document.open(body, paths));
  EXPECT_EQ(document.raw(0), "\"old\"");
  ASSERT_TRUE(document.set(0, "\"a much longer project\""));
  ASSERT_TRUE(document.set(1, "true"));
  const Result<std::string_view> edited = document.finish();
  ASSERT_TRUE(edited);
  const std::string_view added = R"("stream_options":{"include_usage":true},)";
  const std::size_t value = body.find("\"old\"");
  const std::string_view text = edited.value();
  ASSERT_EQ(text.size(), body.size() + added.size() + 18);
  EXPECT_EQ(text.substr(1, added.size()), added);
  EXPECT_TRUE(text.substr(1 + added.size(), value - 1) ==
              std::string_view(body).substr(1, value - 1));
  EXPECT_TRUE(text.ends_with(R"("a much longer project","stream":true})"));
  EXPECT_GT(document.capacity(), hundred_megabytes);

  ASSERT_TRUE(document.open("{}", paths));
  EXPECT_LT(document.capacity(), 1U << 20U);
}

TEST(Large, AFaultAtTheVeryEndIsFound) {
  std::string body = large_body();
  body.back() = ']';
  const Result<std::string> edited = set(body, "project_id", "1");
  ASSERT_FALSE(edited);
  EXPECT_EQ(edited.error().offset, body.size() - 1);
}

// Members, nesting and strings of sizes that no limit but the depth may meet.
TEST(Large, ManyMembersAndLongNames) {
  std::string body = "{";
  for (int i = 0; i < 300'000; ++i) body += "\"k" + std::to_string(i) + "\":{},";
  body += '"' + std::string(1'000'000, 'n') + "\":0}";
  EXPECT_EQ(set(body, "k299999", "1").value().size(), body.size() - 1);
  EXPECT_EQ(remove(body, std::string(1'000'000, 'n')).value().back(), '}');
}

}  // namespace
}  // namespace costmark::json
