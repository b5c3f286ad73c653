#include "http/aws_event_stream.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/aws_frames.hpp"
#include "http/crc32.hpp"

namespace costmark::http {
namespace {

// A frame with its own copies, as the views of AwsFrame end with the next call.
struct Seen {
  std::string headers;
  std::string payload;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  friend bool operator==(const Seen&, const Seen&) = default;
};

struct Read {
  std::vector<Seen> frames;
  AwsFault fault = AwsFault::none;
  std::uint64_t fault_at = 0;
  bool within_frame = false;

  friend bool operator==(const Read&, const Read&) = default;
};

// Feeds `stream`, cut behind each offset of `cuts`, in pieces of exact size, so that a sanitizer
// sees every step outside.
Read read(AwsEventStream& parser, std::string_view stream, const std::vector<std::size_t>& cuts) {
  parser.reset();
  Read result;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t end = i < cuts.size() ? cuts[i] : stream.size();
    const std::vector<char> piece(stream.begin() + static_cast<std::ptrdiff_t>(begin),
                                  stream.begin() + static_cast<std::ptrdiff_t>(end));
    std::string_view rest(piece.data(), piece.size());
    while (const auto frame = parser.next(rest)) {
      result.frames.push_back(
          {std::string(frame->headers), std::string(frame->payload), frame->begin, frame->end});
    }
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(parser.position(), end);
    begin = end;
  }
  result.fault = parser.fault();
  result.fault_at = parser.fault_at();
  result.within_frame = parser.within_frame();
  return result;
}

Read read(std::string_view stream) {
  AwsEventStream parser;
  return read(parser, stream, {});
}

// The stream reads the same wherever it is cut in two, and byte by byte.
Read read_in_every_way(std::string_view stream) {
  AwsEventStream parser;
  const Read whole = read(parser, stream, {});
  std::vector<std::size_t> everywhere;
  for (std::size_t i = 0; i <= stream.size(); ++i) {
    EXPECT_EQ(read(parser, stream, {i}), whole) << "cut at " << i;
    everywhere.push_back(i);
  }
  EXPECT_EQ(read(parser, stream, everywhere), whole) << "byte by byte";
  return whole;
}

TEST(Crc32, IsTheOneOfZlib) {
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(crc32("The quick brown fox jumps over the lazy dog"), 0x414FA339U);
}

// From the vectors of AWS's SDKs: an empty message, and one with a header and a payload.
TEST(AwsEventStream, ReadsFramesThatOthersMade) {
  const std::string empty("\x00\x00\x00\x10\x00\x00\x00\x00\x05\xc2\x48\xeb\x7d\x98\xc8\xff", 16);
  const std::string one(
      "\x00\x00\x00\x3d\x00\x00\x00\x20\x07\xfd\x83\x96\x0c"
      "content-type\x07\x00\x10"
      "application/json{'foo':'bar'}\x8d\x9c\x08\xb1",
      61);
  const Read seen = read_in_every_way(empty + one);
  ASSERT_EQ(seen.frames.size(), 2U);
  EXPECT_EQ(seen.frames[0], (Seen{"", "", 0, 16}));
  EXPECT_EQ(seen.frames[1].payload, "{'foo':'bar'}");
  EXPECT_EQ(seen.fault, AwsFault::none);
  EXPECT_FALSE(seen.within_frame);

  AwsFrame frame;
  frame.headers = seen.frames[1].headers;
  EXPECT_EQ(frame.text("content-type"), "application/json");
  EXPECT_EQ(frame.text("Content-Type"), "");
}

TEST(AwsEventStream, ReadsEveryTypeOfHeader) {
  const std::vector<AwsHeader> given{
      {"a", AwsHeaderType::yes, ""},
      {"b", AwsHeaderType::no, ""},
      {"c", AwsHeaderType::int8, "1"},
      {"d", AwsHeaderType::int16, "12"},
      {"e", AwsHeaderType::int32, "1234"},
      {"f", AwsHeaderType::int64, "12345678"},
      {"g", AwsHeaderType::bytes, "any"},
      {"h", AwsHeaderType::text, ""},
      {"i", AwsHeaderType::timestamp, "12345678"},
      {"", AwsHeaderType::uuid, "0123456789abcdef"},
      {"h", AwsHeaderType::text, "the second one"},
  };
  std::string headers;
  for (const AwsHeader& header : given)
    headers += aws_header(header.name, header.type, header.value);
  const Read seen = read_in_every_way(aws_frame(headers, "p"));
  ASSERT_EQ(seen.frames.size(), 1U);
  std::string_view rest = seen.frames[0].headers;
  for (const AwsHeader& header : given) {
    const auto found = take_header(rest);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->name, header.name);
    EXPECT_EQ(found->type, header.type);
    EXPECT_EQ(found->value, header.value);
  }
  EXPECT_TRUE(rest.empty());
}

