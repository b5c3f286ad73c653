// simdjson picks its code by processor: results may not depend on which one it picks here.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/json.hpp"
#include "random_json.hpp"
#include "rounds.hpp"

namespace costmark::json {
namespace {

class Implementations : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const simdjson::implementation* each : simdjson::get_available_implementations()) {
      if (each->supported_by_runtime_system()) all_.push_back(each);
    }
    ASSERT_FALSE(all_.empty());
  }

  void TearDown() override { simdjson::get_active_implementation() = chosen_; }

  // A Document keeps the code that was active when it first opened a text.
  Result<std::string> edited(const simdjson::implementation* by, std::string_view text) {
    static constexpr std::array<std::string_view, 2> paths{"a", "b.project_id"};
    simdjson::get_active_implementation() = by;
    Document document;
    if (Status status = document.open(text, paths); !status) return status;
    if (Status status = document.remove(0); !status) return status;
    if (Status status = document.set(1, "\"p\""); !status) return status;
    const Result<std::string_view> result = document.finish();
    if (!result) return result.error();
    return std::string(result.value());
  }

  const simdjson::implementation* chosen_ = simdjson::get_active_implementation();
  std::vector<const simdjson::implementation*> all_;
};

TEST_F(Implementations, EditValidTextsAlike) {
  RandomJson random(5);
  for (int round = 0; round < tests::rounds(3'000); ++round) {
    const std::string text = random.object();
    const Result<std::string> expected = edited(all_.front(), text);
    for (const auto* each : all_) {
      const Result<std::string> actual = edited(each, text);
      ASSERT_EQ(actual.ok(), expected.ok()) << each->name() << ": " << text;
      if (actual) {
        ASSERT_EQ(actual.value(), expected.value()) << each->name();
      } else {
        ASSERT_EQ(actual.error().message, expected.error().message) << each->name();
      }
    }
  }
}

TEST_F(Implementations, RepairNoInvalidText) {
  static constexpr std::string_view bytes = "{}[],:\"\\ \n0a-\x80\xEF\x0C\x1A";
  RandomJson random(6);
  for (int round = 0; round < tests::rounds(5'000); ++round) {
    std::string text = random.object();
    text.insert(random.below(text.size()), 1, bytes[random.below(bytes.size())]);
    text.erase(random.below(text.size()), random.below(2));
    if (validate(text)) continue;
    for (const auto* each : all_) {
      const Result<std::string> actual = edited(each, text);
      ASSERT_FALSE(actual && validate(actual.value())) << each->name() << ": " << text;
      ASSERT_TRUE(actual || actual.error().code != Code::internal) << each->name() << ": " << text;
    }
  }
}

}  // namespace
}  // namespace costmark::json
