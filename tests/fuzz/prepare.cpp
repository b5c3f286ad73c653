// Any request is refused with nothing prepared, or prepared so that it can be sent: one project, in
// one place for each carrier, no byte that ends a header, a body as valid as it was, and secrets
// for hosts that they belong to only. Input: which client, method, URL, the call's project, the
// scope, headers up to an empty line, the body.
#include <algorithm>
#include <array>
#include <map>

#include "attribution/endpoint.hpp"
#include "costmark/client.hpp"
#include "costmark/json.hpp"
#include "costmark/url.hpp"
#include "fuzz/property.hpp"

namespace {

using namespace costmark;
using OptionValues = std::map<std::string, std::string>;

constexpr std::string_view secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view bearer_token = "bedrock-api-key-c2VjcmV0";
constexpr std::string_view custom_origin = "http://127.0.0.1:8080";

OptionValues with_keys(OptionValues options) {
  options.emplace("access_key_id", "AKIDEXAMPLE");
  options.emplace("secret_access_key", secret_key);
  return options;
}

struct Subject {
  OptionValues options;
  std::shared_ptr<Client> client;

  bool has(std::string_view name, std::string_view value) const {
    const auto at = options.find(std::string(name));
    return at != options.end() && at->second == value;
  }
};

Subject subject_of(OptionValues options) {
  ClientConfig config;
  for (const auto& [name, value] : options) COSTMARK_HOLDS(config.options.set(name, value).ok());
  config.environment = [](std::string_view) { return std::optional<std::string>(); };
  config.clock = [] { return UnixSeconds{1735787045}; };
  auto client = Client::create(std::move(config));
  COSTMARK_HOLDS(client.ok());
  return {std::move(options), std::move(client).value()};
}

const Subject& subject(std::string_view which) {
  static const std::array<Subject, 8> subjects{
      subject_of(with_keys({{"project", "proj_a"}})),
      subject_of(with_keys({{"unattributed", "refuse"}, {"allowed_projects", "proj_*"}})),
      subject_of(with_keys({{"base_url", std::string(custom_origin)},
                            {"auth", "sigv4"},
                            {"region", "us-east-1"},
                            {"carrier", "body,header"},
                            {"project", "proj_a"},
                            {"conflict", "override"}})),
      subject_of({{"bearer_token", std::string(bearer_token)}, {"project", "proj_a"}}),
      subject_of({{"bearer_token", std::string(bearer_token)}, {"auth", "bearer"}}),
      subject_of(with_keys({{"strict_json", "true"},
                            {"project", "proj_a"},
                            {"rules", "proj_r: model=*vision*; proj_p: path=/v1/*"}})),
      subject_of(with_keys({{"carrier", "body"}, {"project", "proj_a"}, {"auth", "none"}})),
      subject_of(with_keys({{"allowed_projects", "proj_a"},
                            {"conflict", "refuse"},
                            {"project", "proj_a"},
                            {"auth", "none"}})),
  };
  return subjects[which.empty() ? 0 : static_cast<unsigned char>(which.front()) % subjects.size()];
}

struct Fields {
  std::string method, url, project, scope;
  std::vector<std::string> lines;
  std::vector<Header> headers;
  std::string_view body;

  explicit Fields(fuzz::Input& input)
      : method(input.field()), url(input.field()), project(input.field()), scope(input.field()) {
    for (std::string line = input.field(); !line.empty(); line = input.field()) {
      lines.push_back(std::move(line));
    }
    for (const std::string_view line : lines) {
      const std::size_t colon = std::min(line.find(": "), line.size());
      headers.push_back({line.substr(0, colon), line.substr(std::min(colon + 2, line.size()))});
    }
    body = input.rest();
  }

