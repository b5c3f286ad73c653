#include "net/proxies.hpp"

#include <gtest/gtest.h>

#include <map>

namespace costmark::net {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

Proxies proxies_among(Variables variables) {
  return proxies_of([&](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

TEST(Proxies, NoneAreNone) {
  EXPECT_EQ(proxies_of(nullptr), Proxies());
  EXPECT_EQ(proxies_among({}), Proxies());
  EXPECT_EQ(proxies_among({{"http_proxy", ""}, {"ALL_PROXY", ""}, {"no_proxy", ""}}), Proxies());
}

TEST(Proxies, AreReadAsCurlReadsThem) {
  const struct {
    Variables variables;
    const char* of_http;
    const char* of_https;
    const char* no_proxy;
  } cases[] = {
      {{{"http_proxy", "a"}}, "a", "", ""},
      {{{"HTTP_PROXY", "a"}}, "", "", ""},  // a CGI program has it from its caller
      {{{"https_proxy", "a"}, {"HTTPS_PROXY", "b"}}, "", "a", ""},
      {{{"HTTPS_PROXY", "b"}}, "", "b", ""},
      {{{"all_proxy", "c"}, {"ALL_PROXY", "d"}}, "c", "c", ""},
      {{{"ALL_PROXY", "d"}, {"http_proxy", "a"}}, "a", "d", ""},
      {{{"http_proxy", ""}, {"all_proxy", "c"}}, "c", "c", ""},
      {{{"no_proxy", "x,y"}, {"NO_PROXY", "z"}}, "", "", "x,y"},
      {{{"NO_PROXY", "*"}}, "", "", "*"},
  };
  for (const auto& each : cases) {
    const Proxies proxies = proxies_among(each.variables);
    EXPECT_EQ(proxies.of_http, each.of_http);
    EXPECT_EQ(proxies.of_https, each.of_https);
    EXPECT_EQ(proxies.no_proxy, each.no_proxy);
  }
}

}  // namespace
}  // namespace costmark::net
