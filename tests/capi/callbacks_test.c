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

/* What a usage callback was told of last. */
typedef struct {
  host base; /* first: free_host() and call_inside() take either */
  costmark_usage_event event;
  costmark_usage usage;
  char project[40], model[40], id[40];
  costmark_observation *to_free;
} usage_host;

static void copy(char *out, costmark_str text) {
  CHECK(text.len < 40);
  if (text.len > 0) memcpy(out, text.data, text.len);
  out[text.len] = '\0';
}

static void take_usage(void *user_data, const costmark_usage_event *event) {
  usage_host *self = (usage_host *)user_data;
  ++self->base.called;
  CHECK(event->struct_size == sizeof *event);
  CHECK(event->usage->struct_size == sizeof *event->usage);
  self->event = *event;
  self->usage = *event->usage;
  copy(self->project, event->project);
  copy(self->model, event->model);
  copy(self->id, event->response_id);
  CHECK(event->service_tier.data == NULL);
  call_inside(&self->base);
  costmark_observation_free(self->to_free);
}

static costmark_client *client_telling(usage_host *self, const char *const *options) {
  costmark_config *config = config_with(options);
  CHECK_OK(costmark_config_set_usage_callback(config, take_usage, self, free_host, &error));
  return client_of(config);
}

static costmark_observation *observed(costmark_client *client, const char *url) {
  costmark_observation *observation = NULL;
  costmark_prepared *prepared = new_prepared();
  costmark_request request = chat_request("{}");
  if (url != NULL) request.url = str(url);
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK_OK(costmark_observation_new(client, prepared, 1, &observation, &error));
  costmark_prepared_free(prepared);
  return observation;
}

static void attempts_are_told_of(void) {
  static const char *const project[] = {"project", "proj_told", NULL};
  static const char answer[] =
      "{\"id\":\"chatcmpl-7\",\"model\":\"a-model\",\"choices\":[{\"finish_reason\":\"stop\"}],"
      "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}";
  usage_host self;
  costmark_client *client;
  costmark_observation *observation;
  memset(&self, 0, sizeof self);
  client = client_telling(&self, project);
  self.base.client = client;
  observation = observed(client, NULL);
  CHECK_OK(take_head(observation, 200, "application/json", &error));
  CHECK_OK(costmark_observation_feed(observation, answer, strlen(answer), NULL, NULL, &error));
  CHECK(self.base.called == 0);
  CHECK_OK(costmark_observation_finish(observation, NULL, NULL, &error));
  CHECK_OK(costmark_observation_finish(observation, NULL, NULL, &error));
  CHECK(self.base.called == 1 && self.base.inside == COSTMARK_INVALID_ARGUMENT);
  CHECK(strcmp(self.project, "proj_told") == 0 && strcmp(self.model, "a-model") == 0);
  CHECK(strcmp(self.id, "chatcmpl-7") == 0);
  CHECK(self.event.api == COSTMARK_API_CHAT_COMPLETIONS);
  CHECK(self.event.outcome == COSTMARK_OUTCOME_OK);
  CHECK(self.event.http_status == 200 && self.event.attempt == 1);
  CHECK(self.usage.known == (COSTMARK_USAGE_INPUT | COSTMARK_USAGE_OUTPUT));
  CHECK(self.usage.input_tokens == 3 && self.usage.output_tokens == 1);
  costmark_observation_free(observation);
  CHECK(self.base.called == 1);

  /* One that is let go counts as cancelled, and says so from inside of its end. */
  observation = observed(client, NULL);
  costmark_observation_free(observation);
  CHECK(self.base.called == 2 && self.base.inside == COSTMARK_INVALID_ARGUMENT);
  CHECK(self.event.outcome == COSTMARK_OUTCOME_CANCELLED && self.event.http_status == 0);
  CHECK(self.usage.known == 0 && strcmp(self.id, "") == 0);

  /* What spends no tokens is not told of. */
  observation = observed(client, "https://bedrock-mantle.us-east-1.api.aws/v1/models");
  costmark_observation_free(observation);
  CHECK(self.base.called == 2);
  costmark_client_release(client);
  CHECK(self.base.freed == 1);
}

