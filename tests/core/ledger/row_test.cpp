// A row as a line of JSON.
#include "ledger/row.hpp"

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "core/ledger/parsed_row.hpp"

namespace costmark::testing {
namespace {

using ledger::Detail;

std::string line_of(const LedgerRow& row, Detail detail = Detail::all) {
  std::string line;
  ledger::append_row(row, {"00112233aabbccdd", 7, "host-1"}, detail, line);
  EXPECT_TRUE(line.ends_with("}\n")) << line;
  return line;
}

TEST(Row, HasWhatIsKnownAndNothingElse) {
  Usage usage;
  usage.input_tokens = 12;
  usage.cached_input_tokens = 0;
  usage.meters.set(Meter::cache_write_1h, 3);
  usage.meters.set(Meter::web_search, 1);
  usage.flags.set(UsageFlag::total);
  LedgerRow row;
  row.op = "0192f0c1-0000-7000-8000-000000000000";
  row.attempt = 2;
  row.start_us = 1'764'460'800'000'000;
  row.end_us = row.start_us + 5;
  row.latency_us = 5;
  row.project = "proj_a";
  row.outcome = "ok";
  row.status = 200;
  row.stream = true;
  row.usage = &usage;
  row.usage_json = R"({"prompt_tokens":12})";
  const NameValue labels[] = {{"feature", "search"}, {"user", "a\"b"}};
  row.labels = labels;
  EXPECT_EQ(
      line_of(row),
      R"({"v":1,"kind":"attempt","writer":"00112233aabbccdd","seq":7,"op":"0192f0c1-0000-7000-8000-000000000000","attempt":2,"start_us":1764460800000000,"end_us":1764460800000005,"latency_us":5,"machine":"host-1","project":"proj_a","stream":true,"outcome":"ok","status":200,"input":12,"cached":0,"meters":{"cache_write_1h":3,"web_search":1},"labels":{"feature":"search","user":"a\"b"},"usage":"{\"prompt_tokens\":12}","flags":["total"]})"
      "\n");
}

TEST(Row, EveryTextSurvives) {
  std::string model;
  for (int c = 1; c < 0x80; ++c) model += static_cast<char>(c);
  model += "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  LedgerRow row;
  row.model = model;
  const ParsedRow parsed(line_of(row));
  EXPECT_EQ(parsed.text("model"), model);
  EXPECT_EQ(parsed.raw("flags"), "(absent)");
}

TEST(Row, BytesThatAreNoTextAreReplacedAndTold) {
  LedgerRow row;
  row.model = "a\xFF\xC0\xAF\xED\xA0\x80z\xE2\x82";
  const ParsedRow parsed(line_of(row));
  EXPECT_TRUE(parsed.text("model").starts_with("a\xEF\xBF\xBD"));
  EXPECT_EQ(parsed.raw("flags"), R"(["cut"])");
}

// Words are copied whole: a special byte at each place of one, in texts of each length, and cut.
TEST(Row, ASpecialByteAnywhereInAText) {
  for (const std::string_view special :
       {"\"", "\\", "\x01", "\x1F", "\x7F", "\xC3\xA9", "\"\\\"", "\n\""}) {
    for (std::size_t length = 0; length < 40; ++length) {
      for (std::size_t place = 0; place <= length; ++place) {
        const std::string model =
            std::string(place, 'a') + std::string(special) + std::string(length - place, '~');
        LedgerRow row;
        row.model = row.usage_json = model;
        const ParsedRow parsed(line_of(row));
        ASSERT_EQ(parsed.text("model"), model);
        ASSERT_EQ(parsed.text("usage"), model);
        ASSERT_EQ(parsed.raw("flags"), "(absent)");
      }
    }
  }
  for (std::size_t before = 490; before < 515; ++before) {
    const std::string model = std::string(before, 'a') + "\"\"\"\"\"\"\"\"\"\"";
    LedgerRow row;
    row.model = model;
    const ParsedRow parsed(line_of(row));
    const std::size_t fitting =
        before >= 512 ? 512 : before + std::min<std::size_t>((512 - before) / 2, 10);
    ASSERT_EQ(parsed.text("model"), model.substr(0, fitting)) << before;
    ASSERT_EQ(parsed.raw("flags"), fitting == model.size() ? "(absent)" : R"(["cut"])") << before;
  }
}

