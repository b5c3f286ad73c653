// A URL is refused or taken apart without loss, and only AWS's own names pass for Bedrock's hosts.
#include <algorithm>

#include "attribution/endpoint.hpp"
#include "base/text.hpp"
#include "costmark/attribution.hpp"
#include "costmark/url.hpp"
#include "fuzz/property.hpp"

namespace {

using namespace costmark;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

void check_parts(std::string_view text, const Url& url) {
  std::string again =
      std::string(url.scheme) + "://" + std::string(url.authority) + std::string(url.path);
  const std::string_view without_fragment = text.substr(0, text.find('#'));
  if (without_fragment.size() > again.size()) again += "?" + std::string(url.query);
  COSTMARK_HOLDS(again == without_fragment);
  COSTMARK_HOLDS(lower(url.scheme) == (url.https ? "https" : "http"));
  COSTMARK_HOLDS(!url.host.empty() && url.port != 0);
  COSTMARK_HOLDS(url.path.empty() || url.path.front() == '/');
  COSTMARK_HOLDS(url.path.find('?') == std::string_view::npos);
  COSTMARK_HOLDS(!fuzz::holds_any(url.authority, "@/?#\\% "));
  for (const char c : text) COSTMARK_HOLDS(static_cast<unsigned char>(c) > 0x20 && c != 0x7F);
}

void check_host_header(const Url& url) {
  std::string header;
  append_host_header(url, header);
  COSTMARK_HOLDS(header == lower(header));
  const std::string again = (url.https ? "https://" : "http://") + header;
  const Result<Url> parsed = parse_url(again);
  COSTMARK_HOLDS(parsed.ok());
  COSTMARK_HOLDS(parsed.value().host == lower(url.host) && parsed.value().port == url.port);
}

// Written without the library's tables: the first label, the region's, the domains of AWS.
void check_endpoint(const Url& url) {
  const attribution::Endpoint endpoint = attribution::classify_host(url.host);
  COSTMARK_HOLDS(endpoint.canonical() == is_bedrock_host(url.host));
  COSTMARK_HOLDS(endpoint.canonical() == !endpoint.region().empty());
  if (!endpoint.canonical()) return;
  COSTMARK_HOLDS(!url.ipv6 && attribution::is_aws_host(url.host));
  COSTMARK_HOLDS(text::is_region(endpoint.region()));
  std::string host = lower(url.host);
  if (host.ends_with('.')) host.pop_back();
  const bool mantle = endpoint.kind == attribution::EndpointKind::mantle;
  const std::string region(endpoint.region());
  if (mantle) {
    COSTMARK_HOLDS(host == "bedrock-mantle." + region + ".api.aws");
    return;
  }
  COSTMARK_HOLDS(host.starts_with("bedrock-runtime." + region + ".") ||
                 host.starts_with("bedrock-runtime-fips." + region + "."));
  bool known = false;
  for (const std::string_view domain :
       {".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws", ".c2s.ic.gov",
        ".api.amazonwebservices.com.cn", ".api.amazonwebservices.eu", ".api.aws.ic.gov",
        ".sc2s.sgov.gov", ".api.aws.scloud", ".cloud.adc-e.uk", ".api.cloud-aws.adc-e.uk",
        ".csp.hci.ic.gov", ".api.aws.hci.ic.gov"}) {
    known = known || host.ends_with(region + std::string(domain));
  }
  COSTMARK_HOLDS(known);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::Input(data, size).rest();
  const Result<Url> url = parse_url(text);
  if (!url) {
    COSTMARK_HOLDS(url.error().code == Code::invalid_url);
    COSTMARK_HOLDS(url.error().offset && *url.error().offset <= size);
    COSTMARK_HOLDS(fuzz::is_one_line(url.error().message));
    return 0;
  }
  check_parts(text, url.value());
  check_host_header(url.value());
  check_endpoint(url.value());
  return 0;
}
