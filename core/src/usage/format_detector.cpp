#include "usage/format_detector.hpp"

#include <algorithm>
#include <array>

#include "http/aws_event_stream.hpp"

namespace costmark {
namespace {

using http::AwsEventStream;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view white_space = " \t\r\n";
constexpr std::array<std::string_view, 4> field_names = {"data", "event", "id", "retry"};
constexpr std::size_t longest_name = 32;

bool is_name_byte(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

void FormatDetector::reset(bool expects_stream, bool may_be_framed) {
  expects_stream_ = expects_stream;
  may_be_framed_ = may_be_framed;
  after_mark_ = false;
  skipped_ = 0;
  head_.clear();
}

std::optional<Format> FormatDetector::take(std::string_view& piece) {
  if (head_.empty() || !after_mark_) skip(piece);
  std::optional<Format> format;
  if (head_.empty()) {
    format = format_of(piece);
  } else {
    const std::size_t old = head_.size();
    head_ += piece.substr(0, longest_name + 1);
    format = format_of(head_);
    head_.resize(format ? old : head_.size());
  }
  if (format) return format;
  if (head_.empty()) head_ = piece;
  piece = {};
  return std::nullopt;
}

bool FormatDetector::is_nothing_known() const noexcept {
  if (byte_order_mark.starts_with(head_)) return false;  // also when there is none
  if (begins_like_frame(head_)) return false;
  return std::ranges::none_of(field_names,
                              [&](std::string_view name) { return name.starts_with(head_); });
}

// Of a byte order mark that is cut, the first bytes wait in the head.
void FormatDetector::skip(std::string_view& piece) {
  while (!after_mark_ && !piece.empty()) {
    if (piece.front() != byte_order_mark[head_.size()]) {
      after_mark_ = true;
      if (!head_.empty()) return;
      break;
    }
    head_ += piece.front();
    piece.remove_prefix(1);
    if (head_ != byte_order_mark) continue;
    after_mark_ = true;
    skipped_ += head_.size();
    head_.clear();
  }
  if (!head_.empty()) return;
  const std::size_t size = std::min(piece.find_first_not_of(white_space), piece.size());
  skipped_ += size;
  piece.remove_prefix(size);
}

bool FormatDetector::begins_like_frame(std::string_view start) const noexcept {
  return may_be_framed_ && AwsEventStream::begins_like_frame(start);
}

std::optional<Format> FormatDetector::format_of(std::string_view start) const {
  if (start.empty()) return std::nullopt;
  if (start[0] == '{' || start[0] == '[') return Format::json;
  if (byte_order_mark.starts_with(start)) return std::nullopt;  // not seen to its end
  if (begins_like_frame(start)) {
    if (start.size() < AwsEventStream::prelude_bytes) return std::nullopt;
    return Format::aws_event_stream;
  }
  const auto end = std::ranges::find_if_not(start, is_name_byte);
  const std::string_view name = start.substr(0, static_cast<std::size_t>(end - start.begin()));
  if (name.size() > longest_name) return Format::opaque;
  if (name.size() == start.size()) return std::nullopt;
  const char next = start[name.size()];
  const bool is_known = name.empty() || std::ranges::find(field_names, name) != field_names.end();
  if (next == ':') return is_known || expects_stream_ ? Format::event_stream : Format::opaque;
  const bool ends_line = next == '\n' || next == '\r';
  return ends_line && is_known && !name.empty() ? Format::event_stream : Format::opaque;
}

}  // namespace costmark
