#include "check.h"

/* What one callback saw and is to do. */
typedef struct {
  int called;
  int freed;
  int put; /* how often it puts something */
  int64_t expires_unix_s;
  costmark_status result;
  costmark_client *client; /* to be called from inside */
  costmark_status inside;
  int refused; /* tokens that it was told of */
} host;

#define NEW_HOST {0, 0, 1, 0, COSTMARK_OK, NULL, COSTMARK_OK, 0}

static void free_host(void *user_data) {
  ++((host *)user_data)->freed;
}

/* Calls what takes a client or its operations, which all say the same. */
static void call_inside(host *self) {
  costmark_operation *operation = NULL;
  costmark_usage_report *report = NULL;
  if (self->client == NULL) return;
  self->inside = costmark_operation_new(self->client, &operation, NULL);
  CHECK(costmark_client_usage(self->client, &report, NULL) == self->inside);
  if (self->inside == COSTMARK_OK) {
    const costmark_request request = chat_request("{}");
    costmark_prepared prepared = COSTMARK_PREPARED_INIT;
    CHECK(begin_and_prepare(operation, &request, &prepared, NULL) == COSTMARK_OK);
  }
  costmark_usage_report_free(report);
  costmark_operation_free(operation);
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
  CHECK_FAILS(COSTMARK_NO_CREDENTIALS, costmark_bearer_token_put(sink, "", 0, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_bearer_token_put(sink, NULL, 3, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_bearer_token_put(sink, "t", SIZE_MAX, &error));
  for (i = 0; i < self->put; ++i) CHECK_OK(costmark_bearer_token_put(sink, "token-1", 7, &error));
  return self->result;
}

static void take_refused(void *user_data, const char *token, size_t len) {
  host *self = (host *)user_data;
  ++self->refused;
  CHECK(len == 7 && memcmp(token, "token-1", 7) == 0);
  call_inside(self);
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
  CHECK_OK(costmark_config_set_bearer_token_callback(config, give_token, take_refused, self,
                                                     free_host, &error));
  return client_of(config);
}

static void credentials_are_asked_for_once(void) {
  host self = NEW_HOST;
  costmark_client *client;
  costmark_operation *operation;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request request = chat_request("{}");
  costmark_str authorization;
  self.put = 2;
  client = client_with_credentials_of(&self);
  operation = operation_of(client);
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  CHECK(self.called == 0);
  CHECK_OK(costmark_operation_prepare(operation, NULL, NULL, &prepared, &error));
  CHECK_OK(costmark_operation_prepare(operation, NULL, NULL, &prepared, &error));
  CHECK(self.called == 1 && self.freed == 0);
  authorization = header_to_set(&prepared, "authorization");
  CHECK(authorization.len > 40 &&
        memcmp(authorization.data, "AWS4-HMAC-SHA256 Credential=AKIDLAST/", 37) == 0);
  costmark_client_release(client);
  CHECK(self.freed == 0); /* the operation needs it */
  costmark_operation_free(operation);
  CHECK(self.freed == 1);
}

static void check_result(costmark_status result, int put, costmark_status expected) {
  host self = NEW_HOST;
  const costmark_request request = chat_request("{}");
  costmark_client *client;
  self.put = put;
  self.result = result;
  client = client_with_credentials_of(&self);
  CHECK_FAILS(expected, try_to_prepare(client, &request, &error));
  CHECK(self.called == 1);
  costmark_client_release(client);
  CHECK(self.freed == 1);

  self.called = self.freed = 0;
  client = client_with_tokens_of(&self);
  CHECK_FAILS(expected, try_to_prepare(client, &request, &error));
  CHECK(self.called == 1);
  costmark_client_release(client);
  CHECK(self.freed == 1);
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
  host self = NEW_HOST;
  const costmark_request request = chat_request("{}");
  costmark_client *client;
  self.expires_unix_s = 1;
  client = client_with_credentials_of(&self);
  CHECK_FAILS(COSTMARK_EXPIRED_CREDENTIALS, try_to_prepare(client, &request, &error));
  costmark_client_release(client);
}

static void tokens_are_sent(void) {
  host self = NEW_HOST;
  costmark_client *client = client_with_tokens_of(&self);
  costmark_operation *operation = operation_of(client);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request request = chat_request("{}");
  CHECK_OK(begin_and_prepare(operation, &request, &prepared, &error));
  CHECK(equal(header_to_set(&prepared, "authorization"), "Bearer token-1"));
  CHECK(prepared.authorized == 1);
  costmark_operation_free(operation);
  costmark_client_release(client);
  CHECK(self.freed == 1);
}

/* Takes an answer that refuses what authenticated the request. */
static costmark_next refuse(costmark_operation *operation) {
  static const costmark_header fields[] = {
      {COSTMARK_STR("x-amzn-errortype"), COSTMARK_STR("ExpiredTokenException")}};
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_next next = COSTMARK_NEXT_INIT;
  head.http_status = 403;
  head.headers = fields;
  head.header_count = 1;
  CHECK(costmark_operation_head(operation, &head, NULL) == COSTMARK_OK);
  CHECK(costmark_operation_feed(operation, "{}", 2, NULL) == COSTMARK_OK);
  CHECK(costmark_operation_finish(operation, NULL, &next) == COSTMARK_OK);
  return next;
}

/* A program that does what `next` says sends a token that was refused once, and not again. */
static void a_refused_token_is_sent_once(void) {
  host self = NEW_HOST;
  costmark_client *client = client_with_tokens_of(&self);
  costmark_operation *operation = operation_of(client);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_next next = COSTMARK_NEXT_INIT;
  const costmark_request request = chat_request("{}");
  int sent = 0;
  self.client = client;
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  do {
    if (costmark_operation_prepare(operation, NULL, NULL, &prepared, NULL) != COSTMARK_OK) break;
    costmark_operation_sent(operation);
    ++sent;
    next = refuse(operation);
  } while (next.step == COSTMARK_STEP_AGAIN);
  CHECK(sent == 1 && self.called == 2 && self.refused == 1);
  CHECK(self.inside == COSTMARK_INVALID_ARGUMENT);
  CHECK(next.step == COSTMARK_STEP_AGAIN && next.reason == COSTMARK_REASON_REFUSED);
  CHECK(costmark_operation_finish(operation, NULL, &next) == COSTMARK_OK);
  CHECK(next.step == COSTMARK_STEP_DONE && next.reason == COSTMARK_REASON_NOT_RENEWED);
  costmark_operation_free(operation);
  costmark_client_release(client);
}

/* A source without the second callback is not told. */
static void refusals_need_no_callback(void) {
  host self = NEW_HOST;
  costmark_config *config = bare_config();
  costmark_client *client;
  costmark_operation *operation;
  const costmark_request request = chat_request("{}");
  CHECK_OK(costmark_config_set(config, "auth", 4, "bearer", 6, &error));
  CHECK_OK(costmark_config_set_bearer_token_callback(config, give_token, NULL, &self, free_host,
                                                     &error));
  client = client_of(config);
  operation = sent_operation(client, &request);
  CHECK(refuse(operation).step == COSTMARK_STEP_AGAIN);
  CHECK(self.refused == 0);
  costmark_operation_free(operation);
  costmark_client_release(client);
  CHECK(self.freed == 1);
}

/* A call of the same client from inside would wait for itself; it is refused instead. */
static void calls_from_inside_are_refused(void) {
  host self = NEW_HOST;
  costmark_client *client = client_with_credentials_of(&self);
  const costmark_request request = chat_request("{}");
  self.client = client;
  CHECK_OK(try_to_prepare(client, &request, &error));
  CHECK(self.inside == COSTMARK_INVALID_ARGUMENT);
  costmark_client_release(client);
}

static void calls_of_another_client_are_not(void) {
  host self = NEW_HOST;
  costmark_client *client = client_with_credentials_of(&self), *other = client_with(NULL);
  const costmark_request request = chat_request("{}");
  self.client = other;
  self.inside = COSTMARK_INTERNAL;
  CHECK_OK(try_to_prepare(client, &request, &error));
  CHECK(self.inside == COSTMARK_OK);
  costmark_client_release(client);
  costmark_client_release(other);
}

/* Calls with operations of the client that asks: this one, and another one. */
typedef struct {
  costmark_operation *own, *other;
} user_of_operations;

static costmark_status use_operations(void *user_data, costmark_credentials_sink *sink) {
  user_of_operations *self = (user_of_operations *)user_data;
  costmark_operation *both[2];
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request request = chat_request("{}");
  costmark_str piece = COSTMARK_STR_INIT;
  size_t i;
  both[0] = self->own;
  both[1] = self->other;
  for (i = 0; i < 2; ++i) {
#define REFUSED(call) CHECK(call == COSTMARK_INVALID_ARGUMENT)
    REFUSED(costmark_operation_begin(both[i], &request, NULL));
    REFUSED(costmark_operation_begin_beside(both[i], both[1 - i], &request, NULL));
    REFUSED(costmark_operation_ready(both[i], NULL, NULL));
    REFUSED(costmark_operation_prepare(both[i], NULL, NULL, &prepared, NULL));
    costmark_operation_sent(both[i]);
    REFUSED(take_head(both[i], 200, NULL));
    REFUSED(costmark_operation_feed(both[i], "x", 1, &piece));
    CHECK(equal(piece, "x"));
    REFUSED(costmark_operation_finish(both[i], NULL, NULL));
    REFUSED(costmark_operation_fail(both[i], COSTMARK_OUTCOME_ERROR, NULL, NULL));
    REFUSED(costmark_operation_send(both[i], NULL, NULL));
#undef REFUSED
  }
  costmark_operation_free(self->own); /* in use: nothing happens */
  costmark_operation_free(self->other);
  credentials.access_key_id = str("AKIDEXAMPLE");
  credentials.secret_access_key = str("not-a-real-secret");
  return costmark_credentials_put(sink, &credentials, NULL);
}

static void operations_are_refused_from_inside(void) {
  user_of_operations self;
  costmark_config *config = bare_config();
  costmark_client *client;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request request = chat_request("{}");
  CHECK_OK(costmark_config_set_credentials_callback(config, use_operations, &self, NULL, &error));
  client = client_of(config);
  self.own = operation_of(client);
  self.other = operation_of(client);
  CHECK_OK(costmark_operation_begin(self.other, &request, &error));
  CHECK_OK(begin_and_prepare(self.own, &request, &prepared, &error));
  CHECK(prepared.authorized == 1);
  costmark_operation_sent(self.own);
  CHECK(answer_of(self.own).attempt == 1);
  CHECK(costmark_live_handles() == 2); /* the other one was ended */
  costmark_operation_free(self.own);
  costmark_client_release(client);
}

static void lines_are_logged(void) {
  host self = NEW_HOST;
  costmark_config *config = config_with(NULL);
  const costmark_request request = chat_request("{}");
  costmark_client *client;
  CHECK_OK(costmark_config_set_log_callback(config, take_line, &self, free_host, &error));
  client = client_of(config);
  self.client = client;
  CHECK_OK(try_to_prepare(client, &request, &error));
  CHECK(self.called > 0 && self.inside == COSTMARK_INVALID_ARGUMENT);
  costmark_client_release(client);
  CHECK(self.freed == 1);
}

static void finalizers_run_once_whatever_happens(void) {
  host first = NEW_HOST, second = NEW_HOST, third = NEW_HOST;
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
                                             NULL, give_token, NULL, &first, free_host, &error));
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
  costmark_answer answer;
  costmark_usage usage;
  char project[40], model[40], id[40], operation[40];
  costmark_operation *to_free;
} usage_host;

