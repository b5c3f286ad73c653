#include "credentials/metadata/endpoint_answer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cleanse.hpp"
#include "http/field.hpp"
#include "json/reader.hpp"
#include "timestamp.hpp"

namespace costmark {
namespace {

constexpr std::array<std::string_view, 6> members{"AccessKeyId", "SecretAccessKey", "Token",
                                                  "Expiration",  "AccountId",       "Code"};
enum Member : std::size_t { token = 2, account_id = 4, code = 5 };

Error fault(std::string_view who, const std::string& what) {
  return {Code::unusable_credentials, std::string(who) + ": the answer " + what};
}

Status read_fields(const json::Reader& reader, std::string_view who, Credentials::Fields& fields) {
  std::string word;
  if (reader.string(Member::code, word) && word != "Success") {
    const std::string_view plain = http::plain_code(word);
    return fault(who, "has Code " + (plain.empty() ? "other than Success" : std::string(plain)));
  }
  std::string expiration;
  const std::array<std::string*, 5> values{&fields.access_key_id, &fields.secret_access_key,
                                           &fields.session_token, &expiration, &fields.account_id};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const json::Kind kind = reader.member(i).kind;
    const bool absent = kind == json::Kind::absent;
    const bool null = kind == json::Kind::null;
    if ((null && i == Member::token) || ((null || absent) && i == Member::account_id)) continue;
    if (reader.string(i, *values[i])) continue;
    return fault(who, "has no " + std::string(members[i]) + (absent ? "" : " that is a string"));
  }
  fields.expires_at = parse_timestamp(expiration);
  if (!fields.expires_at) {
    return fault(who, "has an Expiration that is no time such as 2025-01-02T03:04:05Z");
  }
  return {};
}

}  // namespace

Result<Credentials::Fields> read_endpoint_answer(std::string_view body, std::string_view who) {
  json::Reader reader;
  const bool complete = json::validate(body).ok();
  Status status = complete ? reader.open(body, members) : Status(Code::invalid_json, {});
  if (!status) {
    Error error = fault(who, complete ? "is JSON and no object" : "is not JSON");
    error.retryable = !complete;
    return error;
  }
  Credentials::Fields fields;
  status = read_fields(reader, who, fields);
  reader.cleanse();
  if (status) return fields;
  cleanse(fields.secret_access_key);
  cleanse(fields.session_token);
  return status;
}

Result<CredentialsPtr> make_credentials(Credentials::Fields fields, std::string_view who) {
  Result<CredentialsPtr> made = Credentials::create(std::move(fields));
  if (made.ok()) return made;
  return Error{Code::unusable_credentials, std::string(who) + ": " + made.error().message};
}

}  // namespace costmark
