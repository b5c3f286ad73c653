/* Handles that were ended and are used all the same: noticed, for every type, as long as nothing
 * else has taken their memory. The sanitizers and memcheck would end the program at each of these
 * calls, which is as good. */
#include "check.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#define REFUSED(call) CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call)

static void stale_config_and_client(void) {
  costmark_config *config = config_with(NULL);
  costmark_client *client = NULL, *made = NULL;
  costmark_operation *operation, *other = NULL;
  costmark_usage_report *report = NULL;
  costmark_verification *verification = NULL;
  costmark_answer shown = COSTMARK_ANSWER_INIT;
  costmark_response response = COSTMARK_RESPONSE_INIT;
  const costmark_request request = chat_request("{}");
  CHECK_OK(costmark_client_new(config, &client, &error));
  operation = sent_operation(client, &request);

  costmark_config_free(config);
  REFUSED(costmark_config_set(config, "region", 6, "eu-west-1", 9, &error));
  REFUSED(costmark_client_new(config, &made, &error));
  costmark_config_free(config);

  costmark_operation_free(operation);
  CHECK(take_head(operation, 200, NULL) == COSTMARK_INVALID_ARGUMENT);
  REFUSED(costmark_operation_begin(operation, &request, &error));
  REFUSED(costmark_operation_send(operation, NULL, &error));
  costmark_operation_answer(operation, &shown);
  CHECK(shows_nothing(&shown, sizeof shown));
  costmark_operation_response(operation, &response);
  CHECK(shows_nothing(&response, sizeof response));
  costmark_operation_free(operation);

  costmark_client_release(client);
  REFUSED(costmark_operation_new(client, &other, &error));
  REFUSED(costmark_client_usage(client, &report, &error));
  REFUSED(costmark_client_verify(client, NULL, &verification, &error));
  CHECK(costmark_client_retain(client) == NULL);
  costmark_client_release(client);
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
  costmark_verification_view found = COSTMARK_VERIFICATION_VIEW_INIT;
  costmark_credentials_report_view asked = COSTMARK_CREDENTIALS_REPORT_VIEW_INIT;
  costmark_probe probe = COSTMARK_PROBE_INIT;
  request.project = str("proj_real");
  CHECK_OK(costmark_client_usage(client, &usage, &error));
  CHECK_OK(costmark_config_explain_credentials(config, &chain, &error));
  CHECK_OK(costmark_client_verify(client, &request, &verification, &error));

  costmark_usage_report_free(usage);
  costmark_usage_report_read(usage, 0, &totals);
  CHECK(shows_nothing(&totals, sizeof totals) && costmark_usage_report_count(usage) == 0);
  costmark_usage_report_free(usage);

  costmark_credentials_report_free(chain);
  costmark_credentials_report_read(chain, &asked);
  CHECK(shows_nothing(&asked, sizeof asked));
  costmark_credentials_report_free(chain);

  costmark_verification_free(verification);
  costmark_verification_probe(verification, 0, &probe);
  costmark_verification_read(verification, &found);
  CHECK(shows_nothing(&probe, sizeof probe) && shows_nothing(&found, sizeof found));
  costmark_verification_free(verification);

  costmark_client_release(client);
  costmark_config_free(config);
}

static void stale_prices(void) {
  const costmark_priced_call call = COSTMARK_PRICED_CALL_INIT;
  costmark_price_book *book = NULL;
  costmark_price_book_view view = COSTMARK_PRICE_BOOK_VIEW_INIT;
  costmark_price price = COSTMARK_PRICE_INIT;
  costmark_cost cost = COSTMARK_COST_INIT;
  CHECK_OK(costmark_price_book_shipped(&book, &error));
  costmark_price_book_free(book);
  costmark_price_book_read(book, &view);
  costmark_price_book_price(book, 0, &price);
  CHECK(shows_nothing(&view, sizeof view) && shows_nothing(&price, sizeof price));
  REFUSED(costmark_price_book_cost(book, &call, &cost, NULL, 0, &error));
  costmark_price_book_free(book);
}

