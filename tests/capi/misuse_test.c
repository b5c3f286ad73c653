/* NULL, handles of the wrong type, and lengths that cannot be, for every function. */
#include "check.h"

/* Is no handle of any type. */
static size_t block[16];
static void *const nothing = block;

#define REFUSED(call) CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call)

/* A view of what is no handle is all zero. */
#define SHOWS_NOTHING(type, call)           \
  do {                                      \
    costmark_##type out;                    \
    memset(&out, 0xff, sizeof out);         \
    out.struct_size = sizeof out;           \
    call;                                   \
    CHECK(out.struct_size == sizeof out);   \
    CHECK(shows_nothing(&out, sizeof out)); \
  } while (0)

static void constructors_need_a_place(void) {
  costmark_client *client = (costmark_client *)nothing, *good = client_with(NULL);
  REFUSED(costmark_config_new(NULL, &error));
  REFUSED(costmark_operation_new(good, NULL, &error));
  REFUSED(costmark_signature_new(NULL, &error));
  REFUSED(costmark_cancel_new(NULL, &error));
  REFUSED(costmark_client_new(NULL, &client, &error));
  CHECK(client == NULL);
  costmark_client_release(good);
}

static void wrong_client_or_config(void *wrong) {
  costmark_client *made = (costmark_client *)nothing;
  costmark_operation *operation = (costmark_operation *)nothing;
  costmark_usage_report *report = (costmark_usage_report *)nothing;
  costmark_verification *verification = (costmark_verification *)nothing;
  costmark_credentials_cache *cache = (costmark_credentials_cache *)nothing;
  costmark_credentials_report *chain = (costmark_credentials_report *)nothing;
  costmark_bearer_token_cache *tokens = (costmark_bearer_token_cache *)nothing;

  REFUSED(costmark_config_set((costmark_config *)wrong, "region", 6, "x", 1, &error));
  REFUSED(costmark_config_set_host_api_key((costmark_config *)wrong, "k", 1, &error));
  REFUSED(costmark_client_new((costmark_config *)wrong, &made, &error));
  REFUSED(costmark_credentials_cache_new((costmark_config *)wrong, &cache, &error));
  REFUSED(costmark_config_explain_credentials((costmark_config *)wrong, &chain, &error));
  REFUSED(costmark_bearer_token_cache_new((costmark_config *)wrong, 60, &tokens, &error));
  CHECK(made == NULL && cache == NULL && chain == NULL && tokens == NULL);
  costmark_config_free((costmark_config *)wrong);

  REFUSED(costmark_operation_new((costmark_client *)wrong, &operation, &error));
  REFUSED(costmark_client_usage((costmark_client *)wrong, &report, &error));
  REFUSED(costmark_client_verify((costmark_client *)wrong, NULL, &verification, &error));
  CHECK(operation == NULL && report == NULL && verification == NULL);
  CHECK(costmark_client_retain((costmark_client *)wrong) == NULL);
  SHOWS_NOTHING(route,
                costmark_client_route((costmark_client *)wrong, "openai.gpt-5.6-sol", 18, &out));
  costmark_client_usage_reset((costmark_client *)wrong);
  costmark_client_release((costmark_client *)wrong);
}

static void wrong_operation(void *wrong) {
  costmark_client *client = client_with(NULL);
  costmark_operation *operation = operation_of(client), *bad = (costmark_operation *)wrong;
  const costmark_request request = chat_request("{}");
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_str piece = COSTMARK_STR("before");
  costmark_next next = COSTMARK_NEXT_INIT;
  REFUSED(costmark_operation_begin(bad, &request, &error));
  REFUSED(costmark_operation_begin_beside(bad, operation, &request, &error));
  REFUSED(costmark_operation_begin_beside(operation, bad, &request, &error));
  REFUSED(costmark_operation_ready(bad, NULL, &error));
  prepared.authorized = 7;
  REFUSED(costmark_operation_prepare(bad, &request, NULL, &prepared, &error));
  CHECK(shows_nothing(&prepared, sizeof prepared));
  costmark_operation_sent(bad);
  CHECK(take_head(bad, 200, NULL) == COSTMARK_INVALID_ARGUMENT);
  CHECK(costmark_operation_feed(bad, "abc", 3, &piece) == COSTMARK_INVALID_ARGUMENT);
  CHECK(equal(piece, "abc")); /* set before anything can fail */
  next.pause_ms = 7;
  CHECK(costmark_operation_finish(bad, &piece, &next) == COSTMARK_INVALID_ARGUMENT);
  CHECK(piece.data == NULL && piece.len == 0 && shows_nothing(&next, sizeof next));
  CHECK(costmark_operation_fail(bad, COSTMARK_OUTCOME_ERROR, NULL, NULL) ==
        COSTMARK_INVALID_ARGUMENT);
  REFUSED(costmark_operation_send(bad, NULL, &error));
  SHOWS_NOTHING(answer, costmark_operation_answer(bad, &out));
  SHOWS_NOTHING(response, costmark_operation_response(bad, &out));
  costmark_operation_answer(bad, NULL);
  costmark_operation_response(bad, NULL);
  costmark_operation_free(bad);
  if (wrong != NULL) {
    costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
    CHECK_OK(costmark_operation_begin(operation, &request, &error));
    options.cancel = (costmark_cancel *)wrong;
    REFUSED(costmark_operation_send(operation, &options, &error));
  }
  CHECK(costmark_cancel_retain((costmark_cancel *)wrong) == NULL);
  CHECK(!costmark_cancel_stopped((costmark_cancel *)wrong));
  costmark_cancel_stop((costmark_cancel *)wrong);
  costmark_cancel_release((costmark_cancel *)wrong);
  costmark_operation_free(operation);
  costmark_client_release(client);
}

