#include "ledger/row_summer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <functional>
#include <limits>
#include <tuple>
#include <utility>

#include "ledger/row_forms.hpp"
#include "ledger/row_reader.hpp"

namespace costmark::ledger {
namespace {

using Fact = RowGroup::Fact;

constexpr std::int64_t largest_number = std::numeric_limits<std::int64_t>::max();

constexpr std::array<std::size_t, RowGroup::count_of_counts> count_places{
    place("input"),  place("cached"), place("cache_write"),
    place("output"), place("total"),  place("reasoning")};
constexpr std::size_t input_place = count_places[0];

std::uint64_t hash_of(std::string_view text) noexcept {
  return std::max<std::uint64_t>(std::hash<std::string_view>()(text), 1);
}

std::uint64_t hash_of(std::string_view op, std::int64_t attempt) noexcept {
  constexpr std::uint64_t odd = 0x9E37'79B9'7F4A'7C15U;
  return std::max<std::uint64_t>(hash_of(op) ^ (static_cast<std::uint64_t>(attempt) * odd), 1);
}

std::uint64_t bit_if(bool is_so, Fact fact) noexcept {
  return std::uint64_t{is_so} << static_cast<unsigned>(fact);
}

bool tells_serving(std::string_view api, std::string_view host) noexcept {
  return api == "converse" || api == "invoke_model" ||
         host.find("bedrock-runtime") != std::string_view::npos;
}

bool is_settled_later(std::string_view outcome) noexcept {
  return outcome == "open" || outcome == "incomplete";
}

// Both are 0 or more. False: the sum does not fit.
bool add_to(std::int64_t& sum, std::int64_t count) noexcept {
  if (count > largest_number - sum) return false;
  sum += count;
  return true;
}

bool add(RowGroup& group, const RowGroup& other) noexcept {
  bool fits = true;
  group.attempts += other.attempts;
  group.calls += other.calls;
  for (std::size_t i = 0; i < group.sums.size(); ++i) {
    fits = add_to(group.sums[i], other.sums[i]) && fits;
  }
  return fits;
}

template <class Value>
void append(std::string& key, const Value& value) {
  key.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

std::uint32_t TextNumbers::number_of(std::string_view text) {
  if (last_ != 0 && texts_[last_ - 1] == text) return last_;
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return last_ = found->second;
  texts_.emplace_back(text);
  last_ = static_cast<std::uint32_t>(texts_.size());
  numbers_.emplace(texts_.back(), last_);
  return last_;
}

NumberSet::NumberSet(const std::vector<std::uint64_t>& numbers)
    : slots_(std::bit_ceil(2 * numbers.size() + 1)) {
  for (const std::uint64_t number : numbers) {
    std::uint64_t& slot = slots_[slot_of(number)];
    if (slot == number) has_doubled_ = true;
    slot = number;
  }
}

// Where a number is, or would be.
std::size_t NumberSet::slot_of(std::uint64_t number) const noexcept {
  std::size_t slot = number & (slots_.size() - 1);
  while (slots_[slot] != 0 && slots_[slot] != number) slot = (slot + 1) & (slots_.size() - 1);
  return slot;
}

RowSummer::RowSummer(const RowGrouping& grouping, SeenRows& seen, RowFilesRead& read,
                     std::FILE* rest)
    : grouping_(grouping),
      seen_(seen),
      read_(read),
      rest_(rest),
      texts_(grouping.texts.size()),
      numbers_(grouping.texts.size()) {
  for (const RowGrouping::Text& each : grouping.texts) places_.push_back(row_form_of(each.column));
}

bool RowSummer::take_row(const RowReader& row) {
  if (!is_new(row)) return true;
  if (begun_.is_full()) hand_on_begun();
  if (begun_.take(row)) return true;
  if (row.kind() != "attempt" || !sum(row.impl().parser.row())) hand_on(row.text());
  return true;
}

bool RowSummer::take_fault(std::uint64_t, const RowFault& fault) {
  ++read_.faults[fault.kind];
  return true;
}

void RowSummer::finish() {
  end_run();
  hand_on_begun();
}

// Rows of a writer that come in order are taken for new, and afterwards it shows whether they were.
bool RowSummer::is_new(const RowReader& row) {
  if (row.seq() == run_end_ && row.writer() == run_writer_) {
    ++run_end_;
    return true;
  }
  end_run();
  if (!seen_.is_new(row.writer(), row.seq())) return false;
  if (row.seq() + 1 < largest_number) {
    run_writer_ = row.writer();
    run_begin_ = run_end_ = row.seq() + 1;
  }
  return true;
}

void RowSummer::end_run() {
  if (run_writer_.empty()) return;
  if (!seen_.add_new(run_writer_, run_begin_, run_end_)) is_exact_ = false;
  run_writer_.clear();
}

void RowSummer::hand_on_begun() {
  begun_.hand_on([this](const std::string& text) { hand_on(text); });
}

// White space may be line feeds, in a row that stood in another object.
void RowSummer::hand_on(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = std::min(text.find('\n'), text.size());
    std::fwrite(text.data(), 1, size, rest_);
    text.remove_prefix(std::min(size + 1, text.size()));
    if (!text.empty()) std::fputc(' ', rest_);
  }
  std::fputc('\n', rest_);
}

// False: the attempt has to be looked at beside other rows.
bool RowSummer::sum(const ParsedRow& row) {
  const json::RawValue& op = row.values[place("op")];
  const json::RawValue& response = row.values[place("response_id")];
  const bool has_response = row.has(place("response_id"));
  if (op.is_escaped || (has_response && response.is_escaped)) is_exact_ = false;
  operations_.push_back(hash_of(op.raw, row.integer(place("attempt"))));
  if (row.has(place("meters")) || !take_texts(row)) return false;
  if (is_settled_later(row.raw(place("outcome")))) return false;
  if (has_response) responses_.push_back(hash_of(response.raw));
  const std::int64_t end = row.integer(place("end_us"));
  if (end < grouping_.since_us || end >= grouping_.until_us) return true;
  const Facets facets = facets_of(row);
  for (const std::int64_t each : {facets.unit, facets.days, facets.band}) append(key_, each);
  append(key_, facets.facts);
  auto at = groups_.find(key_);
  if (at == groups_.end()) {
    at = groups_.try_emplace(key_).first;
    at->second.unit = facets.unit;
    at->second.days = facets.days;
    if (facets.band >= 0) at->second.band = facets.band;
    at->second.facts = facets.facts;
  }
  add(at->second, row);
  return true;
}

// Into the key. False for a text that has to be read first.
bool RowSummer::take_texts(const ParsedRow& row) {
  key_.clear();
  for (const std::size_t each :
       {place("project_source"), place("outcome"), place("api"), place("url_host")}) {
    if (row.values[each].is_escaped) return false;
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const json::RawValue& value = row.values[places_[i]];
    numbers_[i] = 0;
    if (row.has(places_[i])) {
      const bool is_text = row_forms[places_[i]].type != RowType::texts;
      if (is_text && value.is_escaped) return false;
      if (is_text) {
        numbers_[i] = texts_[i].number_of(value.raw);
      } else if (!take_item(i, value.raw)) {
        return false;
      }
    }
    append(key_, numbers_[i]);
  }
  return true;
}

bool RowSummer::take_item(std::size_t at, std::string_view items) {
  if (items.find('\\') != std::string_view::npos) return false;
  json::RawValue name;
  json::RawValue value;
  cursor_.open(items);
  cursor_.enter('{');
  while (cursor_.next_name(name) == json::Cursor::Next::more) {
    cursor_.take(value);
    if (name.raw == grouping_.texts[at].item) numbers_[at] = texts_[at].number_of(value.raw);
  }
  return true;
}

RowSummer::Facets RowSummer::facets_of(const ParsedRow& row) const noexcept {
  const std::int64_t end = row.integer(place("end_us"));
  const auto reached = [](const std::vector<std::int64_t>& places, std::int64_t value) {
    return std::upper_bound(places.begin(), places.end(), value) - places.begin();
  };
  const auto above = [](const std::vector<std::int64_t>& places, std::int64_t value) {
    return std::lower_bound(places.begin(), places.end(), value) - places.begin();
  };
  Facets found;
  if (grouping_.unit_us > 0) found.unit = end / grouping_.unit_us;
  found.days = reached(grouping_.days_us, end);
  if (row.has(input_place)) {
    found.band = above(grouping_.thresholds, row.integer(input_place));
  } else if (!grouping_.thresholds.empty()) {
    found.band = -1;
  }
  found.facts = facts_of(row);
  return found;
}

std::uint64_t RowSummer::facts_of(const ParsedRow& row) noexcept {
  std::array<std::int64_t, RowGroup::count_of_counts> counts{};
  std::array<bool, RowGroup::count_of_counts> told{};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    told[i] = row.has(count_places[i]);
    counts[i] = told[i] ? row.integer(count_places[i]) : 0;
  }
  const auto [input, cached, written, output, total, reasoning] = counts;
  const auto [has_input, has_cached, has_written, has_output, has_total, has_reasoning] = told;
  return bit_if(row.raw(place("project_source")) == "none", Fact::is_unattributed) |
         bit_if(has_input, Fact::told_input) | bit_if(has_cached, Fact::told_cached) |
         bit_if(has_written, Fact::told_cache_write) | bit_if(has_output, Fact::told_output) |
         bit_if(has_total, Fact::told_total) |
         bit_if(has_total && has_input && total == input, Fact::is_total_input) |
         bit_if(has_total && has_output && total == output, Fact::is_total_output) |
         bit_if(cached > 0, Fact::has_cached) | bit_if(written > 0, Fact::has_write) |
         bit_if(output > 0, Fact::has_output) | bit_if(input - cached > written, Fact::has_rest) |
         bit_if(input - cached < written, Fact::has_less) |
         bit_if(tells_serving(row.raw(place("api")), row.raw(place("url_host"))),
                Fact::tells_serving);
}

void RowSummer::add(RowGroup& group, const ParsedRow& row) noexcept {
  ++group.attempts;
  if (row.integer(place("attempt")) == 1) ++group.calls;
  for (std::size_t i = 0; i < count_places.size(); ++i) {
    if (row.has(count_places[i]) && !add_to(group.sums[i], row.integer(count_places[i]))) {
      is_exact_ = false;
    }
  }
}

std::vector<RowGroup> RowSummer::groups() const {
  std::vector<RowGroup> found;
  for (const auto& [key, group] : groups_) {
    RowGroup& made = found.emplace_back(group);
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      std::uint32_t number = 0;
      std::memcpy(&number, key.data() + i * sizeof number, sizeof number);
      made.texts.push_back(number == 0 ? std::nullopt : std::optional(texts_[i].text(number)));
    }
  }
  return found;
}

}  // namespace costmark::ledger

