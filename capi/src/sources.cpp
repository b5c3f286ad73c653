#include "sources.hpp"

#include <chrono>
#include <utility>

#include "config.hpp"
#include "costmark/environment.hpp"
#include "handle.hpp"

namespace costmark::capi {
namespace {

// The same rule as a client's: a profile that was named and keys that were handed over are two
// identities.
Status check_one_identity(const Options& options, bool callback) {
  const bool keys = callback || !options.text("access_key_id").empty();
  if (!keys || options.text("profile").empty() || options.origin("profile") != "set") return {};
  return Status(Code::invalid_option,
                "both option 'profile' and AWS credentials are given; keep one of them");
}

}  // namespace

UnixSeconds system_time() noexcept {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

Result<Sources> sources_of(const costmark_config* config) {
  if (Status status = require(config, "config"); !status) return status;
  ClientConfig whole = config->for_client();
  Sources sources;
  sources.options = std::move(whole.options);
  sources.environment = process_environment();
  if (Status status = sources.options.load_environment(sources.environment); !status) return status;
  if (Status status = check_one_identity(sources.options, whole.credentials != nullptr); !status) {
    return status;
  }
  auto configured =
      configured_credentials(sources.options, sources.environment, std::move(whole.credentials));
  if (!configured) return std::move(configured).status();
  sources.credentials = std::move(configured).value();
  sources.clock = whole.clock ? std::move(whole.clock) : system_time;
  if (whole.log) {
    sources.on_refresh_failure = [log = std::move(whole.log)](const Error& error) {
      log(LogLevel::warning,
          "credentials could not be refreshed, those at hand still serve: " + error.message);
    };
  }
  return sources;
}

}  // namespace costmark::capi
