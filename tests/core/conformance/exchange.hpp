// One HTTP exchange over libcurl, on a connection of its own: what a host's HTTP stack does.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "costmark/http.hpp"

namespace costmark::conformance {

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

}  // namespace costmark::conformance
