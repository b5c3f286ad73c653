#include "check.h"

static void versions_agree(void) {
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", COSTMARK_VERSION_MAJOR, COSTMARK_VERSION_MINOR,
           COSTMARK_VERSION_PATCH);
  CHECK(strcmp(costmark_version(), text) == 0);
  CHECK(costmark_version_number() == COSTMARK_VERSION_NUMBER);
  CHECK(costmark_abi_version() == COSTMARK_ABI_VERSION);
}

static void features_are_named(void) {
  static const char *const names[] = {"prepare",
                                      "observe",
                                      "send",
                                      "verify",
                                      "usage",
                                      "sign",
                                      "presign",
                                      "json",
                                      "bearer_token",
                                      "credentials",
                                      "credentials_callback",
                                      "bearer_token_callback",
                                      "log_callback",
                                      "usage_callback",
                                      "clock_callback"};
  size_t i;
  for (i = 0; i < sizeof names / sizeof names[0]; ++i) {
    CHECK(costmark_has_feature(names[i], strlen(names[i])));
  }
  CHECK(!costmark_has_feature("prepare", 6));
  CHECK(!costmark_has_feature("prepare\0", 8));
  CHECK(!costmark_has_feature("teleport", 8));
  CHECK(!costmark_has_feature("prepare", SIZE_MAX));
  CHECK(!costmark_has_feature(NULL, 0));
  CHECK(!costmark_has_feature(NULL, 7));
}

static void numbers_have_names(void) {
  CHECK(strcmp(costmark_status_name(COSTMARK_OK), "ok") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_INVALID_JSON), "invalid_json") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_STOPPED_BY_CALLBACK), "stopped_by_callback") == 0);
  CHECK(strcmp(costmark_status_name(COSTMARK_CANCELLED), "cancelled") == 0);
  CHECK(strcmp(costmark_status_name(-1), "unknown") == 0);
  CHECK(strcmp(costmark_status_name(INT32_MAX), "unknown") == 0);
  CHECK(strcmp(costmark_project_source_name(COSTMARK_SOURCE_SCOPE), "scope") == 0);
  CHECK(strcmp(costmark_project_source_name(COSTMARK_SOURCE_ENVIRONMENT), "environment") == 0);
  CHECK(strcmp(costmark_project_source_name(-1), "unknown") == 0);
  CHECK(strcmp(costmark_project_source_name(256), "unknown") == 0);
  CHECK(strcmp(costmark_api_name(COSTMARK_API_CHAT_COMPLETIONS), "chat_completions") == 0);
  CHECK(strcmp(costmark_api_name(99), "unknown") == 0);
  CHECK(strcmp(costmark_outcome_name(COSTMARK_OUTCOME_INCOMPLETE), "incomplete") == 0);
  CHECK(strcmp(costmark_outcome_name(INT32_MIN), "unknown") == 0);
}

static void errors_say_what_and_where(void) {
  costmark_error *error = NULL;
  size_t len = 0, needed = 0;
  uint64_t offset = 77;
  const costmark_status status = costmark_json_set("{\"a\" 1}", 7, "b", 1, "2", 1,
                                                   COSTMARK_JSON_STRICT, NULL, 0, &needed, &error);
  CHECK(status == COSTMARK_INVALID_JSON);
  CHECK(costmark_error_status(error) == COSTMARK_INVALID_JSON);
  CHECK(costmark_error_offset(error, &offset) && offset == 5);
  CHECK(costmark_error_offset(error, NULL));
  CHECK(strlen(costmark_error_message(error, &len)) == len && len > 0);
  CHECK(costmark_error_http_status(error) == 0);
  CHECK(strcmp(costmark_error_request_id(error, &len), "") == 0 && len == 0);
  CHECK(!costmark_error_retryable(error));
  costmark_error_free(error);
}

static void getters_of_no_error(void) {
  size_t len = 5;
  uint64_t offset = 5;
  CHECK(costmark_error_status(NULL) == COSTMARK_OK);
  CHECK(strcmp(costmark_error_message(NULL, &len), "") == 0 && len == 0);
  CHECK(!costmark_error_offset(NULL, &offset) && offset == 0);
  CHECK(costmark_error_http_status(NULL) == 0);
  CHECK(strcmp(costmark_error_request_id(NULL, NULL), "") == 0);
  CHECK(!costmark_error_retryable(NULL));
  costmark_error_free(NULL);
}

/* Every handle and every error counts until it is ended, and no longer. */
static void handles_are_counted(void) {
  costmark_config *config = NULL;
  costmark_prepared *prepared = NULL;
  costmark_client *client = NULL, *kept;
  costmark_error *error = NULL;
  CHECK(costmark_live_handles() == 0);
  CHECK(costmark_config_new(&config, NULL) == COSTMARK_OK && costmark_live_handles() == 1);
  CHECK(costmark_prepared_new(&prepared, NULL) == COSTMARK_OK && costmark_live_handles() == 2);
  CHECK(costmark_client_new(config, &client, NULL) == COSTMARK_OK && costmark_live_handles() == 3);
  kept = costmark_client_retain(client);
  CHECK(kept == client && costmark_live_handles() == 3);
  CHECK(costmark_client_new(NULL, &client, &error) != COSTMARK_OK && costmark_live_handles() == 4);
  CHECK(costmark_client_new(NULL, &client, NULL) != COSTMARK_OK && costmark_live_handles() == 4);
  costmark_error_free(error);
  CHECK(costmark_live_handles() == 3);
  costmark_prepared_free(prepared);
  costmark_config_free(config);
  CHECK(costmark_live_handles() == 1);
  costmark_client_release(kept);
  CHECK(costmark_live_handles() == 1);
  costmark_client_release(kept);
  CHECK(costmark_live_handles() == 0);
}

void test_basics(void) {
  versions_agree();
  features_are_named();
  numbers_have_names();
  errors_say_what_and_where();
  getters_of_no_error();
  handles_are_counted();
}