static void wrong_credentials(void *wrong) {
  const costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_credentials_cache *cache = (costmark_credentials_cache *)wrong;
  costmark_bearer_token_cache *tokens = (costmark_bearer_token_cache *)wrong;
  costmark_credentials_set *set = (costmark_credentials_set *)nothing;
  costmark_bearer_token *token = (costmark_bearer_token *)nothing;
  costmark_str name = COSTMARK_STR("before"), failure = COSTMARK_STR("before");
  REFUSED(costmark_credentials_put((costmark_credentials_sink *)wrong, &credentials, &error));
  REFUSED(costmark_bearer_token_put((costmark_bearer_token_sink *)wrong, "t", 1, &error));
  REFUSED(costmark_credentials_cache_get(cache, &set, &error));
  REFUSED(costmark_bearer_token_cache_get(tokens, &token, &error));
  CHECK(set == NULL && token == NULL);
  CHECK(!costmark_credentials_cache_refused(cache, (costmark_credentials_set *)wrong));
  CHECK(!costmark_bearer_token_cache_refused(tokens, "t", 1));
  CHECK(costmark_credentials_cache_retain(cache) == NULL);
  CHECK(costmark_bearer_token_cache_retain(tokens) == NULL);
  costmark_credentials_cache_release(cache);
  costmark_bearer_token_cache_release(tokens);
  SHOWS_NOTHING(credentials,
                costmark_credentials_set_read((costmark_credentials_set *)wrong, &out));
  costmark_credentials_set_free((costmark_credentials_set *)wrong);
  SHOWS_NOTHING(credentials_report_view,
                costmark_credentials_report_read((costmark_credentials_report *)wrong, &out));
  costmark_credentials_report_source((costmark_credentials_report *)wrong, 0, &name, &failure);
  CHECK(name.data == NULL && name.len == 0 && failure.data == NULL && failure.len == 0);
  costmark_credentials_report_free((costmark_credentials_report *)wrong);
  SHOWS_NOTHING(bearer_token_view,
                costmark_bearer_token_read((costmark_bearer_token *)wrong, &out));
  costmark_bearer_token_free((costmark_bearer_token *)wrong);
}

static void wrong_results(void *wrong) {
  const costmark_priced_call call = COSTMARK_PRICED_CALL_INIT;
  costmark_cost cost = COSTMARK_COST_INIT;
  costmark_sign_request to_sign = COSTMARK_SIGN_REQUEST_INIT;
  REFUSED(costmark_signature_sign((costmark_signature *)wrong, &to_sign, &error));
  REFUSED(costmark_signature_presign((costmark_signature *)wrong, &to_sign, 60, &error));
  SHOWS_NOTHING(signature_view, costmark_signature_read((costmark_signature *)wrong, &out));
  costmark_signature_free((costmark_signature *)wrong);
  SHOWS_NOTHING(verification_view,
                costmark_verification_read((costmark_verification *)wrong, &out));
  SHOWS_NOTHING(probe, costmark_verification_probe((costmark_verification *)wrong, 0, &out));
  costmark_verification_free((costmark_verification *)wrong);
  SHOWS_NOTHING(price_book_view, costmark_price_book_read((costmark_price_book *)wrong, &out));
  SHOWS_NOTHING(price, costmark_price_book_price((costmark_price_book *)wrong, 0, &out));
  CHECK(costmark_price_book_age_days((costmark_price_book *)wrong, 0) == 0);
  REFUSED(costmark_price_book_cost((costmark_price_book *)wrong, &call, &cost, NULL, 0, &error));
  costmark_price_book_free((costmark_price_book *)wrong);
  CHECK(costmark_usage_report_count((costmark_usage_report *)wrong) == 0);
  SHOWS_NOTHING(usage_totals, costmark_usage_report_read((costmark_usage_report *)wrong, 0, &out));
  costmark_usage_report_free((costmark_usage_report *)wrong);
  SHOWS_NOTHING(error_view, costmark_error_read((costmark_error *)wrong, &out));
  costmark_error_free((costmark_error *)wrong);
}

