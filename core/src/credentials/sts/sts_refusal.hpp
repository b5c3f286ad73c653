// What an answer of STS with an error status means for the one who asked.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "costmark/error.hpp"

namespace costmark::sts {

struct Refusal {
  Refusal() = default;
  ~Refusal();
  Refusal(Refusal&&) noexcept = default;
  Refusal& operator=(Refusal&&) noexcept;

  int status = 0;
  std::string code;        // letters, digits, '.', '_' and '-', at most 64; empty when it says none
  std::string request_id;  // likewise
  std::string message;     // as it came: may quote what was sent, secrets included
};

// `header_id` is the request id among the header fields, for an answer whose text has none.
Refusal read_refusal(int status, std::string_view body, std::string_view header_id);

// "STS refused AssumeRole: AccessDenied (HTTP status 403, request id 1-2): User: ... ; the ...". Of
// STS's own message only a denial is repeated, and only when no part of a secret is in it.
Error refusal_error(const Refusal& refusal, std::string_view action,
                    std::span<const std::string_view> secrets);

// Whether it is the time of the signature that was refused.
bool refuses_time(const Refusal& refusal) noexcept;

}  // namespace costmark::sts