/* A callback cannot pull its own observation away, and may end another one. */
static void observations_that_are_ended_from_inside(void) {
  usage_host self;
  costmark_client *client;
  costmark_observation *observation;
  memset(&self, 0, sizeof self);
  client = client_telling(&self, NULL);
  observation = observed(client, NULL);
  self.to_free = observation;
  CHECK_OK(costmark_observation_fail(observation, COSTMARK_OUTCOME_ERROR, NULL, NULL, &error));
  CHECK(self.base.called == 1);
  CHECK(costmark_observation_outcome(observation) == COSTMARK_OUTCOME_ERROR);
  self.to_free = NULL;
  costmark_observation_free(observation);
  CHECK(costmark_live_handles() == 1);
  costmark_client_release(client);
  CHECK(self.base.freed == 1);
}

typedef struct {
  int called, freed;
  int64_t time;
} clock_host;

static int64_t tell_time(void *user_data) {
  clock_host *self = (clock_host *)user_data;
  ++self->called;
  return self->time;
}

static void free_clock(void *user_data) {
  ++((clock_host *)user_data)->freed;
}

static void the_host_has_the_time(void) {
  static const int64_t bad[] = {-1, INT64_MIN, 253402300800, INT64_MAX};
  clock_host self = {0, 0, 1440938160};
  costmark_config *config = config_with(NULL);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  costmark_client *client;
  size_t i;
  CHECK_OK(costmark_config_set_clock_callback(config, tell_time, &self, free_clock, &error));
  client = client_of(config);
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(self.called > 0);
  CHECK(equal(header_to_set(prepared, "x-amz-date"), "20150830T123600Z"));
  for (i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    self.time = bad[i];
    CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
                costmark_client_prepare(client, &request, prepared, &error));
  }
  costmark_client_release(client);
  CHECK(self.freed == 1);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_clock_callback(NULL, tell_time, &self, free_clock, &error));
  CHECK(self.freed == 2);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_usage_callback(NULL, take_usage, &self, free_clock, &error));
  CHECK(self.freed == 3);
  config = bare_config();
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_clock_callback(config, NULL, &self, free_clock, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_usage_callback(config, NULL, &self, free_clock, &error));
  CHECK(self.freed == 5);
  costmark_config_free(config);
  costmark_prepared_free(prepared);
}

/* Given back for the last time from inside, a client ends when the call into it does. */
typedef struct {
  costmark_client *client;
  costmark_prepared *prepared;
  int freed;
} leaver;

static costmark_status leave(void *user_data, costmark_credentials_sink *sink) {
  leaver *self = (leaver *)user_data;
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_client_release(self->client);
  costmark_prepared_free(self->prepared); /* in use: ignored */
  costmark_prepared_clear(self->prepared);
  CHECK(self->freed == 0);
  credentials.access_key_id = str("AKIDEXAMPLE");
  credentials.secret_access_key = str("not-a-real-secret");
  return costmark_credentials_put(sink, &credentials, NULL);
}

static void free_leaver(void *user_data) {
  ++((leaver *)user_data)->freed;
}

static void clients_that_are_released_from_inside(void) {
  leaver self = {NULL, NULL, 0};
  costmark_config *config = bare_config();
  const costmark_request request = chat_request("{}");
  CHECK_OK(costmark_config_set_credentials_callback(config, leave, &self, free_leaver, &error));
  self.client = client_of(config);
  self.prepared = new_prepared();
  CHECK_OK(costmark_client_prepare(self.client, &request, self.prepared, &error));
  CHECK(self.freed == 1);
  CHECK(header_to_set(self.prepared, "authorization").len > 40);
  costmark_prepared_free(self.prepared);
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
  attempts_are_told_of();
  observations_that_are_ended_from_inside();
  the_host_has_the_time();
  clients_that_are_released_from_inside();
}