static void copy(char *out, costmark_str text) {
  CHECK(text.len < 40);
  if (text.len > 0) memcpy(out, text.data, text.len + 1); /* with its NUL */
  out[text.len] = '\0';
}

static void take_usage(void *user_data, const costmark_answer *answer) {
  usage_host *self = (usage_host *)user_data;
  ++self->base.called;
  CHECK(answer->struct_size == sizeof *answer && answer->kind == COSTMARK_ANSWER_ATTEMPT);
  CHECK(answer->usage->struct_size == sizeof *answer->usage);
  self->answer = *answer;
  self->usage = *answer->usage;
  copy(self->project, answer->project);
  copy(self->model, answer->model_answered);
  copy(self->id, answer->response_id);
  copy(self->operation, answer->operation);
  CHECK(answer->service_tier.data == NULL);
  call_inside(&self->base);
  costmark_operation_free(self->to_free);
}

static costmark_client *client_telling(usage_host *self, const char *const *options) {
  costmark_config *config = config_with(options);
  CHECK_OK(costmark_config_set_usage_callback(config, take_usage, self, free_host, &error));
  return client_of(config);
}

static costmark_operation *sent_to(costmark_client *client, const char *url) {
  costmark_request request = chat_request("{\"model\":\"asked\"}");
  if (url != NULL) request.url = str(url);
  return sent_operation(client, &request);
}

