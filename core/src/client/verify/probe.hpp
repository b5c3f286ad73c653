// What a probe of a verification sends: the smallest request of an API.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attribution/endpoint.hpp"
#include "costmark/api.hpp"
#include "costmark/client.hpp"
#include "costmark/http.hpp"
#include "costmark/url.hpp"

namespace costmark::client {

// How the smallest request of an API is spelled. Most models take `max_completion_tokens`, some
// servers only the older `max_tokens`.
enum class Form : std::uint8_t {
  chat,
  chat_max_tokens,
  completions,
  responses,
  messages,
  embeddings
};

// The form of requests to a path whose API is known.
Form form_of(Api api, std::string_view path) noexcept;
Api api_of(Form form) noexcept;

// The JSON body: one word for `model`, and the least output that the API lets one ask for.
std::string probe_body(Form form, std::string_view model);

// The URL of an API's requests on an endpoint whose base URL is given as its SDKs take it. `route`
// is the path where `base` has none.
std::string operation_url(std::string_view base, attribution::EndpointKind kind, Form form,
                          std::string_view route);

// The URL of a project's own resource, beside the requests of `operation`.
std::string project_url(std::string_view operation, std::string_view project);

// The headers of a probe: what the caller's requests carry (`taken`), without what belongs to one
// request alone or names another project. `inference`: it has a body. Views of `taken`.
std::vector<Header> probe_headers(Form form, const Url& url, std::span<const Header> taken,
                                  bool inference);

// The headers as they are sent: what was prepared takes the place of what it replaces.
std::vector<Header> sent_headers(std::span<const Header> headers, const Prepared::Impl& prepared);

// A project id that does not exist, spelled as AWS spells its own ("proj_" and twenty characters of
// [a-z0-9]), so that it is looked up and not refused as malformed. Ids are assigned, at random;
// twelve random characters make sure that it cannot have been made in advance.
std::string impossible_project();

}  // namespace costmark::client
