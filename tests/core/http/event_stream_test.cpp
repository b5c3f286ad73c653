#include "http/event_stream.hpp"
#include "rounds.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace costmark::http {
namespace {

// An event with its own copies, as the views of Event end with the next call.
struct Seen {
  std::string type;
  std::string data;
  std::string id;
  std::string bytes;  // of the stream, from begin to end
  bool oversized = false;

  friend bool operator==(const Seen&, const Seen&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Seen& seen) {
    return out << "{type " << testing::PrintToString(seen.type) << ", data "
               << testing::PrintToString(seen.data) << ", id " << testing::PrintToString(seen.id)
               << ", bytes " << testing::PrintToString(seen.bytes)
               << (seen.oversized ? ", oversized}" : "}");
  }
};

// Parses `stream`, cut behind each offset of `cuts`.
std::vector<Seen> parse(std::string_view stream, const std::vector<std::size_t>& cuts,
                        EventStream& events) {
  std::vector<Seen> seen;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> extents;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : stream.size();
    // A copy of exact size, so that a sanitizer sees every step outside.
    const std::string piece(stream.substr(begin, end - begin));
    std::string_view rest = piece;
    if (events.take_line_feed(rest) && !extents.empty() &&
        extents.back().second + 1 == events.position()) {
      ++extents.back().second;  // the LF belongs to the event that ended with the CR
    }
    while (const auto event = events.next(rest)) {
      seen.push_back({std::string(event->type), std::string(event->data), std::string(event->id),
                      "", event->oversized});
      extents.emplace_back(event->begin, event->end);
    }
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(events.position(), end);
    begin = end;
  }
  for (std::size_t i = 0; i < seen.size(); ++i) {
    seen[i].bytes = stream.substr(extents[i].first, extents[i].second - extents[i].first);
  }
  return seen;
}

std::vector<Seen> parse(std::string_view stream, const std::vector<std::size_t>& cuts = {}) {
  EventStream events;
  return parse(stream, cuts, events);
}

std::vector<std::string> data_of(std::string_view stream) {
  std::vector<std::string> data;
  for (const Seen& event : parse(stream)) data.push_back(event.data);
  return data;
}

using Texts = std::vector<std::string>;

TEST(EventStream, ReadsTheExamplesOfTheStandard) {
  EXPECT_EQ(data_of("data: YHOO\ndata: +2\ndata: 10\n\n"), Texts{"YHOO\n+2\n10"});
  EXPECT_EQ(data_of(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
                    "data:  third event\n"),
            (Texts{"first event", "second event"}));
  EXPECT_EQ(data_of("data\n\ndata\ndata\n\ndata:"), (Texts{"", "\n"}));
  EXPECT_EQ(data_of("data:test\n\ndata: test\n\n"), (Texts{"test", "test"}));
}

TEST(EventStream, TakesEveryLineEnd) {
  const std::vector<Seen> lf = parse("event: a\ndata: 1\ndata: 2\n\ndata: 3\n\n");
  ASSERT_EQ(lf.size(), 2U);
  EXPECT_EQ(lf[0], (Seen{"a", "1\n2", "", "event: a\ndata: 1\ndata: 2\n\n"}));
  EXPECT_EQ(lf[1], (Seen{"message", "3", "", "data: 3\n\n"}));
  const std::vector<Seen> cr = parse("event: a\rdata: 1\rdata: 2\r\rdata: 3\r\r");
  ASSERT_EQ(cr.size(), 2U);
  EXPECT_EQ(cr[0], (Seen{"a", "1\n2", "", "event: a\rdata: 1\rdata: 2\r\r"}));
  EXPECT_EQ(cr[1], (Seen{"message", "3", "", "data: 3\r\r"}));
  const std::vector<Seen> crlf = parse("event: a\r\ndata: 1\r\ndata: 2\r\n\r\ndata: 3\r\n\r\n");
  ASSERT_EQ(crlf.size(), 2U);
  EXPECT_EQ(crlf[0], (Seen{"a", "1\n2", "", "event: a\r\ndata: 1\r\ndata: 2\r\n\r\n"}));
  EXPECT_EQ(crlf[1], (Seen{"message", "3", "", "data: 3\r\n\r\n"}));
  EXPECT_EQ(data_of("data: 1\r\n\ndata: 2\n\r\ndata: 3\n\rdata: 4\r\r\n"),
            (Texts{"1", "2", "3", "4"}));
}

