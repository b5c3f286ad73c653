#include "client/verify/probe.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <random>
#include <utility>

#include "attribution/carrier.hpp"
#include "attribution/route.hpp"
#include "base/text.hpp"
#include "client/prepare/prepared.hpp"
#include "costmark/json.hpp"
#include "http/field.hpp"

namespace costmark::client {
namespace {

constexpr std::string_view v1 = "/v1";
constexpr std::string_view anthropic = "/anthropic";
constexpr std::string_view anthropic_v1 = "/anthropic/v1";

std::string_view tail_of(Form form) noexcept {
  switch (form) {
    case Form::chat:
    case Form::chat_max_tokens:
      return "/chat/completions";
    case Form::completions:
      return "/completions";
    case Form::responses:
      return "/responses";
    case Form::messages:
      return "/messages";
    case Form::embeddings:
      return "/embeddings";
  }
  return {};
}

// The rest of the body, behind its model. Sixteen is the least that the Responses API takes.
std::string_view rest_of(Form form) noexcept {
  switch (form) {
    case Form::chat:
      return R"(,"messages":[{"role":"user","content":"1"}],"max_completion_tokens":1})";
    case Form::chat_max_tokens:
    case Form::messages:
      return R"(,"messages":[{"role":"user","content":"1"}],"max_tokens":1})";
    case Form::completions:
      return R"(,"prompt":"1","max_tokens":1})";
    case Form::responses:
      return R"(,"input":"1","max_output_tokens":16,"store":false})";
    case Form::embeddings:
      return R"(,"input":"1"})";
  }
  return {};
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) noexcept {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

std::string_view without_slashes(std::string_view url) noexcept {
  while (url.ends_with('/')) url.remove_suffix(1);
  return url;
}

// What belongs to the one request that it came with, or is set anew. The carriers are among them:
// the probe's own project is the only one that it may name.
constexpr std::array<std::string_view, 19> not_taken_over{"accept",
                                                          "accept-encoding",
                                                          "connection",
                                                          "content-encoding",
                                                          "content-length",
                                                          "content-type",
                                                          "expect",
                                                          "idempotency-key",
                                                          "keep-alive",
                                                          "te",
                                                          "trailer",
                                                          "transfer-encoding",
                                                          "upgrade",
                                                          "x-amz-date",
                                                          "x-stainless-retry-count",
                                                          attribution::project_header,
                                                          attribution::workspace_header,
                                                          attribution::identifier_header,
                                                          attribution::old_workspace_header};

bool taken_over(const Header& header, std::string_view host) noexcept {
  if (http::tells_digest(header.name)) return false;
  if (equal_ignoring_case(header.name, "host")) return !equal_ignoring_case(header.value, host);
  return std::none_of(not_taken_over.begin(), not_taken_over.end(),
                      [&header](auto name) { return equal_ignoring_case(header.name, name); });
}

}  // namespace

Form form_of(Api api, std::string_view path) noexcept {
  switch (api) {
    case Api::responses:
      return Form::responses;
    case Api::messages:
      return Form::messages;
    case Api::embeddings:
      return Form::embeddings;
    case Api::chat_completions:
    case Api::other:
    case Api::control:
    case Api::converse:
    case Api::invoke_model:
      break;
  }
  const bool old = path.ends_with("/completions") && !path.ends_with("/chat/completions");
  return old ? Form::completions : Form::chat;
}

Api api_of(Form form) noexcept {
  switch (form) {
    case Form::responses:
      return Api::responses;
    case Form::messages:
      return Api::messages;
    case Form::embeddings:
      return Api::embeddings;
    case Form::chat:
    case Form::chat_max_tokens:
    case Form::completions:
      break;
  }
  return Api::chat_completions;
}

std::string probe_body(Form form, std::string_view model) {
  std::string body = R"({"model":)";
  json::append_string(body, model);
  body += rest_of(form);
  return body;
}

std::string operation_url(std::string_view base, attribution::EndpointKind kind, Form form,
                          std::string_view route) {
  base = without_slashes(text::without_query(base));
  std::string url;
  if (form == Form::messages) {
    // On Bedrock's own hosts there is one path for it; elsewhere it lies below the base URL.
    const bool bedrock = kind != attribution::EndpointKind::custom;
    const bool above = bedrock || base.ends_with(anthropic_v1) || base.ends_with(anthropic);
    url = above ? std::string(attribution::above_family(base)) + std::string(anthropic_v1)
                : std::string(without_suffix(base, v1)) + std::string(v1);
  } else {
    const bool messages_only = base.ends_with(anthropic_v1) || base.ends_with(anthropic);
    if (messages_only) base = attribution::above_family(base);
    const Result<Url> parsed = parse_url(base);
    url = base;
    if (messages_only || (parsed && parsed.value().path.empty())) url += route;
  }
  url += tail_of(form);
  return url;
}

std::string project_url(std::string_view operation, std::string_view project) {
  std::string_view base = text::without_query(operation);
  for (const std::string_view tail :
       {"/chat/completions", "/completions", "/responses", "/messages", "/embeddings"}) {
    if (!base.ends_with(tail)) continue;
    base.remove_suffix(tail.size());
    break;
  }
  std::string url(attribution::above_family(base));
  url += "/v1/organization/projects/";
  url += project;
  return url;
}

std::vector<Header> probe_headers(Form form, const Url& url, std::span<const Header> taken,
                                  bool inference) {
  std::string host;
  append_host_header(url, host);
  std::vector<Header> headers{{"accept", "application/json"}};
  if (inference) headers.push_back({"content-type", "application/json"});
  bool versioned = false;
  for (const Header& header : taken) {
    if (!taken_over(header, host)) continue;
    versioned = versioned || equal_ignoring_case(header.name, "anthropic-version");
    headers.push_back(header);
  }
  if (form == Form::messages && !versioned) {
    headers.push_back({"anthropic-version", "2023-06-01"});
  }
  return headers;
}

std::vector<Header> sent_headers(std::span<const Header> headers, const Prepared::Impl& prepared) {
  std::vector<Header> sent;
  append_sent_headers(headers, prepared, sent);
  return sent;
}

std::string impossible_project() {
  constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> any(0, alphabet.size() - 1);
  std::string id = "proj_costmark";
  while (id.size() < 25) id += alphabet[any(random)];
  return id;
}

}  // namespace costmark::client
