// Calls that need no client: signing, JSON, credentials, tokens, names.
#include "fuzz/capi_machine.hpp"

namespace costmark::fuzz {

void Machine::sign(bool into_query) {
  if (signature_ == nullptr) check(costmark_signature_new(&signature_, &error_));
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = text();
  credentials.secret_access_key = text();
  credentials.expires_unix_s = next() % 2 == 0 ? 0 : INT64_MIN + next();
  costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  request.method = text();
  request.url = text();
  request.region = text();
  request.service = text();
  request.credentials = next() == 0xFF ? nullptr : &credentials;
  request.body = text();
  request.time_unix_s = next() % 2 == 0 ? 1735787045 : INT64_MAX - next();
  costmark_signature* signature = pick(signature_);
  const std::int64_t life = into_query ? INT64_C(1) << next() % 64 : 0;
  const Result status = into_query ? costmark_signature_presign(signature, &request, life, &error_)
                                   : costmark_signature_sign(signature, &request, &error_);
  check(status);
  costmark_signature_view view = COSTMARK_SIGNATURE_VIEW_INIT;
  costmark_signature_read(signature, &view);
  COSTMARK_HOLDS((status == COSTMARK_OK && !into_query) == (view.header_count > 0));
  COSTMARK_HOLDS((status == COSTMARK_OK && into_query) == (view.url.len > 0));
  COSTMARK_HOLDS(is_text(view.url));
}

void Machine::edit() {
  costmark_json_edit edit = COSTMARK_JSON_EDIT_INIT;
  edit.json = text();
  edit.path = text();
  edit.value = text();
  std::array<char, 256> buffer{};
  std::size_t size = 0;
  edit.strict = next() % 3;
  check(costmark_json_set(&edit, buffer.data(), next(), &size, &error_));
  edit.strict = next() % 3;
  check(costmark_json_remove(&edit, buffer.data(), next(), &size, &error_));
}

void Machine::cache_credentials() {
  if (credentials_ == nullptr) {
    check(costmark_credentials_cache_new(pick(config_), &credentials_, &error_));
    return;
  }
  costmark_credentials_cache* cache = costmark_credentials_cache_retain(credentials_);
  costmark_credentials_set* set = nullptr;
  check(costmark_credentials_cache_get(pick(cache), &set, &error_));
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_credentials_set_read(set, &credentials);
  COSTMARK_HOLDS((set == nullptr) == (credentials.access_key_id.len == 0));
  static_cast<void>(costmark_credentials_cache_refused(pick(cache), set));
  costmark_credentials_set_free(set);
  costmark_credentials_cache_release(cache);
}

void Machine::explain_credentials() {
  costmark_credentials_report* report = nullptr;
  check(costmark_config_explain_credentials(pick(config_), &report, &error_));
  costmark_credentials_report_view view = COSTMARK_CREDENTIALS_REPORT_VIEW_INIT;
  costmark_credentials_report_read(report, &view);
  COSTMARK_HOLDS(view.found == 0);  // see cut_off()
  for (std::size_t i = 0; i <= view.source_count; ++i) {
    costmark_str name{}, failure{};
    costmark_credentials_report_source(report, i, &name, &failure);
    COSTMARK_HOLDS(is_text(name) && is_text(failure) &&
                   (i == view.source_count) == (name.len == 0));
  }
  costmark_credentials_report_free(report);
}

void Machine::make_token() {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = text();
  credentials.secret_access_key = text();
  const costmark_str region = text();
  const std::int64_t life = INT64_C(1) << next() % 64;
  const std::int64_t time = next() == 0xFF ? INT64_MIN : 0;
  costmark_bearer_token* token = nullptr;
  check(costmark_bearer_token_new(&credentials, region.data, region.len, life, time, &token,
                                  &error_));
  look_at_token(token);
}

void Machine::look_at_token(costmark_bearer_token* token) {
  costmark_bearer_token_view view = COSTMARK_BEARER_TOKEN_VIEW_INIT;
  costmark_bearer_token_read(token, &view);
  COSTMARK_HOLDS(is_text(view.text) && (token == nullptr) == (view.text.len == 0));
  costmark_bearer_token_free(token);
}

void Machine::cache_tokens() {
  if (tokens_ == nullptr) {
    const costmark_config* config = pick(config_);
    check(costmark_bearer_token_cache_new(config, std::int64_t{next()} - 1, &tokens_, &error_));
    return;
  }
  const costmark_str refused = text();
  static_cast<void>(costmark_bearer_token_cache_refused(pick(tokens_), refused.data, refused.len));
  costmark_bearer_token* token = nullptr;
  check(costmark_bearer_token_cache_get(pick(tokens_), &token, &error_));
  look_at_token(token);
}

void Machine::look_up() {
  const costmark_str given = text();
  costmark_route route = COSTMARK_ROUTE_INIT;
  costmark_client_route(pick(client_), given.data, given.len, &route);
  COSTMARK_HOLDS(is_text(route.path) && is_text(route.file) && is_text(route.source));
  check(costmark_project_check(given.data, given.len, &error_));
  const auto number = static_cast<std::int32_t>(next()) - 2;
  for (const char* name : {costmark_status_name(number), costmark_outcome_name(number),
                           costmark_step_name(number), costmark_reason_name(number),
                           costmark_api_name(number), costmark_project_source_name(number),
                           costmark_verdict_name(number), costmark_cost_state_name(number),
                           costmark_price_flag_name(static_cast<std::uint32_t>(number))}) {
    COSTMARK_HOLDS(*name != '\0');
  }
}

}  // namespace costmark::fuzz
