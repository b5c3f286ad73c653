/* Handles that were ended and are used all the same: noticed, for every type, as long as nothing
 * else has taken their memory. The sanitizers and memcheck would end the program at each of these
 * calls, which is as good. */
#include "check.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#define REFUSED(call) CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call)

static void stale_config_and_client(void) {
  costmark_config *config = config_with(NULL);
  costmark_client *client = NULL, *made = NULL;
  costmark_prepared *prepared = new_prepared();
  costmark_usage_report *report = NULL;
  costmark_observation *observation = NULL;
  costmark_verification *verification = NULL;
  const costmark_request request = chat_request("{}");
  CHECK_OK(costmark_client_new(config, &client, &error));
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK_OK(costmark_observation_new(client, prepared, 1, &observation, &error));

  costmark_config_free(config);
  REFUSED(costmark_config_set(config, "region", 6, "eu-west-1", 9, &error));
  REFUSED(costmark_client_new(config, &made, &error));
  costmark_config_free(config);

  costmark_observation_free(observation);
  REFUSED(take_head(observation, 200, NULL, &error));
  CHECK(costmark_observation_outcome(observation) == COSTMARK_OUTCOME_UNKNOWN);
  costmark_observation_free(observation);

  costmark_client_release(client);
  REFUSED(costmark_client_prepare(client, &request, prepared, &error));
  REFUSED(costmark_client_usage(client, &report, &error));
  REFUSED(costmark_client_verify(client, NULL, &verification, &error));
  CHECK(costmark_client_retain(client) == NULL);
  costmark_client_release(client);

  costmark_prepared_free(prepared);
  CHECK(costmark_prepared_headers_to_set(prepared, NULL) == NULL);
  costmark_prepared_clear(prepared);
  costmark_prepared_free(prepared);
}

static void stale_reports(void) {
  static const char *const url[] = {"base_url", "http://127.0.0.1:9/v1", NULL};
  costmark_config *config = config_with(url);
  costmark_client *client = client_with(url);
  costmark_usage_report *usage = NULL;
  costmark_credentials_report *chain = NULL;
  costmark_verification *verification = NULL;
  costmark_verify_request request = COSTMARK_VERIFY_REQUEST_INIT;
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  costmark_probe probe = COSTMARK_PROBE_INIT;
  request.project = str("proj_real");
  CHECK_OK(costmark_client_usage(client, &usage, &error));
  CHECK_OK(costmark_credentials_report_new(config, &chain, &error));
  CHECK_OK(costmark_client_verify(client, &request, &verification, &error));

  costmark_usage_report_free(usage);
  REFUSED(costmark_usage_report_totals(usage, 0, &totals, &error));
  costmark_usage_report_free(usage);

  costmark_credentials_report_free(chain);
  CHECK(costmark_credentials_report_count(chain) == 0);
  costmark_credentials_report_free(chain);

  costmark_verification_free(verification);
  REFUSED(costmark_verification_probe(verification, 0, &probe, &error));
  CHECK(strcmp(costmark_verification_reason(verification, NULL), "") == 0);
  costmark_verification_free(verification);

  costmark_client_release(client);
  costmark_config_free(config);
}

static void stale_sending(void) {
  costmark_client *client = client_with(NULL);
  costmark_response *response = NULL, *other = NULL;
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  const costmark_request request = chat_request("{}");
  CHECK_OK(costmark_response_new(&response, &error));
  CHECK_OK(costmark_response_new(&other, &error));
  CHECK_OK(costmark_cancel_new(&options.cancel, &error));

  costmark_cancel_release(options.cancel);
  REFUSED(costmark_client_send(client, &request, &options, other, &error));
  CHECK(costmark_cancel_retain(options.cancel) == NULL);
  costmark_cancel_request(options.cancel);
  costmark_cancel_release(options.cancel);
  costmark_response_free(other);

  costmark_response_free(response);
  REFUSED(costmark_client_send(client, &request, NULL, response, &error));
  CHECK(costmark_response_http_status(response) == 0);
  costmark_response_free(response);
  costmark_client_release(client);
}

static void stale_credentials(void) {
  costmark_config *config = config_with(NULL);
  costmark_credentials_provider *provider = NULL;
  costmark_credentials_set *set = NULL;
  costmark_bearer_token_provider *tokens = NULL;
  costmark_bearer_token *token = NULL;
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  CHECK_OK(costmark_credentials_provider_new(config, &provider, &error));
  CHECK_OK(costmark_credentials_provider_get(provider, &set, &error));
  CHECK_OK(costmark_bearer_token_provider_new(config, 0, &tokens, &error));
  CHECK_OK(costmark_bearer_token_provider_get(tokens, &token, &error));
  costmark_config_free(config);

  costmark_credentials_set_free(set);
  REFUSED(costmark_credentials_set_view(set, &credentials, &error));
  CHECK(!costmark_credentials_provider_refused(provider, set));
  costmark_credentials_set_free(set);

  costmark_bearer_token_free(token);
  CHECK(strcmp(costmark_bearer_token_text(token, NULL), "") == 0);
  costmark_bearer_token_free(token);

  costmark_credentials_provider_release(provider);
  REFUSED(costmark_credentials_provider_get(provider, &set, &error));
  CHECK(set == NULL && costmark_credentials_provider_retain(provider) == NULL);
  costmark_credentials_provider_release(provider);

  costmark_bearer_token_provider_release(tokens);
  REFUSED(costmark_bearer_token_provider_get(tokens, &token, &error));
  CHECK(token == NULL && costmark_bearer_token_provider_retain(tokens) == NULL);
  costmark_bearer_token_provider_release(tokens);
}

/* A sink ends with its callback. */
static costmark_status keep_sink(void *user_data, costmark_credentials_sink *sink) {
  *(costmark_credentials_sink **)user_data = sink;
  return COSTMARK_NO_CREDENTIALS;
}

static void stale_sink_signature_and_error(void) {
  costmark_config *config = NULL;
  costmark_credentials_provider *provider = NULL;
  costmark_credentials_set *set = NULL;
  costmark_credentials_sink *sink = NULL;
  costmark_signature *signature = NULL;
  costmark_error *error_of_get = NULL;
  const costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  const costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  CHECK_OK(costmark_config_new(&config, &error));
  CHECK_OK(costmark_config_set_credentials_callback(config, keep_sink, &sink, NULL, &error));
  CHECK_OK(costmark_credentials_provider_new(config, &provider, &error));
  CHECK(costmark_credentials_provider_get(provider, &set, &error_of_get) ==
        COSTMARK_NO_CREDENTIALS);
  CHECK(sink != NULL);
  REFUSED(costmark_credentials_put(sink, &credentials, &error));
  costmark_credentials_provider_release(provider);
  costmark_config_free(config);

  costmark_error_free(error_of_get);
  CHECK(strcmp(costmark_error_message(error_of_get, NULL), "") == 0);
  costmark_error_free(error_of_get);

  CHECK_OK(costmark_signature_new(&signature, &error));
  costmark_signature_free(signature);
  REFUSED(costmark_sign(&request, signature, &error));
  CHECK(costmark_signature_headers(signature, NULL) == NULL);
  costmark_signature_free(signature);
}

void test_stale(void) {
  stale_config_and_client();
  stale_reports();
  stale_sending();
  stale_credentials();
  stale_sink_signature_and_error();
}

#else

void test_stale(void) {
  printf("skipped: the sanitizer ends the program instead\n");
}

#endif