static void places_for_results_are_needed(void) {
  costmark_client *client = client_with(NULL);
  costmark_operation *operation = operation_of(client);
  const costmark_request request = chat_request("{}");
  REFUSED(costmark_client_usage(client, NULL, &error));
  REFUSED(costmark_client_verify(client, NULL, NULL, &error));
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  REFUSED(costmark_operation_prepare(operation, NULL, NULL, NULL, &error));
  costmark_operation_answer(operation, NULL);
  costmark_operation_free(operation);
  costmark_client_release(client);
}

static costmark_status with_text(costmark_request *request, costmark_str *field, const char *data,
                                 size_t len, costmark_client *client, costmark_error **error) {
  const costmark_str kept = *field;
  costmark_status status;
  field->data = data;
  field->len = len;
  status = try_to_prepare(client, request, error);
  *field = kept;
  return status;
}

static void impossible_views_are_refused(void) {
  costmark_client *client = client_with(NULL);
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
    REFUSED(with_text(&request, fields[i], NULL, 1, client, &error));
    REFUSED(with_text(&request, fields[i], NULL, SIZE_MAX, client, &error));
    REFUSED(with_text(&request, fields[i], "x", SIZE_MAX, client, &error));
    REFUSED(with_text(&request, fields[i], "x", (size_t)PTRDIFF_MAX + 1, client, &error));
  }
  REFUSED(with_text(&request, &request.method, NULL, 0, client, &error));
  REFUSED(with_text(&request, &request.url, "", 0, client, &error));
  request.headers = NULL;
  REFUSED(try_to_prepare(client, &request, &error));
  request.headers = headers;
  request.header_count = SIZE_MAX;
  REFUSED(try_to_prepare(client, &request, &error));
  request.header_count = SIZE_MAX / sizeof(costmark_header) + 2;
  REFUSED(try_to_prepare(client, &request, &error));
  request.headers = NULL;
  request.header_count = 0;
  CHECK_OK(try_to_prepare(client, &request, &error));
  costmark_client_release(client);
}

static costmark_status with_header(const char *name, size_t name_len, const char *value,
                                   size_t value_len, costmark_client *client,
                                   costmark_error **error) {
  costmark_request request = chat_request("{}");
  costmark_header header;
  header.name.data = name;
  header.name.len = name_len;
  header.value.data = value;
  header.value.len = value_len;
  request.headers = &header;
  request.header_count = 1;
  return try_to_prepare(client, &request, error);
}

static void nuls_and_line_breaks_do_not_pass(void) {
  costmark_client *client = client_with(NULL);
  costmark_request request = chat_request("{}");
  REFUSED(with_header("x-amz-a", 7, "a\0b", 3, client, &error));
  REFUSED(with_header("x-amz-a", 7, "a\r\nb", 4, client, &error));
  REFUSED(with_header(NULL, 3, "a", 1, client, &error));
  REFUSED(with_header("x-amz-a", 7, "a", SIZE_MAX, client, &error));
  request.project = str("proj\r\nx");
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, try_to_prepare(client, &request, &error));
  request.project.data = "proj\0x";
  request.project.len = 6;
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, try_to_prepare(client, &request, &error));
  request = chat_request("{}");
  request.url.data = "https://bedrock-mantle.us-east-1.api.aws\0.evil.example/v1/models";
  request.url.len = 64;
  CHECK_FAILS(COSTMARK_INVALID_URL, try_to_prepare(client, &request, &error));
  costmark_client_release(client);
}

static void handles_of_other_types(void) {
  costmark_config *config = config_with(NULL);
  costmark_signature *signature = NULL;
  costmark_operation *operation = NULL;
  const costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  REFUSED(costmark_operation_new((costmark_client *)config, &operation, &error));
  REFUSED(costmark_signature_sign((costmark_signature *)config, &request, &error));
  CHECK_OK(costmark_signature_new(&signature, &error));
  REFUSED(costmark_config_set((costmark_config *)signature, "region", 6, "x", 1, &error));
  REFUSED(costmark_operation_ready((costmark_operation *)signature, NULL, &error));
  costmark_config_free((costmark_config *)signature); /* ignored */
  costmark_signature_free((costmark_signature *)config);
  costmark_signature_free(signature);
  costmark_config_free(config);
}

void test_misuse(void) {
  void *const wrong[] = {NULL, nothing};
  size_t i;
  constructors_need_a_place();
  for (i = 0; i < 2; ++i) {
    wrong_client_or_config(wrong[i]);
    wrong_operation(wrong[i]);
    wrong_credentials(wrong[i]);
    wrong_results(wrong[i]);
  }
  handles_of_other_types();
  places_for_results_are_needed();
  impossible_views_are_refused();
  nuls_and_line_breaks_do_not_pass();
}
