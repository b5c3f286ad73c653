#include "credentials/config/config_file.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "cleanse.hpp"
#include "credentials/config/shell_split.hpp"
#include "text.hpp"

namespace costmark::config {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t longest_shown = 200;

std::string_view trim_end(std::string_view text) noexcept {
  while (!text.empty() && text::is_python_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && text::is_python_space(text.front())) text.remove_prefix(1);
  return trim_end(text);
}

// The one word after the keyword of a header such as `profile "my team"`; absent when there is not
// exactly one. Like botocore, which looks only at how the keyword begins.
std::optional<std::string> name_after_keyword(std::string_view header) {
  auto words = split_words(header);
  if (!words || words->size() != 2) return std::nullopt;
  return std::move((*words)[1]);
}

}  // namespace

// One pass over the lines. Keys are lower-cased and continued values closed up inside the text
// itself, so that nothing is copied.
class Parser {
 public:
  explicit Parser(ConfigFile& file) noexcept : file_(file), text_(*file.text_) {}

  Status run() {
    std::size_t at = text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
    while (at < text_.size()) {
      const std::size_t end = std::min(text_.find_first_of("\r\n", at), text_.size());
      ++line_;
      if (Status status = read_line(at, end - at); !status) return status;
      const bool crlf = end + 1 < text_.size() && text_[end] == '\r' && text_[end + 1] == '\n';
      at = end + (crlf ? 2 : 1);
    }
    return sort_entries();
  }

 private:
  Status fault(std::uint32_t line, std::string_view what) const {
    return {Code::unusable_credentials,
            shown(file_.path_) + ":" + std::to_string(line) + ": " + std::string(what)};
  }

  Status read_line(std::size_t begin, std::size_t length) {
    const std::string_view raw(text_.data() + begin, length);
    if (!text::is_utf8(raw)) return fault(line_, "the line is not UTF-8 text");
    const std::string_view line = trim(raw);
    if (line.empty()) {
      ++blank_lines_;
      return {};
    }
    if (line.front() == '#' || line.front() == ';') return {};
    const auto indent = static_cast<std::size_t>(line.data() - raw.data());
    if (entry_ != nullptr && indent > indent_) return continue_value(line);
    indent_ = indent;
    const std::size_t bracket = line.front() == '[' ? line.rfind(']') : std::string_view::npos;
    if (bracket != std::string_view::npos && bracket > 1) {
      return begin_section(line.substr(1, bracket - 1));
    }
    if (section_ == nullptr) return fault(line_, "this stands before the first [section]");
    return begin_entry(line);
  }

  Status begin_section(std::string_view name) {
    entry_ = nullptr;
    if (name == "DEFAULT") {
      section_ = &file_.defaults_;
      return {};
    }
    const auto [known, added] = lines_.try_emplace(name, line_);
    if (!added) {
      return fault(line_, "section [" + shown(name) + "] is there twice, first on line " +
                              std::to_string(known->second) + "; merge the two");
    }
    section_ = &file_.sections_.emplace_back(Section{name, line_, {}});
    return {};
  }

  Status begin_entry(std::string_view line) {
    const std::size_t delimiter = line.find_first_of("=:");
    const std::string_view key = trim_end(line.substr(0, delimiter));
    if (delimiter == std::string_view::npos || key.empty()) {
      return fault(line_, "this is neither 'key = value' nor a [section]");
    }
    std::transform(key.begin(), key.end(), at(key), text::lower);
    entry_ =
        &section_->entries.emplace_back(Entry{key, trim(line.substr(delimiter + 1)), line_, false});
    blank_lines_ = 0;
    return {};
  }

  Status continue_value(std::string_view line) {
    if (entry_->value.empty()) entry_->nested = true;
    if (entry_->nested && line.find('=') == std::string_view::npos) {
      return fault(line_,
                   "this is indented below a key without a value, and is not 'name = value'");
    }
    // Each line break that is written stood in the text before `line`, so the room is there.
    char* const begin = at(entry_->value);
    char* out = begin + entry_->value.size();
    out = std::fill_n(out, blank_lines_ + 1, '\n');
    std::memmove(out, line.data(), line.size());
    out += line.size();
    entry_->value = {begin, static_cast<std::size_t>(out - begin)};
    blank_lines_ = 0;
    return {};
  }

