#include "signing/canonical.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace costmark::signing {
namespace {

using namespace std::string_view_literals;

std::string path(std::string_view text, bool normalize, bool encode) {
  Options options;
  options.normalize_path = normalize;
  options.double_encode_path = encode;
  std::string out = "GET\n";
  append_canonical_path(text, options, out);
  return out.substr(4);
}

struct PathCase {
  std::string_view path;
  std::string_view normalized;  // and encoded
  std::string_view encoded;     // as it is, but encoded
};

TEST(CanonicalPath, Table) {
  const PathCase cases[] = {
      {"", "/", "/"},
      {"/", "/", "/"},
      {"//", "/", "//"},
      {"/.", "/", "/."},
      {"/..", "/", "/.."},
      {"/../..", "/", "/../.."},
      {"/./", "/", "/./"},
      {"/a", "/a", "/a"},
      {"/a/", "/a/", "/a/"},
      {"/a//b///c", "/a/b/c", "/a//b///c"},
      {"/a/./b", "/a/b", "/a/./b"},
      {"/a/b/..", "/a", "/a/b/.."},
      {"/a/b/../", "/a/", "/a/b/../"},
      {"/a/../../b", "/b", "/a/../../b"},
      {"/a/..", "/", "/a/.."},
      {"/a/../", "/", "/a/../"},
      {"/...", "/...", "/..."},
      {"/a.b/..c", "/a.b/..c", "/a.b/..c"},
      {"/%2e%2e/a", "/%252e%252e/a", "/%252e%252e/a"},
      {"/a%20b", "/a%2520b", "/a%2520b"},
      {"/a b", "/a%20b", "/a%20b"},
      {"/arn:aws:x/y", "/arn%3Aaws%3Ax/y", "/arn%3Aaws%3Ax/y"},
      {"/%", "/%25", "/%25"},
      {"/-._~", "/-._~", "/-._~"},
      {"/!$&'()*+,;=@", "/%21%24%26%27%28%29%2A%2B%2C%3B%3D%40",
       "/%21%24%26%27%28%29%2A%2B%2C%3B%3D%40"},
      {"/\xE1\x88\xB4", "/%E1%88%B4", "/%E1%88%B4"},
      {"/\xFF", "/%FF", "/%FF"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(path(c.path, true, true), c.normalized) << c.path;
    EXPECT_EQ(path(c.path, false, true), c.encoded) << c.path;
    EXPECT_EQ(path(c.path, false, false), c.path.empty() ? "/" : c.path) << c.path;
  }
  EXPECT_EQ(path("/a%20b/../c%2F//", true, false), "/c%2F/");
}

std::string query(std::string_view text, bool encode) {
  Options options;
  options.encode_query = encode;
  QueryCanonicalizer canonicalizer;
  std::string out;
  canonicalizer.append("left=over&from=before", options, out);
  out.clear();
  canonicalizer.append(text, options, out);
  return out;
}

struct QueryCase {
  std::string_view query;
  std::string_view as_sent;
  std::string_view encoded;
};

TEST(CanonicalQuery, Table) {
  const QueryCase cases[] = {
      {"", "", ""},
      {"a=1", "a=1", "a=1"},
      {"a", "a=", "a="},
      {"a=", "a=", "a="},
      {"=a", "=a", "=a"},
      {"b=2&a=1", "a=1&b=2", "a=1&b=2"},
      {"a=2&a=1&a", "a=&a=1&a=2", "a=&a=1&a=2"},
      {"a=b=c", "a=b=c", "a=b%3Dc"},
      {"aa=1&a=2&A=3", "A=3&a=2&aa=1", "A=3&a=2&aa=1"},
      {"a-=1&a=2", "a=2&a-=1", "a=2&a-=1"},
      {"a=%20&a=%7e", "a=%20&a=%7e", "a=%20&a=~"},
      {"a=%2f", "a=%2f", "a=%2F"},
      {"a=x+y", "a=x+y", "a=x%2By"},
      {"a=/:?@", "a=/:?@", "a=%2F%3A%3F%40"},
      {"a=%zz&b=%4&c=%", "a=%zz&b=%4&c=%", "a=%25zz&b=%254&c=%25"},
      {"a=%41", "a=%41", "a=A"},
      {"\xE1\x88\xB4=bar", "\xE1\x88\xB4=bar", "%E1%88%B4=bar"},
      {"a=1&&b=2&", "=&=&a=1&b=2", "a=1&b=2"},
      {"&", "=&=", ""},
      {"=", "=", "="},
      {"%62=1&a=2", "%62=1&a=2", "a=2&b=1"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(query(c.query, false), c.as_sent) << c.query;
    EXPECT_EQ(query(c.query, true), c.encoded) << c.query;
  }
}

TEST(CanonicalQuery, LongQueriesKeepTheirParts) {
  std::string text;
  for (int i = 999; i >= 0; --i) text += "k" + std::to_string(1000 + i) + "=%C3%BC%zz&";
  const auto out = query(text, true);
  EXPECT_EQ(out.substr(0, 34), "k1000=%C3%BC%25zz&k1001=%C3%BC%25z");
  EXPECT_EQ(out.substr(out.size() - 17), "k1999=%C3%BC%25zz");
}

std::string trimmed(std::string_view value) {
  std::string out = "x";
  append_trimmed(value, out);
  return out.substr(1);
}

TEST(HeaderValue, WhiteSpace) {
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed("   "), "");
  EXPECT_EQ(trimmed("a"), "a");
  EXPECT_EQ(trimmed("  a  "), "a");
  EXPECT_EQ(trimmed("a   b"), "a b");
  EXPECT_EQ(trimmed("\t a \t b\v\fc\x1c"
                    "d\t"),
            "a b c d");
  EXPECT_EQ(trimmed("\"a   b\""), "\"a b\"");
  EXPECT_EQ(trimmed("a\x7f\x01z"), "a\x7f\x01z");
  EXPECT_EQ(trimmed("caf\xC3\xA9  \xC2\xA0  x"), "caf\xC3\xA9 \xC2\xA0 x");
}

TEST(HeaderValue, PlainAtEveryLengthAndPlace) {
  for (std::size_t size = 0; size < 40; ++size) {
    std::string text(size, '\xC3');
    EXPECT_TRUE(is_plain(text));
    for (std::size_t at = 0; at < size; ++at) {
      for (const char c : "\x01\x1f \n"sv) {
        text[at] = c;
        EXPECT_FALSE(is_plain(text)) << size << " " << at << " " << static_cast<int>(c);
      }
      for (const char c : "!~\x7f\x80\xff"sv) {
        text[at] = c;
        EXPECT_TRUE(is_plain(text)) << size << " " << at << " " << static_cast<int>(c);
      }
      text[at] = '\xC3';
    }
  }
}

TEST(CanonicalHeaders, SortedJoinedLowerCase) {
  HeaderCanonicalizer headers;
  headers.add("stale", "gone");
  headers.clear();
  headers.add("X-B", "2");
  headers.add("x-a", "");
  headers.add("x-b", "  1 ");
  headers.add("Host", "h");
  headers.add("X-B", "");
  headers.add("x-b-c", "3");
  std::string text;
  std::string names;
  headers.append_headers(text);
  headers.append_names(names);
  EXPECT_EQ(text, "host:h\nx-a:\nx-b:2,1,\nx-b-c:3\n");
  EXPECT_EQ(names, "host;x-a;x-b;x-b-c");
}

// More fields of one name than std::sort leaves to its stable insertion sort.
TEST(CanonicalHeaders, RepeatedFieldsKeepTheirOrder) {
  HeaderCanonicalizer headers;
  std::vector<std::string> values;
  for (int i = 0; i < 100; ++i) values.push_back(std::to_string(99 - i));
  std::string expected = "x:";
  for (const auto& value : values) {
    headers.add(value.size() % 2 == 0 ? "X" : "x", value);
    expected += value + ",";
  }
  expected.back() = '\n';
  std::string text;
  headers.append_headers(text);
  EXPECT_EQ(text, expected);
}

}  // namespace
}  // namespace costmark::signing
