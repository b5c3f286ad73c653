// A plain recursive reader of valid JSON, to compare results with: nothing in it is shared with the
// library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace costmark::json::reference {

struct Value {
  struct Entry;
  char first = '\0';  // '{', '[', '"', or the first byte of a number or literal
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<Entry> entries;  // members, or elements with empty keys
};

struct Value::Entry {
  std::string key;  // decoded
  std::size_t key_begin = 0;
  Value value;
};

inline void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 + code / 64);
    out += static_cast<char>(0x80 + code % 64);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 + code / 4096);
    out += static_cast<char>(0x80 + code / 64 % 64);
    out += static_cast<char>(0x80 + code % 64);
  } else {
    out += static_cast<char>(0xF0 + code / 262144);
    out += static_cast<char>(0x80 + code / 4096 % 64);
    out += static_cast<char>(0x80 + code / 64 % 64);
    out += static_cast<char>(0x80 + code % 64);
  }
}

// Lone surrogates become three-byte sequences, which no valid text contains.
inline std::string decode(std::string_view quoted) {
  std::string out;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] != '\\') {
      out += quoted[i];
      continue;
    }
    const char c = quoted[++i];
    if (c != 'u') {
      out += c == 'b'   ? '\b'
             : c == 'f' ? '\f'
             : c == 'n' ? '\n'
             : c == 'r' ? '\r'
             : c == 't' ? '\t'
                        : c;
      continue;
    }
    const auto unit = [&](std::size_t at) {
      return static_cast<unsigned>(std::stoul(std::string(quoted.substr(at, 4)), nullptr, 16));
    };
    unsigned code = unit(i + 1);
    i += 4;
    if (code >= 0xD800 && code < 0xDC00 && quoted.substr(i + 1, 2) == "\\u") {
      const unsigned low = unit(i + 3);
      if (low >= 0xDC00 && low < 0xE000) {
        code = 0x10000 + (code - 0xD800) * 1024 + (low - 0xDC00);
        i += 6;
      }
    }
    append_utf8(out, code);
  }
  return out;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Value value() {
    space();
    Value out;
    out.first = text_[at_];
    out.begin = at_;
    if (out.first == '{' || out.first == '[') {
      container(out, out.first == '{');
    } else if (out.first == '"') {
      string();
    } else {
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    }
    out.end = at_;
    return out;
  }

 private:
  void container(Value& out, bool object) {
    ++at_;
    space();
    while (text_[at_] != '}' && text_[at_] != ']') {
      Value::Entry entry;
      space();
      if (object) {
        entry.key_begin = at_;
        entry.key = decode(string());
        space();
        ++at_;  // ':'
      }
      entry.value = value();
      out.entries.push_back(std::move(entry));
      space();
      if (text_[at_] == ',') ++at_;
    }
    ++at_;
  }

  std::string_view string() {
    const std::size_t begin = at_++;
    while (text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) < 4) ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

inline Value parse(std::string_view text) {
  return Parser(text).value();
}

// The value as a parser that keeps the last of duplicated members sees it; numbers as spelled.
struct Data {
  std::string scalar;  // raw, or decoded with a quote in front
  bool object = false;
  std::map<std::string, Data> members;
  std::vector<Data> elements;
  bool operator==(const Data&) const = default;
};

inline Data data(const Value& value, std::string_view text) {
  Data out;
  const std::string_view raw = text.substr(value.begin, value.end - value.begin);
  if (value.first == '{') {
    out.object = true;
    for (const auto& entry : value.entries) out.members[entry.key] = data(entry.value, text);
  } else if (value.first == '[') {
    out.scalar = "[";
    for (const auto& entry : value.entries) out.elements.push_back(data(entry.value, text));
  } else {
    out.scalar = value.first == '"' ? '"' + decode(raw) : std::string(raw);
  }
  return out;
}

inline Data data(std::string_view text) {
  return data(parse(text), text);
}

}  // namespace costmark::json::reference
