#include "check.h"

/* What one callback saw and is to do. */
typedef struct {
  int called;
  int freed;
  int put; /* how often it puts something */
  int64_t expires_unix_s;
  costmark_status result;
  const costmark_client *client; /* to be called from inside */
  costmark_status inside;
} host;

static void free_host(void *user_data) {
  ++((host *)user_data)->freed;
}

static void call_inside(host *self) {
  costmark_request request = chat_request("{}");
  costmark_prepared *prepared = NULL;
  if (self->client == NULL) return;
  CHECK_OK(costmark_prepared_new(&prepared, &error));
  self->inside = costmark_client_prepare(self->client, &request, prepared, NULL);
  costmark_prepared_free(prepared);
}

static costmark_status give_credentials(void *user_data, costmark_credentials_sink *sink) {
  host *self = (host *)user_data;
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  int i;
  ++self->called;
  call_inside(self);
  credentials.secret_access_key = str("shh");
  credentials.expires_unix_s = self->expires_unix_s;
  CHECK_FAILS(COSTMARK_NO_CREDENTIALS, costmark_credentials_put(sink, &credentials, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_credentials_put(sink, NULL, &error));
  for (i = 0; i < self->put; ++i) {
    credentials.access_key_id = str(i + 1 == self->put ? "AKIDLAST" : "AKIDFIRST");
    CHECK_OK(costmark_credentials_put(sink, &credentials, &error));
  }
  return self->result;
}

static costmark_status give_token(void *user_data, costmark_bearer_token_sink *sink) {
  host *self = (host *)user_data;
  int i;
  ++self->called;
  call_inside(self);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_bearer_token_put(sink, "", 0, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_bearer_token_put(sink, NULL, 3, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_bearer_token_put(sink, "t", SIZE_MAX, &error));
  for (i = 0; i < self->put; ++i) CHECK_OK(costmark_bearer_token_put(sink, "token-1", 7, &error));
  return self->result;
}

static void take_line(void *user_data, costmark_log_level level, const char *message, size_t len) {
  host *self = (host *)user_data;
  ++self->called;
  CHECK(level >= COSTMARK_LOG_DEBUG && level <= COSTMARK_LOG_ERROR);
  CHECK(len > 0 && memchr(message, '\n', len) == NULL);
  call_inside(self);
}

static costmark_config *bare_config(void) {
  costmark_config *config = NULL;
  CHECK_OK(costmark_config_new(&config, &error));
  return config;
}

static costmark_client *client_of(costmark_config *config) {
  costmark_client *client = NULL;
  CHECK_OK(costmark_client_new(config, &client, &error));
  costmark_config_free(config);
  return client;
}

static costmark_client *client_with_credentials_of(host *self) {
  costmark_config *config = bare_config();
  CHECK_OK(
      costmark_config_set_credentials_callback(config, give_credentials, self, free_host, &error));
  return client_of(config);
}

static costmark_client *client_with_tokens_of(host *self) {
  costmark_config *config = bare_config();
  CHECK_OK(costmark_config_set(config, "auth", 4, "bearer", 6, &error));
  CHECK_OK(costmark_config_set_bearer_token_callback(config, give_token, self, free_host, &error));
  return client_of(config);
}

static void credentials_are_asked_for_once(void) {
  host self = {0, 0, 2, 0, COSTMARK_OK, NULL, COSTMARK_OK};
  costmark_client *client = client_with_credentials_of(&self);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  costmark_str authorization;
  CHECK(self.called == 0);
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(self.called == 1 && self.freed == 0);
  authorization = header_to_set(prepared, "authorization");
  CHECK(authorization.len > 40 &&
        memcmp(authorization.data, "AWS4-HMAC-SHA256 Credential=AKIDLAST/", 37) == 0);
  costmark_client_release(client);
  CHECK(self.freed == 1);
  costmark_prepared_free(prepared);
}

static void check_result(costmark_status result, int put, costmark_status expected) {
  host self = {0, 0, 0, 0, COSTMARK_OK, NULL, COSTMARK_OK};
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  costmark_client *client;
  self.put = put;
  self.result = result;
  client = client_with_credentials_of(&self);
  CHECK_FAILS(expected, costmark_client_prepare(client, &request, prepared, &error));
  CHECK(self.called == 1);
  costmark_client_release(client);
  CHECK(self.freed == 1);

  self.called = self.freed = 0;
  client = client_with_tokens_of(&self);
  CHECK_FAILS(expected, costmark_client_prepare(client, &request, prepared, &error));
  CHECK(self.called == 1);
  costmark_client_release(client);
  CHECK(self.freed == 1);
  costmark_prepared_free(prepared);
}

static void what_they_return_is_returned(void) {
  check_result(COSTMARK_STOPPED_BY_CALLBACK, 0, COSTMARK_STOPPED_BY_CALLBACK);
  check_result(COSTMARK_STOPPED_BY_CALLBACK, 1, COSTMARK_STOPPED_BY_CALLBACK);
  check_result(COSTMARK_TIMEOUT, 0, COSTMARK_TIMEOUT);
  check_result(COSTMARK_NO_CREDENTIALS, 0, COSTMARK_NO_CREDENTIALS);
  check_result(COSTMARK_OK, 0, COSTMARK_NO_CREDENTIALS);
  check_result(4711, 1, COSTMARK_INTERNAL);
  check_result(-1, 1, COSTMARK_INTERNAL);
}

static void expired_credentials_are_refused(void) {
  host self = {0, 0, 1, 1, COSTMARK_OK, NULL, COSTMARK_OK};
  costmark_client *client = client_with_credentials_of(&self);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  CHECK_FAILS(COSTMARK_EXPIRED_CREDENTIALS,
              costmark_client_prepare(client, &request, prepared, &error));
  costmark_client_release(client);
  costmark_prepared_free(prepared);
}

static void tokens_are_sent(void) {
  host self = {0, 0, 2, 0, COSTMARK_OK, NULL, COSTMARK_OK};
  costmark_client *client = client_with_tokens_of(&self);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(equal(header_to_set(prepared, "authorization"), "Bearer token-1"));
  costmark_client_release(client);
  costmark_prepared_free(prepared);
  CHECK(self.freed == 1);
}

/* A call of the same client from inside would wait for itself; it is refused instead. */
static void calls_from_inside_are_refused(void) {
  host self = {0, 0, 1, 0, COSTMARK_OK, NULL, COSTMARK_OK};
  costmark_client *client = client_with_credentials_of(&self);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  self.client = client;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(self.inside == COSTMARK_INVALID_ARGUMENT);
  costmark_client_release(client);
  costmark_prepared_free(prepared);
}

static void calls_of_another_client_are_not(void) {
  host self = {0, 0, 1, 0, COSTMARK_OK, NULL, COSTMARK_INTERNAL};
  costmark_client *client = client_with_credentials_of(&self), *other = client_with(NULL);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  self.client = other;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(self.inside == COSTMARK_OK);
  costmark_client_release(client);
  costmark_client_release(other);
  costmark_prepared_free(prepared);
}

static void lines_are_logged(void) {
  host self = {0, 0, 0, 0, COSTMARK_OK, NULL, COSTMARK_OK};
  costmark_config *config = config_with(NULL);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  costmark_client *client;
  CHECK_OK(costmark_config_set_log_callback(config, take_line, &self, free_host, &error));
  client = client_of(config);
  self.client = client;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(self.called > 0 && self.inside == COSTMARK_INVALID_ARGUMENT);
  costmark_prepared_free(prepared);
  costmark_client_release(client);
  CHECK(self.freed == 1);
}

static void finalisers_run_once_whatever_happens(void) {
  host first = {0, 0, 0, 0, COSTMARK_OK, NULL, COSTMARK_OK}, second = first, third = first;
  costmark_config *config = bare_config();
  costmark_client *one = NULL, *two = NULL;
  /* The receiving call fails. */
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_log_callback(NULL, take_line, &first, free_host, &error));
  CHECK(first.freed == 1);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_log_callback(config, NULL, &first, free_host, &error));
  CHECK(first.freed == 2);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_credentials_callback(config, NULL, &first, free_host, &error));
  CHECK(first.freed == 3);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set_bearer_token_callback(
                                             NULL, give_token, &first, free_host, &error));
  CHECK(first.freed == 4);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_log_callback(config, NULL, &first, NULL, &error));

  /* Replaced, and shared by two clients. */
  first.freed = 0;
  CHECK_OK(costmark_config_set_log_callback(config, take_line, &first, free_host, &error));
  CHECK_OK(costmark_config_set_log_callback(config, take_line, &second, free_host, &error));
  CHECK(first.freed == 1 && second.freed == 0);
  CHECK_OK(costmark_client_new(config, &one, &error));
  CHECK_OK(costmark_client_new(config, &two, &error));
  CHECK_OK(costmark_config_set_log_callback(config, take_line, &third, NULL, &error));
  costmark_client_release(one);
  CHECK(second.freed == 0);
  costmark_config_free(config);
  CHECK(second.freed == 0);
  costmark_client_release(two);
  CHECK(second.freed == 1 && third.freed == 0);
}

static void an_observation_keeps_the_callbacks(void) {
  host self = {0, 0, 1, 0, COSTMARK_OK, NULL, COSTMARK_OK};
  costmark_client *client = client_with_credentials_of(&self);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  costmark_observation *observation = NULL;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK_OK(costmark_observation_new(client, prepared, 1, &observation, &error));
  costmark_prepared_free(prepared);
  costmark_client_release(client);
  CHECK(self.freed == 0);
  costmark_observation_free(observation);
  CHECK(self.freed == 1);
}

void test_callbacks(void) {
  credentials_are_asked_for_once();
  what_they_return_is_returned();
  expired_credentials_are_refused();
  tokens_are_sent();
  calls_from_inside_are_refused();
  calls_of_another_client_are_not();
  lines_are_logged();
  finalisers_run_once_whatever_happens();
  an_observation_keeps_the_callbacks();
}
