#include "http/aws_event_stream.hpp"

#include <algorithm>
#include <array>

#include "http/crc32.hpp"

namespace costmark::http {
namespace {

constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t worth_keeping = std::size_t{1} << 20U;
// Of the values of each AwsHeaderType; of those with a length of their own, the bytes of that.
constexpr std::array<std::size_t, 10> value_bytes{0, 0, 1, 2, 4, 8, 2, 2, 8, 16};

std::uint32_t number_at(std::string_view bytes, std::size_t at, std::size_t size) noexcept {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(at, size)) value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

bool has_length(AwsHeaderType type) noexcept {
  return type == AwsHeaderType::bytes || type == AwsHeaderType::text;
}

// The first `size` bytes; nothing, and nothing is taken, when there are fewer.
std::optional<std::string_view> take_bytes(std::string_view& text, std::size_t size) noexcept {
  if (text.size() < size) return std::nullopt;
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

}  // namespace

std::optional<AwsHeader> take_header(std::string_view& headers) noexcept {
  std::string_view rest = headers;
  const auto name_length = take_bytes(rest, 1);
  if (!name_length) return std::nullopt;
  const auto name = take_bytes(rest, number_at(*name_length, 0, 1));
  const auto type_number = take_bytes(rest, 1);
  if (!name || !type_number) return std::nullopt;
  const std::size_t number = number_at(*type_number, 0, 1);
  if (number >= value_bytes.size()) return std::nullopt;
  const auto type = static_cast<AwsHeaderType>(number);
  auto value = take_bytes(rest, value_bytes[number]);
  if (value && has_length(type)) value = take_bytes(rest, number_at(*value, 0, 2));
  if (!value) return std::nullopt;
  headers = rest;
  return AwsHeader{*name, type, *value};
}

std::string_view AwsFrame::text(std::string_view name) const noexcept {
  std::string_view rest = headers;
  while (const auto header = take_header(rest)) {
    if (header->type == AwsHeaderType::text && header->name == name) return header->value;
  }
  return {};
}

bool AwsEventStream::begins_like_frame(std::string_view bytes) noexcept {
  // No frame that is short enough has another first byte.
  if (!bytes.empty() && static_cast<unsigned char>(bytes[0]) > max_frame_bytes >> 24U) return false;
  return bytes.size() < prelude_bytes || crc32(bytes.substr(0, 8)) == number_at(bytes, 8, 4);
}

void AwsEventStream::reset() noexcept {
  position_ = frame_begin_ = fault_at_ = 0;
  fault_ = AwsFault::none;
  forget_held();
  frame_bytes_ = 0;
}

std::optional<AwsFrame> AwsEventStream::next(std::string_view& input) {
  if (delivered_) forget_held();
  if (!held_.empty()) hold(input, prelude_bytes);
  const std::string_view start = held_.empty() ? input : std::string_view(held_);
  if (fault_ == AwsFault::none && frame_bytes_ == 0 && start.size() >= prelude_bytes) {
    if (!read_prelude(start)) forget_held();
  }
  if (fault_ != AwsFault::none) {
    take(input, input.size());
    return std::nullopt;
  }
  if (held_.empty() && frame_bytes_ != 0 && input.size() >= frame_bytes_) {
    const std::string_view bytes = input.substr(0, frame_bytes_);
    take(input, frame_bytes_);
    const auto frame = open(bytes);
    if (!frame) take(input, input.size());
    return frame;
  }
  hold(input, frame_bytes_ == 0 ? prelude_bytes : frame_bytes_);
  if (frame_bytes_ == 0 || held_.size() < frame_bytes_) return std::nullopt;
  delivered_ = true;
  const auto frame = open(held_);
  if (!frame) take(input, input.size());
  return frame;
}

// Of lengths whose checksum is wrong nothing is known.
bool AwsEventStream::read_prelude(std::string_view start) noexcept {
  if (crc32(start.substr(0, 8)) != number_at(start, 8, 4)) {
    fail(AwsFault::prelude_checksum, 8);
    return false;
  }
  const std::size_t total = number_at(start, 0, 4);
  const std::size_t headers = number_at(start, 4, 4);
  if (total > max_frame_bytes || total < prelude_bytes + checksum_bytes) {
    fail(AwsFault::length, 0);
  } else if (headers > max_header_bytes || headers > total - prelude_bytes - checksum_bytes) {
    fail(AwsFault::length, 4);
  } else {
    frame_bytes_ = total;
    header_bytes_ = headers;
  }
  return fault_ == AwsFault::none;
}

// The frame of all its bytes, which have been taken.
std::optional<AwsFrame> AwsEventStream::open(std::string_view bytes) noexcept {
  const std::size_t checked = bytes.size() - checksum_bytes;
  if (crc32(bytes.substr(0, checked)) != number_at(bytes, checked, checksum_bytes)) {
    fail(AwsFault::checksum, checked);
    return std::nullopt;
  }
  AwsFrame frame;
  frame.headers = bytes.substr(prelude_bytes, header_bytes_);
  if (!check_headers(frame.headers)) return std::nullopt;
  frame.payload =
      bytes.substr(prelude_bytes + header_bytes_, checked - prelude_bytes - header_bytes_);
  frame.begin = frame_begin_;
  frame.end = frame_begin_ = position_;
  frame_bytes_ = 0;
  return frame;
}

bool AwsEventStream::check_headers(std::string_view headers) noexcept {
  std::string_view rest = headers;
  while (take_header(rest)) {
  }
  if (!rest.empty()) fail(AwsFault::header, prelude_bytes + headers.size() - rest.size());
  return rest.empty();
}

// Takes bytes of the frame at hand until `wanted` of them are held.
void AwsEventStream::hold(std::string_view& input, std::size_t wanted) {
  const std::size_t size = std::min(input.size(), wanted - std::min(wanted, held_.size()));
  held_.append(input.data(), size);
  take(input, size);
}

void AwsEventStream::take(std::string_view& input, std::size_t size) noexcept {
  input.remove_prefix(size);
  position_ += size;
}

void AwsEventStream::fail(AwsFault fault, std::size_t offset_in_frame) noexcept {
  fault_ = fault;
  fault_at_ = frame_begin_ + offset_in_frame;
}

// One large frame must not pin its memory for all the streams that follow.
void AwsEventStream::forget_held() noexcept {
  held_.clear();
  if (held_.capacity() > worth_keeping) std::string().swap(held_);
  delivered_ = false;
}

}  // namespace costmark::http
