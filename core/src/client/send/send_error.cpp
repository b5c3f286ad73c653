#include "client/send/send_error.hpp"

#include <array>
#include <utility>

#include "http/field.hpp"
#include "http/retry.hpp"
#include "json/reader.hpp"

namespace costmark::client {
namespace {

// "com.amazon.coral.service#ExpiredTokenException:http://..." without what is around the name.
std::string_view bare_name(std::string_view name) noexcept {
  name.remove_prefix(name.find('#') + 1);  // npos + 1 is 0
  return name.substr(0, name.find(':'));
}

// The code in the shapes of AWS, of OpenAI and of Anthropic; empty when there is none that is a
// word.
std::string code_of(const Response& answer) {
  const std::string_view type = bare_name(answer.header("x-amzn-errortype"));
  if (!http::plain_code(type).empty()) return std::string(type);
  constexpr std::array<std::string_view, 4> paths{"error.code", "error.type", "__type", "code"};
  json::Reader reader;
  if (!reader.open(answer.body(), paths).ok()) return {};
  std::string found;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!reader.string(i, found)) continue;
    if (const auto code = http::plain_code(bare_name(found)); !code.empty()) {
      return std::string(code);
    }
  }
  return {};
}

}  // namespace

Error located(Error error, std::string_view method, std::string_view url) {
  std::string line(method);
  line += ' ';
  line += url.substr(0, url.find_first_of("?#"));
  line += ": ";
  error.message.insert(0, line);
  for (char& c : error.message) {
    if (!http::is_field_value({&c, 1})) c = '?';
  }
  return error;
}

Error refusal_of(const Response& answer, std::span<const Header> sent,
                 std::string_view wrong_clock) {
  const int status = answer.http_status();
  Error error{status == 429 ? Code::throttled : Code::service, "status " + std::to_string(status)};
  error.http_status = status;
  error.request_id = answer.request_id();
  error.retryable = http::is_retryable(status);
  if (const std::string code = code_of(answer); !code.empty()) error.message += " (" + code + ")";
  if (!error.request_id.empty()) error.message += ", request " + error.request_id;
  if (!wrong_clock.empty()) error.message.append("; ").append(wrong_clock);
  if ((status == 401 || status == 403) && !answer.prepared().authorized() &&
      !http::is_authorized(sent)) {
    error.message += "; the request carried no authorization: set option 'auth' to sigv4 or bearer";
  }
  const std::string_view hint = answer.prepared().hint();
  if ((status == 400 || status == 404) && !hint.empty()) {
    error.message += "; ";
    error.message += hint;
  }
  return error;
}

}  // namespace costmark::client
