// The spelling of a query that is signed.
#pragma once

#include "client/prepare/prepared.hpp"
#include "costmark/client.hpp"

namespace costmark::client {

// Verifiers differ in how they read what is not strictly encoded: a '+', lower-case hex digits,
// reserved characters. So the query of `out.target` is spelled as all of them agree on, into
// `out.url` where that differs: a space is %20. Its parts keep their order; empty ones go.
void spell_query(const Request& request, Prepared::Impl& out);

}  // namespace costmark::client