namespace costmark {

Result<std::shared_ptr<RowSums>> RowSums::create(RowGrouping grouping) {
  for (const RowGrouping::Text& each : grouping.texts) {
    const std::size_t place = ledger::row_form_of(each.column);
    const bool is_map =
        place < ledger::row_form_count && ledger::row_forms[place].type == ledger::RowType::texts;
    const bool is_text =
        place < ledger::row_form_count && ledger::row_forms[place].type == ledger::RowType::text;
    if (!is_map && !is_text) {
      return Error{Code::invalid_argument, "rows have no texts '" + each.column + "'"};
    }
  }
  return std::shared_ptr<RowSums>(new RowSums(std::make_unique<Impl>(std::move(grouping))));
}

RowSums::RowSums(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RowSums::~RowSums() = default;

Status RowSums::read(const std::vector<RowFiles::File>& files, const std::string& rest,
                     RowFilesRead& read) {
  const ledger::OpenFile out(std::fopen(rest.c_str(), "abe"));
  if (!out) return Error{Code::internal, rest + ": " + std::strerror(errno)};
  ledger::RowSummer summer(impl_->grouping, impl_->seen, read, out.get());
  ledger::FileReader reader(files, read);
  while (!reader.is_done()) {
    if (reader.read_piece(summer) != 0) return Error{Code::internal, reader.error()};
  }
  summer.finish();
  if (std::fflush(out.get()) != 0 || std::ferror(out.get()) != 0) {
    return Error{Code::internal, rest + ": it cannot be written"};
  }
  impl_->add(summer);
  return {};
}

bool RowSums::is_exact() const {
  const std::lock_guard lock(impl_->mutex);
  impl_->close();
  return impl_->is_exact;
}

bool RowSums::has_ended(std::string_view op, std::int64_t attempt) const {
  const std::lock_guard lock(impl_->mutex);
  impl_->close();
  return impl_->ended->has(ledger::hash_of(op, attempt));
}

bool RowSums::has_response(std::string_view response_id) const {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->named) impl_->named.emplace(impl_->responses);
  return impl_->named->has(ledger::hash_of(response_id));
}

std::vector<RowGroup> RowSums::groups() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->groups.begin(), impl_->groups.end()};
}

bool RowSums::Impl::Before::operator()(const RowGroup& a, const RowGroup& b) const {
  return std::tie(a.texts, a.unit, a.days, a.band, a.facts) <
         std::tie(b.texts, b.unit, b.days, b.band, b.facts);
}

void RowSums::Impl::add(const ledger::RowSummer& summer) {
  const std::lock_guard lock(mutex);
  if (!summer.is_exact()) is_exact = false;
  for (RowGroup& group : summer.groups()) {
    if (auto known = groups.extract(group)) {
      if (!ledger::add(group, known.value())) is_exact = false;
    }
    groups.insert(std::move(group));
  }
  operations.insert(operations.end(), summer.operations().begin(), summer.operations().end());
  responses.insert(responses.end(), summer.responses().begin(), summer.responses().end());
  ended.reset();
  named.reset();
}

void RowSums::Impl::close() {
  if (ended) return;
  ended.emplace(operations);
  if (ended->has_doubled()) is_exact = false;
}

}  // namespace costmark
