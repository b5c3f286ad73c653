// What the policies say to a request by its route alone, and how they say no.
#pragma once

#include <string_view>

#include "attribution/endpoint.hpp"
#include "attribution/route.hpp"
#include "client/prepare/prepared.hpp"
#include "client/settings.hpp"
#include "costmark/error.hpp"

namespace costmark::client {

// The route of a request, with those that option `free_routes` declares.
attribution::Route route_under(const Settings& settings, std::string_view method,
                               const attribution::LenientPath& path, attribution::Work work);

// Refuses what cannot be recognized, cannot name a project, or opens a session whose messages
// are not checked, where a policy asks for that.
Status check_route(const Settings& settings, const attribution::Endpoint& endpoint,
                   const attribution::Route& route, const attribution::LenientPath& path,
                   attribution::Work work);

// For a request that may spend, names no project, and meets a policy that wants one.
Status check_unnamed(const Settings& settings, const attribution::LenientPath& path,
                     bool inference);

// Why an inference request whose body does not begin like JSON is refused. The labels are those of
// the request.
Status unreadable_body(const Settings& settings, std::string_view content_type,
                       std::string_view content_encoding);

}  // namespace costmark::client
