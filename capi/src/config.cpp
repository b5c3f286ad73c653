#include "config.hpp"

#include <utility>

#include "guard.hpp"
#include "views.hpp"

namespace costmark::capi {
namespace {

constexpr std::size_t option_info_first_size =
    offsetof(costmark_option_info, reserved) + sizeof(uint32_t);

static_assert(static_cast<costmark_option_type>(OptionType::text) == COSTMARK_OPTION_TEXT);
static_assert(static_cast<costmark_option_type>(OptionType::secret) == COSTMARK_OPTION_SECRET);
static_assert(static_cast<costmark_option_type>(OptionType::boolean) == COSTMARK_OPTION_BOOLEAN);
static_assert(static_cast<costmark_option_type>(OptionType::integer) == COSTMARK_OPTION_INTEGER);
static_assert(static_cast<costmark_option_type>(OptionType::choice) == COSTMARK_OPTION_CHOICE);
static_assert(static_cast<costmark_option_type>(OptionType::list) == COSTMARK_OPTION_LIST);
static_assert(static_cast<costmark_option_type>(OptionType::url) == COSTMARK_OPTION_URL);

static_assert(static_cast<costmark_log_level>(LogLevel::debug) == COSTMARK_LOG_DEBUG);
static_assert(static_cast<costmark_log_level>(LogLevel::info) == COSTMARK_LOG_INFO);
static_assert(static_cast<costmark_log_level>(LogLevel::warning) == COSTMARK_LOG_WARNING);
static_assert(static_cast<costmark_log_level>(LogLevel::error) == COSTMARK_LOG_ERROR);

// Takes a callback into a slot of a configuration. `data` is the callee's from its first line on:
// its finaliser runs also when nothing below succeeds.
template <class Function>
costmark_status set_callback(costmark_config* config,
                             std::shared_ptr<const Callback<Function>> costmark_config::* slot,
                             Function callback, UserData data,
                             costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    if (Status status = require(config, "config"); !status) return status;
    if (callback == nullptr) return invalid_argument("callback is NULL");
    // The replaced callback ends with this scope: its finaliser finds the new one in place.
    std::shared_ptr<const Callback<Function>> taken =
        std::make_shared<const Callback<Function>>(callback, std::move(data));
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
  if (log) {
    config.log = [to = log](costmark::LogLevel level, std::string_view message) {
      to->function(to->user_data.get(), static_cast<costmark_log_level>(level), message.data(),
                   message.size());
    };
  }
  if (clock) config.clock = [asked = clock] { return ask(*asked); };
  if (usage) {
    config.on_usage = [to = usage](const costmark::UsageEvent& event) { tell(*to, event); };
  }
  return config;
}

size_t costmark_option_count() noexcept {
  return costmark::option_table().size();
}

costmark_status costmark_option_get(size_t index, costmark_option_info* out_info,
                                    costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    const auto table = costmark::option_table();
    if (index >= table.size()) {
      return invalid_argument("index is " + std::to_string(index) + "; there are " +
                              std::to_string(table.size()) + " options");
    }
    const costmark::OptionInfo& option = table[index];
    costmark_option_info info = COSTMARK_OPTION_INFO_INIT;
    info.name = view(option.name);
    info.default_value = view_or_absent(option.default_value);
    info.choices = view_or_absent(option.choices);
    info.description = view(option.description);
    info.minimum = option.minimum;
    info.maximum = option.maximum;
    info.type = static_cast<costmark_option_type>(option.type);
    return write_struct(info, option_info_first_size, "out_info", out_info);
  });
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

costmark_status costmark_config_set_bearer_token_callback(costmark_config* config,
                                                          costmark_bearer_token_callback callback,
                                                          void* user_data,
                                                          costmark_free_user_data free_user_data,
                                                          costmark_error** out_error) noexcept {
  return set_callback(config, &costmark_config::bearer_token, callback,
                      UserData(user_data, free_user_data), out_error);
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
  if (alive(config)) delete config;
}
