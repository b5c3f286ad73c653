#include "credentials/config/shared_files.hpp"

#include <sys/stat.h>

#include <optional>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"

namespace costmark::config {
namespace {

std::int64_t nanoseconds(const timespec& time) noexcept {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

Status unreadable(const std::string& path, const std::string& why) {
  return {Code::unusable_credentials, shown(path) + " cannot be read: " + why};
}

// What is no regular file (a folder, /dev/null) is no file, as botocore has it.
Result<ConfigFile> load_file(const std::string& path, ConfigFile::Kind kind) {
  std::string text;
  const FileRead read = path.empty() ? FileRead() : read_file(path, largest_file, text);
  switch (read.fault) {
    case FileRead::Fault::too_large:
      return unreadable(path, "it is larger than " + std::to_string(largest_file >> 20U) + " MiB");
    case FileRead::Fault::failed:
      return unreadable(path, read.reason());
    case FileRead::Fault::none:
    case FileRead::Fault::absent:
    case FileRead::Fault::irregular:
      break;
  }
  return ConfigFile::parse(std::move(text), path, kind);
}

bool is_name_character(char c) noexcept {
  return text::is_alphanumeric(c) || c == '_';
}

// The name that a '$' at the start of `text` introduces, and how many characters it takes.
std::pair<std::string_view, std::size_t> name_of_variable(std::string_view text) noexcept {
  if (text.size() > 1 && text[1] == '{') {
    const std::size_t end = text.find('}');
    if (end == std::string_view::npos) return {{}, 0};
    return {text.substr(2, end - 2), end + 1};
  }
  std::size_t end = 1;
  while (end < text.size() && is_name_character(text[end])) ++end;
  return {text.substr(1, end - 1), end};
}

}  // namespace

FileStamp FileStamp::of(const std::string& path) noexcept {
  struct stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return {};
  return {true,
          status.st_dev,
          status.st_ino,
          status.st_size,
          nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

std::string expand_path(std::string_view path, const Environment& environment) {
  std::string expanded;
  while (!path.empty()) {
    if (path.front() == '$') {
      const auto [name, length] = name_of_variable(path);
      const auto value = name.empty() ? std::nullopt : environment(name);
      if (value) {
        expanded += *value;
        path.remove_prefix(length);
        continue;
      }
    }
    expanded += path.front();
    path.remove_prefix(1);
  }
  const bool from_home = expanded == "~" || expanded.starts_with("~/");
  if (!from_home) return expanded;
  std::string home = variable(environment, "HOME");
  if (home.empty()) return {};
  while (!home.empty() && home.back() == '/') home.pop_back();
  return home + expanded.substr(1);
}

std::string variable(const Environment& environment, std::string_view name) {
  return environment ? environment(name).value_or(std::string()) : std::string();
}

std::string named(const Profile& profile) {
  return "profile " + quoted(profile.name);
}

Setting Profile::in_credentials_file(std::string_view key) const noexcept {
  if (in_credentials == nullptr) return {};
  return {credentials_file, credentials_file->entry(*in_credentials, key)};
}

Setting Profile::in_config_file(std::string_view key) const noexcept {
  if (in_config == nullptr) return {};
  return {config_file, config_file->entry(*in_config, key)};
}

Setting Profile::get(std::string_view key) const noexcept {
  const Setting setting = in_credentials_file(key);
  return setting ? setting : in_config_file(key);
}

SharedFiles::Paths SharedFiles::Paths::of(const Environment& environment) {
  if (!environment) return {};
  const auto path = [&](std::string_view name, std::string_view otherwise) {
    // Set to nothing means no file: the one in the home folder is not wanted then.
    return expand_path(environment(name).value_or(std::string(otherwise)), environment);
  };
  return {path("AWS_CONFIG_FILE", "~/.aws/config"),
          path("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")};
}

std::string SharedFiles::Paths::to_string() const {
  const auto name = [](const std::string& path, const char* what) {
    return path.empty() ? std::string("no ") + what : shown(path);
  };
  return name(credentials, "credentials file") + " and " + name(config, "config file");
}

SharedFiles::Stamps SharedFiles::Stamps::of(const Paths& paths) noexcept {
  return {FileStamp::of(paths.config), FileStamp::of(paths.credentials)};
}

Result<SharedFiles> SharedFiles::load(const Paths& paths) {
  Result<ConfigFile> config = load_file(paths.config, ConfigFile::Kind::config);
  if (!config) return std::move(config).status();
  Result<ConfigFile> credentials = load_file(paths.credentials, ConfigFile::Kind::credentials);
  if (!credentials) return std::move(credentials).status();
  SharedFiles files;
  files.config_ = std::move(config).value();
  files.credentials_ = std::move(credentials).value();
  return files;
}

Profile SharedFiles::profile(std::string_view name) const {
  return {std::string(name), &credentials_, &config_, credentials_.profile(name),
          config_.profile(name)};
}

ProfileChoice ProfileChoice::of(const Environment& environment, std::string_view option) {
  if (!option.empty()) return {std::string(option), "option 'profile'"};
  for (const std::string_view name : {"AWS_DEFAULT_PROFILE", "AWS_PROFILE"}) {
    if (std::string value = variable(environment, name); !value.empty()) {
      return {std::move(value), name};
    }
  }
  return {};
}

}  // namespace costmark::config
