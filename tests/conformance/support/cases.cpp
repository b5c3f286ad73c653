#include "conformance/support/cases.hpp"

#include <simdjson.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "conformance/support/lines.hpp"

namespace conformance {
namespace {

using simdjson::dom::element;

std::string text(element object, std::string_view name) {
  std::string_view value;
  if (object[name].get(value) != simdjson::SUCCESS) return {};
  return std::string(value);
}

std::int64_t number(element object, std::string_view name) {
  std::int64_t value = 0;
  if (object[name].get(value) != simdjson::SUCCESS) return 0;
  return value;
}

bool flag(element object, std::string_view name) {
  bool value = false;
  return object[name].get(value) == simdjson::SUCCESS && value;
}

template <class Read>
auto list(element object, std::string_view name, Read read) {
  std::vector<decltype(read(object))> values;
  simdjson::dom::array array;
  if (object[name].get(array) != simdjson::SUCCESS) return values;
  for (const element value : array) values.push_back(read(value));
  return values;
}

Pairs members(element object, std::string_view name) {
  Pairs pairs;
  simdjson::dom::object found;
  if (object[name].get(found) != simdjson::SUCCESS) return pairs;
  for (const auto& field : found) {
    pairs.emplace_back(field.key, std::string_view(field.value));
  }
  return pairs;
}

KeysOrError read_keys(element value) {
  KeysOrError keys{text(value, "access_key_id"),
                   text(value, "secret_access_key"),
                   text(value, "session_token"),
                   {},
                   text(value, "error")};
  std::int64_t seconds = 0;
  if (value["expires_in"].get(seconds) == simdjson::SUCCESS) keys.expires_in_s = seconds;
  return keys;
}

TokenOrError read_token(element value) {
  return {text(value, "token"), text(value, "error")};
}

Host read_host(element value) {
  return {text(value, "does"), text(value, "at"),
          static_cast<std::size_t>(number(value, "after_bytes")),
          static_cast<std::uint32_t>(number(value, "retries")), text(value, "counter_header")};
}

std::pair<std::string, std::string> read_header(element value) {
  return {std::string(std::string_view(value.at(0))), std::string(std::string_view(value.at(1)))};
}

Call read_call(element value) {
  const element request = value["request"];
  Call call{text(request, "method"),
            text(request, "path"),
            list(request, "headers", read_header),
            text(request, "body"),
            text(request, "project"),
            text(request, "scope"),
            flag(request, "body_is_stream"),
            read_host(value["host"]),
            {},
            members(request, "labels"),
            flag(request, "override_budgets")};
  std::int64_t beside = 0;
  if (value["beside"].get(beside) == simdjson::SUCCESS) {
    call.beside = static_cast<std::size_t>(beside);
  }
  return call;
}

Case read_case(element value) {
  const element client = value["client"];
  return {text(value, "name"),
          list(value, "ways", [](element way) { return std::string(std::string_view(way)); }),
          {members(client, "options"), members(client, "environment"),
           list(client, "credentials", read_keys), list(client, "tokens", read_token),
           text(client, "host_api_key")},
          list(value, "calls", read_call)};
}

}  // namespace

std::optional<std::int64_t> KeysOrError::expires_at() const {
  if (!expires_in_s) return std::nullopt;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count() + *expires_in_s;
}

BypassAttempt read_bypass_attempt(const std::string& line) {
  simdjson::dom::parser parser;
  const element root = parser.parse(line);
  return {text(root, "way"),
          text(root, "does"),
          members(root, "options"),
          text(root, "method"),
          text(root, "url"),
          list(root, "headers", read_header),
          from_base64(text(root, "body")),
          text(root, "scope")};
}

CutAnswer read_cut_answer(const std::string& line) {
  simdjson::dom::parser parser;
  const element root = parser.parse(line);
  const element answer = root["answer"];
  return {text(root, "name"),
          text(root, "way"),
          members(root, "options"),
          text(root, "url"),
          text(root, "path"),
          list(root, "headers", read_header),
          from_base64(text(root, "body")),
          list(answer, "headers", read_header),
          from_base64(text(answer, "body"))};
}

std::vector<Case> read_cases(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  simdjson::dom::parser parser;
  const element root = parser.parse(text);
  return list(root, "cases", read_case);
}

}  // namespace conformance
