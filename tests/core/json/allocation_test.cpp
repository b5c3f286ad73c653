// Counts what the library takes from the heap.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "core/counting_allocator.hpp"
#include "costmark/json.hpp"
#include "json/reader.hpp"

namespace costmark::json {
namespace {

using testing::allocations;

constexpr std::array<std::string_view, 4> paths{"project_id", "stream_options.include_usage",
                                                "model", "metadata.a\\.name\xC3\xA9"};

std::string chat_body(std::size_t messages) {
  std::string body = R"({"model":"openai.gpt-oss-120b","messages":[)";
  for (std::size_t i = 0; i < messages; ++i) {
    if (i > 0) body += ',';
    body += R"({"role":"user","content":"What does a \"structural\" character cost?"})";
  }
  return body + R"(],"stream":true,"project_id":"x","project_id":"y"})";
}

void edit(Document& document, std::string_view body) {
  ASSERT_TRUE(document.open(body, paths));
  ASSERT_TRUE(document.set(0, R"("proj_0123456789abcdef0123")"));
  ASSERT_TRUE(document.set(1, "true"));
  ASSERT_TRUE(document.set(3, R"({"k":[1,2,3]})"));
  ASSERT_TRUE(document.finish());
}

TEST(Allocation, CountsWhatTheLibraryTakes) {
  const std::size_t before = allocations();
  Document document;
  edit(document, chat_body(10));
  EXPECT_GT(allocations(), before + 4) << "the replaced allocator is not in use";
}

TEST(Allocation, SteadyStateTakesNothing) {
  const std::string large = chat_body(20'000);
  const std::string small = chat_body(100);
  Document document;
  edit(document, large);
  const std::size_t before = allocations();
  for (int i = 0; i < 20; ++i) edit(document, i % 2 == 0 ? large : small);
  EXPECT_EQ(allocations(), before);
}

TEST(Allocation, StrictModeTakesNothingInTheSteadyState) {
  const std::string body = chat_body(100);
  Document document;
  const auto remove_strictly = [&] {
    ASSERT_TRUE(document.open(body, paths, Mode::strict));
    ASSERT_TRUE(document.remove(0));
    ASSERT_TRUE(document.finish());
  };
  remove_strictly();
  const std::size_t before = allocations();
  remove_strictly();
  EXPECT_EQ(allocations(), before);
}

TEST(Allocation, RoomForLargeValuesIsLearned) {
  const std::string body = chat_body(100);
  const std::string value = '"' + std::string(100'000, 'x') + '"';
  Document document;
  const auto set_large = [&] {
    ASSERT_TRUE(document.open(body, paths));
    ASSERT_TRUE(document.set(0, value));
    ASSERT_TRUE(document.finish());
  };
  set_large();
  set_large();
  const std::size_t before = allocations();
  set_large();
  EXPECT_EQ(allocations(), before);
}

TEST(Allocation, ReaderTakesNothingInTheSteadyState) {
  const std::string body = chat_body(100);
  Reader reader;
  std::string model;
  ASSERT_TRUE(reader.open(body, paths));
  ASSERT_TRUE(reader.string(2, model));
  const std::size_t before = allocations();
  ASSERT_TRUE(reader.open(body, paths));
  ASSERT_TRUE(reader.string(2, model));
  EXPECT_EQ(allocations(), before);
  EXPECT_EQ(model, "openai.gpt-oss-120b");
}

}  // namespace
}  // namespace costmark::json
