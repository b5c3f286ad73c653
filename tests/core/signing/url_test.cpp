#include "costmark/url.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace costmark {
namespace {

using namespace std::string_view_literals;

struct GoodUrl {
  std::string_view text;
  std::string_view host_header;
  std::uint16_t port;
  std::string_view path;
  std::string_view query;
};

TEST(Url, Good) {
  const GoodUrl cases[] = {
      {"https://example.com", "example.com", 443, "", ""},
      {"http://example.com", "example.com", 80, "", ""},
      {"https://example.com/", "example.com", 443, "/", ""},
      {"HTTPS://EXAMPLE.com/A", "example.com", 443, "/A", ""},
      {"https://example.com?a=b", "example.com", 443, "", "a=b"},
      {"https://example.com/p?a=b?c/d", "example.com", 443, "/p", "a=b?c/d"},
      {"https://example.com/p?", "example.com", 443, "/p", ""},
      {"https://example.com#f", "example.com", 443, "", ""},
      {"https://example.com/p?q#f?x#y", "example.com", 443, "/p", "q"},
      {"https://example.com:443/", "example.com", 443, "/", ""},
      {"http://example.com:443/", "example.com:443", 443, "/", ""},
      {"http://example.com:80", "example.com", 80, "", ""},
      {"https://example.com:1", "example.com:1", 1, "", ""},
      {"https://example.com:65535?q", "example.com:65535", 65535, "", "q"},
      {"https://example.com:0443", "example.com", 443, "", ""},
      {"http://127.0.0.1:8080/x", "127.0.0.1:8080", 8080, "/x", ""},
      {"http://localhost", "localhost", 80, "", ""},
      {"http://my_gateway-1.internal.", "my_gateway-1.internal.", 80, "", ""},
      {"http://[::1]", "[::1]", 80, "", ""},
      {"http://[::]:9/a@b:c", "[::]:9", 9, "/a@b:c", ""},
      {"https://[2001:DB8::a]:8443/", "[2001:db8::a]:8443", 8443, "/", ""},
      {"https://[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", 443, "", ""},
      {"https://[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", 443, "", ""},
      {"https://[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]", 443, "", ""},
      {"https://[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]", 443, "", ""},
      {"https://h//a/../b", "h", 443, "//a/../b", ""},
      {"https://h/\xC3\xBC?\xC3\xBC", "h", 443, "/\xC3\xBC", "\xC3\xBC"},
      {"https://h?u=http://x:y@z/", "h", 443, "", "u=http://x:y@z/"},
  };
  for (const auto& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url.ok()) << c.text << ": " << url.error().message;
    std::string host;
    append_host_header(url.value(), host);
    EXPECT_EQ(host, c.host_header) << c.text;
    EXPECT_EQ(url.value().port, c.port) << c.text;
    EXPECT_EQ(url.value().path, c.path) << c.text;
    EXPECT_EQ(url.value().query, c.query) << c.text;
    EXPECT_EQ(url.value().https, c.text[4] == 's' || c.text[4] == 'S') << c.text;
  }
}

TEST(Url, PartsAsWritten) {
  const auto url = parse_url("Http://[2001:DB8::A]:0080/p");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url.value().scheme, "Http");
  EXPECT_EQ(url.value().authority, "[2001:DB8::A]:0080");
  EXPECT_EQ(url.value().host, "2001:DB8::A");
  EXPECT_TRUE(url.value().ipv6);
  EXPECT_TRUE(url.value().default_port());
}

struct BadUrl {
  std::string_view text;
  std::uint64_t offset;
};

TEST(Url, Bad) {
  const BadUrl cases[] = {
      {"", 0},
      {"example.com", 0},
      {"/path", 0},
      {"//example.com/", 0},
      {"ftp://example.com/", 0},
      {"httpss://example.com/", 0},
      {"://example.com", 0},
      {"https:", 6},
      {"https:/", 6},
      {"https:example.com", 6},
      {"https:/example.com", 6},
      {"https:\\\\example.com", 6},
      {"https://", 8},
      {"https:///x", 8},
      {"http:///x", 7},
      {"https://?q", 8},
      {"https://#f", 8},
      {"https://:443/", 8},
      {"https://user@example.com/", 8},
      {"https://user:secret@example.com/", 8},
      {"https://@example.com/", 8},
      {"https://a@b@c/", 8},
      {"https://example.com:/", 20},
      {"https://example.com:", 20},
      {"https://example.com:0/", 20},
      {"https://example.com:65536", 20},
      {"https://example.com:99999999999999999999999", 20},
      {"https://example.com:+1", 20},
      {"https://example.com:8a", 21},
      {"https://example.com:80:80", 22},
      {"https://exa mple.com/", 11},
      {"https://example.com/a b", 21},
      {"https://example.com/\n", 20},
      {"https://example.com/?a\r", 22},
      {"https://example.com/\0"sv, 20},
      {"https://example.com/\x7f", 20},
      {"https://example.com/#\t", 21},
      {" https://example.com/", 0},
      {"https://ex%61mple.com/", 10},
      {"https://example.com\\@evil.example/", 8},
      {"https://example.com\\evil/", 19},
      {"https://b\xC3\xBC"
       "cher.example/",
       9},
      {"https://.example.com", 8},
      {"https://example..com", 16},
      {"https://[::1", 8},
      {"https://[]", 9},
      {"https://[::1]x", 13},
      {"https://[::1]:", 14},
      {"https://[::1%25eth0]/", 9},
      {"https://[1:2:3:4:5:6:7]", 9},
      {"https://[1:2:3:4:5:6:7:8:9]", 9},
      {"https://[1::2::3]", 9},
      {"https://[12345::]", 9},
      {"https://[:1]", 9},
      {"https://[1:]", 9},
      {"https://[::1.2.3]", 9},
      {"https://[::1.2.3.256]", 9},
      {"https://[::01.2.3.4]", 9},
      {"https://[1:2:3:4:5:6:7:1.2.3.4]", 9},
      {"https://[v1.x]", 9},
      {"https://::1/", 8},
  };
  for (const auto& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_FALSE(url.ok()) << c.text;
    EXPECT_EQ(url.error().code, Code::invalid_url) << c.text;
    EXPECT_EQ(url.error().offset, c.offset) << c.text << ": " << url.error().message;
    EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
  }
}

TEST(Url, LengthsOfHosts) {
  const std::string label(63, 'a');
  EXPECT_TRUE(parse_url("https://" + label + "." + label + "." + label + "/").ok());
  EXPECT_FALSE(parse_url("https://" + label + "a.example/").ok());
  std::string host = label + "." + label + "." + label + "." + label;  // 255
  EXPECT_FALSE(parse_url("https://" + host).ok());
  EXPECT_TRUE(parse_url("https://" + host.substr(2)).ok());
}

// Whatever the bytes, a URL is taken apart without leaving the text, or refused.
TEST(Url, EveryPrefixAndEveryByte) {
  const std::string text = "https://[2001:db8::1.2.3.4]:8443/a/b?c=d&e#f";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string variant = text.substr(0, size);
      variant.push_back(static_cast<char>(byte));
      const auto url = parse_url(variant);
      if (!url.ok()) continue;
      EXPECT_FALSE(url.value().host.empty());
      EXPECT_NE(url.value().port, 0);
      EXPECT_TRUE(url.value().path.empty() || url.value().path[0] == '/');
    }
  }
}

}  // namespace
}  // namespace costmark
