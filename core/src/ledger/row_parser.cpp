#include "ledger/row_parser.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "base/text.hpp"

namespace costmark::ledger {
namespace {

using json::Kind;
using json::RawValue;
using json::Trouble;

constexpr std::size_t deepest_unknown = 64;
constexpr std::size_t longest_shown = 80;  // bytes of a name or a value in a reason
constexpr std::int64_t version = 1;
constexpr std::int8_t most_luck = 16;

bool is_compared(RowType type) noexcept {
  return type == RowType::kind || type == RowType::hex16;
}

bool is_hex16(std::string_view text) noexcept {
  return text.size() == 16 && std::all_of(text.begin(), text.end(), [](char c) {
           return text::is_digit(c) || (c >= 'a' && c <= 'f');
         });
}

const RowKind* kind_named(std::string_view name) noexcept {
  const auto* const found = std::find_if(row_kinds.begin(), row_kinds.end(),
                                         [name](const RowKind& kind) { return kind.name == name; });
  return found == row_kinds.end() ? nullptr : &*found;
}

// On one line, whatever it holds, and not too long.
std::string on_one_line(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text.substr(0, longest_shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
    } else {
      (out += "\\x") += digits[byte >> 4U];
      out += digits[byte & 0xFU];
    }
  }
  // A character that was cut is left out.
  while (!text::is_utf8(out)) out.pop_back();
  if (text.size() > longest_shown) out += "...";
  return out;
}

std::string shown(std::string_view text) {
  return "'" + on_one_line(text) + "'";
}

bool is_ascii(std::string_view text) noexcept {
  std::uint64_t all = 0;
  const char* p = text.data();
  const char* const end = p + text.size();
  for (; end - p >= 32; p += 32) {
    std::array<std::uint64_t, 4> words;
    std::memcpy(words.data(), p, sizeof words);
    all |= (words[0] | words[1]) | (words[2] | words[3]);
  }
  for (; p != end; ++p) all |= static_cast<unsigned char>(*p);
  return (all & 0x8080808080808080U) == 0;
}

// Whether the bytes from `p` on may be the beginning of a character.
bool is_cut_character(const char* p, const char* end) noexcept {
  const auto left = static_cast<std::size_t>(end - p);
  if (left > 3) return false;
  std::array<char, 4> padded{};
  std::copy(p, end, padded.begin());
  for (const char low : {'\x80', '\x90', '\xA0'}) {
    for (std::size_t i = left; i < padded.size(); ++i) padded[i] = i == left ? low : '\x80';
    if (text::utf8_length(padded.data(), padded.data() + padded.size()) > left) return true;
  }
  return false;
}

}  // namespace

bool RowParser::parse(std::string_view text) {
  row_.text = text;
  row_.present = 0;
  row_.unknown.clear();
  texts_.clear();
  has_member_fault_ = is_doubled_ = false;
  if (!check_utf8()) return false;
  cursor_.open(text);
  if (text.empty() || text.front() != '{') {
    RawValue ignored;
    if (!cursor_.take(ignored)) return fail_at_trouble();
    return check_end() && fail(RowFault::Kind::json, "the line is no JSON object");
  }
  return take_members() && check_end() && check_surrogates() && check_row();
}

bool RowParser::fail(RowFault::Kind kind, std::string reason) {
  fault_ = {kind, std::move(reason)};
  return false;
}

bool RowParser::check_utf8() {
  if (is_ascii(row_.text)) return true;
  const char* p = row_.text.data();
  const char* const end = p + row_.text.size();
  while (p != end) {
    const std::size_t length = text::utf8_length(p, end);
    if (length == 0) break;
    p += length;
  }
  if (p == end) return true;
  if (is_cut_character(p, end)) {
    return fail(RowFault::Kind::torn, "the line ends after " + std::to_string(row_.text.size()) +
                                          " bytes, in the middle of a row");
  }
  return fail(RowFault::Kind::utf8,
              "byte " + std::to_string(p - row_.text.data()) + " is not UTF-8");
}

