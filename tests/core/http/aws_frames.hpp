// Builds what AWS's event streams are made of.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "http/aws_event_stream.hpp"
#include "http/crc32.hpp"

namespace costmark::http {

inline std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i) & 0xFFU));
  return text;
}

// `value` as it is sent, but for the length of bytes and text.
inline std::string aws_header(std::string_view name, AwsHeaderType type, std::string_view value) {
  std::string text = big_endian(name.size(), 1) + std::string(name);
  text += big_endian(static_cast<std::uint64_t>(type), 1);
  if (type == AwsHeaderType::bytes || type == AwsHeaderType::text) {
    text += big_endian(value.size(), 2);
  }
  return text.append(value);
}

// With right lengths and checksums, whatever the headers are.
inline std::string aws_frame(std::string_view headers, std::string_view payload) {
  std::string text = big_endian(16 + headers.size() + payload.size(), 4);
  text += big_endian(headers.size(), 4);
  text += big_endian(crc32(text), 4);
  text.append(headers).append(payload);
  return text + big_endian(crc32(text), 4);
}

using AwsTexts = std::initializer_list<std::pair<std::string_view, std::string_view>>;

inline std::string aws_message(AwsTexts headers, std::string_view payload) {
  std::string text;
  for (const auto& [name, value] : headers) text += aws_header(name, AwsHeaderType::text, value);
  return aws_frame(text, payload);
}

inline std::string aws_event(std::string_view type, std::string_view payload) {
  return aws_message(
      {{":event-type", type}, {":content-type", "application/json"}, {":message-type", "event"}},
      payload);
}

inline std::string aws_exception(std::string_view type, std::string_view payload) {
  return aws_message({{":exception-type", type},
                      {":content-type", "application/json"},
                      {":message-type", "exception"}},
                     payload);
}

}  // namespace costmark::http
