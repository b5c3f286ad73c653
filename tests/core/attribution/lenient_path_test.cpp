#include "attribution/lenient_path.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace costmark::attribution {
namespace {

using namespace std::string_literals;

std::string read(std::string_view path) {
  return std::string(LenientPath(path).text());
}

TEST(LenientPath, ReadsWhatAnyServerWould) {
  for (const std::string& path :
       {"/v1/chat/completions"s,         "v1/chat/completions"s,
        "/v1/chat/completions/"s,        "//v1///chat//completions//"s,
        "/V1/Chat/COMPLETIONS"s,         "/v1/chat/./completions/."s,
        "/v1/x/../chat/completions"s,    "/v1/x/%2e%2E/chat/completions"s,
        "/v1/chat/%63ompletions"s,       "/v1/chat/%2563ompletions"s,
        "/v1/chat/%25%36%33ompletions"s, "/v1/chat/%252563ompletions"s,
        "/v1%2fchat%2Fcompletions"s,     "/v1%252fchat/completions"s,
        "/v1\\chat\\completions"s,       "/v1%5cchat/completions"s,
        "/v1/chat/completions."s,        "/v1/chat/completions..."s,
        "/v1/chat/completions%20"s,      "/v1/%09chat%20./completions"s,
        "/v1/chat;a=1/completions;b;c"s, "/v1/chat/completions;/"s,
        "/;x/v1/chat/completions"s,      "/v1/chat/comple%0ations"s,
        "/v1/chat/%u0063ompletions"s,    "/v1/chat/%U0043ompletions"s,
        "/v1/chat%c0%afcompletions"s,    "/v1/x/%c0%ae%c0%ae/chat/completions"s,
        "/v1/x/..;a/chat/completions"s,  "/v1/chat/%%36%33ompletions"s,
        "/../../v1/chat/completions"s}) {
    EXPECT_EQ(read(path), "/v1/chat/completions") << path;
  }
}

TEST(LenientPath, TakesOffTheBlanksOfUnicode) {
  EXPECT_EQ(read("/v1/chat/completions%c2%a0"), "/v1/chat/completions");
  EXPECT_EQ(read("/v1/%e3%80%80chat/completions%e2%80%83. "), "/v1/chat/completions");
  EXPECT_EQ(read("/%ef%bb%bfv1/chat/completions\xC2\x85"), "/v1/chat/completions");
  EXPECT_EQ(read("/v1/%c2%a0/chat/completions"), "/v1/chat/completions");
  EXPECT_EQ(read("/v1/chat%e1%a0%8e/%e2%81%a0completions"), "/v1/chat/completions");
}

TEST(LenientPath, TakesOffTheBlanksOfLatin1) {
  for (const char* path : {"/v1/chat/completions%a0", "/v1/chat/completions%A0%85.%20%A0",
                           "/v1/%85chat%a0/completions", "/v1/chat/%A0%a0completions%25A0",
                           "/v1/%a0/chat/completions/%a0", "/v1/x/..%a0/chat/completions",
                           "/v1/chat/completions\xE3\x80\x80%a0", "/v1/chat/completions%a0;x"}) {
    EXPECT_EQ(read(path), "/v1/chat/completions") << path;
  }
}

TEST(LenientPath, TakesOffBlanksThatAreEscapedAsUtf16) {
  for (const char* path : {"/v1/chat/completions%u0020", "/v1/chat/completions%u00a0",
                           "/v1/%u3000chat/completions%u2003", "/v1/chat/completions%25u00A0",
                           "/%uFEFFv1/chat/completions%u0009"}) {
    EXPECT_EQ(read(path), "/v1/chat/completions") << path;
  }
}

TEST(LenientPath, KeepsWhatIsNoSpelling) {
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("/"), "");
  EXPECT_EQ(read("/.."), "");
  EXPECT_EQ(read("/a b"), "/a b");
  EXPECT_EQ(read("/a.b"), "/a.b");
  EXPECT_EQ(read("/.hidden"), "/.hidden");
  EXPECT_EQ(read("/a%"), "/a%");
  EXPECT_EQ(read("/a%zz%4"), "/a%zz%4");
  EXPECT_EQ(read("/a%u00e9"), "/a\xC3\xA9");
  EXPECT_EQ(read("/a%ud800%ue00"), "/a%ud800%ue00");
  EXPECT_EQ(read("/\xC3\xA9"), "/\xC3\xA9");
  EXPECT_EQ(read("/a\xC2\xA0z\xC3\xA0"), "/a\xC2\xA0z\xC3\xA0");
  EXPECT_EQ(read("/\xE2\x82\xA0"), "/\xE2\x82\xA0");
  EXPECT_EQ(read("/\xF0\x9F\x98\x85"), "/\xF0\x9F\x98\x85");
  EXPECT_EQ(read("/a\xA0z\x80"), "/a\xA0z\x80");
}

TEST(LenientPath, TellsWhatAnEarlyEndLeaves) {
  EXPECT_TRUE(LenientPath("/v1/models").cuts().empty());
  for (const char* path :
       {"/v1/chat/completions;/../../models", "/v1/chat/completions%3f/../x",
        "/v1/chat/completions%253F/../x", "/v1/chat/completions%23x", "/v1/chat;a/completions%3fx",
        "/v1/chat/completions%00.json", "/v1/chat/completions%3bx/../..",
        "/v1%3f/../v1/chat/completions%00.json"}) {
    const LenientPath cut(path);
    EXPECT_NE(std::ranges::find(cut.cuts(), "/v1/chat/completions"), cut.cuts().end()) << path;
  }
}

TEST(LenientPath, NestedEscapesTakeTimeInProportion) {
  std::string path = "/%";
  for (int i = 0; i < 200'000; ++i) path += "25";
  path += "63";
  EXPECT_EQ(read(path), "/c");
}

TEST(LenientPath, IsReusable) {
  LenientPath path("/a;b/c");
  path.read("/d");
  EXPECT_EQ(path.text(), "/d");
  EXPECT_TRUE(path.cuts().empty());
}

}  // namespace
}  // namespace costmark::attribution
