#include "credentials/config/words.hpp"

#include <array>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "credentials/unusable.hpp"

namespace costmark::config {
namespace {

// Not the region and ARNs of roles: they are checked where they are used.
constexpr std::array<std::string_view, 11> one_word_keys{
    "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token",
    "aws_account_id",    "credential_source",     "duration_seconds",  "mfa_serial",
    "sso_region",        "sso_account_id",        "sso_start_url"};

bool has_comment(std::string_view value) noexcept {
  for (std::size_t at = 1; at < value.size(); ++at) {
    const bool begins_one = value[at] == '#' || value[at] == ';';
    if (begins_one && text::is_python_space(value[at - 1])) return true;
  }
  return false;
}

Status check_word(std::string_view key, const Setting& setting) {
  const std::string_view value = setting.value();
  if (value.empty() || text::is_visible_ascii(value)) return {};
  const std::string place = setting.where() + ": " + std::string(key);
  if (has_comment(value)) {
    return unusable(place +
                    " has a comment behind its value, and here that is a part of the value: "
                    "give the comment a line of its own");
  }
  return unusable(place +
                  " holds white space or a character outside of ASCII, such as a no-break "
                  "space out of a web page");
}

}  // namespace

Status check_words(const Profile& profile) {
  for (const std::string_view key : one_word_keys) {
    for (const Setting& setting : {profile.in_credentials_file(key), profile.in_config_file(key)}) {
      if (!setting) continue;
      if (Status status = check_word(key, setting); !status) return status;
    }
  }
  return {};
}

}  // namespace costmark::config