  Request request() const { return {method, url, headers, body, project, scope}; }
};

bool names_project(std::string_view text, std::string_view project) {
  json::Document document;
  constexpr std::array<std::string_view, 1> paths{"project_id"};
  std::string found;
  return document.open(text, paths) && document.member(0).count == 1 && document.string(0, found) &&
         found == project;
}

const Header* find(std::span<const Header> headers, std::string_view name) {
  const auto at = std::find_if(headers.begin(), headers.end(), [name](const Header& header) {
    return equal_ignoring_case(header.name, name);
  });
  return at == headers.end() ? nullptr : &*at;
}

void check_headers(const Prepared& prepared) {
  const auto headers = prepared.headers_to_set();
  for (const Header& header : headers) {
    COSTMARK_HOLDS(!header.name.empty() &&
                   header.name.find_first_not_of(
                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") ==
                       std::string_view::npos);
    COSTMARK_HOLDS(!fuzz::holds_any(header.value, std::string_view("\r\n\0", 3)));
    COSTMARK_HOLDS(find(headers, header.name) == &header);  // set once
  }
}

void check_project(const Subject& of, const Fields& fields, const Prepared& prepared) {
  const std::string_view project = prepared.project();
  const bool named = !project.empty() && project != "default";
  if (named) COSTMARK_HOLDS(check_project_id(project, "prepared").ok());
  if (of.has("allowed_projects", "proj_*")) {
    COSTMARK_HOLDS(project.empty() || project.starts_with("proj_"));
  }
  if (of.has("allowed_projects", "proj_a")) COSTMARK_HOLDS(!named || project == "proj_a");

  const std::string_view path = parse_url(fields.url).value().path;
  const bool chat =
      equal_ignoring_case(fields.method, "POST") && path.ends_with("/chat/completions");
  if (!chat) return;
  COSTMARK_HOLDS(named || !of.has("unattributed", "refuse"));
  if (!named) return;
  const Header* header = find(prepared.headers_to_set(), "OpenAI-Project");
  // Below /anthropic, all is named as for its API.
  if (header == nullptr) header = find(prepared.headers_to_set(), "anthropic-workspace-id");
  COSTMARK_HOLDS(header == nullptr || header->value == project);
  COSTMARK_HOLDS(header != nullptr || names_project(prepared.body(), project));
}

// Secrets go to Bedrock over https, or to the one origin that the client was made for.
void check_authorization(const Fields& fields, const Prepared& prepared) {
  if (find(prepared.headers_to_set(), "Authorization") == nullptr) return;
  const Url url = parse_url(fields.url).value();
  const bool bedrock = is_bedrock_host(url.host) && url.https && url.port == 443;
  const bool configured = !url.https && url.host == "127.0.0.1" && url.port == 8080;
  // What a request brought along may go where it was going.
  const bool own = std::any_of(fields.lines.begin(), fields.lines.end(), [](const auto& line) {
    return line.find("bedrock-api-key-") != std::string::npos ||
           line.find("ABSK") != std::string::npos;
  });
  COSTMARK_HOLDS(bedrock || configured || own);
}

void check_refusal(const Status& status, std::string_view input, const Prepared& prepared) {
  COSTMARK_HOLDS(prepared.headers_to_set().empty() && prepared.headers_to_remove().empty());
  COSTMARK_HOLDS(prepared.body().empty() && prepared.project().empty());
  const std::string& message = status.error().message;
  COSTMARK_HOLDS(fuzz::is_one_line(message) && message.size() < 2048);
  for (const std::string_view secret : {secret_key, bearer_token}) {
    // Host names and project ids are shown, even those that a secret was written into.
    const bool given = input.find(secret) != std::string_view::npos;
    COSTMARK_HOLDS(given || message.find(secret) == std::string::npos);
  }
}

bool same(const Prepared& a, const Prepared& b) {
  const auto equal = [](const Header& x, const Header& y) {
    return x.name == y.name && x.value == y.value;
  };
  return std::ranges::equal(a.headers_to_set(), b.headers_to_set(), equal) &&
         std::ranges::equal(a.headers_to_remove(), b.headers_to_remove()) && a.body() == b.body() &&
         a.project() == b.project() && a.project_source() == b.project_source() &&
         a.api() == b.api();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::string_view all = input.rest();
  const Subject& of = subject(input.field());
  const Fields fields(input);
  static Prepared reused;
  Prepared fresh;

  const Status status = of.client->prepare(fields.request(), fresh);
  COSTMARK_HOLDS(of.client->prepare(fields.request(), reused).ok() == status.ok());
  COSTMARK_HOLDS(same(fresh, reused));
  if (!status) {
    check_refusal(status, all, fresh);
    return 0;
  }
  COSTMARK_HOLDS(of.client->check(fields.request(), reused).ok());
  check_headers(fresh);
  check_project(of, fields, fresh);
  check_authorization(fields, fresh);
  COSTMARK_HOLDS(fresh.body_changed() || fresh.body() == fields.body);
  COSTMARK_HOLDS(json::validate(fresh.body()).ok() == json::validate(fields.body).ok());
  return 0;
}