bool RowParser::take_members() {
  RawValue name;
  cursor_.enter('{');
  last_ = row_form_count;
  while (!cursor_.has_failed()) {
    if (take_expected()) continue;
    if (cursor_.has_failed()) break;
    const json::Cursor::Next next = cursor_.next_name(name);
    if (next == json::Cursor::Next::end) break;
    if (next == json::Cursor::Next::trouble || !take_member(name)) break;
  }
  if (cursor_.has_failed()) return fail_at_trouble();
  if (is_doubled_ || has_doubled_unknown()) {
    return fail(RowFault::Kind::doubled, "member " + shown(doubled_) + " occurs twice");
  }
  return true;
}

// Writers order members alike, so that names need not be looked up.
bool RowParser::take_expected() {
  for (const std::uint8_t follower : followers_[last_]) {
    if (row_.has(follower)) continue;
    if (take_again(follower)) return true;
    const std::string_view name = quoted_name(follower);
    if (cursor_.skip_name(name)) return take_known(follower, cursor_.position() - name.size());
  }
  return false;
}

// Most members stand in a row as they stood in the one before it, which was checked.
bool RowParser::take_again(std::size_t place) noexcept {
  Kept& kept = kept_[place];
  if (kept.size == 0) return false;
  const char* const member = cursor_.skip_member({kept.text.data(), kept.size});
  if (member == nullptr) return false;
  kept.luck = std::min<std::int8_t>(static_cast<std::int8_t>(kept.luck + 2), most_luck);
  std::string_view& raw = row_.values[place].raw;
  raw = {member + kept.raw, raw.size()};
  row_.present |= std::uint64_t{1} << place;
  last_ = place;
  return true;
}

void RowParser::keep(std::size_t place, const char* name) noexcept {
  Kept& kept = kept_[place];
  const auto size = static_cast<std::size_t>(cursor_.position() - name);
  if (kept.luck < 0 || size > kept.text.size() || has_member_fault_ || cursor_.has_surrogates()) {
    return;
  }
  std::memcpy(kept.text.data(), name, size);
  kept.size = static_cast<std::uint8_t>(size);
  kept.raw = static_cast<std::uint8_t>(row_.values[place].raw.data() - name);
}

bool RowParser::take_member(const RawValue& name) {
  std::string_view plain = name.raw;
  if (name.is_escaped) {
    json::unescape_halves(name.raw, texts_.emplace_back());
    plain = texts_.back();
  }
  const std::size_t place = row_form_of(plain);
  if (place == row_form_count) return take_unknown(plain, name.raw.data() - 1);
  std::array<std::uint8_t, 2>& followers = followers_[last_];
  followers = {static_cast<std::uint8_t>(place), followers[0]};
  return take_known(place, name.raw.data() - 1);
}

bool RowParser::take_known(std::size_t place, const char* name) {
  cursor_.skip_space();
  last_ = place;
  if (row_.has(place)) {
    RawValue again;
    if (!std::exchange(is_doubled_, true)) doubled_ = row_forms[place].name;
    return cursor_.take(again);
  }
  RawValue& value = row_.values[place];
  if (std::exchange(kept_[place].size, 0) != 0) --kept_[place].luck;
  if (!cursor_.take(value)) return false;
  row_.present |= std::uint64_t{1} << place;
  const bool is_spelled =
      value.kind == Kind::string && value.is_escaped && is_compared(row_forms[place].type);
  if (is_spelled) unescape(value);
  check_known(place);
  if (!is_spelled) keep(place, name);
  return true;
}

bool RowParser::take_unknown(std::string_view name, const char* begin) {
  RawValue value;
  json::Inside inside{deepest_unknown};
  if (!cursor_.take(value, inside)) return false;
  const char* const end = row_.text.data() + cursor_.offset();
  row_.unknown.push_back({name, {begin, static_cast<std::size_t>(end - begin)}});
  check_unknown(name, inside);
  return true;
}

void RowParser::unescape(RawValue& value) {
  json::unescape_halves(value.raw, texts_.emplace_back());
  value.raw = texts_.back();
  value.is_escaped = false;
}

