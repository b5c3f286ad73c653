#include "credentials/metadata/instance_settings.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "costmark/http.hpp"
#include "costmark/url.hpp"
#include "credentials/config/shared_files.hpp"
#include "http/transport.hpp"

namespace costmark {
namespace {

constexpr const char* ipv6_endpoint = "http://[fd00:ec2::254]";
constexpr int longest_timeout_s = 3600;
constexpr int most_attempts = 100;

// A value and where it stands: the variable's name, or file and line.
struct Value {
  std::string text;
  std::string where;
  bool is(std::string_view word) const noexcept { return equal_ignoring_case(text, word); }
};

class Lookup {
 public:
  Lookup(const Environment& environment, config::Profile profile)
      : environment_(environment), profile_(std::move(profile)) {}

  // Empty when neither says anything.
  Value find(const char* variable, std::string_view key) const {
    if (std::string text = config::variable(environment_, variable); !text.empty()) {
      return {std::move(text), variable};
    }
    const config::Setting setting = profile_.get(key);
    if (!setting) return {};
    return {std::string(setting.value()), setting.where()};
  }

 private:
  const Environment& environment_;
  config::Profile profile_;
};

Error fault(const Value& value, const std::string& what) {
  return {Code::unusable_credentials, value.where + ": " + what};
}

Status read_number(const Value& value, int most, int& number) {
  if (value.text.empty()) return {};
  const char* end = value.text.data() + value.text.size();
  int read = 0;
  const auto [stop, error] = std::from_chars(value.text.data(), end, read);
  if (error != std::errc() || stop != end || read < 1 || read > most) {
    return fault(value, "not a whole number from 1 to " + std::to_string(most));
  }
  number = read;
  return {};
}

Status read_endpoint(const Lookup& lookup, InstanceSettings& settings) {
  const Value mode =
      lookup.find("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode");
  if (mode.is("ipv6") ||
      (mode.text.empty() && lookup.find("AWS_IMDS_USE_IPV6", "imds_use_ipv6").is("true"))) {
    settings.endpoint = ipv6_endpoint;
  } else if (!mode.text.empty() && !mode.is("ipv4")) {
    return fault(mode, "the mode of the endpoint is neither 'ipv4' nor 'ipv6'");
  }
  const Value own =
      lookup.find("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  if (!own.text.empty()) settings.endpoint = own.text;
  const Result<Url> url = parse_url(settings.endpoint);
  if (!url) return fault(own, url.error().message);
  if (settings.endpoint.find_first_of("?#") != std::string::npos) {
    return fault(own, "the endpoint's URL has a query or a fragment; it takes neither");
  }
  settings.origin = http::origin_of(url.value());
  while (settings.endpoint.back() == '/') settings.endpoint.pop_back();
  return {};
}

}  // namespace

Result<InstanceSettings> InstanceSettings::of(const Environment& environment,
                                              const std::string& profile) {
  InstanceSettings settings;
  settings.disabled =
      equal_ignoring_case(config::variable(environment, "AWS_EC2_METADATA_DISABLED"), "true");
  if (settings.disabled) return settings;
  const auto files = config::SharedFiles::load(config::SharedFiles::Paths::of(environment));
  if (!files) return files.error();
  const Lookup lookup(environment,
                      files.value().profile(config::ProfileChoice::of(environment, profile).name));

  if (Status status = read_endpoint(lookup, settings); !status) return status;
  int seconds = static_cast<int>(settings.timeout.count());
  Status status =
      read_number(lookup.find("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"),
                  longest_timeout_s, seconds);
  if (!status) return status;
  settings.timeout = std::chrono::seconds(seconds);
  status =
      read_number(lookup.find("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"),
                  most_attempts, settings.attempts);
  if (!status) return status;
  Value v1 = lookup.find("AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled");
  if (v1.is("true")) settings.v1_disabled_by = std::move(v1.where);
  return settings;
}

}  // namespace costmark
