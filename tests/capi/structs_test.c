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
  CHECK(info.struct_size == sizeof info && info.reserved == 0 && info.type == 0);
  CHECK(credentials.struct_size == sizeof credentials && credentials.expires_unix_s == 0);
  CHECK(usage.struct_size == sizeof usage && usage.known == 0 && usage.inconsistent == 0);
  CHECK(totals.struct_size == sizeof totals && totals.inconsistent == 0);
  CHECK(request.struct_size == sizeof request && request.time_unix_s == 0);
}

void test_structs(void) {
  input_of_every_size();
  output_of_every_size();
  init_function_equals_the_macro();
  every_macro_sets_its_size();
}