bool RowParser::has_doubled_unknown() {
  if (row_.unknown.size() < 2) return false;
  std::vector<std::string_view> sorted;
  sorted.reserve(row_.unknown.size());
  for (const ParsedRow::Unknown& each : row_.unknown) sorted.push_back(each.name);
  std::sort(sorted.begin(), sorted.end());
  const auto found = std::adjacent_find(sorted.begin(), sorted.end());
  if (found == sorted.end()) return false;
  doubled_ = *found;
  return true;
}

bool RowParser::check_end() {
  const std::size_t end = cursor_.offset();
  cursor_.skip_space();
  if (cursor_.at_end()) return true;
  return fail(RowFault::Kind::json, "character " + std::to_string(characters(end)) +
                                        " begins a second value on the line");
}

// Half a pair of surrogates is no character, and no engine takes it.
bool RowParser::check_surrogates() {
  if (!cursor_.has_surrogates()) return true;
  std::string_view rest = row_.text;
  for (std::size_t at = rest.find('\\'); at != std::string_view::npos; at = rest.find('\\')) {
    rest.remove_prefix(at);
    const auto is_surrogate = [](std::string_view escape, std::string_view letters) {
      return escape.size() >= 4 && escape[0] == '\\' && escape[1] == 'u' &&
             (escape[2] == 'd' || escape[2] == 'D') &&
             letters.find(escape[3]) != std::string_view::npos;
    };
    std::size_t size = rest[1] == 'u' ? 6 : 2;
    if (is_surrogate(rest, "89abABcdefCDEF")) {
      if (!is_surrogate(rest, "89abAB") || !is_surrogate(rest.substr(6), "cdefCDEF")) {
        return fail(RowFault::Kind::utf8, "a string has half a pair of surrogates");
      }
      size = 12;
    }
    rest.remove_prefix(size);
  }
  return true;
}

bool RowParser::check_row() {
  const RawValue& given = row_.values[place("v")];
  const bool is_boolean = row_.has(place("v")) && given.kind == Kind::boolean && given.is_true;
  if (row_.has(place("v")) && !is_boolean &&
      (given.kind != Kind::number || !given.fits || given.integer != version)) {
    const bool is_short = given.kind != Kind::array && given.kind != Kind::object;
    return fail(RowFault::Kind::version,
                "version " + on_one_line(is_short ? given.raw : "of another kind") + " is not 1");
  }
  if (!check_required(required_of_all)) return false;
  if (has_member_fault_) return false;
  return check_required(kind_named(row_.raw(place("kind")))->required);
}

bool RowParser::check_required(std::uint64_t required) {
  const std::uint64_t missing = required & ~row_.present;
  if (missing == 0) return true;
  const RowForm& first = row_forms[static_cast<std::size_t>(std::countr_zero(missing))];
  return fail(RowFault::Kind::missing, "member " + shown(first.name) + " is missing");
}

void RowParser::check_known(std::size_t place) {
  const RowForm& form = row_forms[place];
  const RawValue& value = row_.values[place];
  switch (form.type) {
    case RowType::text:
      if (value.kind != Kind::string) note_type(form.name, "string");
      break;
    case RowType::boolean:
      if (value.kind != Kind::boolean) note_type(form.name, "boolean");
      break;
    case RowType::version:
    case RowType::integer:
      check_integer(form.name, value, form);
      break;
    case RowType::hex16:
      if (value.kind != Kind::string) {
        note_type(form.name, "string");
      } else if (!is_hex16(value.raw)) {
        note(RowFault::Kind::type, "member " + shown(form.name) + " does not match ^[0-9a-f]{16}$");
      }
      break;
    case RowType::kind:
      if (value.kind != Kind::string) {
        note_type(form.name, "string");
      } else if (kind_named(value.raw) == nullptr) {
        note(RowFault::Kind::type,
             "member " + shown(form.name) + " is none of begin, attempt, settle, refused, note");
      }
      break;
    case RowType::texts:
    case RowType::counts:
      if (value.kind != Kind::object) return note_type(form.name, "object");
      check_items(form, value.raw);
      break;
    case RowType::list:
      if (value.kind != Kind::array) return note_type(form.name, "array");
      check_items(form, value.raw);
      break;
  }
}

