#include "credentials/sso/sso_settings.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "credentials/unusable.hpp"

namespace costmark {
namespace {

using config::Profile;
using config::Setting;
using config::SharedFiles;

// The session's settings, which may stand in the profile as well if they say the same.
Result<const config::Section*> session_of(const SharedFiles& files, const Profile& profile,
                                          const Setting& name) {
  const config::Section* session = files.config().sso_session(name.value());
  if (session == nullptr) {
    return unusable("sso_session (" + name.where() + ") names [sso-session " +
                    config::shown(name.value()) + "], which does not exist");
  }
  for (const config::Entry& entry : session->entries) {
    const Setting own = profile.get(entry.key);
    if (!own || own.value() == entry.value) continue;
    return unusable(config::shown(entry.key) + " (" + own.where() +
                    ") is not what the sso-session says (" + files.config().where(entry) +
                    "); leave it to the session");
  }
  return session;
}

}  // namespace

Setting sso_mark(const Profile& profile) noexcept {
  const Setting account = profile.get("sso_account_id");
  return account ? account : profile.get("sso_role_name");
}

Result<SsoSettings> sso_settings(const SharedFiles& files, const Profile& profile,
                                 const Setting& mark) {
  const std::string name = config::quoted(profile.name);
  const config::Section* session = nullptr;
  SsoSettings settings;
  settings.profile = profile.name;
  settings.where = mark.where();
  settings.source = "profile " + name + ", SSO";
  if (const Setting of = profile.get("sso_session")) {
    auto found = session_of(files, profile, of);
    if (!found) return std::move(found).status();
    session = found.value();
    settings.session = of.value();
  }
  const std::array<std::pair<std::string_view, std::string*>, 4> wanted{
      {{"sso_start_url", &settings.start_url},
       {"sso_region", &settings.region},
       {"sso_account_id", &settings.account_id},
       {"sso_role_name", &settings.role_name}}};
  std::string missing;
  for (const auto& [key, value] : wanted) {
    Setting setting = profile.get(key);
    if (!setting && session != nullptr)
      setting = {&files.config(), files.config().entry(*session, key)};
    if (setting) {
      *value = setting.value();
    } else {
      missing.append(missing.empty() ? "" : ", ").append(key);
    }
  }
  if (missing.empty()) return settings;
  return unusable("profile " + name + " (" + mark.where() + ") is set up for SSO and has no " +
                  missing);
}

}  // namespace costmark
