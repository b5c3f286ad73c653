// One HTTP exchange over libcurl, on a connection of its own: what a host's HTTP stack does.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace conformance {

// One header field. Names compare without regard to ASCII case.
struct Header {
  std::string_view name;
  std::string_view value;
};

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

// Takes an answer as it comes. False stops the exchange.
class AnswerTaker {
 public:
  virtual ~AnswerTaker() = default;
  virtual bool take_head(int status, std::span<const Header> fields) = 0;
  virtual bool take_piece(std::string_view piece) = 0;
};

enum class ExchangeEnd : std::uint8_t { complete, broken_off, no_answer, stopped };

struct Outgoing {
  std::string method;
  std::string url;
  std::vector<Header> headers;
  std::string_view body;
};

ExchangeEnd exchange(const Outgoing& request, AnswerTaker& answer);

}  // namespace conformance
