#define _POSIX_C_SOURCE 200112L
#include "check.h"

#include <ctype.h>

int failures = 0;

void check_failure(const char *file, int line, const char *call, costmark_status expected,
                   costmark_status got, const costmark_error *error) {
  size_t len = 0;
  const char *message = costmark_error_message(error, &len);
  const bool good = got == expected && error != NULL && costmark_error_status(error) == got &&
                    len > 0 && strlen(message) == len && strchr(message, '\n') == NULL;
  if (good) return;
  ++failures;
  fprintf(stderr, "%s:%d: %s\n  expected %s, got %s: %s\n", file, line, call,
          costmark_status_name(expected), costmark_status_name(got), message);
}

void check_success(const char *file, int line, const char *call, costmark_status got,
                   const costmark_error *error) {
  if (got == COSTMARK_OK && error == NULL) return;
  ++failures;
  fprintf(stderr, "%s:%d: %s\n  failed with %s: %s\n", file, line, call, costmark_status_name(got),
          costmark_error_message(error, NULL));
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

costmark_prepared *new_prepared(void) {
  costmark_prepared *prepared = NULL;
  CHECK_OK(costmark_prepared_new(&prepared, &error));
  return prepared;
}

costmark_status take_head(costmark_observation *observation, int32_t http_status, const char *type,
                          costmark_error **out_error) {
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  head.http_status = http_status;
  if (type != NULL) head.content_type = str(type);
  return costmark_observation_head(observation, &head, out_error);
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
  size_t i, k, count = 0;
  const costmark_header *headers = costmark_prepared_headers_to_set(prepared, &count);
  for (i = 0; i < count; ++i) {
    bool same = headers[i].name.len == strlen(name);
    for (k = 0; same && name[k] != '\0'; ++k) {
      same = tolower((unsigned char)name[k]) == tolower((unsigned char)headers[i].name.data[k]);
    }
    if (same) return headers[i].value;
  }
  return str(NULL);
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
    costmark_option_info option = COSTMARK_OPTION_INFO_INIT;
    CHECK_OK(costmark_option_get(i, &option, &error));
    for (k = 0; k < option.name.len && k < 60; ++k) {
      name[9 + k] = (char)toupper((unsigned char)option.name.data[k]);
    }
    unsetenv(name);
  }
}