TEST(AwsEventStream, ReadsNothingFurtherBehindAFault) {
  const std::string good = aws_event("chunk", "{}");
  const std::string other = aws_frame("", "payload");
  struct Bad {
    std::string frame;
    AwsFault fault;
    std::size_t at;
  };
  std::string flipped = other;
  flipped[13] = static_cast<char>(flipped[13] ^ 1);
  std::string lengths = other;
  lengths[3] = static_cast<char>(lengths[3] + 1);
  const auto prelude = [](std::uint64_t total, std::uint64_t headers) {
    const std::string text = big_endian(total, 4) + big_endian(headers, 4);
    return text + big_endian(crc32(text), 4) + "more";
  };
  const std::string type_of_ten = "\1n\x0a";
  const std::vector<Bad> all{
      {flipped, AwsFault::checksum, flipped.size() - 4},
      {lengths, AwsFault::prelude_checksum, 8},
      {prelude(15, 0), AwsFault::length, 0},
      {prelude(AwsEventStream::max_frame_bytes + 1, 0), AwsFault::length, 0},
      {prelude(0xFFFFFFFF, 0xFFFFFFFF), AwsFault::length, 0},
      {prelude(20, 5), AwsFault::length, 4},
      {prelude(1 << 20, AwsEventStream::max_header_bytes + 1), AwsFault::length, 4},
      {aws_frame(aws_header("a", AwsHeaderType::yes, "") + type_of_ten, ""), AwsFault::header, 15},
      {aws_frame(aws_header("a", AwsHeaderType::int32, "123"), ""), AwsFault::header, 12},
      {aws_frame("\x05name", ""), AwsFault::header, 12},
      {aws_frame(std::string_view("\1n\7\0", 4), ""), AwsFault::header, 12},
  };
  for (const Bad& bad : all) {
    const Read seen = read_in_every_way(good + bad.frame + good);
    EXPECT_EQ(seen.frames.size(), 1U);
    EXPECT_EQ(seen.fault, bad.fault) << bad.at;
    EXPECT_EQ(seen.fault_at, good.size() + bad.at);
  }
}

TEST(AwsEventStream, TellsOfAStreamThatWasCut) {
  const std::string stream = aws_event("messageStart", "{}") + aws_event("metadata", "{}");
  const std::size_t first = read(stream).frames[0].end;
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    const Read seen = read(std::string_view(stream).substr(0, size));
    const bool ends_whole = size == 0 || size == first || size == stream.size();
    EXPECT_EQ(seen.within_frame, !ends_whole) << size;
    EXPECT_EQ(seen.frames.size(), (size >= first ? 1U : 0U) + (size == stream.size() ? 1U : 0U));
    EXPECT_EQ(seen.fault, AwsFault::none);
  }
}

TEST(AwsEventStream, CopiesOnlyWhatPiecesDivide) {
  const std::string stream = aws_frame("", std::string(1000, 'x')) + aws_frame("", "y");
  AwsEventStream parser;
  const std::size_t capacity = parser.capacity();
  std::string_view rest = stream;
  const auto frame = parser.next(rest);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->payload.data(), stream.data() + 12);
  EXPECT_TRUE(parser.next(rest));
  EXPECT_EQ(parser.capacity(), capacity);

  parser.reset();
  std::string_view part = std::string_view(stream).substr(0, 500);
  EXPECT_FALSE(parser.next(part));
  EXPECT_GE(parser.capacity(), 500U);
  EXPECT_LT(parser.capacity(), 2048U);
}

TEST(AwsEventStream, LetsGoOfALargeFrame) {
  const std::string stream = aws_frame("", std::string(std::size_t{3} << 20U, 'x'));
  AwsEventStream parser;
  std::string_view first = std::string_view(stream).substr(0, 100);
  std::string_view second = std::string_view(stream).substr(100);
  EXPECT_FALSE(parser.next(first));
  const auto frame = parser.next(second);
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->payload.size(), std::size_t{3} << 20U);
  EXPECT_FALSE(parser.next(second));
  EXPECT_LT(parser.capacity(), std::size_t{1} << 20U);
}

TEST(AwsEventStream, KnowsAPrelude) {
  const std::string frame = aws_event("chunk", "{}");
  for (std::size_t size = 0; size <= frame.size(); ++size) {
    EXPECT_TRUE(AwsEventStream::begins_like_frame(std::string_view(frame).substr(0, size))) << size;
  }
  EXPECT_FALSE(AwsEventStream::begins_like_frame("{"));
  EXPECT_FALSE(AwsEventStream::begins_like_frame("data: {}"));
  EXPECT_FALSE(AwsEventStream::begins_like_frame("\x1f\x8b"));
  EXPECT_FALSE(AwsEventStream::begins_like_frame(std::string_view("\0\0\0\x10\0\0\0\0....", 12)));
}

}  // namespace
}  // namespace costmark::http
