/* NULL, handles of the wrong type, and lengths that cannot be, for every function. */
#include "check.h"

/* Is no handle of any type. */
static size_t block[16];
static void *const nothing = block;

#define REFUSED(call) CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call)

static void constructors_need_a_place(void) {
  costmark_client *client = (costmark_client *)nothing;
  REFUSED(costmark_config_new(NULL, &error));
  REFUSED(costmark_prepared_new(NULL, &error));
  REFUSED(costmark_signature_new(NULL, &error));
  REFUSED(costmark_cancel_new(NULL, &error));
  REFUSED(costmark_response_new(NULL, &error));
  REFUSED(costmark_client_new(NULL, &client, &error));
  CHECK(client == NULL);
}

/* Every function that takes a handle, given `wrong` for it. */
static void wrong_handle(void *wrong) {
  costmark_client *client = client_with(NULL);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  const costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_usage usage = COSTMARK_USAGE_INIT;
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  costmark_sign_request to_sign = COSTMARK_SIGN_REQUEST_INIT;
  costmark_client *made = client;
  costmark_observation *observation = (costmark_observation *)nothing;
  costmark_usage_report *report = (costmark_usage_report *)nothing;
  const char *out = NULL;
  size_t len = 0, count = 9;
  to_sign.credentials = &credentials;

  REFUSED(costmark_config_set((costmark_config *)wrong, "region", 6, "x", 1, &error));
  REFUSED(costmark_config_set_host_api_key((costmark_config *)wrong, "k", 1, &error));
  REFUSED(costmark_client_new((costmark_config *)wrong, &made, &error));
  CHECK(made == NULL);
  REFUSED(costmark_client_prepare((costmark_client *)wrong, &request, prepared, &error));
  REFUSED(costmark_client_check((costmark_client *)wrong, &request, prepared, &error));
  REFUSED(costmark_client_usage((costmark_client *)wrong, &report, &error));
  CHECK(report == NULL);
  REFUSED(costmark_client_prepare(client, &request, (costmark_prepared *)wrong, &error));
  REFUSED(costmark_client_check(client, &request, (costmark_prepared *)wrong, &error));
  REFUSED(costmark_observation_new((costmark_client *)wrong, prepared, 1, &observation, &error));
  CHECK(observation == NULL);
  REFUSED(costmark_observation_new(client, (costmark_prepared *)wrong, 1, &observation, &error));
  REFUSED(take_head((costmark_observation *)wrong, 200, NULL, &error));
  REFUSED(costmark_observation_feed((costmark_observation *)wrong, "abc", 3, &out, &len, &error));
  CHECK(len == 3 && memcmp(out, "abc", 3) == 0);
  REFUSED(costmark_observation_finish((costmark_observation *)wrong, &out, &len, &error));
  CHECK(len == 0);
  REFUSED(costmark_observation_fail((costmark_observation *)wrong, COSTMARK_OUTCOME_ERROR, NULL,
                                    NULL, &error));
  REFUSED(costmark_observation_usage((costmark_observation *)wrong, &usage, &error));
  REFUSED(costmark_usage_report_totals((costmark_usage_report *)wrong, 0, &totals, &error));
  REFUSED(costmark_sign(&to_sign, (costmark_signature *)wrong, &error));
  REFUSED(costmark_credentials_put((costmark_credentials_sink *)wrong, &credentials, &error));
  REFUSED(costmark_bearer_token_put((costmark_bearer_token_sink *)wrong, "t", 1, &error));

  CHECK(costmark_client_retain((costmark_client *)wrong) == NULL);
  CHECK(costmark_prepared_headers_to_set((costmark_prepared *)wrong, &count) == NULL);
  CHECK(count == 0);
  CHECK(costmark_prepared_headers_to_remove((costmark_prepared *)wrong, NULL) == NULL);
  CHECK(strcmp(costmark_prepared_body((costmark_prepared *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_prepared_project((costmark_prepared *)wrong, NULL), "") == 0);
  CHECK(!costmark_prepared_body_changed((costmark_prepared *)wrong));
  CHECK(!costmark_prepared_streamed((costmark_prepared *)wrong));
  CHECK(strcmp(costmark_prepared_url((costmark_prepared *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_prepared_hint((costmark_prepared *)wrong, NULL), "") == 0);
  CHECK(costmark_prepared_api((costmark_prepared *)wrong) == COSTMARK_API_OTHER);
  CHECK(costmark_prepared_project_source((costmark_prepared *)wrong) == COSTMARK_SOURCE_NONE);
  CHECK(costmark_observation_outcome((costmark_observation *)wrong) == COSTMARK_OUTCOME_UNKNOWN);
  CHECK(strcmp(costmark_observation_response_id((costmark_observation *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_observation_model((costmark_observation *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_observation_service_tier((costmark_observation *)wrong, NULL), "") == 0);
  CHECK(costmark_usage_report_count((costmark_usage_report *)wrong) == 0);
  CHECK(strcmp(costmark_usage_report_project((costmark_usage_report *)wrong, 0, NULL), "") == 0);
  CHECK(costmark_signature_headers((costmark_signature *)wrong, NULL) == NULL);
  CHECK(strcmp(costmark_signature_canonical_request((costmark_signature *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_error_message((costmark_error *)wrong, NULL), "") == 0);

  costmark_error_free((costmark_error *)wrong);
  costmark_config_free((costmark_config *)wrong);
  costmark_client_release((costmark_client *)wrong);
  costmark_prepared_free((costmark_prepared *)wrong);
  costmark_observation_free((costmark_observation *)wrong);
  costmark_usage_report_free((costmark_usage_report *)wrong);
  costmark_signature_free((costmark_signature *)wrong);

  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

/* The same for what came with sending, verifying and providers. */
static void wrong_handle_elsewhere(void *wrong) {
  costmark_client *client = client_with(NULL);
  costmark_response *response = NULL;
  costmark_verification *verification = (costmark_verification *)nothing;
  costmark_credentials_provider *provider = (costmark_credentials_provider *)nothing;
  costmark_credentials_set *set = (costmark_credentials_set *)nothing;
  costmark_credentials_report *report = (costmark_credentials_report *)nothing;
  costmark_bearer_token_provider *tokens = (costmark_bearer_token_provider *)nothing;
  costmark_bearer_token *token = (costmark_bearer_token *)nothing;
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_usage usage = COSTMARK_USAGE_INIT;
  costmark_probe probe = COSTMARK_PROBE_INIT;
  const costmark_sign_request to_sign = COSTMARK_SIGN_REQUEST_INIT;
  const costmark_request request = chat_request("{}");
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  size_t count = 9;

  CHECK_OK(costmark_response_new(&response, &error));
  REFUSED(costmark_client_send((costmark_client *)wrong, &request, NULL, response, &error));
  REFUSED(costmark_client_send(client, &request, NULL, (costmark_response *)wrong, &error));
  if (wrong != NULL) {
    options.cancel = (costmark_cancel *)wrong;
    REFUSED(costmark_client_send(client, &request, &options, response, &error));
  }
  REFUSED(costmark_response_usage((costmark_response *)wrong, &usage, &error));
  REFUSED(costmark_client_verify((costmark_client *)wrong, NULL, &verification, &error));
  CHECK(verification == NULL);
  REFUSED(costmark_verification_probe((costmark_verification *)wrong, 0, &probe, &error));
  REFUSED(costmark_credentials_provider_new((costmark_config *)wrong, &provider, &error));
  CHECK(provider == NULL);
  REFUSED(costmark_credentials_provider_get((costmark_credentials_provider *)wrong, &set, &error));
  CHECK(set == NULL);
  REFUSED(costmark_credentials_set_view((costmark_credentials_set *)wrong, &credentials, &error));
  REFUSED(costmark_credentials_report_new((costmark_config *)wrong, &report, &error));
  CHECK(report == NULL);
  REFUSED(costmark_bearer_token_provider_new((costmark_config *)wrong, 60, &tokens, &error));
  CHECK(tokens == NULL);
  REFUSED(
      costmark_bearer_token_provider_get((costmark_bearer_token_provider *)wrong, &token, &error));
  CHECK(token == NULL);
  REFUSED(costmark_presign(&to_sign, 60, (costmark_signature *)wrong, &error));

  CHECK(costmark_cancel_retain((costmark_cancel *)wrong) == NULL);
  CHECK(!costmark_cancel_requested((costmark_cancel *)wrong));
  CHECK(costmark_response_http_status((costmark_response *)wrong) == 0);
  CHECK(costmark_response_headers((costmark_response *)wrong, &count) == NULL && count == 0);
  CHECK(strcmp(costmark_response_header((costmark_response *)wrong, "a", 1, NULL), "") == 0);
  CHECK(strcmp(costmark_response_body((costmark_response *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_response_request_id((costmark_response *)wrong, NULL), "") == 0);
  CHECK(costmark_response_attempts((costmark_response *)wrong) == 0);
  CHECK(costmark_response_outcome((costmark_response *)wrong) == COSTMARK_OUTCOME_UNKNOWN);
  CHECK(strcmp(costmark_response_id((costmark_response *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_response_model((costmark_response *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_response_service_tier((costmark_response *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_response_project((costmark_response *)wrong, NULL), "") == 0);
  CHECK(costmark_response_project_source((costmark_response *)wrong) == COSTMARK_SOURCE_NONE);
  CHECK(strcmp(costmark_response_hint((costmark_response *)wrong, NULL), "") == 0);
  CHECK(!costmark_client_may_verify((costmark_client *)wrong, "https://a.example", 17));
  CHECK(costmark_verification_verdict((costmark_verification *)wrong) == COSTMARK_VERDICT_UNKNOWN);
  CHECK(strcmp(costmark_verification_reason((costmark_verification *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_verification_endpoint((costmark_verification *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_verification_carrier((costmark_verification *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_verification_project((costmark_verification *)wrong, NULL), "") == 0);
  CHECK(strcmp(costmark_verification_model((costmark_verification *)wrong, NULL), "") == 0);
  CHECK(!costmark_verification_retryable((costmark_verification *)wrong));
  CHECK(costmark_verification_checked_unix_s((costmark_verification *)wrong) == 0);
  CHECK(costmark_verification_probe_count((costmark_verification *)wrong) == 0);
  CHECK(!costmark_credentials_provider_refused((costmark_credentials_provider *)wrong, set));
  CHECK(costmark_credentials_provider_retain((costmark_credentials_provider *)wrong) == NULL);
  CHECK(strcmp(costmark_credentials_set_source((costmark_credentials_set *)wrong, NULL), "") == 0);
  CHECK(costmark_credentials_report_count((costmark_credentials_report *)wrong) == 0);
  CHECK(strcmp(costmark_credentials_report_source((costmark_credentials_report *)wrong, 0, NULL),
               "") == 0);
  CHECK(strcmp(costmark_credentials_report_failure((costmark_credentials_report *)wrong, 0, NULL),
               "") == 0);
  CHECK(!costmark_credentials_report_found((costmark_credentials_report *)wrong));
  CHECK(strcmp(costmark_credentials_report_region((costmark_credentials_report *)wrong, NULL),
               "") == 0);
  CHECK(
      strcmp(costmark_credentials_report_region_origin((costmark_credentials_report *)wrong, NULL),
             "") == 0);
  CHECK(strcmp(costmark_bearer_token_text((costmark_bearer_token *)wrong, NULL), "") == 0);
  CHECK(costmark_bearer_token_expires_unix_s((costmark_bearer_token *)wrong) == 0);
  CHECK(!costmark_bearer_token_provider_refused((costmark_bearer_token_provider *)wrong, "t", 1));
  CHECK(costmark_bearer_token_provider_retain((costmark_bearer_token_provider *)wrong) == NULL);
  CHECK(strcmp(costmark_signature_url((costmark_signature *)wrong, NULL), "") == 0);
  CHECK(!costmark_observation_retry_advised((costmark_observation *)wrong));
  CHECK(!costmark_prepared_hides_usage_chunk((costmark_prepared *)wrong));
  CHECK(!costmark_prepared_authorized((costmark_prepared *)wrong));

  costmark_cancel_request((costmark_cancel *)wrong);
  costmark_cancel_release((costmark_cancel *)wrong);
  costmark_response_free((costmark_response *)wrong);
  costmark_verification_free((costmark_verification *)wrong);
  costmark_credentials_provider_release((costmark_credentials_provider *)wrong);
  costmark_credentials_set_free((costmark_credentials_set *)wrong);
  costmark_credentials_report_free((costmark_credentials_report *)wrong);
  costmark_bearer_token_free((costmark_bearer_token *)wrong);
  costmark_bearer_token_provider_release((costmark_bearer_token_provider *)wrong);
  costmark_prepared_clear((costmark_prepared *)wrong);

  costmark_response_free(response);
  costmark_client_release(client);
}

static void places_for_results_are_needed(void) {
  costmark_client *client = client_with(NULL);
  costmark_prepared *prepared = new_prepared();
  costmark_observation *observation = NULL;
  costmark_usage_report *report = NULL;
  const costmark_request request = chat_request("{}");
  REFUSED(costmark_option_get(0, NULL, &error));
  REFUSED(costmark_client_prepare(client, NULL, prepared, &error));
  REFUSED(costmark_client_check(client, NULL, prepared, &error));
  REFUSED(costmark_client_usage(client, NULL, &error));
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  REFUSED(costmark_observation_new(client, prepared, 1, NULL, &error));
  CHECK_OK(costmark_observation_new(client, prepared, 1, &observation, &error));
  REFUSED(costmark_observation_usage(observation, NULL, &error));
  costmark_observation_free(observation);
  CHECK_OK(costmark_client_usage(client, &report, &error));
  REFUSED(costmark_usage_report_totals(report, 0, NULL, &error));
  costmark_usage_report_free(report);
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

static costmark_status with_text(costmark_request *request, costmark_str *field, const char *data,
                                 size_t len, const costmark_client *client,
                                 costmark_prepared *prepared, costmark_error **error) {
  const costmark_str kept = *field;
  costmark_status status;
  field->data = data;
  field->len = len;
  status = costmark_client_prepare(client, request, prepared, error);
  *field = kept;
  return status;
}

static void impossible_views_are_refused(void) {
  costmark_client *client = client_with(NULL);
  costmark_prepared *prepared = new_prepared();
  costmark_request request = chat_request("{}");
  costmark_str *fields[5];
  const costmark_header *headers = request.headers;
  size_t i;
  fields[0] = &request.method;
  fields[1] = &request.url;
  fields[2] = &request.body;
  fields[3] = &request.project;
  fields[4] = &request.scope;
  for (i = 0; i < 5; ++i) {
    REFUSED(with_text(&request, fields[i], NULL, 1, client, prepared, &error));
    REFUSED(with_text(&request, fields[i], NULL, SIZE_MAX, client, prepared, &error));
    REFUSED(with_text(&request, fields[i], "x", SIZE_MAX, client, prepared, &error));
    REFUSED(with_text(&request, fields[i], "x", (size_t)PTRDIFF_MAX + 1, client, prepared, &error));
  }
  REFUSED(with_text(&request, &request.method, NULL, 0, client, prepared, &error));
  REFUSED(with_text(&request, &request.url, "", 0, client, prepared, &error));
  request.headers = NULL;
  REFUSED(costmark_client_prepare(client, &request, prepared, &error));
  request.headers = headers;
  request.header_count = SIZE_MAX;
  REFUSED(costmark_client_prepare(client, &request, prepared, &error));
  request.header_count = SIZE_MAX / sizeof(costmark_header) + 2;
  REFUSED(costmark_client_prepare(client, &request, prepared, &error));
  request.headers = NULL;
  request.header_count = 0;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

static costmark_status with_header(const char *name, size_t name_len, const char *value,
                                   size_t value_len, const costmark_client *client,
                                   costmark_prepared *prepared, costmark_error **error) {
  costmark_request request = chat_request("{}");
  costmark_header header;
  header.name.data = name;
  header.name.len = name_len;
  header.value.data = value;
  header.value.len = value_len;
  request.headers = &header;
  request.header_count = 1;
  return costmark_client_prepare(client, &request, prepared, error);
}

static void nuls_and_line_breaks_do_not_pass(void) {
  costmark_client *client = client_with(NULL);
  costmark_prepared *prepared = new_prepared();
  costmark_request request = chat_request("{}");
  REFUSED(with_header("x-amz-a", 7, "a\0b", 3, client, prepared, &error));
  REFUSED(with_header("x-amz-a", 7, "a\r\nb", 4, client, prepared, &error));
  REFUSED(with_header(NULL, 3, "a", 1, client, prepared, &error));
  REFUSED(with_header("x-amz-a", 7, "a", SIZE_MAX, client, prepared, &error));
  request.project = str("proj\r\nx");
  CHECK_FAILS(COSTMARK_INVALID_PROJECT,
              costmark_client_prepare(client, &request, prepared, &error));
  request.project.data = "proj\0x";
  request.project.len = 6;
  CHECK_FAILS(COSTMARK_INVALID_PROJECT,
              costmark_client_prepare(client, &request, prepared, &error));
  request = chat_request("{}");
  request.url.data = "https://bedrock-mantle.us-east-1.api.aws\0.evil.example/v1/models";
  request.url.len = 64;
  CHECK_FAILS(COSTMARK_INVALID_URL, costmark_client_prepare(client, &request, prepared, &error));
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

static void handles_of_other_types(void) {
  costmark_config *config = config_with(NULL);
  costmark_signature *signature = NULL;
  const costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  REFUSED(
      costmark_client_check((costmark_client *)config, NULL, (costmark_prepared *)config, &error));
  REFUSED(costmark_sign(&request, (costmark_signature *)config, &error));
  CHECK_OK(costmark_signature_new(&signature, &error));
  REFUSED(costmark_config_set((costmark_config *)signature, "region", 6, "x", 1, &error));
  costmark_config_free((costmark_config *)signature); /* ignored */
  costmark_signature_free((costmark_signature *)config);
  costmark_signature_free(signature);
  costmark_config_free(config);
}

void test_misuse(void) {
  constructors_need_a_place();
  wrong_handle(NULL);
  wrong_handle(nothing);
  wrong_handle_elsewhere(NULL);
  wrong_handle_elsewhere(nothing);
  handles_of_other_types();
  places_for_results_are_needed();
  impossible_views_are_refused();
  nuls_and_line_breaks_do_not_pass();
}
