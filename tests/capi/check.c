#define _POSIX_C_SOURCE 200112L
#include "check.h"

#include <ctype.h>

int failures = 0;

costmark_error_view view_of(const costmark_error *error) {
  costmark_error_view out = COSTMARK_ERROR_VIEW_INIT;
  costmark_error_read(error, &out);
  if (out.message.data == NULL) out.message = str("");
  if (out.request_id.data == NULL) out.request_id = str("");
  return out;
}

void check_failure(const char *file, int line, const char *call, costmark_status expected,
                   costmark_status got, const costmark_error *error) {
  const costmark_error_view why = view_of(error);
  const bool good = got == expected && error != NULL && why.status == got && why.message.len > 0 &&
                    strlen(why.message.data) == why.message.len &&
                    strchr(why.message.data, '\n') == NULL;
  if (good) return;
  ++failures;
  fprintf(stderr, "%s:%d: %s\n  expected %s, got %s: %s\n", file, line, call,
          costmark_status_name(expected), costmark_status_name(got), why.message.data);
}

void check_success(const char *file, int line, const char *call, costmark_status got,
                   const costmark_error *error) {
  if (got == COSTMARK_OK && error == NULL) return;
  ++failures;
  fprintf(stderr, "%s:%d: %s\n  failed with %s: %s\n", file, line, call, costmark_status_name(got),
          view_of(error).message.data);
}

bool shows_nothing(const void *view, size_t size) {
  const unsigned char *bytes = (const unsigned char *)view;
  size_t i;
  for (i = sizeof(size_t); i < size; ++i) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

costmark_str str(const char *text) {
  costmark_str out = COSTMARK_STR_INIT;
  out.data = text;
  out.len = text == NULL ? 0 : strlen(text);
  return out;
}

bool equal(costmark_str text, const char *expected) {
  return text.data != NULL && text.len == strlen(expected) &&
         memcmp(text.data, expected, text.len) == 0;
}

static void set_options(costmark_config *config, const char *const *options) {
  size_t i;
  for (i = 0; options != NULL && options[i] != NULL; i += 2) {
    CHECK_OK(costmark_config_set(config, options[i], strlen(options[i]), options[i + 1],
                                 strlen(options[i + 1]), &error));
  }
}

costmark_config *config_with(const char *const *options) {
  static const char *const basics[] = {
      "access_key_id", "AKIDEXAMPLE", "secret_access_key", "not-a-real-secret", "region",
      "us-east-1",     NULL};
  costmark_config *config = NULL;
  CHECK_OK(costmark_config_new(&config, &error));
  set_options(config, basics);
  set_options(config, options);
  return config;
}

costmark_client *client_with(const char *const *options) {
  costmark_config *config = config_with(options);
  costmark_client *client = NULL;
  CHECK_OK(costmark_client_new(config, &client, &error));
  costmark_config_free(config);
  return client;
}

costmark_operation *operation_of(costmark_client *client) {
  costmark_operation *operation = NULL;
  CHECK_OK(costmark_operation_new(client, &operation, &error));
  return operation;
}

costmark_status begin_and_prepare(costmark_operation *operation, const costmark_request *request,
                                  costmark_prepared *out_prepared, costmark_error **out_error) {
  const costmark_status status = costmark_operation_begin(operation, request, out_error);
  if (status != COSTMARK_OK) return status;
  return costmark_operation_prepare(operation, NULL, NULL, out_prepared, out_error);
}

costmark_status try_to_prepare(costmark_client *client, const costmark_request *request,
                               costmark_error **out_error) {
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_operation *operation = NULL;
  costmark_status status = costmark_operation_new(client, &operation, out_error);
  if (status == COSTMARK_OK) status = begin_and_prepare(operation, request, &prepared, out_error);
  costmark_operation_free(operation);
  return status;
}

costmark_operation *sent_operation(costmark_client *client, const costmark_request *request) {
  costmark_operation *operation = operation_of(client);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  CHECK_OK(begin_and_prepare(operation, request, &prepared, &error));
  costmark_operation_sent(operation);
  return operation;
}

costmark_status take_head(costmark_operation *operation, int32_t http_status, const char *type) {
  costmark_header field = {COSTMARK_STR("Content-Type"), COSTMARK_STR_INIT};
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  field.value = str(type);
  head.http_status = http_status;
  head.headers = &field;
  head.header_count = type == NULL ? 0 : 1;
  return costmark_operation_head(operation, &head, NULL);
}

void finish_with(costmark_operation *operation, const char *text) {
  CHECK(costmark_operation_feed(operation, text, strlen(text), NULL) == COSTMARK_OK);
  CHECK(costmark_operation_finish(operation, NULL, NULL) == COSTMARK_OK);
}

costmark_answer answer_of(const costmark_operation *operation) {
  costmark_answer out = COSTMARK_ANSWER_INIT;
  costmark_operation_answer(operation, &out);
  return out;
}

costmark_request chat_request(const char *body) {
  static const costmark_header headers[] = {
      {COSTMARK_STR("Content-Type"), COSTMARK_STR("application/json")}};
  costmark_request request = COSTMARK_REQUEST_INIT;
  request.method = str("POST");
  request.url = str("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
  request.headers = headers;
  request.header_count = 1;
  request.body = str(body);
  return request;
}

costmark_str header_to_set(const costmark_prepared *prepared, const char *name) {
  costmark_str value = COSTMARK_STR_INIT;
  costmark_header_find(prepared->set_headers, prepared->set_header_count, name, strlen(name),
                       &value);
  return value;
}

void clear_environment(void) {
  static const char *const names[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                      "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK",
                                      "AWS_REGION",        "AWS_DEFAULT_REGION",
                                      "OPENAI_PROJECT_ID", "AWS_CREDENTIAL_EXPIRATION",
                                      "AWS_PROFILE",       "AWS_DEFAULT_PROFILE",
                                      "http_proxy",        "https_proxy",
                                      "all_proxy",         "ALL_PROXY"};
  size_t i, k;
  for (i = 0; i < sizeof names / sizeof names[0]; ++i) unsetenv(names[i]);
  setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
  setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
  for (i = 0; i < costmark_option_count(); ++i) {
    char name[80] = "COSTMARK_";
    costmark_option option = COSTMARK_OPTION_INIT;
    costmark_option_read(i, &option);
    for (k = 0; k < option.name.len && k < 60; ++k) {
      name[9 + k] = (char)toupper((unsigned char)option.name.data[k]);
    }
    unsetenv(name);
  }
}