TEST(EventStream, KnowsItsFields) {
  const std::vector<Seen> seen = parse(
      "event: one\nevent: two\nid: 7\nretry: 250\ndata: x\nDATA: no\n data: no\ndata : no\n"
      "unknown: no\n\nevent:\ndata: y\n\nid: a\0b\ndata: z\n\n");
  ASSERT_EQ(seen.size(), 2U);  // the literal ends at its NUL
  EXPECT_EQ(seen[0].type, "two");
  EXPECT_EQ(seen[0].data, "x");
  EXPECT_EQ(seen[0].id, "7");
  EXPECT_EQ(seen[1].type, "message") << "an empty name is none";
  EXPECT_EQ(seen[1].id, "7") << "ids last until the next one";
}

TEST(EventStream, IgnoresAnIdWithNul) {
  using namespace std::string_literals;
  const std::vector<Seen> seen = parse("id: 1\ndata: x\n\nid: a\0b\ndata: y\n\nid\ndata: z\n\n"s);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[1].id, "1");
  EXPECT_EQ(seen[2].id, "");
}

TEST(EventStream, TakesOnlyDigitsForRetry) {
  const auto retry_of = [](std::string_view value) {
    EventStream events;
    parse("retry:" + std::string(value) + "\n", {}, events);
    return events.retry_ms();
  };
  EXPECT_EQ(retry_of(" 1500"), 1500U);
  EXPECT_EQ(retry_of("0"), 0U);
  for (const char* wrong :
       {"", " ", "-1", "+1", "1.5", "1s", "  1", "1 ", "99999999999999999999"}) {
    EXPECT_EQ(retry_of(wrong), std::nullopt) << wrong;
  }
}

TEST(EventStream, DropsOneByteOrderMarkAtTheStartOnly) {
  EXPECT_EQ(data_of("\xEF\xBB\xBF"
                    "data: 1\n\n"),
            Texts{"1"});
  EXPECT_EQ(data_of("\xEF\xBB\xBF\n\ndata: 1\n\n"), Texts{"1"});
  EXPECT_EQ(data_of("\xEF\xBB\xBF\xEF\xBB\xBF"
                    "data: 1\n\ndata: 2\n\n"),
            Texts{"2"});
  EXPECT_EQ(data_of("data: 0\n\n\xEF\xBB\xBF"
                    "data: 1\n\n"),
            Texts{"0"});
  EXPECT_EQ(data_of("\xEF\xBB"
                    "data: 1\n\n"),
            Texts{});
}

TEST(EventStream, DiscardsWhatNoBlankLineEnds) {
  EXPECT_EQ(data_of("data: 1\n\ndata: 2\n"), Texts{"1"});
  EXPECT_EQ(data_of("data: 1"), Texts{});
  EXPECT_EQ(data_of(""), Texts{});
}

TEST(EventStream, GivesWhatNoBlankLineEndsWhenAsked) {
  const auto last = [](std::string_view stream, const std::vector<std::size_t>& cuts = {}) {
    EventStream events;
    parse(stream, cuts, events);
    const auto event = events.finish();
    const std::string told =
        event ? std::string(event->type) + '|' + std::string(event->data) : "nothing";
    EXPECT_FALSE(events.finish());
    return told;
  };
  EXPECT_EQ(last("data: 1\n\ndata: 2"), "message|2");
  EXPECT_EQ(last("\xEF\xBB\xBF"
                 "data: 1"),
            "message|1");
  EXPECT_EQ(last("data: 1\n\n"), "nothing");
  EXPECT_EQ(last(""), "nothing");
  EXPECT_EQ(last(": comment"), "nothing");
  EXPECT_EQ(last("event: a"), "nothing");
  for (const char* line_end : {"\n", "\r", "\r\n"}) {
    const std::string stream =
        std::string("event: a") + line_end + "data: 1" + line_end + "data: 2";
    for (const std::string& text : {stream, stream + line_end}) {
      for (std::size_t i = 0; i <= text.size(); ++i) EXPECT_EQ(last(text, {i}), "a|1\n2") << i;
    }
  }
  EventStream small(4);
  parse("data: 12345", {5}, small);
  const auto event = small.finish();
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->oversized);
  EXPECT_EQ(event->end, 11U);
}

TEST(EventStream, TellsWhereABlockBegins) {
  EventStream events;
  parse(": ping\n\ndata: 1\n\n: half", {}, events);
  EXPECT_EQ(events.block_begin(), 17U);
  EXPECT_EQ(events.position(), 23U);
  events.reset();
  EXPECT_EQ(parse("data: 1\n\n", {}, events).size(), 1U);
  EXPECT_EQ(events.block_begin(), events.position());
}

TEST(EventStream, DoesNotCopyAnEventThatLiesInOnePiece) {
  EventStream events;
  const std::string stream = "data: " + std::string(100'000, 'x') + "\n\n";
  std::string_view rest = stream;
  const auto event = events.next(rest);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->data.data(), stream.data() + 6);
  EXPECT_LT(events.capacity(), 100U);
}

