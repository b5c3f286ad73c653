#include <array>
#include <string>

#include "base/text.hpp"
#include "costmark/rows.hpp"
#include "ledger/row_parser.hpp"
#include "ledger/row_reader.hpp"

namespace costmark {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;
// Members of log formats that hold the line of a program: CloudWatch exports, Fluent Bit, Docker.
constexpr std::array<std::string_view, 2> wrappers{"message", "log"};

// Compares the beginning of a text with what writers begin their rows with, piece by piece.
class Beginning {
 public:
  explicit Beginning(std::string_view text) noexcept : rest_(text) {}

  // A text that ends too early, as a torn row does, is one that goes on as it should.
  bool literal(std::string_view wanted) noexcept {
    skip_space();
    const std::string_view found = rest_.substr(0, wanted.size());
    if (!wanted.starts_with(found)) return false;
    rest_.remove_prefix(found.size());
    return true;
  }
  bool digits() noexcept {
    skip_space();
    const std::size_t before = rest_.size();
    while (!rest_.empty() && text::is_digit(rest_.front())) rest_.remove_prefix(1);
    return before == 0 || rest_.size() < before;
  }
  bool kind() noexcept {
    skip_space();
    for (const ledger::RowKind& each : ledger::row_kinds) {
      Beginning tried(rest_);
      if (tried.literal("\"") && tried.literal(each.name) && tried.literal("\"")) {
        rest_ = tried.rest_;
        return true;
      }
    }
    return false;
  }

 private:
  void skip_space() noexcept {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(text::white_space), rest_.size()));
  }

  std::string_view rest_;
};

// Other programs write objects with a member `v`, too.
bool is_row(std::string_view text) noexcept {
  Beginning beginning(text);
  return beginning.literal("{") && beginning.literal("\"v\"") && beginning.literal(":") &&
         beginning.digits() && beginning.literal(",") && beginning.literal("\"kind\"") &&
         beginning.literal(":") && beginning.kind() && beginning.literal(",") &&
         beginning.literal("\"writer\"");
}

// Where a row begins behind what loggers write before it; npos for nowhere.
std::size_t find_row(std::string_view text) noexcept {
  for (std::size_t at = text.find("\"v\""); at != std::string_view::npos;
       at = text.find("\"v\"", at + 1)) {
    const std::size_t brace = text.find_last_not_of(text::white_space, at - 1);
    if (at == 0 || brace == std::string_view::npos || text[brace] != '{') continue;
    if (is_row(text.substr(brace))) return brace;
  }
  return std::string_view::npos;
}

}  // namespace

std::string_view to_string(RowFault::Kind kind) noexcept {
  constexpr std::array<std::string_view, 10> names{
      "torn", "utf8", "nul", "json", "doubled", "number", "type", "missing", "version", "longer"};
  return names[static_cast<std::size_t>(kind)];
}

RowReader::RowReader() : impl_(std::make_unique<Impl>()) {}
RowReader::~RowReader() = default;
RowReader::RowReader(RowReader&&) noexcept = default;
RowReader& RowReader::operator=(RowReader&&) noexcept = default;

RowReader::Found RowReader::read(std::string_view line, LineOrigin origin) {
  line = text::trimmed(line);
  if (line.empty()) return Found::nothing;
  if (line.size() > longest_row_line) {
    if (origin == LineOrigin::log) return Found::nothing;
    impl_->parser.fail(RowFault::Kind::longer,
                       "the line has more than " + std::to_string(longest_row_line) + " bytes");
    return Found::fault;
  }
  return origin == LineOrigin::log ? impl_->find(line, 0) : impl_->take(line);
}

RowReader::Found RowReader::Impl::take(std::string_view text) {
  if (parser.parse(text)) return Found::row;
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    parser.fail(RowFault::Kind::nul, "byte " + std::to_string(nul) + " is NUL");
  }
  return Found::fault;
}

RowReader::Found RowReader::Impl::find(std::string_view text, std::size_t depth) {
  const std::size_t begin = find_row(text);
  const bool is_object = text.starts_with('{');
  if (begin == 0 || (begin != std::string_view::npos && !is_object)) {
    return take(text.substr(begin));
  }
  if (!is_object || depth == unwrapped.size() || !unwrap(text, depth)) return Found::nothing;
  return find(text::trimmed(unwrapped[depth]), depth + 1);
}

// The text in the first of the wrapping members that is there, or the object, where a log pipeline
// has read the text. False: there is none, or the text around it is not to be trusted. Times are
// fractions in some logs.
bool RowReader::Impl::unwrap(std::string_view text, std::size_t depth) {
  json::RawValue name;
  json::RawValue value;
  std::array<json::RawValue, wrappers.size()> found;
  cursor.open(text, json::Numbers::all);
  cursor.enter('{');
  for (;;) {
    const json::Cursor::Next next = cursor.next_name(name);
    if (next == json::Cursor::Next::end) break;
    if (next == json::Cursor::Next::trouble || !cursor.take(value)) return false;
    for (std::size_t i = 0; i < wrappers.size(); ++i) {
      if (name.raw != wrappers[i]) continue;
      if (found[i].kind != json::Kind::absent) return false;  // which one is it?
      found[i] = value;
    }
  }
  cursor.skip_space();
  if (!cursor.at_end()) return false;
  for (const json::RawValue& each : found) {
    unwrapped[depth].clear();
    if (each.kind == json::Kind::string) {
      json::unescape_halves(each.raw, unwrapped[depth]);
    } else if (each.kind == json::Kind::object) {
      unwrapped[depth] = each.raw;
    } else {
      continue;
    }
    return true;
  }
  return false;
}

