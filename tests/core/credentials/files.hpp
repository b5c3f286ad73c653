// A folder of files and an environment, for tests of what reads both.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "costmark/environment.hpp"

namespace costmark {

using Variables = std::map<std::string, std::string, std::less<>>;

inline Environment environment_of(Variables variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

// HOME of a test; gone with it.
class Home {
 public:
  Home() {
    std::string pattern = (std::filesystem::temp_directory_path() / "costmark-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
    std::filesystem::create_directory(path_ / ".aws");
  }
  ~Home() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  std::string path(std::string_view name) const { return (path_ / name).string(); }
  std::string config() const { return path(".aws/config"); }
  std::string credentials() const { return path(".aws/credentials"); }

  void write(std::string_view name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary)
        .write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  void write_config(std::string_view text) const { write(".aws/config", text); }
  void write_credentials(std::string_view text) const { write(".aws/credentials", text); }

  // A program for credential_process; its path.
  std::string write_program(std::string_view name, std::string_view script) const {
    write(name, std::string("#!/bin/sh\n").append(script));
    std::filesystem::permissions(path_ / name, std::filesystem::perms::owner_all);
    return path(name);
  }

  Environment environment(Variables variables = {}) const {
    variables.try_emplace("HOME", path_.string());
    return environment_of(std::move(variables));
  }

 private:
  std::filesystem::path path_;
};

}  // namespace costmark
