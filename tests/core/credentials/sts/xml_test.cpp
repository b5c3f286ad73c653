#include "credentials/sts/xml.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace costmark::xml {
namespace {

using Leaves = std::vector<std::pair<std::string, std::string>>;

Leaves leaves_of(std::string_view document) {
  Leaves leaves;
  const Status status = read(document, [&](std::string_view path, const std::string& text) {
    leaves.emplace_back(path, text);
  });
  EXPECT_TRUE(status.ok()) << document << ": " << status.error().message;
  return leaves;
}

TEST(Xml, LeavesInOrder) {
  EXPECT_EQ(leaves_of("<a><b>1</b><c><d>2</d><d>3</d></c>4<e/></a>"),
            (Leaves{{"a/b", "1"}, {"a/c/d", "2"}, {"a/c/d", "3"}, {"a/e", ""}}));
  EXPECT_EQ(leaves_of("<a>text</a>"), (Leaves{{"a", "text"}}));
  EXPECT_EQ(leaves_of("<a/>"), (Leaves{{"a", ""}}));
}

TEST(Xml, WhatIsSkipped) {
  EXPECT_EQ(leaves_of("\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- <x> -->\n"
                      "<n:a xmlns:n='u>' k = \"</b>\"\n>\r\n <n:b k='&amp;'>1<!--2--><?3?>4</n:b > "
                      "</n:a>\n<!---->\n"),
            (Leaves{{"a/b", "14"}}));
}

TEST(Xml, References) {
  EXPECT_EQ(leaves_of("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#xe9;&#x20AC;&#x10FFFF;&#13;</a>"),
            (Leaves{{"a", "<>&\"'AB\xC3\xA9\xE2\x82\xAC\xF4\x8F\xBF\xBF\r"}}));
  EXPECT_EQ(leaves_of("<a>&amp;lt;<![CDATA[<b>&amp;]]]]><![CDATA[>]]></a>"),
            (Leaves{{"a", "&lt;<b>&amp;]]>"}}));
}

TEST(Xml, Refused) {
  const std::string deep = [] {
    std::string text;
    for (std::size_t i = 0; i <= deepest_nesting; ++i) text += "<a>";
    return text;
  }();
  const std::string cases[] = {
      "",
      "  ",
      "text",
      "{\"json\": true}",
      "<a>",
      "<a><b></a></b>",
      "<a></b>",
      "</a>",
      "<a></a><a/>",
      "<a></a>text",
      "text<a/>",
      "<a",
      "<a b",
      "<a b=c/>",
      "<a b='c/>",
      "<a 'b'/>",
      "<a/ >",
      "< a/>",
      "<1/>",
      "<>",
      "<a></a",
      "<a><!-- </a>",
      "<a><![CDATA[ </a>",
      "<![CDATA[x]]>",
      "<?xml",
      "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
      "<a><!DOCTYPE a></a>",
      "<a>&b;</a>",
      "<a>&</a>",
      "<a>& lt;</a>",
      "<a>&lt</a>",
      "<a>&#0;</a>",
      "<a>&#11;</a>",
      "<a>&#xD800;</a>",
      "<a>&#x110000;</a>",
      "<a>&#99999999999;</a>",
      "<a>&#-1;</a>",
      "<a>&#;</a>",
      "<a>&#x;</a>",
      "<a>&LT;</a>",
      std::string("<a>\0</a>", 8),
      "<a>\x01</a>",
      deep,
  };
  for (const std::string& document : cases) {
    const Status status = read(document, [](std::string_view, const std::string&) {});
    ASSERT_FALSE(status.ok()) << document;
    EXPECT_EQ(status.error().code, Code::service);
    ASSERT_TRUE(status.error().offset);
    EXPECT_LE(*status.error().offset, document.size());
  }
}

// Every beginning of a document is refused, and none is read past its end.
TEST(Xml, CutOffAnywhere) {
  const std::string document = "<?xml version='1.0'?><a b='c'><d>&#x41;<![CDATA[e]]></d><f/></a>";
  for (std::size_t length = 0; length < document.size(); ++length) {
    const std::string cut = document.substr(0, length);  // its own buffer, for the sanitizer
    EXPECT_FALSE(read(cut, [](std::string_view, const std::string&) {}).ok()) << cut;
  }
  EXPECT_EQ(leaves_of(document), (Leaves{{"a/d", "Ae"}, {"a/f", ""}}));
}

}  // namespace
}  // namespace costmark::xml
