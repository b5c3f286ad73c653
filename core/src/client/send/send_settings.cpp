#include "client/send/send_settings.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "costmark/url.hpp"
#include "credentials/config/shared_files.hpp"

namespace costmark::client {
namespace {

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
      return {
          Code::invalid_option,
          "option 'proxy' begins with an unknown scheme; expected http, https, socks4, socks4a, "
          "socks5 or socks5h"};
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

// The option's, else the environment's.
Status read_proxies(const Options& options, const Environment& environment, net::Proxies& out) {
  const std::string_view proxy = options.text("proxy");
  if (Status status = check_proxy(proxy); !status) return status;
  out = net::proxies_of(environment);
  if (!proxy.empty()) out.of_http = out.of_https = proxy;
  if (const auto hosts = options.text("no_proxy"); !hosts.empty()) out.no_proxy = hosts;
  return {};
}

net::CaBundle ca_bundle_of(const Options& options, const Environment& environment) {
  constexpr std::string_view variable = "AWS_CA_BUNDLE";
  const std::string_view option = options.text("ca_bundle");
  const std::string bundle =
      option.empty() ? config::variable(environment, variable) : std::string(option);
  std::string path = config::expand_path(bundle, environment);
  // Not expandable: a file that is not there, never the system's certificates in its place.
  if (path.empty()) path = bundle;
  return {std::move(path), option.empty() ? std::string(variable) : "option 'ca_bundle'"};
}

Status read_version(std::string_view version, net::ConnectionConfig& out) {
  if (version == "1.1") out.version = net::Version::http_1_1;
  if (version != "2") return {};
  if (!net::speaks_http_2()) {
    return {Code::invalid_option, "option 'http_version' is 2, and this libcurl speaks only 1.1"};
  }
  out.version = net::Version::http_2;
  return {};
}

}  // namespace

Result<SendSettings> SendSettings::create(const Options& options, const Environment& environment) {
  SendSettings out;
  net::ConnectionConfig& connection = out.connection;
  if (Status status = read_version(options.text("http_version"), connection); !status) {
    return status;
  }
  if (Status status = read_proxies(options, environment, connection.proxies); !status) {
    return status;
  }
  connection.ca_bundle = ca_bundle_of(options, environment);

  out.timeout = std::chrono::milliseconds(options.integer("timeout_ms"));
  out.connect_timeout = std::chrono::milliseconds(options.integer("connect_timeout_ms"));
  out.read_timeout = std::chrono::milliseconds(options.integer("read_timeout_ms"));
  out.max_attempts = static_cast<std::uint32_t>(options.integer("max_attempts"));
  const auto most_idle = static_cast<std::size_t>(options.integer("max_idle_connections"));
  out.connections = options.text("connection_pool") == "process"
                        ? net::ConnectionPool::of_process(connection, most_idle)
                        : std::make_shared<net::ConnectionPool>(connection, most_idle);
  return out;
}

}  // namespace costmark::client
