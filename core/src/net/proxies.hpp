#pragma once

#include <string>

#include "costmark/environment.hpp"

namespace costmark::net {

// Proxies, which may hold passwords, and the hosts that are reached without one; as curl spells
// them.
struct Proxies {
  Proxies() = default;
  Proxies(const Proxies&) = default;
  Proxies(Proxies&&) noexcept = default;
  Proxies& operator=(const Proxies&) = default;
  Proxies& operator=(Proxies&&) noexcept = default;
  ~Proxies();

  std::string of_http;  // for http URLs; empty: none
  std::string of_https;
  std::string no_proxy;

  friend bool operator==(const Proxies&, const Proxies&) = default;
};

// Those of the environment, as curl reads it; none without one.
Proxies proxies_of(const Environment& environment);

}  // namespace costmark::net
