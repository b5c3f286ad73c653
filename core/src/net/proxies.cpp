#include "net/proxies.hpp"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "cleanse.hpp"

namespace costmark::net {
namespace {

std::string first_of(const Environment& environment,
                     std::initializer_list<std::string_view> variables) {
  for (const std::string_view variable : variables) {
    if (auto value = environment(variable); value && !value->empty()) return *std::move(value);
  }
  return {};
}

}  // namespace

Proxies::~Proxies() {
  cleanse(of_http);
  cleanse(of_https);
}

// http_proxy in lower case alone, as a CGI program has the other from its caller.
Proxies proxies_of(const Environment& environment) {
  Proxies out;
  if (!environment) return out;
  out.of_http = first_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"});
  out.of_https = first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  out.no_proxy = first_of(environment, {"no_proxy", "NO_PROXY"});
  return out;
}

}  // namespace costmark::net
