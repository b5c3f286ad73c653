// The grammar of the shared config and credentials files, as botocore's configloader reads it on
// top of Python's RawConfigParser. Pure: text in, sections out.
//
// * A section header is `[NAME]` at the start of a line; what follows the last bracket is ignored.
// * `key = value` or `key: value`; keys are lower-cased, both sides trimmed.
// * A line whose first character is `#` or `;` is a comment; behind a value those characters belong
//   to the value.
// * A line indented deeper than its key continues that key's value. Where the value began empty,
// the
//   lines are sub-keys, `name = value` each.
// * `[DEFAULT]` in capitals gives every section its missing keys.
// * A section or key that occurs twice, any other line, and bytes that are not UTF-8
//   make the whole file an error. A byte order mark is skipped.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "costmark/error.hpp"

namespace costmark::config {

struct Entry {
  std::string_view key;
  std::string_view value;  // continuation lines trimmed and joined by line feeds
  std::uint32_t line = 0;
  bool nested = false;  // the value is a block of sub-keys

  // The value of a sub-key; of one that occurs twice the last.
  std::optional<std::string_view> sub_value(std::string_view name) const noexcept;
};

struct Section {
  std::string_view name;
  std::uint32_t line = 0;
  std::vector<Entry> entries;  // sorted by key
};

// One file. Its text is cleansed when it goes; entries and sections live as long as it does.
class ConfigFile {
 public:
  enum class Kind : std::uint8_t { config, credentials };

  // `path` is named in errors. Errors: unusable_credentials, with path and line, never quoting the
  // text.
  static Result<ConfigFile> parse(std::string text, std::string path, Kind kind);
  ConfigFile() = default;
  ~ConfigFile();
  ConfigFile(ConfigFile&&) noexcept = default;
  ConfigFile& operator=(ConfigFile&&) noexcept;

  const std::string& path() const noexcept { return path_; }

  // `[default]` and `[profile NAME]` of a config file, `[NAME]` of a credentials file; null when
  // there is none. Of sections that spell the same name differently the last one counts.
  const Section* profile(std::string_view name) const noexcept { return find(profiles_, name); }
  // `[sso-session NAME]` and `[services NAME]` of a config file.
  const Section* sso_session(std::string_view name) const noexcept {
    return find(sso_sessions_, name);
  }
  const Section* services(std::string_view name) const noexcept { return find(services_, name); }

  // The key's entry in the section, else in `[DEFAULT]`; null when there is none.
  const Entry* entry(const Section& section, std::string_view key) const noexcept;

  // "PATH:LINE", for errors.
  std::string where(const Entry& entry) const;

 private:
  friend class Parser;
  using Names = std::map<std::string, std::size_t, std::less<>>;

  void name_sections(Kind kind);
  const Section* find(const Names& names, std::string_view name) const noexcept;

  std::unique_ptr<std::string> text_;  // behind a pointer: what points into it survives a move
  std::string path_;
  std::vector<Section> sections_;
  Section defaults_;
  Names profiles_;
  Names sso_sessions_;
  Names services_;
};

// A name out of a file or the environment, short and printable, for an error of one line.
std::string shown(std::string_view name);

// The same in single quotes.
std::string quoted(std::string_view name);

}  // namespace costmark::config
