#include "credentials/profile_sources.hpp"

#include <utility>

#include "base/cleanse.hpp"
#include "credentials/config/region.hpp"
#include "credentials/process.hpp"
#include "credentials/sso/login.hpp"
#include "credentials/sso/sso_settings.hpp"

namespace costmark {
namespace {

using config::Profile;
using config::Setting;

// What a profile names is there to be used: a chain must not go on to another identity.
Result<Sourced> sourced(Result<CredentialsPtr> result, bool costly) {
  if (result.ok()) return Sourced{std::move(result).value(), costly};
  Error error = result.error();
  if (error.code == Code::no_credentials) error.code = Code::unusable_credentials;
  return error;
}

// Id and secret stand in the same file: halves of two files would make no pair.
Result<CredentialsPtr> keys(const Profile& profile, const Setting& id,
                            Setting (Profile::*get)(std::string_view) const noexcept,
                            const char* file) {
  const auto text = [&](std::string_view key) {
    const Setting setting = (profile.*get)(key);
    return setting ? std::string(setting.value()) : std::string();
  };
  Credentials::Fields fields;
  fields.access_key_id = id.value();
  fields.secret_access_key = text("aws_secret_access_key");
  // The older name first, as botocore has it.
  fields.session_token =
      (profile.*get)("aws_security_token") ? text("aws_security_token") : text("aws_session_token");
  fields.account_id = text("aws_account_id");
  fields.source = named(profile) + ", " + file;
  auto credentials = Credentials::create(std::move(fields));
  if (credentials.ok()) return credentials;
  return Error{Code::unusable_credentials,
               named(profile) + " (" + id.where() + "): " + credentials.error().message};
}

}  // namespace

Result<Sourced> ProfileSources::credentials_of(const Profile& profile, bool with_environment,
                                               UnixSeconds now) {
  auto identity =
      web_identity_of(with_environment ? &context_.environment : nullptr, profile, session_name_);
  if (!identity) return std::move(identity).status();
  if (identity.value()) return of_web_identity(*identity.value(), now);
  if (const Setting mark = sso_mark(profile)) return of_sso(profile, mark, now);
  if (const Setting id = profile.in_credentials_file("aws_access_key_id")) {
    return sourced(keys(profile, id, &Profile::in_credentials_file, "credentials file"), false);
  }
  if (const Setting login = profile.get("login_session")) return of_login(profile, login, now);
  if (const Setting command = profile.get("credential_process")) {
    return of_process(profile, command);
  }
  if (const Setting id = profile.in_config_file("aws_access_key_id")) {
    return sourced(keys(profile, id, &Profile::in_config_file, "config file"), false);
  }
  return Error{Code::no_credentials, named(profile) + " names no source of credentials"};
}

Result<sts::Client> ProfileSources::sts(bool signs) const {
  Result<sts::Endpoint> endpoint = sts::endpoint(context_.environment, chosen_, signs);
  if (!endpoint) return std::move(endpoint).status();
  return sts::Client(context_.transport, std::move(endpoint).value());
}

Result<Sourced> ProfileSources::of_web_identity(const WebIdentity& identity, UnixSeconds now) {
  token_files_.push_back({identity.token_file, config::FileStamp::of(identity.token_file)});
  const Result<sts::Client> client = sts(false);
  if (!client) return client.error();
  Result<std::string> token = read_web_identity_token(identity);
  if (!token) return std::move(token).status();
  auto result = client.value().assume_role_with_web_identity(identity.role, token.value(), now);
  cleanse(token.value());
  return sourced(std::move(result), true);
}

Result<Sourced> ProfileSources::of_sso(const Profile& profile, const Setting& mark,
                                       UnixSeconds now) const {
  Result<SsoSettings> settings = sso_settings(files_, profile, mark);
  if (!settings) return std::move(settings).status();
  settings.value().endpoints = &chosen_;
  return sourced(sso_credentials(context_, settings.value(), now), true);
}

Result<Sourced> ProfileSources::of_login(const Profile& profile, const Setting& session,
                                         UnixSeconds now) const {
  LoginSettings settings;
  settings.session = session.value();
  settings.region = chosen_region(context_.environment, chosen_).name;
  settings.profile = profile.name;
  settings.where = session.where();
  settings.source = named(profile) + ", aws login";
  settings.endpoints = &chosen_;
  return sourced(login_credentials(context_, settings, now), true);
}

Result<Sourced> ProfileSources::of_process(const Profile& profile, const Setting& command) const {
  const std::string where = command.where();
  const Setting account = profile.get("aws_account_id");
  return sourced(run_credential_process(
                     {command.value(), where, account ? account.value() : std::string_view(),
                      named(profile) + ", credential_process"},
                     context_.process),
                 true);
}

}  // namespace costmark
