#include "http/header_list.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "http/response.hpp"

namespace costmark::http {
namespace {

TEST(HeaderList, KeepsWhatItIsGiven) {
  HeaderList list;
  for (int i = 0; i < 1000; ++i) {  // its memory moves now and then
    list.add("Name-" + std::to_string(i), "value " + std::to_string(i));
  }
  ASSERT_EQ(list.all().size(), 1000U);
  for (int i = 0; i < 1000; ++i) {
    const Header& header = list.all()[static_cast<std::size_t>(i)];
    ASSERT_EQ(header.name, "Name-" + std::to_string(i));
    ASSERT_EQ(header.value, "value " + std::to_string(i));
  }
  EXPECT_EQ(list.value_of("name-999"), "value 999");
}

TEST(HeaderList, FindsTheFirstWhateverItsCase) {
  HeaderList list;
  list.add("a", "");
  list.add("B", "1");
  list.add("b", "2");
  EXPECT_EQ(list.value_of("b"), "1");
  EXPECT_EQ(list.value_of("A"), "");
  EXPECT_EQ(list.value_of("c"), "");
}

// Short texts lie within the object itself, long ones do not.
TEST(HeaderList, MovesItsText) {
  for (const std::string& value : {std::string("b"), std::string(100, 'b')}) {
    HeaderList list;
    list.add("A", value);
    HeaderList made(std::move(list));
    EXPECT_EQ(made.value_of("a"), value);
    EXPECT_TRUE(list.all().empty());  // NOLINT(bugprone-use-after-move): it says so
    HeaderList assigned;
    assigned.add("X", "to be replaced");
    assigned = std::move(made);
    EXPECT_EQ(assigned.value_of("a"), value);
    EXPECT_EQ(assigned.value_of("x"), "");
    HeaderList& same = assigned;
    assigned = std::move(same);
    EXPECT_EQ(assigned.value_of("a"), value);
    list.add("C", "used again");
    EXPECT_EQ(list.value_of("c"), "used again");
  }
}

TEST(HeaderList, IsEmptyAfterAClear) {
  HeaderList list;
  list.add("A", "1");
  list.clear();
  EXPECT_TRUE(list.all().empty());
  list.add("B", "2");
  ASSERT_EQ(list.all().size(), 1U);
  EXPECT_EQ(list.all()[0].name, "B");
}

TEST(Response, MovesAllOfIt) {
  Response one;
  one.status = 200;
  one.body = "a body that is long enough for the heap";
  one.headers.add("A", "b");
  Response other;
  other.body = "to be replaced";
  other = std::move(one);
  EXPECT_EQ(other.status, 200);
  EXPECT_EQ(other.body, "a body that is long enough for the heap");
  EXPECT_EQ(other.header("a"), "b");
  const Response third = std::move(other);
  EXPECT_EQ(third.body, "a body that is long enough for the heap");
  EXPECT_EQ(third.header("A"), "b");
}

}  // namespace
}  // namespace costmark::http