static void attempts_are_told_of(void) {
  static const char *const project[] = {"project", "proj_told", NULL};
  static const char answer[] =
      "{\"id\":\"chatcmpl-7\",\"model\":\"a-model\",\"choices\":[{\"finish_reason\":\"stop\"}],"
      "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}";
  usage_host self;
  costmark_client *client;
  costmark_operation *operation;
  memset(&self, 0, sizeof self);
  client = client_telling(&self, project);
  self.base.client = client;
  operation = sent_to(client, NULL);
  CHECK(take_head(operation, 200, "application/json") == COSTMARK_OK);
  CHECK(costmark_operation_feed(operation, answer, strlen(answer), NULL) == COSTMARK_OK);
  CHECK(self.base.called == 0);
  CHECK(costmark_operation_finish(operation, NULL, NULL) == COSTMARK_OK);
  CHECK(costmark_operation_finish(operation, NULL, NULL) == COSTMARK_OK);
  CHECK(self.base.called == 1 && self.base.inside == COSTMARK_INVALID_ARGUMENT);
  CHECK(strcmp(self.project, "proj_told") == 0 && strcmp(self.model, "a-model") == 0);
  CHECK(strcmp(self.id, "chatcmpl-7") == 0 && strlen(self.operation) == 36);
  CHECK(self.answer.model.len == 5 && self.answer.project_source == COSTMARK_SOURCE_CLIENT);
  CHECK(self.answer.api == COSTMARK_API_CHAT_COMPLETIONS);
  CHECK(self.answer.outcome == COSTMARK_OUTCOME_OK);
  CHECK(self.answer.http_status == 200 && self.answer.attempt == 1);
  CHECK(self.answer.latency_us >= self.answer.first_byte_us && self.answer.first_byte_us >= 0);
  CHECK((self.usage.known & ~COSTMARK_USAGE_TOTAL) ==
        (COSTMARK_USAGE_INPUT | COSTMARK_USAGE_OUTPUT));
  CHECK(self.usage.input_tokens == 3 && self.usage.output_tokens == 1);
  costmark_operation_free(operation);
  CHECK(self.base.called == 1);

  /* One that is let go counts as cancelled, and says so from inside of its end. */
  operation = sent_to(client, NULL);
  costmark_operation_free(operation);
  CHECK(self.base.called == 2 && self.base.inside == COSTMARK_INVALID_ARGUMENT);
  CHECK(self.answer.outcome == COSTMARK_OUTCOME_CANCELLED && self.answer.http_status == 0);
  CHECK(self.answer.first_byte_us == -1);
  CHECK(self.usage.known == 0 && strcmp(self.id, "") == 0);

  /* What spends no tokens is not told of. */
  operation = sent_to(client, "https://bedrock-mantle.us-east-1.api.aws/v1/models");
  costmark_operation_free(operation);
  CHECK(self.base.called == 2);
  costmark_client_release(client);
  CHECK(self.base.freed == 1);
}

