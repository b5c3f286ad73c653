#include "config.hpp"

#include <utility>

#include "guard.hpp"
#include "numbers.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

// Takes a callback into a slot of a configuration. `data` is the callee's from its first line on:
// its finalizer runs also when nothing below succeeds.
template <class Kept, class Function, class... Rest>
costmark_status set_callback(costmark_config* config,
                             std::shared_ptr<const Kept> costmark_config::* slot, Function callback,
                             UserData data, costmark_error** out_error, Rest... rest) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(config, "config"); !status) return status;
    if (callback == nullptr) return invalid_argument("callback is NULL");
    // The replaced callback ends with this scope: its finalizer finds the new one in place.
    std::shared_ptr<const Kept> taken =
        std::make_shared<const Kept>(callback, std::move(data), rest...);
    std::swap(config->*slot, taken);
    return {};
  });
}

}  // namespace
}  // namespace costmark::capi

using namespace costmark::capi;
using costmark::Status;

costmark::ClientConfig costmark_config::for_client() const {
  costmark::ClientConfig config;
  config.options = options;
  config.host_api_key = host_api_key;
  if (credentials) {
    config.credentials =
        costmark::callback_credentials([asked = credentials] { return ask(*asked); });
  }
  if (bearer_token) config.bearer_token = [asked = bearer_token] { return ask(*asked); };
  if (bearer_token && bearer_token->refused != nullptr) {
    config.bearer_token_refused = [told = bearer_token](std::string_view token) {
      told->refused(told->user_data.get(), token.data(), token.size());
    };
  }
  if (log) {
    config.log = [to = log](costmark::LogLevel level, std::string_view message) {
      to->function(to->user_data.get(), number_of(level), message.data(), message.size());
    };
  }
  if (clock) config.clock = [asked = clock] { return ask(*asked); };
  if (usage) {
    config.on_usage = [to = usage](const costmark::AttemptReport& report) { tell(*to, report); };
  }
  return config;
}

costmark_status costmark_config_new(costmark_config** out_config,
                                    costmark_error** out_error) noexcept {
  return guarded_new(out_config, out_error, make_handle<costmark_config>);
}

costmark_status costmark_config_set(costmark_config* config, const char* name, size_t name_len,
                                    const char* value, size_t value_len,
                                    costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(config, "config"); !status) return status;
    std::string_view name_text, value_text;
    if (Status status = read_text(name, name_len, "name", name_text); !status) return status;
    if (name == nullptr) return invalid_argument("name is NULL");
    if (Status status = read_text(value, value_len, "value", value_text); !status) return status;
    return config->options.set(name_text, value_text);
  });
}

costmark_status costmark_config_set_credentials_callback(costmark_config* config,
                                                         costmark_credentials_callback callback,
                                                         void* user_data,
                                                         costmark_free_user_data free_user_data,
                                                         costmark_error** out_error) noexcept {
  return set_callback(config, &costmark_config::credentials, callback,
                      UserData(user_data, free_user_data), out_error);
}

costmark_status costmark_config_set_bearer_token_callback(
    costmark_config* config, costmark_bearer_token_callback callback,
    costmark_bearer_token_refused_callback refused, void* user_data,
    costmark_free_user_data free_user_data, costmark_error** out_error) noexcept {
  return set_callback(config, &costmark_config::bearer_token, callback,
                      UserData(user_data, free_user_data), out_error, refused);
}

costmark_status costmark_config_set_log_callback(costmark_config* config,
                                                 costmark_log_callback callback, void* user_data,
                                                 costmark_free_user_data free_user_data,
                                                 costmark_error** out_error) noexcept {
  return set_callback(config, &costmark_config::log, callback, UserData(user_data, free_user_data),
                      out_error);
}

costmark_status costmark_config_set_clock_callback(costmark_config* config,
                                                   costmark_clock_callback callback,
                                                   void* user_data,
                                                   costmark_free_user_data free_user_data,
                                                   costmark_error** out_error) noexcept {
  return set_callback(config, &costmark_config::clock, callback,
                      UserData(user_data, free_user_data), out_error);
}

costmark_status costmark_config_set_usage_callback(costmark_config* config,
                                                   costmark_usage_callback callback,
                                                   void* user_data,
                                                   costmark_free_user_data free_user_data,
                                                   costmark_error** out_error) noexcept {
  return set_callback(config, &costmark_config::usage, callback,
                      UserData(user_data, free_user_data), out_error);
}

costmark_status costmark_config_set_host_api_key(costmark_config* config, const char* key,
                                                 size_t key_len,
                                                 costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(config, "config"); !status) return status;
    std::string_view text;
    if (Status status = read_text(key, key_len, "key", text); !status) return status;
    std::string key_text(text);
    config->host_api_key.swap(key_text);
    wipe(key_text);
    return {};
  });
}

void costmark_config_free(costmark_config* config) noexcept {
  const WithoutThreadCancel uncancelled;
  if (alive(config)) delete config;
}
