#include "credentials/sts/xml.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "cleanse.hpp"
#include "text.hpp"

namespace costmark::xml {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t longest_reference = 10;  // "&#x10FFFF;"
constexpr std::uint32_t last_code_point = 0x10FFFF;

constexpr bool is_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

constexpr bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 && !is_space(c);
}

constexpr bool begins_name(char c) noexcept {
  return text::is_letter(c) || c == '_' || c == ':' || static_cast<unsigned char>(c) >= 0x80;
}

constexpr bool continues_name(char c) noexcept {
  return begins_name(c) || text::is_digit(c) || c == '-' || c == '.';
}

bool is_character(std::uint32_t code) noexcept {
  const bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
  return !control && code <= last_code_point && (code < 0xD800 || code > 0xDFFF);
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80U | ((code >> shift) & 0x3FU));
  };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0U | (code >> 6U));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0U | (code >> 12U));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0U | (code >> 18U));
    tail(12);
    tail(6);
    tail(0);
  }
}

// The character that "#65" or "#x41" stands for.
std::optional<std::uint32_t> numbered(std::string_view reference) noexcept {
  reference.remove_prefix(1);
  const bool hexadecimal = reference.starts_with('x');
  if (hexadecimal) reference.remove_prefix(1);
  std::uint32_t code = 0;
  const char* end = reference.data() + reference.size();
  const auto [at, error] = std::from_chars(reference.data(), end, code, hexadecimal ? 16 : 10);
  if (error != std::errc() || at != end || !is_character(code)) return std::nullopt;
  return code;
}

std::optional<std::uint32_t> referenced(std::string_view name) noexcept {
  if (name == "lt") return '<';
  if (name == "gt") return '>';
  if (name == "amp") return '&';
  if (name == "quot") return '"';
  if (name == "apos") return '\'';
  return name.starts_with('#') ? numbered(name) : std::nullopt;
}

class Reader {
 public:
  Reader(std::string_view document, const Leaf& leaf) : text_(document), leaf_(leaf) {
    characters_.reserve(document.size());  // grows never, so leaves no copies of a secret behind
  }
  ~Reader() { cleanse(characters_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Status run() {
    skip(byte_order_mark);
    bool root = false;
    while (at_ < text_.size()) {
      Status status;
      if (text_[at_] != '<') {
        status = open_.empty() ? between() : characters();
      } else if (skip("<!--")) {
        status = pass("-->");
      } else if (skip("<?")) {
        status = pass("?>");
      } else if (!open_.empty() && skip("<![CDATA[")) {
        status = verbatim();
      } else if (starts_with("<!")) {
        status = fault("a declaration, which no answer has");
      } else if (skip("</")) {
        status = end_element();
      } else if (open_.empty() && std::exchange(root, true)) {
        status = fault("a second root element");
      } else {
        ++at_;
        status = begin_element();
      }
      if (!status) return status;
    }
    if (!open_.empty()) return fault("the end of the text, inside an element");
    return root ? Status() : fault("no element");
  }

 private:
  struct Open {
    std::string_view name;  // with its prefix, as it must close
    std::size_t outer = 0;  // length of the path around it
    bool has_elements = false;
  };

  Status fault(std::string_view what) const {
    return {Code::service, "its XML has " + std::string(what) + " at byte " + std::to_string(at_),
            at_};
  }

  bool starts_with(std::string_view prefix) const noexcept {
    return text_.substr(at_).starts_with(prefix);
  }

  bool skip(std::string_view prefix) noexcept {
    if (!starts_with(prefix)) return false;
    at_ += prefix.size();
    return true;
  }

  void skip_space() noexcept {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  Status pass(std::string_view end) {
    const std::size_t found = text_.find(end, at_);
    if (found == std::string_view::npos) return fault("something that is left open");
    at_ = found + end.size();
    return {};
  }

  Status between() {
    skip_space();
    if (at_ == text_.size() || text_[at_] == '<') return {};
    return fault("text outside of its elements");
  }

  Status verbatim() {
    const std::size_t begin = at_;
    if (Status status = pass("]]>"); !status) return status;
    characters_.append(text_.substr(begin, at_ - begin - 3));
    return {};
  }

  Status characters() {
    while (at_ < text_.size() && text_[at_] != '<') {
      const char c = text_[at_];
      if (is_control(c)) return fault("a control character");
      if (c != '&') {
        characters_ += c;
        ++at_;
        continue;
      }
      const std::size_t end = text_.substr(0, at_ + longest_reference).find(';', at_);
      if (end == std::string_view::npos) return fault("an '&' that begins no reference");
      const auto code = referenced(text_.substr(at_ + 1, end - at_ - 1));
      if (!code) return fault("a reference that stands for no character");
      append_utf8(*code, characters_);
      at_ = end + 1;
    }
    return {};
  }

  std::string_view name() noexcept {
    const std::size_t begin = at_;
    if (at_ < text_.size() && begins_name(text_[at_])) {
      while (at_ < text_.size() && continues_name(text_[at_])) ++at_;
    }
    return text_.substr(begin, at_ - begin);
  }

  Status attribute() {
    if (name().empty()) return fault("a tag that does not end");
    skip_space();
    if (!skip("=")) return fault("an attribute without a value");
    skip_space();
    if (at_ == text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) {
      return fault("an attribute without quotation marks");
    }
    return pass(text_.substr(at_++, 1));
  }

  Status begin_element() {
    const std::string_view tag = name();
    const std::string_view local = tag.substr(tag.find(':') + 1);
    if (local.empty()) return fault("a '<' that begins no tag");
    if (open_.size() == deepest_nesting) return fault("elements nested too deeply");
    cleanse(characters_);
    if (!open_.empty()) open_.back().has_elements = true;
    open_.push_back({tag, path_.size(), false});
    if (!path_.empty()) path_ += '/';
    path_ += local;
    for (;;) {
      skip_space();
      if (skip(">")) return {};
      if (skip("/>")) {
        close();
        return {};
      }
      if (Status status = attribute(); !status) return status;
    }
  }

  Status end_element() {
    const std::string_view tag = name();
    if (open_.empty() || tag != open_.back().name) return fault("an end tag of another element");
    skip_space();
    if (!skip(">")) return fault("a tag that does not end");
    close();
    return {};
  }

  void close() {
    if (!open_.back().has_elements) leaf_(path_, characters_);
    cleanse(characters_);
    path_.resize(open_.back().outer);
    open_.pop_back();
  }

  const std::string_view text_;
  const Leaf& leaf_;
  std::size_t at_ = 0;
  std::vector<Open> open_;
  std::string path_;
  std::string characters_;  // of the innermost element
};

}  // namespace

Status read(std::string_view document, const Leaf& leaf) {
  return Reader(document, leaf).run();
}

}  // namespace costmark::xml
