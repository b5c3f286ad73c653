#pragma once

#include "attribution/endpoint.hpp"
#include "client/prepare/prepared.hpp"
#include "client/settings.hpp"
#include "costmark/client.hpp"
#include "costmark/url.hpp"

namespace costmark::client {

// Compares the path of an attributed request with the one that serves its model on mantle hosts.
// Writes into `out` the URL of the right path, if option `route` is auto and the two differ in no
// more than /v1 and /openai/v1; else a hint. Leaves unknown models alone. Returns the URL to
// sign and send to; it views `url` and `out`.
Url route(const Settings& settings, const Request& request, const Url& url,
          const attribution::Endpoint& endpoint, Prepared::Impl& out);

}  // namespace costmark::client
