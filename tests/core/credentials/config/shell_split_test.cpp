#include "credentials/config/shell_split.hpp"

#include <gtest/gtest.h>

namespace costmark {
namespace {

using Words = std::vector<std::string>;

TEST(SplitWords, LikeAPosixShell) {
  const struct {
    const char* text;
    Words words;
  } cases[] = {
      {"", {}},
      {" \t\r\n", {}},
      {"a b\tc\nd", {"a", "b", "c", "d"}},
      {"  a  ", {"a"}},
      {"'a b' \"c d\"", {"a b", "c d"}},
      {"a'b'\"c\"d", {"abcd"}},
      {"'' \"\"", {"", ""}},
      {"a\\ b", {"a b"}},
      {"\\'a", {"'a"}},
      {"\"a\\\"b\\\\c\\n\"", {"a\"b\\c\\n"}},
      {"'a\\b'", {"a\\b"}},
      {"a # b ; c | d > e $HOME *", {"a", "#", "b", ";", "c", "|", "d", ">", "e", "$HOME", "*"}},
      {"profile \xC3\xA9", {"profile", "\xC3\xA9"}},
  };
  for (const auto& c : cases) EXPECT_EQ(split_words(c.text), c.words) << c.text;
}

TEST(SplitWords, RefusesWhatIsLeftOpen) {
  for (const char* text : {"'", "\"", "a 'b", "\"a\\\"", "a\\"}) {
    EXPECT_FALSE(split_words(text)) << text;
  }
}

}  // namespace
}  // namespace costmark