const RowFault& RowReader::fault() const noexcept {
  return impl_->parser.fault();
}

std::string_view RowReader::text() const noexcept {
  return impl_->parser.row().text;
}

std::string_view RowReader::kind() const noexcept {
  return impl_->parser.row().raw(ledger::place("kind"));
}

std::string_view RowReader::writer() const noexcept {
  return impl_->parser.row().raw(ledger::place("writer"));
}

std::int64_t RowReader::seq() const noexcept {
  return impl_->parser.row().integer(ledger::place("seq"));
}

std::int64_t RowReader::day() const noexcept {
  const ledger::ParsedRow& row = impl_->parser.row();
  const bool has_end = row.has(ledger::place("end_us"));
  return row.integer(has_end ? ledger::place("end_us") : ledger::place("start_us")) / day_us;
}

bool SeenRows::is_new(std::string_view writer, std::int64_t seq) {
  const std::lock_guard lock(mutex_);
  auto at = ranges_.find(writer);
  if (at == ranges_.end()) at = ranges_.emplace(writer, Ranges()).first;
  Ranges& ranges = at->second;
  if (!ranges.empty() && ranges.rbegin()->second == seq) {
    ++ranges.rbegin()->second;
    return true;
  }
  const auto after = ranges.upper_bound(seq);
  if (after != ranges.begin() && seq < std::prev(after)->second) {
    ++doubled_;
    return false;
  }
  insert(ranges, seq, seq + 1);
  return true;
}

void SeenRows::add(std::string_view writer, std::int64_t begin, std::int64_t end) {
  const std::lock_guard lock(mutex_);
  if (begin < end) insert(ranges_[std::string(writer)], begin, end);
}

bool SeenRows::add_new(std::string_view writer, std::int64_t begin, std::int64_t end) {
  const std::lock_guard lock(mutex_);
  if (begin >= end) return true;
  Ranges& ranges = ranges_[std::string(writer)];
  const auto after = ranges.lower_bound(end);
  const bool is_new = after == ranges.begin() || std::prev(after)->second <= begin;
  insert(ranges, begin, end);
  return is_new;
}

std::uint64_t SeenRows::doubled() const {
  const std::lock_guard lock(mutex_);
  return doubled_;
}

std::map<std::string, SeenRows::Ranges, std::less<>> SeenRows::ranges() const {
  const std::lock_guard lock(mutex_);
  return ranges_;
}

// Makes one range of all that meet.
void SeenRows::insert(Ranges& ranges, std::int64_t begin, std::int64_t end) {
  auto at = ranges.upper_bound(begin);
  if (at != ranges.begin() && std::prev(at)->second >= begin) begin = (--at)->first;
  for (; at != ranges.end() && at->first <= end; at = ranges.erase(at)) {
    end = std::max(end, at->second);
  }
  ranges.emplace_hint(at, begin, end);
}

bool RowLines::feed(std::string_view piece, RowTaker& taker) {
  while (!piece.empty()) {
    const std::size_t newline = piece.find('\n');
    const bool is_whole = newline != std::string_view::npos;
    const std::string_view line = piece.substr(0, is_whole ? newline + 1 : piece.size());
    piece.remove_prefix(line.size());
    const bool is_rest = !is_whole || !rest_.empty();
    if (is_rest) keep(line);
    if (is_whole && !(is_rest ? finish(taker) : take(line, line.size(), taker))) return false;
  }
  return true;
}

void RowLines::keep(std::string_view part) {
  // One byte more than a row can have, so that it is seen to be longer.
  const std::size_t room = longest_row_line + 1 - std::min(rest_.size(), longest_row_line + 1);
  rest_ += part.substr(0, room);
  passed_over_ += part.size() - std::min(part.size(), room);
}

bool RowLines::finish(RowTaker& taker) {
  if (rest_.empty()) return true;
  const bool goes_on = take(rest_, rest_.size() + passed_over_, taker);
  rest_.clear();
  passed_over_ = 0;
  return goes_on;
}

bool RowLines::take(std::string_view line, std::size_t size, RowTaker& taker) {
  bool goes_on = true;
  switch (reader_.read(line, origin_)) {
    case RowReader::Found::nothing:
      break;
    case RowReader::Found::row:
      goes_on = taker.take_row(reader_);
      break;
    case RowReader::Found::fault:
      goes_on = taker.take_fault(lines_ + 1, reader_.fault());
      break;
  }
  if (!goes_on) return false;
  ++lines_;
  bytes_ += size;
  return true;
}

}  // namespace costmark
