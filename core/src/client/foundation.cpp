#include "client/foundation.hpp"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "client/client_impl.hpp"
#include "costmark/variables.hpp"
#include "crypto/crypto.hpp"
#include "json/scanner.hpp"

namespace costmark::client {
namespace {

UnixSeconds system_clock() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Whether the options, the environment or the shared files name AWS credentials. What a container
// or an instance may give is not asked: that takes the network.
bool names_credentials(const ClientConfig& config) {
  if (config.credentials || !config.options.text("access_key_id").empty()) return true;
  const Environment& variables = config.environment;
  const std::string named = first_of(
      variables, {"AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
                  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"});
  if (!named.empty() || !config.options.text("profile").empty()) return true;
  std::string file = first_of(variables, {"AWS_SHARED_CREDENTIALS_FILE"});
  if (file.empty()) file = first_of(variables, {"HOME"}) + "/.aws/credentials";
  return ::access(file.c_str(), R_OK) == 0;
}

// Who has no region often has no credentials either, and is told both at once.
Status no_region(Status status, const ClientConfig& config) {
  if (names_credentials(config)) return status;
  Error error = std::move(status).take();
  error.message +=
      "; and neither the environment nor a profile names AWS credentials, which a signature needs "
      "as well, unless a container or an instance gives them (`costmark doctor` shows both)";
  return error;
}

// Once in a process: variables do not belong to a client.
void warn_about_variables(const std::function<void(LogLevel, std::string_view)>& log) {
  static std::atomic<bool> warned{false};
  if (!log || warned.exchange(true, std::memory_order_relaxed)) return;
  for (const std::string& warning : unknown_process_variables()) log(LogLevel::warning, warning);
}

}  // namespace

Result<Foundation> lay_foundation(ClientConfig& config, EndpointUse use) {
  // Before there are threads: a child that is forked while another one does these would find their
  // locks taken for ever.
  json::Scanner::look_at_processor();
  if (Status status = crypto::look_up_algorithms(); !status) return status;
  const bool reads_process = !config.environment;
  if (reads_process) config.environment = process_environment();
  if (!config.clock) config.clock = system_clock;
  if (Status status = config.options.load_environment(config.environment); !status) return status;

  // The Projects API is also what makes the lock.
  Result<LockFile> lock = use == EndpointUse::inference ? configured_lock_file(config.options)
                                                        : Result<LockFile>(LockFile());
  if (!lock) return std::move(lock).status();
  Result<Settings> settings =
      Settings::create(config.options, config.environment, use, lock.value().names());
  if (!settings) return std::move(settings).status();
  if (settings.value().lacks_region()) {
    // A file that cannot be read is the credentials' error, where one is needed.
    auto region = profile_region(config.environment, config.options.text("profile"));
    if (region) settings.value().take_region(region.value().name, region.value().origin);
  }
  if (Status status = settings.value().check_region(); !status) {
    return no_region(std::move(status), config);
  }
  if (reads_process) warn_about_variables(config.log);
  Result<SendSettings> sending = SendSettings::create(config.options, config.environment);
  if (!sending) return std::move(sending).status();
  Result<Identity> identity = identity_of(config);
  if (!identity) return std::move(identity).status();
  return Foundation{std::move(settings).value(), std::move(sending).value(),
                    std::move(identity).value(), std::move(lock).value()};
}

}  // namespace costmark::client