/* A callback cannot pull its own operation away. */
static void operations_that_are_ended_from_inside(void) {
  usage_host self;
  costmark_client *client;
  costmark_operation *operation;
  memset(&self, 0, sizeof self);
  client = client_telling(&self, NULL);
  operation = sent_to(client, NULL);
  self.to_free = operation;
  CHECK(costmark_operation_fail(operation, COSTMARK_OUTCOME_ERROR, NULL, NULL) == COSTMARK_OK);
  CHECK(self.base.called == 1);
  CHECK(answer_of(operation).outcome == COSTMARK_OUTCOME_ERROR);
  self.to_free = NULL;
  costmark_operation_free(operation);
  CHECK(costmark_live_handles() == 1);

  /* Also where its end is what calls back. */
  operation = sent_to(client, NULL);
  self.to_free = operation;
  costmark_operation_free(operation);
  CHECK(self.base.called == 2);
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
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request request = chat_request("{}");
  costmark_client *client;
  costmark_operation *operation;
  size_t i;
  CHECK_OK(costmark_config_set_clock_callback(config, tell_time, &self, free_clock, &error));
  client = client_of(config);
  operation = operation_of(client);
  CHECK_OK(begin_and_prepare(operation, &request, &prepared, &error));
  CHECK(self.called > 0);
  CHECK(equal(header_to_set(&prepared, "x-amz-date"), "20150830T123600Z"));
  for (i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    self.time = bad[i];
    CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
                costmark_operation_prepare(operation, NULL, NULL, &prepared, &error));
  }
  costmark_operation_free(operation);
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
}

/* Released for the last time from inside, a client ends when the call into it does. */
typedef struct {
  costmark_client *client;
  costmark_verification *verification;
  int freed;
} leaver;

static costmark_status leave(void *user_data, costmark_credentials_sink *sink) {
  leaver *self = (leaver *)user_data;
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  costmark_client_release(self->client);
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
  CHECK_OK(costmark_config_set_z(config, "base_url", "http://127.0.0.1:9/v1", &error));
  CHECK_OK(costmark_config_set_z(config, "auth", "sigv4", &error));
  CHECK_OK(costmark_config_set_z(config, "region", "us-east-1", &error));
  CHECK_OK(costmark_config_set_z(config, "project", "proj_a", &error));
  CHECK_OK(costmark_config_set_credentials_callback(config, leave, &self, free_leaver, &error));
  self.client = client_of(config);
  CHECK_OK(costmark_client_verify(self.client, NULL, &self.verification, &error));
  CHECK(self.freed == 1);
  costmark_verification_free(self.verification);
}

void test_callbacks(void) {
  credentials_are_asked_for_once();
  what_they_return_is_returned();
  expired_credentials_are_refused();
  tokens_are_sent();
  a_refused_token_is_sent_once();
  refusals_need_no_callback();
  calls_from_inside_are_refused();
  calls_of_another_client_are_not();
  operations_are_refused_from_inside();
  lines_are_logged();
  finalizers_run_once_whatever_happens();
  attempts_are_told_of();
  operations_that_are_ended_from_inside();
  the_host_has_the_time();
  clients_that_are_released_from_inside();
}
