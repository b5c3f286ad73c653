// Attempts summed up while their files are read, and rows that are like the ones before them.
#include "costmark/row_sums.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace costmark::testing {
namespace {

namespace fs = std::filesystem;

std::string row_of(std::string_view kind, std::int64_t seq, std::string_view op,
                   std::string_view more, std::string_view writer = "00112233aabbccdd") {
  return R"({"v":1,"kind":")" + std::string(kind) + R"(","writer":")" + std::string(writer) +
         R"(","seq":)" + std::to_string(seq) + R"(,"op":")" + std::string(op) +
         R"(","attempt":1,"start_us":5,"project":"p","project_source":"client","api":"other")" +
         std::string(more) + "}\n";
}

std::string ended(std::int64_t seq, std::string_view op, std::string_view more = {},
                  std::string_view writer = "00112233aabbccdd") {
  return row_of("attempt", seq, op,
                R"(,"end_us":9,"latency_us":4,"outcome":"ok")" + std::string(more), writer);
}

class RowSumsTest : public ::testing::Test {
 protected:
  RowSumsTest() { fs::create_directories(folder_); }
  ~RowSumsTest() override { fs::remove_all(folder_); }

  std::string path(std::string_view name) const { return (folder_ / name).string(); }

  // Each text is a file.
  Status read(const std::vector<std::string>& texts) {
    std::vector<RowFiles::File> files;
    for (const std::string& text : texts) {
      files.push_back({path(std::to_string(count_++)), 0, LineOrigin::segment});
      std::ofstream(files.back().path) << text;
    }
    return sums_->read(files, path("rest"), read_);
  }

  std::string rest() const {
    std::ostringstream text;
    text << std::ifstream(path("rest")).rdbuf();
    return text.str();
  }

  // The sums of the inputs by the first text.
  std::map<std::string, std::int64_t> inputs() const {
    std::map<std::string, std::int64_t> found;
    for (const RowGroup& group : sums_->groups()) {
      found[group.texts.front().value_or("-")] += group.sums.front();
    }
    return found;
  }

  RowFilesRead read_;
  std::shared_ptr<RowSums> sums_ =
      RowSums::create({.texts = {{"model", ""}, {"tags", "team"}}}).value();

 private:
  fs::path folder_ =
      fs::temp_directory_path() /
      ("costmark-sums-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
       ::testing::UnitTest::GetInstance()->current_test_info()->name());
  int count_ = 0;
};

using Inputs = std::map<std::string, std::int64_t>;

TEST_F(RowSumsTest, SumsAttemptsAndHandsOnTheRest) {
  const std::string waiting = row_of("begin", 4, "d", "");
  const std::string metered = ended(6, "f", R"(,"model":"m","meters":{"web_search":1})");
  const std::string spelled = ended(7, "g", R"(,"model":"\u006d","input":9)");
  ASSERT_TRUE(read({row_of("begin", 0, "a", "") + ended(1, "a", R"(,"model":"m","input":2)") +
                    ended(2, "b", R"(,"model":"m","input":3,"response_id":"r")") +
                    ended(3, "c", R"(,"input":7)") + waiting + metered + spelled}));
  EXPECT_TRUE(sums_->is_exact());
  EXPECT_EQ(inputs(), (Inputs{{"m", 5}, {"-", 7}}));
  EXPECT_EQ(rest(), metered + spelled + waiting);
  EXPECT_TRUE(sums_->has_ended("a", 1));
  EXPECT_TRUE(sums_->has_ended("f", 1));
  EXPECT_FALSE(sums_->has_ended("a", 2));
  EXPECT_FALSE(sums_->has_ended("d", 1));
  EXPECT_TRUE(sums_->has_response("r"));
  EXPECT_FALSE(sums_->has_response("s"));
}

TEST_F(RowSumsTest, TellsWhereNamesSayHowModelsAreServed) {
  const auto row = [](std::int64_t seq, const std::string& api, const std::string& host) {
    std::string text = ended(seq, "op" + std::to_string(seq),
                             R"(,"model":"m","input":1,"url_host":")" + host + R"(")");
    return text.replace(text.find("other"), 5, api);
  };
  ASSERT_TRUE(read({row(0, "converse", "gateway.internal") + row(1, "invoke_model", "g") +
                    row(2, "messages", "bedrock-runtime.us-east-1.amazonaws.com") +
                    row(3, "messages", "bedrock-mantle.us-east-1.api.aws") +
                    row(4, "chat_completions", "gateway.internal")}));
  std::map<bool, std::int64_t> found;
  for (const RowGroup& group : sums_->groups()) {
    constexpr auto bit = static_cast<unsigned>(RowGroup::Fact::tells_serving);
    found[((group.facts >> bit) & 1U) != 0] += group.attempts;
  }
  EXPECT_EQ(found, (std::map<bool, std::int64_t>{{true, 3}, {false, 2}}));
}

