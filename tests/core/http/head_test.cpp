#include "http/head.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

namespace costmark::http {
namespace {

// Adds lines, each of which must fit.
void add(Head& head, std::initializer_list<std::string_view> lines) {
  for (const std::string_view line : lines) EXPECT_TRUE(head.add(line)) << line;
}

TEST(Head, GathersFieldsInTheirOrder) {
  Head head;
  add(head,
      {"HTTP/1.1 200 OK\r\n", "A: 1\r\n", "b:\t two words \r\n", "A: 2\r\n", "C:\r\n", "\r\n"});
  head.complete(200);
  EXPECT_EQ(head.status(), 200);
  ASSERT_EQ(head.fields().size(), 4U);
  EXPECT_EQ(head.fields()[0].name, "A");
  EXPECT_EQ(head.fields()[1].value, "two words");
  EXPECT_EQ(head.fields()[2].value, "2");
  EXPECT_EQ(head.field("a"), "1");
  EXPECT_EQ(head.field("B"), "two words");
  EXPECT_EQ(head.field("c"), "");
  EXPECT_EQ(head.field("d"), "");
}

TEST(Head, ShowsNothingBeforeItIsComplete) {
  Head head;
  add(head, {"HTTP/1.1 200 OK\r\n", "A: 1\r\n"});
  EXPECT_EQ(head.status(), 0);
  EXPECT_TRUE(head.fields().empty());
  EXPECT_EQ(head.field("A"), "");
}

TEST(Head, ForgetsInterimAnswersAndTrailers) {
  Head head;
  add(head, {"HTTP/1.1 103 Early Hints\r\n", "A: early\r\n", "\r\n", "HTTP/1.1 200 OK\r\n",
             "B: 2\r\n", "\r\n"});
  head.complete(200);
  add(head, {"A: trailer\r\n", "HTTP/1.1 500 not a head any more\r\n"});
  EXPECT_EQ(head.fields().size(), 1U);
  EXPECT_EQ(head.field("A"), "");
  EXPECT_EQ(head.field("B"), "2");
}

TEST(Head, IgnoresLinesThatAreNoFields) {
  Head head;
  add(head, {"HTTP/1.1 200 OK\r\n", "no colon\r\n", ": no name\r\n", " folded: line\r\n",
             "\tfolded: too\r\n", "A: 1\r\n", ""});
  head.complete(200);
  ASSERT_EQ(head.fields().size(), 1U);
  EXPECT_EQ(head.field("A"), "1");
}

TEST(Head, IsLimitedWhateverItsLinesAre) {
  const std::string filler = "A: " + std::string(1021 - 2, 'a') + "\r\n";
  for (const std::string_view first :
       {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 103 Early Hints\r\n", "nothing\r\n"}) {
    Head head;
    std::size_t bytes = first.size();
    EXPECT_TRUE(head.add(first));
    for (; bytes + filler.size() <= largest_header; bytes += filler.size()) {
      ASSERT_TRUE(head.add(filler)) << bytes;
    }
    EXPECT_TRUE(head.add(std::string(largest_header - bytes, 'x')));
    EXPECT_FALSE(head.add("x"));
  }
  Head trailers;
  trailers.complete(200);
  EXPECT_TRUE(trailers.add(std::string(largest_header, 'x')));
  EXPECT_FALSE(trailers.add("x"));
}

TEST(Head, BeginsAnewAfterAClear) {
  Head head;
  add(head, {"HTTP/1.1 200 OK\r\n", "A: 1\r\n"});
  EXPECT_FALSE(head.add(std::string(largest_header, 'x')));
  head.complete(200);
  head.clear();
  EXPECT_EQ(head.status(), 0);
  add(head, {"HTTP/1.1 404 Not Found\r\n", "B: 2\r\n"});
  head.complete(404);
  ASSERT_EQ(head.fields().size(), 1U);
  EXPECT_EQ(head.field("B"), "2");
}

TEST(Head, HandsItsFieldsOver) {
  Head head;
  add(head, {"A: 1\r\n"});
  head.complete(200);
  const HeaderList taken = head.take_fields();
  EXPECT_EQ(taken.value_of("a"), "1");
  EXPECT_EQ(head.status(), 0);
  head.complete(200);
  EXPECT_TRUE(head.fields().empty());
}

}  // namespace
}  // namespace costmark::http
