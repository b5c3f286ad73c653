#include "signing/canonical.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "base/text.hpp"

namespace costmark::signing {
namespace {

constexpr bool is_unreserved(char c) noexcept {
  return text::is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '~';
}

constexpr auto unreserved = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    table[c] = is_unreserved(static_cast<char>(c));
  }
  return table;
}();

void append_escape(char c, std::string& out) {
  constexpr char digits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  const char escape[] = {'%', digits[byte >> 4], digits[byte & 15]};
  out.append(escape, sizeof escape);
}

// `keep` passes besides the unreserved characters; '/' for a path that is not split.
void append_encoded(std::string_view text, char keep, std::string& out) {
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (unreserved[static_cast<unsigned char>(text[i])] || text[i] == keep) continue;
    out.append(text.substr(start, i - start));
    append_escape(text[i], out);
    start = i + 1;
  }
  out.append(text.substr(start));
}

void append_segment(std::string_view segment, const Options& options, std::string& out) {
  if (options.double_encode_path) {
    append_encoded(segment, '/', out);
  } else {
    out.append(segment);
  }
}

}  // namespace

void append_canonical_path(std::string_view path, const Options& options, std::string& out) {
  if (path.empty()) path = "/";
  if (!options.normalize_path) return append_segment(path, options, out);

  const auto start = out.size();
  for (std::size_t i = 0; i < path.size();) {
    const auto end = std::min(path.find('/', i), path.size());
    const auto segment = path.substr(i, end - i);
    i = end + 1;
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {  // segments are written without '/', so the last one begins at the last
      if (out.size() > start) out.resize(out.rfind('/'));
      continue;
    }
    out.push_back('/');
    append_segment(segment, options, out);
  }
  if (out.size() == start || path.back() == '/') out.push_back('/');
}

void append_percent_encoded(std::string_view text, std::string& out) {
  append_encoded(text, '-', out);
}

void QueryCanonicalizer::append(std::string_view query, const Options& options, std::string& out) {
  if (query.empty()) return;
  parts_.clear();
  encoded_.clear();
  encoded_.reserve(options.encode_query ? 3 * query.size() : 0);  // the views in parts_ must hold
  for (std::size_t i = 0; i <= query.size();) {
    const auto end = std::min(query.find('&', i), query.size());
    const auto text = query.substr(i, end - i);
    i = end + 1;
    if (!options.encode_query) {
      parts_.push_back(split(text));
    } else if (!text.empty()) {
      parts_.push_back(encode(split(text)));
    }
  }
  std::sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) {
    return std::tie(a.name, a.value) < std::tie(b.name, b.value);
  });
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    if (i > 0) out.push_back('&');
    out.append(parts_[i].name).append(1, '=').append(parts_[i].value);
  }
}

QueryCanonicalizer::Part QueryCanonicalizer::split(std::string_view part) const noexcept {
  const auto equals = part.find('=');
  if (equals == std::string_view::npos) return {part, {}};
  return {part.substr(0, equals), part.substr(equals + 1)};
}

QueryCanonicalizer::Part QueryCanonicalizer::encode(const Part& part) {
  const auto name = encode(part.name);
  return {name, encode(part.value)};
}

// A '%' without two digits after it stands for itself.
std::string_view QueryCanonicalizer::encode(std::string_view text) {
  const auto start = encoded_.size();
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%' && i + 2 < text.size()) {
      const int high = text::hex_value(text[i + 1]);
      const int low = text::hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        c = static_cast<char>(high * 16 + low);
        i += 2;
      }
    }
    append_percent_encoded({&c, 1}, encoded_);
  }
  return std::string_view(encoded_).substr(start);
}

void HeaderCanonicalizer::clear() noexcept {
  names_.clear();
  fields_.clear();
  sorted_ = false;
}

void HeaderCanonicalizer::add(std::string_view name, std::string_view value) {
  fields_.push_back({names_.size(), name.size(), value});
  sorted_ = false;
  const auto start = names_.size();
  names_.resize(start + name.size());
  std::transform(name.begin(), name.end(), names_.data() + start, text::lower);
}

void HeaderCanonicalizer::sort() {
  if (sorted_) return;
  std::sort(fields_.begin(), fields_.end(), [this](const Field& a, const Field& b) {
    const int order = name(a).compare(name(b));
    return order != 0 ? order < 0 : a.name_start < b.name_start;
  });
  sorted_ = true;
}

void HeaderCanonicalizer::append_headers(std::string& out) {
  sort();
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (i > 0 && name(fields_[i]) == name(fields_[i - 1])) {
      out.back() = ',';  // in place of the line break
    } else {
      out.append(name(fields_[i])).push_back(':');
    }
    append_trimmed(fields_[i].value, out);
    out.push_back('\n');
  }
}

void HeaderCanonicalizer::append_names(std::string& out) {
  sort();
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (i > 0 && name(fields_[i]) == name(fields_[i - 1])) continue;
    if (i > 0) out.push_back(';');
    out.append(name(fields_[i]));
  }
}

bool is_plain(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  std::size_t i = 0;
  // A byte is at most 0x20 if subtracting 0x21 borrows into a top bit that was not set. The borrow
  // can leak into a neighbor, but never where no byte is that small.
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    if (((word - ones * 0x21) & ~word & (ones * 0x80)) != 0) return false;
  }
  for (; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) <= 0x20) return false;
  }
  return true;
}

void append_trimmed(std::string_view value, std::string& out) {
  if (is_plain(value)) {
    out.append(value);
    return;
  }
  bool first = true;
  for (std::size_t i = 0; i < value.size();) {
    if (text::is_python_space(value[i])) {
      ++i;
      continue;
    }
    const auto start = i;
    while (i < value.size() && !text::is_python_space(value[i])) ++i;
    if (!first) out.push_back(' ');
    out.append(value.substr(start, i - start));
    first = false;
  }
}

}  // namespace costmark::signing
