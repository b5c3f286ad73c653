#include "http/event_stream.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace costmark::http {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t worth_keeping = std::size_t{1} << 20U;

// One large event must not pin its memory for all the streams that follow.
void empty(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > worth_keeping) buffer.shrink_to_fit();
}

}  // namespace

void EventStream::reset() {
  position_ = block_begin_ = line_begin_ = no_lf_before_ = no_cr_before_ = 0;
  after_cr_ = false;
  retry_ms_.reset();
  empty(held_);
  empty(joined_);
  empty(id_);
  forget_block(nullptr);
}

std::size_t EventStream::capacity() const noexcept {
  return held_.capacity() + joined_.capacity() + id_.capacity();
}

std::optional<Event> EventStream::next(std::string_view& input) {
  if (delivered_) forget_block(nullptr);
  take_line_feed(input);
  block_ = held_.empty() ? input.data() : held_.data();
  while (true) {
    const std::size_t line_end =
        std::min(find('\n', no_lf_before_, input), find('\r', no_cr_before_, input));
    if (line_end == input.size()) {
      hold(input);
      return std::nullopt;
    }
    const bool blank = position_ + line_end == line_begin_;
    std::string_view line = take_line(input, line_end);
    if (line_begin_ == 0 && line.starts_with(byte_order_mark)) {
      line.remove_prefix(byte_order_mark.size());
    }
    if (blank || (line.empty() && !oversized_)) {
      if (auto event = end_block()) return event;
      forget_block(input.data());
    } else {
      if (!oversized_) take_field(line);
      line_begin_ = position_;
    }
  }
}

std::optional<Event> EventStream::finish() {
  if (delivered_) forget_block(nullptr);
  if (position_ == block_begin_) return std::nullopt;
  block_ = held_.data();
  if (position_ > line_begin_ && !oversized_) {
    std::string_view line =
        std::string_view(held_).substr(static_cast<std::size_t>(line_begin_ - block_begin_));
    if (line_begin_ == 0 && line.starts_with(byte_order_mark)) {
      line.remove_prefix(byte_order_mark.size());
    }
    take_field(line);
    line_begin_ = position_;
  }
  return end_block();
}

bool EventStream::take_line_feed(std::string_view& input) {
  if (!after_cr_ || input.empty()) return false;
  after_cr_ = false;
  if (input.front() != '\n') return false;
  input.remove_prefix(1);
  const bool inside_block = position_ > block_begin_;
  ++position_;
  line_begin_ = position_;
  if (!inside_block) {
    block_begin_ = position_;
  } else if (!oversized_) {
    held_.push_back('\n');
  }
  return true;
}

// Index of `wanted` in `input`, or the size of `input`.
std::size_t EventStream::find(char wanted, std::uint64_t& absent_before,
                              std::string_view input) const {
  const std::uint64_t known = absent_before > position_ ? absent_before - position_ : 0;
  if (known >= input.size()) return input.size();
  const auto from = static_cast<std::size_t>(known);
  const void* hit = std::memchr(input.data() + from, wanted, input.size() - from);
  const std::size_t at =
      hit == nullptr ? input.size()
                     : static_cast<std::size_t>(static_cast<const char*>(hit) - input.data());
  absent_before = position_ + at;
  return at;
}

// Takes a line and its line end. Returns the line, or nothing when it is not to be looked at.
std::string_view EventStream::take_line(std::string_view& input, std::size_t line_end) {
  std::size_t size = line_end + 1;
  if (input[line_end] == '\r') {
    after_cr_ = size == input.size();
    if (!after_cr_ && input[size] == '\n') ++size;
  }
  const std::uint64_t end = position_ + line_end;
  if (end - block_begin_ > max_event_bytes_) give_up_block();
  if (!held_.empty()) {
    held_.append(input.data(), size);
    block_ = held_.data();
  }
  position_ += size;
  input.remove_prefix(size);
  if (oversized_) return {};
  return {block_ + (line_begin_ - block_begin_), static_cast<std::size_t>(end - line_begin_)};
}

// Keeps the beginning of a block whose end is not in `input`.
void EventStream::hold(std::string_view& input) {
  const std::uint64_t size = position_ + input.size() - block_begin_;
  if (size > max_event_bytes_) {
    give_up_block();
  } else if (held_.empty() && size > 0) {
    held_.assign(block_, static_cast<std::size_t>(size));
  } else {
    held_.append(input);
  }
  position_ += input.size();
  input = {};
}

void EventStream::take_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == 0) return;  // a comment
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon == std::string_view::npos ? line.size() : colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);

  if (name == "data") {
    take_data(value);
  } else if (name == "event") {
    type_ = span_of(value);
    has_type_ = !value.empty();
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_.assign(value);
  } else if (name == "retry") {
    take_retry(value);
  }
}

void EventStream::take_data(std::string_view value) {
  ++data_lines_;
  if (data_lines_ == 1) {
    data_ = span_of(value);
    return;
  }
  if (data_lines_ == 2) joined_.assign(view_of(data_));
  joined_.push_back('\n');
  joined_.append(value);
}

void EventStream::take_retry(std::string_view value) {
  std::uint64_t milliseconds = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, milliseconds);
  if (error == std::errc() && stop == end) retry_ms_ = milliseconds;
}

// The event of the block whose blank line was taken just now; nothing for a block without data.
std::optional<Event> EventStream::end_block() {
  // Measured without the blank line, so that it does not matter where the input was cut.
  const bool oversized = oversized_ || line_begin_ - block_begin_ > max_event_bytes_;
  std::optional<Event> event;
  if (oversized || data_lines_ > 0) {
    event.emplace();
    event->begin = block_begin_;
    event->end = position_;
    event->oversized = oversized;
    event->id = id_;
    if (!oversized) {
      event->data = data_lines_ == 1 ? view_of(data_) : std::string_view(joined_);
      if (has_type_) event->type = view_of(type_);
    }
    delivered_ = true;
  }
  block_begin_ = line_begin_ = position_;
  return event;
}

// The block is too long: from here on only its end matters.
void EventStream::give_up_block() {
  oversized_ = true;
  empty(held_);
  empty(joined_);
}

void EventStream::forget_block(const char* next_byte) {
  held_.clear();
  block_ = next_byte;
  type_ = data_ = Span{};
  data_lines_ = 0;
  has_type_ = oversized_ = delivered_ = false;
}

EventStream::Span EventStream::span_of(std::string_view part) const noexcept {
  return {static_cast<std::size_t>(part.data() - block_), part.size()};
}

}  // namespace costmark::http
