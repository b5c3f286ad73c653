// The shared config and credentials files on disk: where they are, reading them, noticing changes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "costmark/environment.hpp"
#include "costmark/error.hpp"
#include "credentials/config/config_file.hpp"

namespace costmark::config {

// Larger files are refused; a config of 10,000 profiles has a tenth of this.
inline constexpr std::size_t largest_file = 16U << 20U;

// What tells one state of a file from the next without reading it.
struct FileStamp {
  bool exists = false;
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  static FileStamp of(const std::string& path) noexcept;
  bool operator==(const FileStamp&) const = default;
};

// `path` as the AWS SDKs read it: first $NAME and ${NAME} of the environment, unknown ones left as
// they are, then a leading "~" that stands for HOME. Empty when HOME is needed and not set.
std::string expand_path(std::string_view path, const Environment& environment);

// A value of a profile and the file that it stands in.
struct Setting {
  const ConfigFile* file = nullptr;
  const Entry* entry = nullptr;
  explicit operator bool() const noexcept { return entry != nullptr; }
  std::string_view value() const noexcept { return entry->value; }
  std::string where() const { return file->where(*entry); }
};

// One profile over both files: the credentials file's keys override the config file's.
struct Profile {
  std::string name;
  const ConfigFile* credentials_file = nullptr;
  const ConfigFile* config_file = nullptr;
  const Section* in_credentials = nullptr;
  const Section* in_config = nullptr;

  bool exists() const noexcept { return in_credentials != nullptr || in_config != nullptr; }
  Setting get(std::string_view key) const noexcept;
  Setting in_credentials_file(std::string_view key) const noexcept;
  Setting in_config_file(std::string_view key) const noexcept;
};

// "profile 'dev'", as errors name it.
std::string named(const Profile& profile);

// Both files at one moment. A file that does not exist is an empty one.
class SharedFiles {
 public:
  struct Paths {
    std::string config;       // AWS_CONFIG_FILE, else ~/.aws/config; empty: no such file
    std::string credentials;  // AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials
    static Paths of(const Environment& environment);
    std::string to_string() const;
  };
  struct Stamps {
    FileStamp config;
    FileStamp credentials;
    static Stamps of(const Paths& paths) noexcept;
    bool operator==(const Stamps&) const = default;
  };

  // Errors: unusable_credentials for a file that cannot be read, is too large, or does not parse.
  static Result<SharedFiles> load(const Paths& paths);

  Profile profile(std::string_view name) const;
  const ConfigFile& config() const noexcept { return config_; }

 private:
  ConfigFile config_;
  ConfigFile credentials_;
};

// The profile to use, and who says so: the argument (an option), AWS_DEFAULT_PROFILE or
// AWS_PROFILE; else "default".
struct ProfileChoice {
  std::string name = "default";
  std::string_view chosen_by;  // empty for the default
  static ProfileChoice of(const Environment& environment, std::string_view option);
};

// A variable that is set to nothing counts as not set.
std::string variable(const Environment& environment, std::string_view name);

}  // namespace costmark::config
