#include "credentials/sts/role_settings.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "base/cleanse.hpp"
#include "base/text.hpp"
#include "credentials/config/token_file.hpp"
#include "credentials/unusable.hpp"

namespace costmark {
namespace {

using config::Profile;
using config::Setting;

// A value and who says it, such as "role_arn (~/.aws/config:3)".
struct Told {
  std::string value;
  std::string origin;
  explicit operator bool() const noexcept { return !origin.empty(); }
};

Told told_by(const Profile& profile, std::string_view key) {
  const Setting setting = profile.get(key);
  if (!setting) return {};
  return {std::string(setting.value()), std::string(key) + " (" + setting.where() + ")"};
}

Told told_by(const Environment* environment, std::string_view variable, const Profile& profile,
             std::string_view key) {
  if (environment != nullptr) {
    std::string value = config::variable(*environment, variable);
    if (!value.empty()) return {std::move(value), std::string(variable)};
  }
  return told_by(profile, key);
}

constexpr const char* no_role_arn =
    " is no ARN of a role such as arn:aws:iam::111122223333:role/NAME";

constexpr bool is_printable(char c) noexcept {
  return c > ' ' && c < '\x7F';
}

constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// STS's pattern: [\w+=,.@-]*
constexpr bool in_session_name(char c) noexcept {
  return text::is_alphanumeric(c) || std::string_view("_+=,.@-").find(c) != std::string_view::npos;
}

// STS's pattern: [\w+=,.@:\/-]*
constexpr bool in_external_id(char c) noexcept {
  return in_session_name(c) || c == ':' || c == '/';
}

// arn:PARTITION:iam::ACCOUNT:role/NAME
bool is_role_arn(std::string_view text) noexcept {
  constexpr std::string_view service = ":iam::";
  constexpr std::string_view resource = ":role/";
  constexpr std::size_t account_digits = 12;
  const auto at = text.find(service);
  if (at == std::string_view::npos) return false;
  const std::string_view partition = text.substr(0, at);
  const std::string_view rest = text.substr(at + service.size());
  const std::string_view account = rest.substr(0, account_digits);
  return partition.starts_with("arn:aws") && partition.find(':', 4) == std::string_view::npos &&
         account.size() == account_digits &&
         std::all_of(account.begin(), account.end(), text::is_digit) &&
         rest.substr(account_digits).starts_with(resource) &&
         rest.size() > account_digits + resource.size();
}

bool has_length(std::string_view text, std::size_t least, std::size_t most) noexcept {
  return text.size() >= least && text.size() <= most;
}

Status set_arn(Told arn, sts::Role& role) {
  if (!has_length(arn.value, sts::shortest_arn, sts::longest_arn) ||
      !arn.value.starts_with("arn:") ||
      !std::all_of(arn.value.begin(), arn.value.end(), is_printable)) {
    return unusable(arn.origin + no_role_arn);
  }
  role.arn = std::move(arn.value);
  return {};
}

Status set_session_name(Told name, const std::string& otherwise, sts::Role& role) {
  role.session_name = otherwise;
  if (name.value.empty()) return {};
  if (!has_length(name.value, sts::shortest_session_name, sts::longest_session_name) ||
      !std::all_of(name.value.begin(), name.value.end(), in_session_name)) {
    return unusable(name.origin +
                    " is no name of a session: 2 to 64 letters, digits and characters of _+=,.@-");
  }
  role.session_name = std::move(name.value);
  return {};
}

// STS checks the characters; it is a secret between two parties, so never shown.
Status set_external_id(Told id, sts::Role& role) {
  if (!id) return {};
  if (!has_length(id.value, sts::shortest_external_id, sts::longest_external_id)) {
    return unusable(id.origin + " has to have 2 to 1224 characters");
  }
  role.external_id = std::move(id.value);
  return {};
}

Status set_duration(const Told& duration, sts::Role& role) {
  if (!duration) return {};
  std::int64_t seconds = 0;
  const char* end = duration.value.data() + duration.value.size();
  const auto [at, error] = std::from_chars(duration.value.data(), end, seconds);
  if (error != std::errc() || at != end || seconds < sts::shortest_session_s ||
      seconds > sts::longest_session_s) {
    return unusable(duration.origin + " is no number of seconds from 900 to 43200");
  }
  role.duration_s = seconds;
  return {};
}

// What STS would refuse, without saying whether it is the option or the policies.
Status check_option(const RoleToAssume& asked) {
  if (!is_role_arn(asked.arn)) return unusable(std::string("option 'role_arn'") + no_role_arn);
  const std::string& id = asked.external_id;
  if (std::all_of(id.begin(), id.end(), in_external_id)) return {};
  return unusable(
      "option 'external_id' has a character that STS does not take: letters, digits and "
      "characters of _+=,.@:/-");
}

}  // namespace

Result<sts::Role> role_of(const Profile& profile, const std::string& session_name) {
  if (const Told mfa = told_by(profile, "mfa_serial")) {
    return unusable(mfa.origin + " of " + named(profile) +
                    " asks for a code at every renewal, which cannot be typed here; what works: "
                    "a source_profile of 'aws sso login' or 'aws login', or a credential_process");
  }
  sts::Role role;
  Status status = set_arn(told_by(profile, "role_arn"), role);
  if (status) status = set_session_name(told_by(profile, "role_session_name"), session_name, role);
  if (status) status = set_external_id(told_by(profile, "external_id"), role);
  if (status) status = set_duration(told_by(profile, "duration_seconds"), role);
  if (!status) return unusable(named(profile) + ": " + status.error().message);
  role.who = named(profile) + " (" + profile.get("role_arn").where() + "), role " + role.arn;
  role.source = named(profile) + ", assumed role " + role.arn;
  return role;
}

Result<sts::Role> role_of(const RoleToAssume& asked) {
  const auto told = [](const std::string& value, const char* option) {
    return value.empty() ? Told() : Told{value, std::string("option '") + option + "'"};
  };
  sts::Role role;
  Status status = check_option(asked);
  if (status) status = set_arn({asked.arn, "option 'role_arn'"}, role);
  if (status) status = set_session_name(told(asked.session_name, "role_session_name"), {}, role);
  if (status) status = set_external_id(told(asked.external_id, "external_id"), role);
  if (!status) return Error{Code::invalid_option, status.error().message};
  role.who = "option 'role_arn', role " + role.arn;
  role.source = "assumed role " + role.arn;
  return role;
}

std::string default_session_name(UnixSeconds now) {
  return "costmark-session-" + std::to_string(now);
}

Result<std::optional<WebIdentity>> web_identity_of(const Environment* environment,
                                                   const Profile& profile,
                                                   const std::string& session_name) {
  Told file =
      told_by(environment, "AWS_WEB_IDENTITY_TOKEN_FILE", profile, "web_identity_token_file");
  if (file.value.empty()) return std::optional<WebIdentity>();
  Told arn = told_by(environment, "AWS_ROLE_ARN", profile, "role_arn");
  const bool by_profile = file.origin != "AWS_WEB_IDENTITY_TOKEN_FILE";
  const std::string who = by_profile ? named(profile) : "environment";
  if (arn.value.empty()) {
    return unusable(file.origin + " names a web identity, and no role is named for it; set " +
                    (by_profile ? "role_arn in the profile" : "AWS_ROLE_ARN"));
  }
  WebIdentity identity;
  Status status = set_arn(std::move(arn), identity.role);
  if (status) {
    status = set_session_name(
        told_by(environment, "AWS_ROLE_SESSION_NAME", profile, "role_session_name"), session_name,
        identity.role);
  }
  if (!status) return unusable(who + ": " + status.error().message);
  identity.token_file = std::move(file.value);
  identity.setting = std::move(file.origin);
  identity.role.who = identity.setting + ", role " + identity.role.arn;
  identity.role.source = who + ", web identity role " + identity.role.arn;
  return std::optional<WebIdentity>(std::move(identity));
}

Result<std::string> read_web_identity_token(const WebIdentity& identity) {
  Result<std::string> file = read_token_file(identity.token_file, identity.setting);
  if (!file) return file;
  std::string& content = file.value();
  const auto begin = std::find_if_not(content.begin(), content.end(), is_space);
  const auto end = std::find_if_not(content.rbegin(), content.rend(), is_space).base();
  const bool one_word = begin < end && std::all_of(begin, end, is_printable);
  std::string token;
  if (one_word) token.assign(begin, end);
  cleanse(content);
  if (has_length(token, sts::shortest_token, sts::longest_token)) return token;
  cleanse(token);
  return unusable(identity.setting + ": " + config::shown(identity.token_file) +
                  " does not hold a token: one word of 4 to 20000 characters");
}

}  // namespace costmark
