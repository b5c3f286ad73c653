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
  static const char *const names[] = {"operation", "send", "verify",       "usage",       "sign",
                                      "presign",   "json", "bearer_token", "credentials", "routes"};
  size_t i;
  for (i = 0; i < sizeof names / sizeof names[0]; ++i) {
    CHECK(costmark_has_feature(names[i], strlen(names[i])));
  }
  CHECK(!costmark_has_feature("operation", 8));
  CHECK(!costmark_has_feature("operation\0", 10));
  CHECK(!costmark_has_feature("teleport", 8));
  CHECK(!costmark_has_feature("operation", SIZE_MAX));
  CHECK(!costmark_has_feature(NULL, 0));
  CHECK(!costmark_has_feature(NULL, 7));
}

static void errors_say_what_and_where(void) {
  costmark_json_edit edit = COSTMARK_JSON_EDIT_INIT;
  costmark_error *error = NULL;
  costmark_error_view view = COSTMARK_ERROR_VIEW_INIT;
  size_t needed = 0;
  edit.json = str("{\"a\" 1}");
  edit.path = str("b");
  edit.value = str("2");
  edit.strict = 1;
  CHECK(costmark_json_set(&edit, NULL, 0, &needed, &error) == COSTMARK_INVALID_JSON);
  costmark_error_read(error, &view);
  CHECK(view.struct_size == sizeof view && view.status == COSTMARK_INVALID_JSON);
  CHECK(view.has_offset == 1 && view.offset == 5);
  CHECK(view.message.len > 0 && strlen(view.message.data) == view.message.len);
  CHECK(view.http_status == 0 && view.request_id.data == NULL && view.retryable == 0);
  costmark_error_free(error);
}

static void a_view_of_no_error(void) {
  costmark_error_view view;
  memset(&view, 0xff, sizeof view);
  view.struct_size = sizeof view;
  costmark_error_read(NULL, &view);
  CHECK(view.struct_size == sizeof view && shows_nothing(&view, sizeof view));
  costmark_error_read(NULL, NULL);
  costmark_error_free(NULL);
}

static void headers_are_found(void) {
  static const costmark_header headers[] = {{COSTMARK_STR("X-A"), COSTMARK_STR("one")},
                                            {COSTMARK_STR("x-a"), COSTMARK_STR("two")},
                                            {COSTMARK_STR_INIT, COSTMARK_STR("nameless")}};
  costmark_str value = COSTMARK_STR("before");
  CHECK(costmark_header_find(headers, 3, "x-A", 3, &value) && equal(value, "one"));
  CHECK(costmark_header_find(headers, 3, "x-A", 3, NULL));
  CHECK(!costmark_header_find(headers, 3, "x-b", 3, &value) && value.data == NULL);
  CHECK(!costmark_header_find(headers, 3, "x-a", 2, &value));
  CHECK(!costmark_header_find(headers, 3, "x-a", SIZE_MAX, &value));
  CHECK(!costmark_header_find(headers, 0, "x-a", 3, &value));
  CHECK(!costmark_header_find(NULL, 0, "x-a", 3, &value));
  CHECK(!costmark_header_find(NULL, 3, "x-a", 3, &value));
  CHECK(!costmark_header_find(headers, 3, NULL, 0, &value) && value.len == 0);
}

/* Every handle and every error counts until it is ended, and no longer. */
static void handles_are_counted(void) {
  costmark_config *config = NULL;
  costmark_operation *operation = NULL;
  costmark_client *client = NULL, *kept;
  costmark_error *error = NULL;
  CHECK(costmark_live_handles() == 0);
  CHECK(costmark_config_new(&config, NULL) == COSTMARK_OK && costmark_live_handles() == 1);
  CHECK(costmark_client_new(config, &client, NULL) == COSTMARK_OK && costmark_live_handles() == 2);
  CHECK(costmark_operation_new(client, &operation, NULL) == COSTMARK_OK);
  CHECK(costmark_live_handles() == 3);
  kept = costmark_client_retain(client);
  CHECK(kept == client && costmark_live_handles() == 3);
  CHECK(costmark_client_new(NULL, &client, &error) != COSTMARK_OK && costmark_live_handles() == 4);
  CHECK(costmark_client_new(NULL, &client, NULL) != COSTMARK_OK && costmark_live_handles() == 4);
  costmark_error_free(error);
  CHECK(costmark_live_handles() == 3);
  costmark_operation_free(operation);
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
  errors_say_what_and_where();
  a_view_of_no_error();
  headers_are_found();
  handles_are_counted();
}
