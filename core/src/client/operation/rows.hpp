// What the ledger is told of an attempt.
#pragma once

#include "costmark/ledger.hpp"
#include "costmark/operation.hpp"

namespace costmark::client {

// Views of the report.
LedgerRow begin_row(const AttemptReport& attempt);
LedgerRow attempt_row(const AttemptReport& attempt);
LedgerRow settle_row(const AttemptReport& settlement);
LedgerRow refused_row(const AttemptReport& call, Code code);

// Which model was called, and how it is served; where the call does not say it, as the book has it.
// Views of both.
ServedModel served_as(const PriceBook& prices, const AttemptReport& call) noexcept;

// What such a call costs with that usage. Allocates nothing.
Cost cost_of(const PriceBook& prices, const AttemptReport& call, const Usage& usage,
             std::int64_t end_us) noexcept;

// Microseconds since 1970, by the system's clock.
std::int64_t now_us() noexcept;

// The first words of a User-Agent, such as "OpenAI/Python 3.1.0".
std::string_view sdk_of(std::string_view user_agent) noexcept;

}  // namespace costmark::client
