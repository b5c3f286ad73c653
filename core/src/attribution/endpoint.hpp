#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace costmark::attribution {

// The host families that differ in how a request names its project and is signed. Control hosts
// serve no model: only `classify_control_host` finds them.
enum class EndpointKind : std::uint8_t { mantle, runtime, control, custom };

std::string_view to_string(EndpointKind kind) noexcept;

// What a host name says. `region` is empty for custom hosts.
class Endpoint {
 public:
  EndpointKind kind = EndpointKind::custom;

  std::string_view region() const noexcept { return {region_.data(), region_length_}; }
  // The SigV4 service name of this kind of endpoint; custom hosts stand for mantle ones.
  std::string_view signing_service() const noexcept {
    const bool is_mantle = kind == EndpointKind::mantle || kind == EndpointKind::custom;
    return is_mantle ? "bedrock-mantle" : "bedrock";
  }
  bool canonical() const noexcept { return kind != EndpointKind::custom; }

 private:
  friend Endpoint classify_host(std::string_view host) noexcept;
  friend Endpoint classify_control_host(std::string_view host) noexcept;

  using KindOf = EndpointKind (*)(std::string_view service, std::string_view region,
                                  std::string_view suffix, bool is_interface) noexcept;
  static Endpoint classify(std::string_view host, KindOf kind_of) noexcept;

  std::array<char, 32> region_{};
  std::uint8_t region_length_ = 0;
};

// Recognizes the canonical hosts bedrock-mantle.REGION.api.aws and
// bedrock-runtime[-fips].REGION.SUFFIX, in any case and with or without a trailing dot, with the
// suffixes that AWS's partitions use, and the names of interface endpoints to them,
// vpce-ID.SERVICE.REGION.vpce.SUFFIX. Everything else is custom.
Endpoint classify_host(std::string_view host) noexcept;

// The same for the hosts of Bedrock's control plane, bedrock[-fips].REGION.SUFFIX, which a client
// that sends to models leaves alone.
Endpoint classify_control_host(std::string_view host) noexcept;

// Whether a host belongs to AWS, Bedrock or not: nothing goes there over plain http.
bool is_aws_host(std::string_view host) noexcept;

// Whether a host is another vendor's own, such as api.openai.com: nothing there leads to Bedrock,
// and a member that costmark adds is refused there.
bool is_host_of_other_vendor(std::string_view host) noexcept;

}  // namespace costmark::attribution
