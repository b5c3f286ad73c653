/* struct_size: what older and newer callers hand in, and what nobody should. */
#include "check.h"

/* A struct of a later version: what this library knows, and a field more. */
typedef struct {
  costmark_request known;
  size_t more;
} later_request;

typedef struct {
  costmark_usage known;
  uint64_t more;
} later_usage;

static costmark_status check_size(const costmark_client *client, costmark_request *request,
                                  size_t size, costmark_prepared *scratch, costmark_error **error) {
  request->struct_size = size;
  return costmark_client_check(client, request, scratch, error);
}

static void input_of_every_size(void) {
  costmark_client *client = client_with(NULL);
  costmark_prepared *scratch = new_prepared();
  later_request later;
  size_t size;
  memset(&later, 0, sizeof later);
  later.known = chat_request("{}");
  for (size = 0; size < sizeof later.known; ++size) {
    CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, check_size(client, &later.known, size, scratch, &error));
  }
  CHECK_OK(check_size(client, &later.known, sizeof later.known, scratch, &error));
  CHECK_OK(check_size(client, &later.known, sizeof later, scratch, &error));
  later.more = 1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              check_size(client, &later.known, sizeof later, scratch, &error));
  CHECK_OK(check_size(client, &later.known, sizeof later.known, scratch, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, check_size(client, &later.known, 4097, scratch, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              check_size(client, &later.known, SIZE_MAX, scratch, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              check_size(client, &later.known, (size_t)0xdeadbeef, scratch, &error));
  costmark_prepared_free(scratch);
  costmark_client_release(client);
}

static void output_of_every_size(void) {
  costmark_client *client = client_with(NULL);
  costmark_prepared *prepared = new_prepared();
  costmark_observation *observation = NULL;
  const costmark_request request = chat_request("{}");
  later_usage later;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK_OK(costmark_observation_new(client, prepared, 1, &observation, &error));
  memset(&later, 0, sizeof later);
  later.known.struct_size = sizeof later;
  CHECK_OK(costmark_observation_usage(observation, &later.known, &error));
  CHECK(later.known.struct_size == sizeof later && later.more == 0);
  later.more = 7;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_usage(observation, &later.known, &error));
  CHECK(later.more == 7);
  later.known.struct_size = sizeof later.known - 1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_observation_usage(observation, &later.known, &error));
  later.known.struct_size = sizeof later.known;
  CHECK_OK(costmark_observation_usage(observation, &later.known, &error));
  CHECK(later.more == 7);
  costmark_observation_free(observation);
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

typedef struct {
  costmark_send_options known;
  size_t more;
} later_options;

typedef struct {
  costmark_verify_request known;
  size_t more;
} later_verify;

typedef struct {
  costmark_credentials known;
  size_t more;
} later_credentials;

/* Reaches the point after the options were read, and no further: the call was cancelled before. */
static costmark_status send_with(const costmark_client *client, later_options *options, size_t size,
                                 costmark_error **error) {
  const costmark_request request = chat_request("{}");
  costmark_response *response = NULL;
  costmark_status status;
  options->known.struct_size = size;
  CHECK(costmark_response_new(&response, NULL) == COSTMARK_OK);
  CHECK(costmark_cancel_new(&options->known.cancel, NULL) == COSTMARK_OK);
  costmark_cancel_request(options->known.cancel);
  status = costmark_client_send(client, &request, &options->known, response, error);
  costmark_cancel_release(options->known.cancel);
  costmark_response_free(response);
  return status;
}

/* Likewise: the project is none. */
static costmark_status verify_with(const costmark_client *client, later_verify *request,
                                   size_t size, costmark_error **error) {
  costmark_verification *verification = NULL;
  request->known.struct_size = size;
  request->known.project = str("not an id");
  return costmark_client_verify(client, &request->known, &verification, error);
}

static void later_versions_of_the_others(void) {
  costmark_client *client = client_with(NULL);
  later_options options;
  later_verify verify;
  memset(&options, 0, sizeof options);
  memset(&verify, 0, sizeof verify);
  CHECK_FAILS(COSTMARK_CANCELLED, send_with(client, &options, sizeof options.known, &error));
  CHECK_FAILS(COSTMARK_CANCELLED, send_with(client, &options, sizeof options, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              send_with(client, &options, sizeof options.known - 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, verify_with(client, &verify, sizeof verify.known, &error));
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, verify_with(client, &verify, sizeof verify, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              verify_with(client, &verify, sizeof verify.known - 1, &error));
  options.more = verify.more = 1;
  CHECK_FAILS(COSTMARK_CANCELLED, send_with(client, &options, sizeof options.known, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, send_with(client, &options, sizeof options, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, verify_with(client, &verify, sizeof verify, &error));
  costmark_client_release(client);
}

static void later_versions_of_what_comes_out(void) {
  costmark_config *config = config_with(NULL);
  costmark_credentials_provider *provider = NULL;
  costmark_credentials_set *set = NULL;
  later_credentials later;
  CHECK_OK(costmark_credentials_provider_new(config, &provider, &error));
  CHECK_OK(costmark_credentials_provider_get(provider, &set, &error));
  memset(&later, 0, sizeof later);
  later.known.struct_size = sizeof later;
  CHECK_OK(costmark_credentials_set_view(set, &later.known, &error));
  CHECK(later.known.struct_size == sizeof later && equal(later.known.access_key_id, "AKIDEXAMPLE"));
  later.more = 1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_credentials_set_view(set, &later.known, &error));
  later.known.struct_size = sizeof later.known;
  CHECK_OK(costmark_credentials_set_view(set, &later.known, &error));
  CHECK(later.more == 1);
  later.known.struct_size = sizeof later.known - 1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_credentials_set_view(set, &later.known, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_credentials_set_view(set, NULL, &error));
  costmark_credentials_set_free(set);
  costmark_credentials_provider_release(provider);
  costmark_config_free(config);
}

static void init_function_equals_the_macro(void) {
  const costmark_request expected = COSTMARK_REQUEST_INIT;
  costmark_request request;
  unsigned char small[4] = {1, 2, 3, 4};
  memset(&request, 0xff, sizeof request);
  costmark_init(&request, sizeof request);
  CHECK(memcmp(&request, &expected, sizeof request) == 0);
  costmark_init(small, sizeof small);
  CHECK(small[0] == 1 && small[3] == 4);
  costmark_init(NULL, 8);
  costmark_init(small, SIZE_MAX);
  CHECK(small[0] == 1);
}

static void every_macro_sets_its_size(void) {
  const costmark_option_info info = COSTMARK_OPTION_INFO_INIT;
  const costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  const costmark_usage usage = COSTMARK_USAGE_INIT;
  const costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  const costmark_sign_request request = COSTMARK_SIGN_REQUEST_INIT;
  const costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  const costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  const costmark_verify_request verify = COSTMARK_VERIFY_REQUEST_INIT;
  const costmark_probe probe = COSTMARK_PROBE_INIT;
  CHECK(info.struct_size == sizeof info && info.reserved == 0 && info.type == 0);
  CHECK(credentials.struct_size == sizeof credentials && credentials.expires_unix_s == 0);
  CHECK(usage.struct_size == sizeof usage && usage.known == 0 && usage.inconsistent == 0);
  CHECK(totals.struct_size == sizeof totals && totals.inconsistent == 0);
  CHECK(request.struct_size == sizeof request && request.time_unix_s == 0);
  CHECK(head.struct_size == sizeof head && head.error_type.len == 0);
  CHECK(options.struct_size == sizeof options && options.reserved == 0);
  CHECK(verify.struct_size == sizeof verify && verify.force == 0);
  CHECK(probe.struct_size == sizeof probe && probe.reserved == 0);
}

void test_structs(void) {
  input_of_every_size();
  output_of_every_size();
  later_versions_of_the_others();
  later_versions_of_what_comes_out();
  init_function_equals_the_macro();
  every_macro_sets_its_size();
}
