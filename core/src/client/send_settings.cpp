#include "client/send_settings.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "costmark/url.hpp"
#include "credentials/config/shared_files.hpp"

namespace costmark::client {
namespace {

std::string first_of(const Environment& environment,
                     std::initializer_list<std::string_view> variables) {
  for (const std::string_view variable : variables) {
    if (auto value = environment(variable); value && !value->empty()) return *std::move(value);
  }
  return {};
}

// The proxies that libcurl knows, each with a host, and perhaps a user and a port.
Status check_proxy(std::string_view proxy) {
  constexpr std::array<std::string_view, 7> schemes{"http",    "https",  "socks",  "socks4",
                                                    "socks4a", "socks5", "socks5h"};
  if (proxy.empty()) return {};
  if (const auto at = proxy.find("://"); at != std::string_view::npos) {
    const std::string_view scheme = proxy.substr(0, at);
    const bool known = std::any_of(schemes.begin(), schemes.end(), [scheme](auto name) {
      return equal_ignoring_case(name, scheme);
    });
    if (!known) {
      return {Code::invalid_option,
              "option 'proxy' begins with a scheme that is none of http, https, socks4, socks4a, "
              "socks5 and socks5h"};
    }
    proxy.remove_prefix(at + 3);
  }
  if (const auto at = proxy.rfind('@'); at != std::string_view::npos) proxy.remove_prefix(at + 1);
  while (proxy.ends_with('/')) proxy.remove_suffix(1);
  if (parse_url("http://" + std::string(proxy)).ok()) return {};
  return {
      Code::invalid_option,
      "option 'proxy' has no host and port that can be used, such as http://proxy.example:3128"};
}

// As curl reads them: http_proxy in lower case alone, as a CGI program has the other from its
// caller.
Status read_proxies(const Options& options, const Environment& environment, http::LineConfig& out) {
  const std::string_view no_proxy = options.text("no_proxy");
  out.no_proxy =
      no_proxy.empty() ? first_of(environment, {"no_proxy", "NO_PROXY"}) : std::string(no_proxy);
  const std::string_view proxy = options.text("proxy");
  if (Status status = check_proxy(proxy); !status) return status;
  if (!proxy.empty()) {
    out.http_proxy = out.https_proxy = proxy;
  } else {
    out.http_proxy = first_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"});
    out.https_proxy =
        first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  }
  return {};
}

std::string ca_bundle_of(const Options& options, const Environment& environment) {
  const std::string_view option = options.text("ca_bundle");
  const std::string bundle =
      option.empty() ? config::variable(environment, "AWS_CA_BUNDLE") : std::string(option);
  std::string path = config::expand_path(bundle, environment);
  // Not expandable: a file that is not there, never the system's certificates in its place.
  return path.empty() ? bundle : path;
}

Status read_version(std::string_view version, http::LineConfig& out) {
  if (version == "1.1") out.version = http::Version::http_1_1;
  if (version != "2") return {};
  if (!http::speaks_http_2()) {
    return {Code::invalid_option, "option 'http_version' is 2, and this libcurl speaks only 1.1"};
  }
  out.version = http::Version::http_2;
  return {};
}

}  // namespace

Result<SendSettings> SendSettings::create(const Options& options, const Environment& environment) {
  http::LineConfig line;
  if (Status status = read_version(options.text("http_version"), line); !status) return status;
  if (Status status = read_proxies(options, environment, line); !status) return status;
  line.ca_bundle = ca_bundle_of(options, environment);

  SendSettings out;
  out.timeout = std::chrono::milliseconds(options.integer("timeout_ms"));
  out.connect_timeout = std::chrono::milliseconds(options.integer("connect_timeout_ms"));
  out.read_timeout = std::chrono::milliseconds(options.integer("read_timeout_ms"));
  out.max_attempts = static_cast<std::uint32_t>(options.integer("max_attempts"));
  const auto most_idle = static_cast<std::size_t>(options.integer("max_idle_connections"));
  out.lines = options.text("connection_pool") == "process"
                  ? http::LinePool::of_process(line, most_idle)
                  : std::make_shared<http::LinePool>(std::move(line), most_idle);
  return out;
}

http::TransportConfig transport_config(const Options& options, const Environment& environment) {
  return {ca_bundle_of(options, environment), std::string(options.text("proxy")),
          std::string(options.text("no_proxy"))};
}

}  // namespace costmark::client