// Streams that reach every state of the parser.
const std::vector<std::string>& streams() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> list = {
        "\xEF\xBB\xBF: hello\n\nevent: greeting\nid: 42\n"
        "data: {\"a\": \"gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\x8D\"}\n"
        "data: second line\n\nretry: 10\n\ndata\n\ndata:\n\n\n\n: c\ndata: [DONE]\n\ndata: cut",
        "\n\n\ndata: x\n\nevent: only a name\n\ndata: y\n\n",
        "\n\r\n\r\r\ndata: mixed\r\n\ndata: ends\n\r\ndata: a\rdata: b\n\r",
    };
    for (const std::size_t i : {0U, 1U}) {
      std::string cr, crlf;
      for (const char c : list[i]) {
        cr += c == '\n' ? '\r' : c;
        crlf += c == '\n' ? "\r\n" : std::string(1, c);
      }
      list.push_back(cr);
      list.push_back(crlf);
    }
    return list;
  }();
  return all;
}

TEST(EventStream, DoesNotCareWhereItIsCut) {
  for (const std::string& stream : streams()) {
    const std::vector<Seen> whole = parse(stream);
    ASSERT_FALSE(whole.empty());
    std::vector<std::size_t> everywhere;
    for (std::size_t i = 0; i <= stream.size(); ++i) {
      ASSERT_EQ(parse(stream, {i}), whole) << "cut at " << i;
      everywhere.push_back(i);
      for (std::size_t j = i; j <= stream.size(); ++j) {
        ASSERT_EQ(parse(stream, {i, j}), whole) << "cut at " << i << " and " << j;
      }
    }
    ASSERT_EQ(parse(stream, everywhere), whole) << "cut everywhere";
  }
}

TEST(EventStream, FindsTheSameInRandomBytesHoweverCut) {
  std::mt19937 random(20260801);
  const std::string_view alphabet[] = {"\r",   "\n",    "\r\n",   "data", ":",
                                       " ",    "x",     "event",  "id",   "\xEF\xBB\xBF",
                                       "\n\n", "data:", "retry:1"};
  for (int round = 0; round < tests::rounds(3000); ++round) {
    std::string stream;
    for (auto count = random() % 40; count > 0; --count) {
      stream += alphabet[random() % std::size(alphabet)];
    }
    EventStream bounded(12);
    const std::vector<Seen> whole = parse(stream);
    const std::vector<Seen> whole_bounded = parse(stream, {}, bounded);
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; at < stream.size(); at += random() % 5) cuts.push_back(at);
    ASSERT_EQ(parse(stream, cuts), whole) << testing::PrintToString(stream);
    bounded.reset();
    ASSERT_EQ(parse(stream, cuts, bounded), whole_bounded) << testing::PrintToString(stream);
  }
}

TEST(EventStream, KeepsNothingOfAnEventThatIsTooLong) {
  const std::string stream = "data: small\n\nevent: big\ndata: " + std::string(5000, 'x') +
                             "\ndata: tail\n\ndata: after\n\n";
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{900}, stream.size()}) {
    EventStream events(1000);
    std::vector<std::size_t> cuts;
    for (std::size_t at = step; at < stream.size(); at += step) cuts.push_back(at);
    const std::vector<Seen> seen = parse(stream, cuts, events);
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].data, "small");
    EXPECT_TRUE(seen[1].oversized);
    EXPECT_EQ(seen[1].type, "message");
    EXPECT_EQ(seen[1].data, "");
    EXPECT_EQ(seen[1].bytes, stream.substr(13, stream.size() - 13 - 13));
    EXPECT_EQ(seen[2].data, "after");
    EXPECT_LE(events.capacity(), 2100U);
  }
}

TEST(EventStream, GivesBackTheMemoryOfALargeEvent) {
  EventStream events;
  const std::string half = "data: " + std::string(4U << 20U, 'x');
  std::string_view rest = half;
  EXPECT_FALSE(events.next(rest));
  EXPECT_GT(events.capacity(), 4U << 20U);
  events.reset();
  EXPECT_LT(events.capacity(), 100U);
}

// A stream of bare CRs must not be searched to its end for an LF once a line.
TEST(EventStream, ScansEachByteOnce) {
  std::string stream;
  for (int i = 0; i < 400'000; ++i) stream += "data:x\r\r";
  const std::clock_t start = std::clock();  // of this process: others may be busy
  EventStream events;
  std::string_view rest = stream;
  std::size_t count = 0;
  while (events.next(rest)) ++count;
  EXPECT_EQ(count, 400'000U);
  // Linear work takes some 20 ms; quadratic work would be half a terabyte of memchr.
  EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC);
}

}  // namespace
}  // namespace costmark::http
