// The one table of options. Each option has its name, type, default and sentence here and nowhere
// else; C, C++, Python, the environment and the documentation all read this table.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/environment.hpp"
#include "costmark/error.hpp"

namespace costmark {

enum class OptionType : std::uint8_t {
  text,     // any UTF-8 text without control characters
  secret,   // text that is never shown
  boolean,  // true or false (also 1/0, yes/no, on/off)
  integer,  // decimal, within [minimum, maximum]
  choice,   // one of `choices`
  list,     // comma-separated texts
  url,      // absolute http or https URL
};

struct OptionInfo {
  std::string_view name;  // "region"; in the environment COSTMARK_REGION
  OptionType type;
  std::string_view default_value;  // as text; empty means "not set"
  std::string_view choices;        // for `choice` and some lists: the values, separated by '|'
  std::int64_t minimum;            // for integers
  std::int64_t maximum;
  std::string_view description;  // one sentence
};

// Every option, sorted by name. Static storage.
std::span<const OptionInfo> option_table() noexcept;

// Null when there is no such option.
const OptionInfo* find_option(std::string_view name) noexcept;

// A set of option values, each checked when it is set. Copyable; one thread at a time.
class Options {
 public:
  // Errors: invalid_option naming the option, what was wrong, and what would have been right (for
  // an unknown name the nearest known ones). A secret's value is not repeated.
  Status set(std::string_view name, std::string_view value);

  // Takes COSTMARK_<NAME> for every option not set so far. `origin` of the values is the variable.
  Status load_environment(const Environment& environment);

  // The value in force: what was set, else the default.
  std::string_view text(std::string_view name) const;
  bool boolean(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  std::vector<std::string_view> list(std::string_view name) const;

  // Whether it was set by `set` or `load_environment`, and by which ("set", "COSTMARK_REGION");
  // empty when the default is in force.
  std::string_view origin(std::string_view name) const;

 private:
  // Overwrites its text when it goes, since that may be a secret.
  struct Value {
    Value() = default;
    Value(std::string value_text, std::string value_origin);
    Value(const Value&) = default;
    Value& operator=(const Value& other);
    ~Value();
    std::string text;
    std::string origin;
  };
  std::map<std::string_view, Value> values_;  // keys point into the table
};

}  // namespace costmark