// As many quotes as a usage object has, and more; longer than what is put together at once.
TEST(Row, AUsageObjectSurvives) {
  std::mt19937 random(1);
  for (std::size_t length = 0; length < 4096; length += length < 100 ? 1 : 97) {
    std::string json;
    while (json.size() < length) json += R"("\"ab:1,{})"[random() % 11];
    LedgerRow row;
    row.usage_json = json;
    const ParsedRow parsed(line_of(row));
    ASSERT_EQ(parsed.text("usage"), json.empty() ? "(absent)" : json);
    ASSERT_EQ(parsed.raw("flags"), "(absent)");
  }
}

TEST(Row, NumbersOfEachLength) {
  std::vector<std::int64_t> numbers{std::numeric_limits<std::int64_t>::min(),
                                    std::numeric_limits<std::int64_t>::max()};
  for (std::int64_t power = 1; power <= 1'000'000'000'000'000'000 / 10; power *= 10) {
    for (const std::int64_t number : {power - 1, power, power + 1, 7 * power, 10 * power - 1}) {
      numbers.insert(numbers.end(), {number, -number});
    }
  }
  for (const std::int64_t number : numbers) {
    LedgerRow row;
    row.latency_us = number;
    const std::string line = line_of(row);
    ASSERT_NE(line.find("\"latency_us\":" + std::to_string(number) + ","), std::string::npos)
        << number << " " << line;
  }
}

TEST(Row, LongTextsAreCutBetweenCharactersAndTold) {
  std::string model(511, 'a');
  model += "\xE2\x82\xAC tail";
  LedgerRow row;
  row.model = model;
  const ParsedRow parsed(line_of(row));
  EXPECT_EQ(parsed.text("model"), std::string(511, 'a'));
  EXPECT_EQ(parsed.raw("flags"), R"(["cut"])");
}

TEST(Row, ACountThatDoesNotFitIsAbsentAndTold) {
  Usage usage;
  usage.input_tokens = std::numeric_limits<std::uint64_t>::max();
  usage.output_tokens = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  LedgerRow row;
  row.usage = &usage;
  const ParsedRow parsed(line_of(row));
  EXPECT_EQ(parsed.number("input"), std::nullopt);
  EXPECT_EQ(parsed.number("output"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parsed.raw("flags"), R"(["overflow"])");
}

TEST(Row, MapsHaveABound) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("label" + std::to_string(i));
  std::vector<NameValue> labels;
  for (const std::string& name : names) labels.push_back({name, "v"});
  LedgerRow row;
  row.labels = labels;
  const ParsedRow parsed(line_of(row));
  EXPECT_NE(parsed.raw("labels").find("label15"), std::string::npos);
  EXPECT_EQ(parsed.raw("labels").find("label16"), std::string::npos);
  EXPECT_EQ(parsed.raw("flags"), R"(["cut"])");
  const std::string large(3000, 'x');
  const NameValue one{"a", large};
  row.labels = {&one, 1};
  EXPECT_EQ(ParsedRow(line_of(row)).raw("labels"), "(absent)");
}

TEST(Row, IsShorterWhereItMustBe) {
  const std::string longest(600, 'x');
  LedgerRow row;
  for (std::string_view LedgerRow::* const member :
       {&LedgerRow::op, &LedgerRow::account, &LedgerRow::region, &LedgerRow::url_host,
        &LedgerRow::project, &LedgerRow::project_source, &LedgerRow::api, &LedgerRow::model,
        &LedgerRow::model_answered, &LedgerRow::tier, &LedgerRow::outcome, &LedgerRow::error_code,
        &LedgerRow::request_id, &LedgerRow::response_id, &LedgerRow::sdk}) {
    row.*member = longest;
  }
  const std::string usage(4096, '"');
  row.usage_json = usage;
  const NameValue label{"a", "b"};
  row.labels = {&label, 1};
  EXPECT_EQ(ParsedRow(line_of(row)).text("usage"), usage);
  const ParsedRow second(line_of(row, Detail::no_usage));
  EXPECT_EQ(second.raw("usage"), "(absent)");
  EXPECT_EQ(second.raw("labels"), R"({"a":"b"})");
  EXPECT_EQ(ParsedRow(line_of(row, Detail::no_labels)).raw("labels"), "(absent)");
  EXPECT_GT(line_of(row, Detail::no_labels).size(), std::size_t{4096});
  const std::string shortest = line_of(row, Detail::short_texts);
  EXPECT_EQ(ParsedRow(shortest).raw("flags"), R"(["cut"])");
}

}  // namespace
}  // namespace costmark::testing
