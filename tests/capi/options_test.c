#include "check.h"

static void table_is_sorted_and_complete(void) {
  const size_t count = costmark_option_count();
  costmark_option_info before = COSTMARK_OPTION_INFO_INIT, option = COSTMARK_OPTION_INFO_INIT;
  size_t i;
  bool region = false;
  CHECK(count > 10);
  for (i = 0; i < count; ++i) {
    CHECK_OK(costmark_option_get(i, &option, &error));
    CHECK(option.name.len > 0 && option.description.len > 0);
    CHECK(option.type >= COSTMARK_OPTION_TEXT && option.type <= COSTMARK_OPTION_URL);
    CHECK((option.type == COSTMARK_OPTION_CHOICE) <= (option.choices.len > 0));
    CHECK(option.struct_size == sizeof option);
    if (i > 0) {
      const size_t shorter = before.name.len < option.name.len ? before.name.len : option.name.len;
      const int order = memcmp(before.name.data, option.name.data, shorter);
      CHECK(order < 0 || (order == 0 && before.name.len < option.name.len));
    }
    region = region || equal(option.name, "region");
    before = option;
  }
  CHECK(region);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_option_get(count, &option, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_option_get(SIZE_MAX, &option, &error));
}

static void values_are_checked_when_set(void) {
  costmark_config *config = config_with(NULL);
  CHECK_OK(costmark_config_set(config, "project", 7, "proj_a", 6, &error));
  CHECK_OK(costmark_config_set(config, "project", 7, NULL, 0, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION, costmark_config_set(config, "regoin", 6, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION, costmark_config_set(config, "", 0, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_config_set(config, "region\0", 7, "us-east-1", 9, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_config_set(config, "region", 6, "us\0east", 7, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_config_set(config, "conflict", 8, "maybe", 5, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set(config, NULL, 0, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set(config, NULL, 6, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set(config, "region", SIZE_MAX, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set(config, "region", 6, "x", SIZE_MAX, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set(config, "region", 6, NULL, 3, &error));
  CHECK(costmark_config_set(config, "regoin", 6, "x", 1, NULL) == COSTMARK_INVALID_OPTION);
  costmark_config_free(config);
}

static void secrets_stay_out_of_messages(void) {
  costmark_config *config = config_with(NULL);
  costmark_error *error = NULL;
  CHECK(costmark_config_set(config, "secret_access_key", 17, "hush\nhush", 9, &error) ==
        COSTMARK_INVALID_OPTION);
  CHECK(strstr(costmark_error_message(error, NULL), "hush") == NULL);
  CHECK(strstr(costmark_error_message(error, NULL), "secret_access_key") != NULL);
  costmark_error_free(error);
  costmark_config_free(config);
}

static void client_refuses_what_cannot_go_together(void) {
  static const char *const contradiction[] = {"base_url",
                                              "https://bedrock-mantle.eu-west-1.api.aws/v1", NULL};
  costmark_config *config = config_with(contradiction);
  costmark_client *client = (costmark_client *)config;
  CHECK_FAILS(COSTMARK_ENDPOINT_MISMATCH, costmark_client_new(config, &client, &error));
  CHECK(client == NULL);
  costmark_config_free(config);
}

static void host_api_key_is_taken(void) {
  costmark_config *config = config_with(NULL);
  CHECK_OK(costmark_config_set_host_api_key(config, "ABSKexample", 11, &error));
  CHECK_OK(costmark_config_set_host_api_key(config, NULL, 0, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set_host_api_key(config, NULL, 4, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_host_api_key(config, "k", SIZE_MAX, &error));
  costmark_config_free(config);
}

void test_options(void) {
  table_is_sorted_and_complete();
  values_are_checked_when_set();
  secrets_stay_out_of_messages();
  client_refuses_what_cannot_go_together();
  host_api_key_is_taken();
}
