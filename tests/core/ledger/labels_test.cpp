// What a row may carry as labels.
#include "costmark/labels.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace costmark::testing {
namespace {

std::string fault_of(std::initializer_list<NameValue> labels) {
  const Status status = check_labels({labels.begin(), labels.size()});
  if (status) return "";
  EXPECT_EQ(status.error().code, Code::invalid_argument);
  return status.error().message;
}

TEST(Labels, AreNamesOnceWithTexts) {
  EXPECT_EQ(fault_of({}), "");
  EXPECT_EQ(fault_of({{"feature", "search"}, {"user", ""}, {"caf\xC3\xA9", "\xE2\x82\xAC 5"}}), "");
  EXPECT_EQ(fault_of({{"a", "1"}, {"", "2"}}), "the name of label 2 is empty");
  EXPECT_EQ(fault_of({{"a", "1"}, {"b", "2"}, {"a", "3"}}), "label 'a' is given twice");
  EXPECT_EQ(fault_of({{"a\xFF", "1"}}), "the name of label 1 is not UTF-8");
  EXPECT_EQ(fault_of({{"a", "\xC0\xAF"}}), "the value of label 'a' is not UTF-8");
}

TEST(Labels, CannotBeTakenForCommandsByATerminal) {
  for (const std::string_view text : {"\x1B[2J", "a\nb", "\x7F",
                                      "\xC2\x9B"
                                      "2J",
                                      "\xC2\x80"}) {
    EXPECT_EQ(fault_of({{"a", text}}), "the value of label 'a' has control characters");
    EXPECT_EQ(fault_of({{text, "a"}}), "the name of label 1 has control characters");
  }
  EXPECT_EQ(fault_of({{"a", std::string_view("\0", 1)}}),
            "the value of label 'a' has control characters");
  EXPECT_EQ(fault_of({{"a", "\xC2\xA0\xC3\x9B"}}), "");  // letters
}

TEST(Labels, HaveBounds) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < most_labels; ++i) names.push_back("label" + std::to_string(i));
  std::vector<NameValue> labels;
  for (const std::string& name : names) labels.push_back({name, "v"});
  EXPECT_TRUE(check_labels(labels).ok());
  labels.push_back({"one more", "v"});
  EXPECT_EQ(check_labels(labels).error().message, "17 labels are given; a call may have 16");

  const std::string longest(longest_label_name, 'x');
  const std::string rest(longest_labels - longest.size(), 'y');
  EXPECT_EQ(fault_of({{longest, rest}}), "");
  EXPECT_EQ(fault_of({{longest, rest + "y"}}),
            "the labels have 2049 bytes, names and values together; they may have 2048");
  EXPECT_EQ(fault_of({{longest + "x", ""}}), "the name of label 1 has 129 bytes; it may have 128");
}

TEST(Labels, AreCopiedWithTheirTexts) {
  NameValues kept;
  {
    const std::string name = "a";
    const std::string value = "1";
    const NameValue pair{name, value};
    kept.assign({&pair, 1});
  }
  NameValues copy = kept;
  const NameValues moved = std::move(kept);
  const NameValue other{"b", "2"};
  copy.assign({&other, 1});
  ASSERT_EQ(moved.view().size(), 1U);
  EXPECT_EQ(moved.view()[0], (NameValue{"a", "1"}));
  EXPECT_EQ(copy.view()[0], other);
  copy.clear();
  EXPECT_TRUE(copy.empty());
}

}  // namespace
}  // namespace costmark::testing
