// Answers as servers really send them, kept as data: each is read right wherever it is cut.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>

#include "json/reader.hpp"
#include "usage/json_values.hpp"
#include "usage/support.hpp"
#include "usage/usage_fields.hpp"

namespace costmark {
namespace {

namespace fs = std::filesystem;

// Those of the repository are tests/conformance/answers.json. COSTMARK_CASES of the environment
// goes before the folder beside the checkout.
fs::path cases_file() {
  const char* folder = std::getenv("COSTMARK_CASES");
  return fs::path(folder != nullptr ? folder : COSTMARK_CASES) / "answers.json";
}

std::string read_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  EXPECT_TRUE(stream) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

enum Member : std::size_t {
  name_member,
  api_member,
  stream_member,
  content_type_member,
  body_member,
  passes_member,
  outcome_member,
  flags_member,
  status_member,
  first_count_member,
};

struct ExpectedCount {
  std::string_view path;
  std::optional<std::uint64_t> (*of)(const Usage&);
};

template <Meter meter>
std::optional<std::uint64_t> meter_of(const Usage& usage) {
  return usage.meters[meter];
}

constexpr ExpectedCount expected_counts[] = {
    {"expect.input", [](const Usage& usage) { return usage.input_tokens; }},
    {"expect.cached", [](const Usage& usage) { return usage.cached_input_tokens; }},
    {"expect.cache_write", [](const Usage& usage) { return usage.cache_write_tokens; }},
    {"expect.output", [](const Usage& usage) { return usage.output_tokens; }},
    {"expect.reasoning", [](const Usage& usage) { return usage.reasoning_tokens; }},
    {"expect.total", [](const Usage& usage) { return usage.total_tokens; }},
    {"expect.cache_write_5m", meter_of<Meter::cache_write_5m>},
    {"expect.cache_write_30m", meter_of<Meter::cache_write_30m>},
    {"expect.cache_write_1h", meter_of<Meter::cache_write_1h>},
    {"expect.cache_write_12h", meter_of<Meter::cache_write_12h>},
    {"expect.audio_input", meter_of<Meter::audio_input>},
    {"expect.audio_output", meter_of<Meter::audio_output>},
    {"expect.web_search", meter_of<Meter::web_search>},
};

std::vector<std::string_view> paths() {
  std::vector<std::string_view> list = {"name",  "api",    "stream",         "headers.content-type",
                                        "body",  "passes", "expect.outcome", "expect.flags",
                                        "status"};
  for (const ExpectedCount& count : expected_counts) list.push_back(count.path);
  return list;
}

Api api_named(std::string_view name) {
  if (name == "responses") return Api::responses;
  if (name == "messages") return Api::messages;
  if (name == "embeddings") return Api::embeddings;
  EXPECT_EQ(name, "chat");
  return Api::chat_completions;
}

// Less the events that carry nothing but usage; the cases have these line ends only.
std::string without_usage_chunks(std::string_view stream) {
  std::string out;
  while (!stream.empty()) {
    const std::size_t blank = stream.find("\n\n");
    const std::size_t size = blank == std::string_view::npos ? stream.size() : blank + 2;
    const std::string_view event = stream.substr(0, size);
    const bool has_usage = event.find("\"usage\":{") != std::string_view::npos;
    if (!has_usage || event.find("\"finish_reason\":\"") != std::string_view::npos) out += event;
    stream.remove_prefix(size);
  }
  return out;
}

class Case {
 public:
  explicit Case(std::string_view json) {
    EXPECT_TRUE(reader_.open(json, paths()).ok()) << json;
    body_ = text(body_member);
    content_type_ = text(content_type_member);
    exchange_.api = api_named(text(api_member));
    exchange_.content_type = content_type_;
    exchange_.streamed = reader_.boolean(stream_member).value_or(false);
    exchange_.hide_usage_chunk = exchange_.streamed && exchange_.api == Api::chat_completions;
    exchange_.status = static_cast<int>(reader_.unsigned_integer(status_member).value_or(200));
  }

  std::string name() const { return text(name_member); }

  void check() const {
    const Observed whole = observe(exchange_, body_);
    check_counts(whole.answer);
    check_flags(whole.answer.usage.flags);
    check_passed(whole.passed);
    check_cuts(whole);
  }

 private:
  std::string text(std::size_t member) const {
    std::string out;
    reader_.string(member, out);
    return out;
  }

  void check_counts(const Answer& answer) const {
    EXPECT_EQ(to_string(answer.outcome), text(outcome_member));
    for (std::size_t i = 0; i < std::size(expected_counts); ++i) {
      const auto wanted = reader_.unsigned_integer(first_count_member + i);
      if (!wanted) continue;
      EXPECT_EQ(expected_counts[i].of(answer.usage), wanted) << expected_counts[i].path;
    }
  }

  void check_flags(UsageFlags flags) const {
    const std::string_view list = reader_.raw(flags_member);
    bool is_flagged = false;
    for (const UsageFlag flag : all_usage_flags) {
      const std::string quoted = '"' + std::string(to_string(flag)) + '"';
      const bool expected = list.find(quoted) != std::string_view::npos;
      is_flagged = is_flagged || expected;
      EXPECT_TRUE(flags.has(flag) || !expected) << to_string(flag);
    }
    EXPECT_EQ(flags.any(), is_flagged) << flags.bits();
  }

  void check_passed(std::string_view passed) const {
    const std::string how = text(passes_member);
    if (how == "as_sent") {
      EXPECT_EQ(passed, body_);
    } else if (how == "without_usage_chunk") {
      EXPECT_EQ(passed, without_usage_chunks(body_));
      EXPECT_LT(passed.size(), body_.size());
    } else {
      EXPECT_EQ(how, "any");
    }
  }

  void check_cuts(const Observed& whole) const {
    AnswerReader reader;
    for (std::size_t i = 0; i <= body_.size(); ++i) {
      ASSERT_TRUE(observe(reader, exchange_, body_, {i}).is_all_of(whole)) << "cut at " << i;
    }
    std::vector<std::size_t> everywhere(body_.size());
    std::iota(everywhere.begin(), everywhere.end(), 0U);
    ASSERT_TRUE(observe(reader, exchange_, body_, everywhere).is_all_of(whole)) << "byte by byte";
  }

  json::Reader reader_;
  std::string body_;
  std::string content_type_;
  Exchange exchange_;
};

// Returns how many there were.
int check_all(const fs::path& file) {
  const std::string json = read_file(file);
  const std::size_t begin = json.find('[');
  if (begin == std::string::npos) return 0;
  int count = 0;
  JsonValues list(std::string_view(json).substr(begin, json.rfind(']') + 1 - begin));
  for (std::string_view element; list.next(element); ++count) {
    const Case one(element);
    SCOPED_TRACE(one.name());
    one.check();
  }
  return count;
}

TEST(AnswerCases, AreReadRightWhereverTheyAreCut) {
  EXPECT_GT(check_all(COSTMARK_OWN_CASES), 40);
}

TEST(AnswerCases, SoAreThoseBesideTheCheckout) {
  if (!fs::exists(cases_file())) GTEST_SKIP() << cases_file() << " is not there";
  EXPECT_GT(check_all(cases_file()), 15);
}

}  // namespace
}  // namespace costmark