  char* at(std::string_view part) noexcept { return text_.data() + (part.data() - text_.data()); }

  Status sort_entries() {
    if (Status status = sort_entries(file_.defaults_); !status) return status;
    for (Section& section : file_.sections_) {
      if (Status status = sort_entries(section); !status) return status;
    }
    return {};
  }

  Status sort_entries(Section& section) {
    auto& entries = section.entries;
    const auto by_key = [](const Entry& a, const Entry& b) { return a.key < b.key; };
    std::stable_sort(entries.begin(), entries.end(), by_key);
    const auto twice =
        std::adjacent_find(entries.begin(), entries.end(),
                           [](const Entry& a, const Entry& b) { return a.key == b.key; });
    if (twice == entries.end()) return {};
    return fault(std::next(twice)->line,
                 "this key is in its section twice, first on line " + std::to_string(twice->line));
  }

  ConfigFile& file_;
  std::string& text_;
  Section* section_ = nullptr;
  Entry* entry_ = nullptr;  // whose value the next line may continue
  std::size_t indent_ = 0;
  std::size_t blank_lines_ = 0;
  std::uint32_t line_ = 0;
  std::unordered_map<std::string_view, std::uint32_t> lines_;  // of the sections
};

std::optional<std::string_view> Entry::sub_value(std::string_view name) const noexcept {
  std::optional<std::string_view> found;
  if (!nested) return found;
  for (std::string_view rest = value; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const std::size_t delimiter = pair.find('=');
    if (delimiter != std::string_view::npos && trim(pair.substr(0, delimiter)) == name) {
      found = trim(pair.substr(delimiter + 1));
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return found;
}

Result<ConfigFile> ConfigFile::parse(std::string text, std::string path, Kind kind) {
  ConfigFile file;
  file.text_ = std::make_unique<std::string>(std::move(text));
  file.path_ = std::move(path);
  if (Status status = Parser(file).run(); !status) return status;
  file.name_sections(kind);
  return file;
}

ConfigFile::~ConfigFile() {
  if (text_) cleanse(*text_);
}

ConfigFile& ConfigFile::operator=(ConfigFile&& other) noexcept {
  if (this == &other) return *this;
  if (text_) cleanse(*text_);
  text_ = std::move(other.text_);
  path_ = std::move(other.path_);
  sections_ = std::move(other.sections_);
  defaults_ = std::move(other.defaults_);
  profiles_ = std::move(other.profiles_);
  sso_sessions_ = std::move(other.sso_sessions_);
  services_ = std::move(other.services_);
  return *this;
}

void ConfigFile::name_sections(Kind kind) {
  const struct {
    std::string_view keyword;
    Names& names;
  } keywords[] = {{"profile", profiles_}, {"sso-session", sso_sessions_}, {"services", services_}};
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const std::string_view header = sections_[i].name;
    if (kind == Kind::credentials || header == "default") {
      profiles_.insert_or_assign(std::string(header), i);
      continue;
    }
    for (const auto& [keyword, names] : keywords) {
      if (!header.starts_with(keyword)) continue;
      if (auto name = name_after_keyword(header)) names.insert_or_assign(std::move(*name), i);
      break;
    }
  }
}

const Section* ConfigFile::find(const Names& names, std::string_view name) const noexcept {
  const auto found = names.find(name);
  return found == names.end() ? nullptr : &sections_[found->second];
}

const Entry* ConfigFile::entry(const Section& section, std::string_view key) const noexcept {
  for (const Section* place : {&section, &defaults_}) {
    const auto found =
        std::lower_bound(place->entries.begin(), place->entries.end(), key,
                         [](const Entry& entry, std::string_view k) { return entry.key < k; });
    if (found != place->entries.end() && found->key == key) return &*found;
  }
  return nullptr;
}

std::string ConfigFile::where(const Entry& entry) const {
  return shown(path_) + ":" + std::to_string(entry.line);
}

std::string shown(std::string_view name) {
  std::string text(name.substr(0, longest_shown));
  std::replace_if(
      text.begin(), text.end(),
      [printable = text::is_utf8(text)](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F || (byte > 0x7F && !printable);
      },
      '?');
  if (name.size() > longest_shown) text += "...";
  return text;
}

std::string quoted(std::string_view name) {
  return text::quoted(shown(name));
}

}  // namespace costmark::config