TEST_F(RowSumsTest, CountsRepeatedRowsOnce) {
  const std::string text = ended(0, "a", R"(,"input":2)") + ended(1, "b", R"(,"input":3)");
  ASSERT_TRUE(read({text + text, text}));
  ASSERT_TRUE(read({text}));
  EXPECT_TRUE(sums_->is_exact());
  EXPECT_EQ(inputs(), (Inputs{{"-", 5}}));
}

TEST_F(RowSumsTest, IsNotExactWhereRowsMeetOthersThatWereReadBefore) {
  ASSERT_TRUE(read({ended(2, "c"), ended(0, "a") + ended(1, "b") + ended(2, "c")}));
  EXPECT_FALSE(sums_->is_exact());
}

TEST_F(RowSumsTest, IsNotExactWhereAnAttemptHasEndedTwice) {
  ASSERT_TRUE(read({ended(0, "a")}));
  EXPECT_TRUE(sums_->is_exact());
  ASSERT_TRUE(read({ended(0, "a", "", "ffff2233aabbccdd")}));
  EXPECT_FALSE(sums_->is_exact());
}

TEST_F(RowSumsTest, IsNotExactWhereASumDoesNotFit) {
  const std::string most = std::to_string(std::numeric_limits<std::int64_t>::max());
  ASSERT_TRUE(read({ended(0, "a", R"(,"input":)" + most)}));
  EXPECT_TRUE(sums_->is_exact());
  ASSERT_TRUE(read({ended(1, "b", R"(,"input":1)")}));
  EXPECT_FALSE(sums_->is_exact());
}

TEST_F(RowSumsTest, IsNotExactWhereAnOperationIsSpelledWithEscapes) {
  ASSERT_TRUE(read({ended(0, R"(\u0061)")}));
  EXPECT_FALSE(sums_->is_exact());
}

TEST_F(RowSumsTest, GroupsByWhatWasAskedFor) {
  sums_ = RowSums::create({.texts = {{"labels", "x"}},
                           .unit_us = 5,
                           .days_us = {9, 10},
                           .thresholds = {2, 4},
                           .since_us = 9,
                           .until_us = 10})
              .value();
  ASSERT_TRUE(read({ended(0, "a", R"(,"labels":{"y":"z","x":"w"},"input":3,"total":3)")}));
  const std::vector<RowGroup> groups = sums_->groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].texts, (std::vector<std::optional<std::string>>{"w"}));
  EXPECT_EQ(groups[0].unit, 1);
  EXPECT_EQ(groups[0].days, 1);
  EXPECT_EQ(groups[0].band, 1);
  const auto bit = [](RowGroup::Fact fact) { return 1U << static_cast<unsigned>(fact); };
  EXPECT_EQ(groups[0].facts, bit(RowGroup::Fact::told_input) | bit(RowGroup::Fact::told_total) |
                                 bit(RowGroup::Fact::is_total_input) |
                                 bit(RowGroup::Fact::has_rest));
}

TEST_F(RowSumsTest, SaysWhatCannotBeRead) {
  EXPECT_FALSE(sums_->read({{path("nowhere"), 0, LineOrigin::segment}}, path("rest"), read_));
  EXPECT_EQ(read_.missing, path("nowhere"));
  EXPECT_FALSE(sums_->read({}, path("no/folder/rest"), read_));
  EXPECT_FALSE(RowSums::create({.texts = {{"seq", ""}}}).ok());
  EXPECT_FALSE(RowSums::create({.texts = {{"nothing", ""}}}).ok());
}

TEST(RowReaderTest, RowsLikeTheOneBeforeAreReadAsIfTheyWereAlone) {
  const std::string plain = ended(1, "a", R"(,"status":20,"stream":true,"tags":{"a":"b"})");
  const auto with = [&plain](std::string_view from, std::string_view to) {
    std::string changed = plain;
    return changed.replace(changed.find(from), from.size(), to);
  };
  const std::vector<std::string> lines{
      plain,
      with(R"("status":20)", R"("status":200)"),
      with(R"("status":20)", R"("status":20.5)"),
      with(R"("status":20)", R"("status":20 )"),
      with(R"("status":20)", R"("status":20,"status":20)"),
      with(R"("status":20)", R"("status":2)"),
      with(R"("stream":true)", R"("stream":truely)"),
      with(R"("tags":{"a":"b"})", R"("tags":{"a":"b"}})"),
      with(R"("tags":{"a":"b"})", R"("tags":{"a":"b"})" + std::string(1, '\0')),
      with(R"("tags":{"a":"b"}})", R"("tags":{"a":"b"})"),
      with(R"("api":"other",)", R"("api":"other")"),
      with(R"("api":"other")", R"("api":"\ud800")"),
      with(R"("project":"p",)", ""),
  };
  for (const std::string& line : lines) {
    RowReader used;
    RowReader fresh;
    ASSERT_EQ(used.read(plain), RowReader::Found::row);
    ASSERT_EQ(used.read(plain), RowReader::Found::row);
    const RowReader::Found found = fresh.read(line);
    EXPECT_EQ(used.read(line), found) << line;
    if (found == RowReader::Found::fault) {
      EXPECT_EQ(used.fault().reason, fresh.fault().reason) << line;
    }
  }
}

}  // namespace
}  // namespace costmark::testing
