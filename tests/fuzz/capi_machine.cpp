#include "fuzz/capi_machine.hpp"

#include "fuzz/loopback.hpp"

namespace costmark::fuzz {
namespace {

constexpr std::array<std::string_view, 22> texts{
    "",
    "project",
    "proj_a",
    "auth",
    "none",
    "POST",
    "text/event-stream",
    "application/json",
    "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
    R"({"model":"m","stream":true})",
    "data: "
    "{\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n",
    "not json \r\n\xFF",
    "us-east-1",
    "region",
    "retry-after-ms",
    "1",
    "connection_pool",
    "process",
    "max_idle_connections",
    "0",
    R"({"error":{"code":"expired_token","message":"m"}})",
    "x-amzn-errortype"};

}  // namespace

unsigned Machine::next() {
  if (calls_.empty()) return 0;
  const auto c = static_cast<unsigned char>(calls_.front());
  calls_.remove_prefix(1);
  return c;
}

// Mostly texts that make sense somewhere; now and then what no program should pass.
costmark_str Machine::text() {
  const unsigned which = next();
  if (which == 0xFF) return {nullptr, 7};
  if (which == 0xFE) return {"x", SIZE_MAX};
  if (which == 0xFD) return {nullptr, 0};
  const std::string_view known = texts[which % texts.size()];
  if (which < 0xC0) return {known.data(), known.size()};
  const std::string_view rest = calls_.substr(0, 24);
  return {rest.data(), rest.size()};
}

const costmark_request& Machine::request() {
  request_ = {COSTMARK_REQUEST_INIT, {}};
  costmark_request& request = request_.known;
  if (next() == 0xFF) request.struct_size = next();
  if (next() == 0xFF) request_.later.front() = 1;
  request.method = text();
  request.url = text();
  request.body = text();
  request.project = text();
  request.scope = text();
  header_ = {text(), text()};
  request.header_count = next() % 2;
  const unsigned which = next();
  request.headers = which == 0xFF ? nullptr : &header_;
  if (which == 0xFE) request.body_is_stream = 1;
  return request;
}

// A request to the server in this process, mostly; and how that is to answer.
const costmark_request& Machine::request_to_loopback() {
  static_cast<void>(request());
  if (next() < 0xF0) {
    // An operation that has begun reads it later, too.
    static const std::string url = loopback_url() + "/v1/chat/completions";
    request_.known.method = COSTMARK_STR("POST");
    request_.known.url = {url.data(), url.size()};
  }
  const unsigned kind = next();
  const costmark_str piece = text();
  const bool real = piece.data != nullptr && piece.len <= 4096;
  script_loopback(kind, real ? std::string(piece.data, piece.len) : "");
  return request_.known;
}

void Machine::check(Result status) {
  COSTMARK_HOLDS((status == COSTMARK_OK) == (error_ == nullptr));
  if (error_ == nullptr) return;
  costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
  costmark_error_read(error_, &why);
  COSTMARK_HOLDS(why.status == status && is_text(why.message));
  COSTMARK_HOLDS(is_one_line({why.message.data, why.message.len}));
  costmark_error_free(error_);
  error_ = nullptr;
}

void Machine::run() {
  while (!calls_.empty()) step();
  end();
}

void Machine::free_one(unsigned which) {
  switch (which % kinds) {
    case 0:
      return end(costmark_config_free, config_);
    case 1:
      return end(costmark_client_release, client_);
    case 2:
      return end(costmark_operation_free, operation_);
    case 3:
      return end(costmark_signature_free, signature_);
    case 4:
      return end(costmark_cancel_release, cancel_);
    case 5:
      return end(costmark_credentials_cache_release, credentials_);
    case 6:
      return end(costmark_bearer_token_cache_release, tokens_);
    default:  // one more owner, who leaves at once
      costmark_client_release(costmark_client_retain(client_));
  }
}

void Machine::end() {
  calls_ = {};
  for (unsigned which = 0; which < kinds; ++which) free_one(which);
  COSTMARK_HOLDS(freed_ == given_);
  COSTMARK_HOLDS(costmark_live_handles() == 0);
}

}  // namespace costmark::fuzz