static void stale_cancel(void) {
  costmark_client *client = client_with(NULL);
  costmark_operation *operation = operation_of(client);
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  const costmark_request request = chat_request("{}");
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  CHECK_OK(costmark_cancel_new(&options.cancel, &error));
  costmark_cancel_release(options.cancel);
  REFUSED(costmark_operation_send(operation, &options, &error));
  CHECK(costmark_cancel_retain(options.cancel) == NULL);
  CHECK(!costmark_cancel_stopped(options.cancel));
  costmark_cancel_stop(options.cancel);
  costmark_cancel_release(options.cancel);
  costmark_operation_free(operation);
  costmark_client_release(client);
}

static void stale_credentials(void) {
  costmark_config *config = config_with(NULL);
  costmark_credentials_cache *cache = NULL;
  costmark_credentials_set *set = NULL;
  costmark_bearer_token_cache *tokens = NULL;
  costmark_bearer_token *token = NULL;
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_bearer_token_view text = COSTMARK_BEARER_TOKEN_VIEW_INIT;
  CHECK_OK(costmark_credentials_cache_new(config, &cache, &error));
  CHECK_OK(costmark_credentials_cache_get(cache, &set, &error));
  CHECK_OK(costmark_bearer_token_cache_new(config, 0, &tokens, &error));
  CHECK_OK(costmark_bearer_token_cache_get(tokens, &token, &error));
  costmark_config_free(config);

  costmark_credentials_set_free(set);
  costmark_credentials_set_read(set, &credentials);
  CHECK(shows_nothing(&credentials, sizeof credentials));
  CHECK(!costmark_credentials_cache_refused(cache, set));
  costmark_credentials_set_free(set);

  costmark_bearer_token_free(token);
  costmark_bearer_token_read(token, &text);
  CHECK(shows_nothing(&text, sizeof text));
  costmark_bearer_token_free(token);

  costmark_credentials_cache_release(cache);
  REFUSED(costmark_credentials_cache_get(cache, &set, &error));
  CHECK(set == NULL && costmark_credentials_cache_retain(cache) == NULL);
  costmark_credentials_cache_release(cache);

  costmark_bearer_token_cache_release(tokens);
  REFUSED(costmark_bearer_token_cache_get(tokens, &token, &error));
  CHECK(token == NULL && costmark_bearer_token_cache_retain(tokens) == NULL);
  costmark_bearer_token_cache_release(tokens);
}

/* A sink ends with its callback. */
static costmark_status keep_sink(void *user_data, costmark_credentials_sink *sink) {
  *(costmark_credentials_sink **)user_data = sink;
  return COSTMARK_NO_CREDENTIALS;
}

static void stale_sink_signature_and_error(void) {
  costmark_config *config = NULL;
  costmark_credentials_cache *cache = NULL;
  costmark_credentials_set *set = NULL;
  costmark_credentials_sink *sink = NULL;
  costmark_signature *signature = NULL;
  costmark_error *error_of_get = NULL;
  costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
  costmark_signature_view shown = COSTMARK_SIGNATURE_VIEW_INIT;
  const costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  const costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  CHECK_OK(costmark_config_new(&config, &error));
  CHECK_OK(costmark_config_set_credentials_callback(config, keep_sink, &sink, NULL, &error));
  CHECK_OK(costmark_credentials_cache_new(config, &cache, &error));
  CHECK(costmark_credentials_cache_get(cache, &set, &error_of_get) == COSTMARK_NO_CREDENTIALS);
  CHECK(sink != NULL);
  REFUSED(costmark_credentials_put(sink, &credentials, &error));
  costmark_credentials_cache_release(cache);
  costmark_config_free(config);

  costmark_error_free(error_of_get);
  costmark_error_read(error_of_get, &why);
  CHECK(shows_nothing(&why, sizeof why));
  costmark_error_free(error_of_get);

  CHECK_OK(costmark_signature_new(&signature, &error));
  costmark_signature_free(signature);
  REFUSED(costmark_signature_sign(signature, &request, &error));
  costmark_signature_read(signature, &shown);
  CHECK(shows_nothing(&shown, sizeof shown));
  costmark_signature_free(signature);
}

void test_stale(void) {
  stale_config_and_client();
  stale_reports();
  stale_prices();
  stale_cancel();
  stale_credentials();
  stale_sink_signature_and_error();
}

#else

void test_stale(void) {
  printf("skipped: the sanitizer ends the program instead\n");
}

#endif