void RowParser::check_unknown(std::string_view name, const json::Inside& inside) {
  if (inside.is_too_deep) {
    note(RowFault::Kind::json, "member " + shown(name) + " is nested too deeply");
  } else if (inside.has_misfit) {
    note(RowFault::Kind::number, "member " + shown(name) + " does not fit into 64 bits");
  }
}

void RowParser::check_integer(std::string_view name, const RawValue& value, const RowForm& form) {
  if (value.kind != Kind::number) return note_type(name, "integer");
  if (value.fits ? value.integer < form.smallest : value.raw.front() == '-') {
    note(RowFault::Kind::number,
         "member " + shown(name) + " is below " + std::to_string(form.smallest));
  } else if (!value.fits || value.integer > form.largest) {
    note(RowFault::Kind::number,
         "member " + shown(name) + " is above " + std::to_string(form.largest));
  }
}

// The text was taken as a whole, so it is JSON.
void RowParser::check_items(const RowForm& form, std::string_view text) {
  inner_.open(text);
  const bool is_list = form.type == RowType::list;
  inner_.enter(is_list ? '[' : '{');
  RawValue name;
  RawValue value;
  while ((is_list ? inner_.next_element() : inner_.next_name(name)) == json::Cursor::Next::more) {
    inner_.take(value);
    check_item(form, name.raw, value);
  }
}

void RowParser::check_item(const RowForm& form, std::string_view key, const RawValue& value) {
  const bool is_good = form.type == RowType::counts
                           ? value.kind == Kind::number && value.fits && value.integer >= 0
                           : value.kind == Kind::string;
  if (is_good) return;
  std::string name(form.name);
  if (form.type != RowType::list) {
    name += '.';
    json::unescape_halves(key, name);
  }
  if (form.type == RowType::counts) {
    check_integer(name, value, form);
  } else {
    note_type(name, "string");
  }
}

void RowParser::note_type(std::string_view name, std::string_view type) {
  note(RowFault::Kind::type, "member " + shown(name) + " is not of type " + std::string(type));
}

// The fault of the first member that has one stands.
void RowParser::note(RowFault::Kind kind, std::string reason) {
  if (std::exchange(has_member_fault_, true)) return;
  fault_ = {kind, std::move(reason)};
}

bool RowParser::fail_at_trouble() {
  const Trouble& trouble = cursor_.trouble();
  switch (trouble.kind) {
    case Trouble::Kind::fraction:
      return fail(RowFault::Kind::number, trouble.subject + " is no integer");
    case Trouble::Kind::huge:
      return fail(RowFault::Kind::number, "a number does not fit into 64 bits");
    case Trouble::Kind::doubled:
      return fail(RowFault::Kind::doubled, "member " + shown(trouble.subject) + " occurs twice");
    case Trouble::Kind::deep:
      return fail(RowFault::Kind::json, "the line is nested too deeply");
    case Trouble::Kind::none:
    case Trouble::Kind::grammar:
      break;
  }
  if (is_cut(trouble)) {
    return fail(RowFault::Kind::torn, "the line ends after " +
                                          std::to_string(characters(row_.text.size())) +
                                          " characters, in the middle of a row");
  }
  std::string reason = trouble.message;
  reason += reason.ends_with(" at") ? " character " : " at character ";
  return fail(RowFault::Kind::json, reason + std::to_string(characters(trouble.offset)));
}

// Whether the text may be the beginning of a row.
bool RowParser::is_cut(const Trouble& trouble) const noexcept {
  if (row_.text.empty() || row_.text.front() != '{') return false;
  const std::string_view message = trouble.message;
  const std::string_view rest = row_.text.substr(trouble.offset);
  if (rest.empty() || message.starts_with("Unterminated")) return true;
  const auto begins = [rest](std::string_view word) { return word.starts_with(rest); };
  const bool is_word = begins("true") || begins("false") || begins("null") || rest == "-";
  const std::size_t left = characters(row_.text.size()) - characters(trouble.offset);
  return is_word || (message.starts_with("Invalid") && left < 6);
}

// Of the first so many bytes of the text.
std::size_t RowParser::characters(std::size_t bytes) const noexcept {
  const std::string_view text = row_.text.substr(0, bytes);
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace costmark::ledger
