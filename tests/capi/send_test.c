/* costmark_operation_send() against a server that answers well, badly, slowly and not at all. */
#define _POSIX_C_SOURCE 200112L
#include <pthread.h>
#include <time.h>

#include "check.h"
#include "server.h"

static const char event_1[] =
    "data: {\"id\":\"chatcmpl-7\",\"model\":\"a-model\",\"choices\":[{\"index\":0,\"delta\":"
    "{\"content\":\"Hi\"}}]}\n\n";
static const char event_2[] =
    "data: {\"id\":\"chatcmpl-7\",\"model\":\"a-model\",\"choices\":[{\"index\":0,\"delta\":{},"
    "\"finish_reason\":\"stop\"}]}\n\n";
static const char usage_event[] =
    "data: {\"id\":\"chatcmpl-7\",\"model\":\"a-model\",\"choices\":[],\"usage\":"
    "{\"prompt_tokens\":9,\"completion_tokens\":4,\"total_tokens\":13}}\n\n";
static const char done[] = "data: [DONE]\n\n";
static const char whole_answer[] =
    "{\"id\":\"chatcmpl-8\",\"model\":\"a-model\",\"service_tier\":\"flex\",\"choices\":[{"
    "\"index\":0,"
    "\"message\":{\"role\":\"assistant\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}],"
    "\"usage\":"
    "{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}";
static const char refusal[] = "{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\"}}";
static const char stream_body[] = "{\"model\":\"a-model\",\"stream\":true}";

/* How the server answers: by the target of the request. Runs on the server's threads. */
static bool answer(void *user_data, const server_request *request, int connection) {
  const char *const target = request->target;
  size_t i;
  (void)user_data;
  if (strcmp(target, "/v1/chat/completions") == 0 &&
      strstr(request->body, "\"stream\":true") != NULL) {
    const bool with_usage = strstr(request->body, "\"include_usage\":true") != NULL;
    return server_begin(connection, 200, "text/event-stream") &&
           server_chunk(connection, event_1) && server_chunk(connection, event_2) &&
           (!with_usage || server_chunk(connection, usage_event)) &&
           server_chunk(connection, done) && server_chunk(connection, "");
  }
  if (strcmp(target, "/v1/chat/completions") == 0) {
    return server_answer(connection, 200, "application/json",
                         "x-request-id: req_1\r\nX-Twice: one\r\nx-twice: two\r\n", whole_answer);
  }
  if (strcmp(target, "/bytes/v1/chat/completions") == 0) { /* in chunks of one byte */
    bool fine = server_begin(connection, 200, "text/event-stream");
    const char *const parts[] = {event_1, event_2, usage_event, done};
    for (i = 0; fine && i < 4; ++i) {
      const char *byte;
      for (byte = parts[i]; fine && *byte != '\0'; ++byte) {
        const char one[] = {*byte, '\0'};
        fine = server_chunk(connection, one);
      }
    }
    return fine && server_chunk(connection, "");
  }
  if (strcmp(target, "/refuse/v1/chat/completions") == 0) {
    return server_answer(connection, 400, "application/json", "x-request-id: req_2\r\n", refusal);
  }
  if (strcmp(target, "/moved/v1/chat/completions") == 0) {
    return server_answer(connection, 307, "text/plain", "Location: /v1/chat/completions\r\n", "");
  }
  if (strcmp(target, "/busy/v1/chat/completions") == 0) { /* every second time */
    if (!server_has(request, "\r\nidempotency-key: key-1\r\n")) return false;
    if (request->number % 2 == 1) {
      return server_answer(connection, 429, "application/json", "retry-after-ms: 1\r\n", refusal);
    }
    return server_answer(connection, 200, "application/json", "", whole_answer);
  }
  if (strcmp(target, "/always-busy/v1/chat/completions") == 0) {
    return server_answer(connection, 429, "application/json",
                         "retry-after-ms: 1\r\nx-request-id: req_3\r\n", refusal);
  }
  if (strcmp(target, "/stall/v1/chat/completions") == 0) { /* after the first event */
    server_begin(connection, 200, "text/event-stream");
    server_chunk(connection, event_1);
    server_wait(connection, 20000);
    return false;
  }
  if (strcmp(target, "/mute/v1/chat/completions") == 0) {
    server_wait(connection, 20000);
    return false;
  }
  if (strcmp(target, "/drip/v1/chat/completions") == 0) { /* a head that never ends */
    server_send(connection, "HTTP/1.1 200 OK\r\nx-a: ", 22);
    for (i = 0; i < 2000; ++i) {
      if (!server_send(connection, "a", 1)) return false;
      server_wait(connection, 10);
    }
    return false;
  }
  if (strcmp(target, "/break/v1/chat/completions") == 0) { /* in the middle */
    server_begin(connection, 200, "text/event-stream");
    server_chunk(connection, event_1);
    return false;
  }
  if (strcmp(target, "/gone/v1/chat/completions") == 0) return false;
  if (strcmp(target, "/garbage/v1/chat/completions") == 0) {
    static const char junk[] = "data\xff\x01: {]\r\r\n:\n\ndata: {\"usage\":\n\nevent\n\n";
    return server_begin(connection, 200, "text/event-stream") && server_chunk(connection, junk) &&
           server_chunk(connection, "");
  }
  if (strcmp(target, "/no-http/v1/chat/completions") == 0) {
    server_send(connection, "SSH-2.0-OpenSSH_9.2\r\n\r\n", 23);
    return false;
  }
  if (strcmp(target, "/slow/v1/chat/completions") == 0) { /* half a second, in 50 pieces */
    server_begin(connection, 200, "text/event-stream");
    for (i = 0; i < 50; ++i) {
      if (!server_chunk(connection, event_1)) return false;
      server_wait(connection, 10);
    }
    return server_chunk(connection, event_2) && server_chunk(connection, done) &&
           server_chunk(connection, "");
  }
  return server_answer(connection, 404, "text/plain", "", "not here");
}

/* The client's side of one test. */
typedef struct {
  server *peer;
  costmark_client *client;
  costmark_operation *operation;
  costmark_send_options options;
  costmark_request request;
  char url[120];

  /* What the callbacks saw, and are to do. */
  int heads, pieces;
  size_t len;
  char text[4096];
  costmark_status head_returns, body_returns;
  costmark_cancel *to_cancel;
  costmark_client *to_call;
  costmark_client *to_release;
  costmark_status inside, inside_head;
} sender;

static bool same_text(costmark_str text, const char *expected) {
  return strlen(text.data) == text.len && strcmp(text.data, expected) == 0;
}

static costmark_response response_of(const sender *self) {
  costmark_response out = COSTMARK_RESPONSE_INIT;
  costmark_operation_response(self->operation, &out);
  return out;
}

static costmark_str field_of(const costmark_response *response, const char *name) {
  costmark_str value = COSTMARK_STR_INIT;
  costmark_header_find(response->headers, response->header_count, name, strlen(name), &value);
  return value;
}

/* Sends again, from inside a callback of a send, with another operation of a client. */
static costmark_status call(costmark_client *client, const costmark_request *request) {
  costmark_operation *operation = operation_of(client);
  costmark_usage_report *report = NULL;
  costmark_status status;
  CHECK_OK(costmark_client_usage(client, &report, &error));
  CHECK_OK(costmark_operation_begin(operation, request, &error));
  status = costmark_operation_send(operation, NULL, NULL);
  costmark_usage_report_free(report);
  costmark_operation_free(operation);
  return status;
}

/* The operation that a callback is inside of is refused, and not freed. */
static void call_own(const sender *self) {
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_operation *beside = operation_of(self->to_call);
#define REFUSED(call) CHECK(call == COSTMARK_INVALID_ARGUMENT)
  REFUSED(costmark_operation_begin(self->operation, &self->request, NULL));
  REFUSED(costmark_operation_begin_beside(beside, self->operation, &self->request, NULL));
  REFUSED(costmark_operation_ready(self->operation, NULL, NULL));
  REFUSED(costmark_operation_prepare(self->operation, NULL, NULL, &prepared, NULL));
  REFUSED(take_head(self->operation, 200, NULL));
  REFUSED(costmark_operation_feed(self->operation, "x", 1, NULL));
  REFUSED(costmark_operation_finish(self->operation, NULL, NULL));
  REFUSED(costmark_operation_fail(self->operation, COSTMARK_OUTCOME_ERROR, NULL, NULL));
  REFUSED(costmark_operation_send(self->operation, NULL, NULL));
#undef REFUSED
  costmark_operation_sent(self->operation);
  costmark_operation_free(self->operation);
  costmark_operation_free(beside);
}

static costmark_status take_head_of_answer(void *user_data, const costmark_response *response) {
  sender *self = (sender *)user_data;
  const costmark_str type = field_of(response, "CONTENT-type");
  CHECK(response->struct_size == sizeof *response && self->pieces == 0);
  CHECK(response->http_status == 200 && response->body.data == NULL && response->attempts > 0);
  CHECK(same_text(type, "text/event-stream") || same_text(type, "application/json"));
  ++self->heads;
  if (self->to_call != NULL) {
    self->inside_head = call(self->to_call, &self->request);
    CHECK(response->http_status == 200); /* still */
    CHECK(equal(field_of(response, "content-type"), type.data));
  }
  return self->head_returns;
}

static costmark_status take_piece(void *user_data, const char *data, size_t len) {
  sender *self = (sender *)user_data;
  CHECK(len > 0);
  ++self->pieces;
  if (self->len + len < sizeof self->text) memcpy(self->text + self->len, data, len);
  self->len += len;
  costmark_cancel_stop(self->to_cancel);
  if (self->to_call != NULL) {
    self->inside = call(self->to_call, &self->request);
    call_own(self);
  }
  costmark_client_release(self->to_release);
  self->to_release = NULL;
  return self->body_returns;
}

static sender begin_with(const char *path, const char *body, const char *option,
                         const char *value) {
  const char *options[] = {"project", "proj_send", NULL, NULL, NULL};
  sender self;
  memset(&self, 0, sizeof self);
  options[2] = option;
  options[3] = value;
  self.peer = server_start(answer, NULL);
  CHECK(self.peer != NULL);
  self.client = client_with(options);
  self.operation = operation_of(self.client);
  costmark_init(&self.options, sizeof self.options);
  self.options.on_head = take_head_of_answer;
  self.options.on_body = take_piece;
  self.request = chat_request(body);
  server_url(self.peer, path, self.url);
  return self;
}

static sender begin(const char *path, const char *body) {
  return begin_with(path, body, NULL, NULL);
}

static costmark_status send(sender *self, costmark_error **error) {
  costmark_status status;
  self->request.url = str(self->url);
  self->options.user_data = self;
  self->heads = self->pieces = 0;
  self->len = 0;
  status = costmark_operation_begin(self->operation, &self->request, error);
  if (status != COSTMARK_OK) return status;
  return costmark_operation_send(self->operation, &self->options, error);
}

static costmark_usage_totals totals_of(const costmark_client *client) {
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  costmark_usage_report *report = NULL;
  CHECK_OK(costmark_client_usage(client, &report, &error));
  costmark_usage_report_read(report, 0, &totals);
  costmark_usage_report_free(report);
  return totals;
}

static void end(sender *self) {
  costmark_operation_free(self->operation);
  costmark_client_release(self->client);
  server_stop(self->peer);
}

static void is_empty(const sender *self) {
  const costmark_response response = response_of(self);
  CHECK(shows_nothing(&response, sizeof response));
}

/* Sent, without an answer. */
static void is_unanswered(const sender *self, uint32_t attempts) {
  const costmark_response response = response_of(self);
  CHECK(response.http_status == 0 && response.headers == NULL && response.header_count == 0);
  CHECK(response.body.len == 0 && response.request_id.data == NULL);
  CHECK(response.attempts == attempts);
}

static void a_stream(void) {
  sender self = begin("/v1/chat/completions", stream_body);
  costmark_usage_totals totals;
  costmark_answer shown;
  is_empty(&self);
  CHECK_OK(send(&self, &error));
  CHECK(self.heads == 1 && self.pieces > 0);
  /* The usage was asked for by the library: counted, and not shown. */
  CHECK(self.len == strlen(event_1) + strlen(event_2) + strlen(done));
  CHECK(memcmp(self.text, event_1, strlen(event_1)) == 0);
  CHECK(response_of(&self).http_status == 200 && response_of(&self).attempts == 1);
  CHECK(response_of(&self).body.len == 0 && response_of(&self).hint.data == NULL);
  shown = answer_of(self.operation);
  CHECK(shown.outcome == COSTMARK_OUTCOME_OK && equal(shown.response_id, "chatcmpl-7"));
  CHECK(equal(shown.model_answered, "a-model") && equal(shown.project, "proj_send"));
  CHECK(shown.project_source == COSTMARK_SOURCE_CLIENT);
  CHECK(shown.usage->input_tokens == 9 && shown.usage->output_tokens == 4);
  totals = totals_of(self.client);
  CHECK(totals.operations == 1 && totals.attempts == 1 && totals.failed_attempts == 0);
  CHECK(totals.input_tokens == 9 && totals.output_tokens == 4);
  end(&self);
}

static void a_whole_answer(void) {
  sender self = begin("/v1/chat/completions", "{\"model\":\"a-model\"}");
  costmark_response response;
  size_t i, twice = 0;
  self.options.on_head = NULL;
  self.options.on_body = NULL;
  CHECK_OK(send(&self, &error));
  response = response_of(&self);
  CHECK(equal(response.body, whole_answer));
  CHECK(same_text(response.request_id, "req_1"));
  CHECK(same_text(field_of(&response, "x-TWICE"), "one"));
  CHECK(equal(answer_of(self.operation).service_tier, "flex"));
  for (i = 0; i < response.header_count; ++i) {
    const costmark_header header = response.headers[i];
    CHECK(strlen(header.name.data) == header.name.len);
    CHECK(strlen(header.value.data) == header.value.len);
    if (header.name.len == 7 && header.name.data[1] == '-') ++twice;
  }
  CHECK(response.header_count >= 5 && twice == 2);
  CHECK(field_of(&response, "x-none").data == NULL);
  /* Without options, and again: what was shown goes with the next beginning. */
  CHECK_OK(costmark_operation_send(self.operation, NULL, &error));
  CHECK(response_of(&self).attempts == 2);
  CHECK_OK(costmark_operation_begin(self.operation, &self.request, &error));
  is_empty(&self);
  end(&self);
}

/* What was received stays while the next attempt is prepared by hand. */
static void a_response_lives_on(void) {
  sender self = begin("/v1/chat/completions", "{\"model\":\"a-model\"}");
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  self.options.on_body = NULL;
  CHECK_OK(send(&self, &error));
  CHECK_OK(costmark_operation_prepare(self.operation, NULL, NULL, &prepared, &error));
  costmark_operation_sent(self.operation);
  CHECK(equal(response_of(&self).body, whole_answer));
  CHECK(same_text(response_of(&self).request_id, "req_1"));
  end(&self);
}

/* An answer that refuses is an error, and stands in the response. */
static void refusals(void) {
  sender self = begin("/refuse/v1/chat/completions", "{}");
  costmark_error *failed = NULL;
  CHECK(send(&self, &failed) == COSTMARK_SERVICE);
  CHECK(view_of(failed).http_status == 400 && view_of(failed).retryable == 0);
  CHECK(equal(view_of(failed).request_id, "req_2"));
  costmark_error_free(failed);
  CHECK(self.heads == 0 && self.pieces == 0);
  CHECK(response_of(&self).http_status == 400);
  CHECK(equal(response_of(&self).body, refusal));
  CHECK(response_of(&self).attempts == 1);
  CHECK(answer_of(self.operation).outcome == COSTMARK_OUTCOME_ERROR);
  CHECK(totals_of(self.client).failed_attempts == 1);

  server_url(self.peer, "/moved/v1/chat/completions", self.url); /* not followed */
  CHECK_FAILS(COSTMARK_SERVICE, send(&self, &error));
  CHECK(response_of(&self).http_status == 307);

  server_url(self.peer, "/gone/v1/chat/completions", self.url);
  self.options.max_attempts = 1;
  CHECK_FAILS(COSTMARK_TRANSPORT, send(&self, &error));
  is_unanswered(&self, 2); /* one more for a kept connection */
  CHECK_FAILS(COSTMARK_TRANSPORT, send(&self, &error));
  CHECK(response_of(&self).attempts == 1);
  end(&self);
}

static void attempts(void) {
  static const costmark_header headers[] = {
      {COSTMARK_STR("Content-Type"), COSTMARK_STR("application/json")},
      {COSTMARK_STR("Idempotency-Key"), COSTMARK_STR("key-1")}};
  sender self = begin("/busy/v1/chat/completions", "{}");
  costmark_usage_totals totals;
  costmark_error *failed = NULL;
  self.request.headers = headers;
  self.request.header_count = 2;
  CHECK_OK(send(&self, &error));
  CHECK(response_of(&self).attempts == 2 && self.heads == 1);
  totals = totals_of(self.client);
  CHECK(totals.operations == 1 && totals.attempts == 2 && totals.failed_attempts == 1);
  CHECK(totals.input_tokens == 3 && totals.output_tokens == 2);

  server_url(self.peer, "/always-busy/v1/chat/completions", self.url);
  self.options.max_attempts = 3;
  CHECK(send(&self, &failed) == COSTMARK_THROTTLED);
  CHECK(view_of(failed).http_status == 429 && view_of(failed).retryable == 1);
  CHECK(equal(view_of(failed).request_id, "req_3"));
  costmark_error_free(failed);
  CHECK(response_of(&self).attempts == 3);
  totals = totals_of(self.client);
  CHECK(totals.operations == 2 && totals.attempts == 5 && totals.failed_attempts == 4);
  CHECK(server_connections(self.peer) == 1);
  end(&self);
}

static void connections_are_used_again(void) {
  sender self = begin("/v1/chat/completions", stream_body);
  int i;
  for (i = 0; i < 20; ++i) CHECK_OK(send(&self, &error));
  CHECK(server_requests(self.peer) == 20 && server_connections(self.peer) == 1);
  end(&self);
}

static void broken_answers(void) {
  sender self = begin("/break/v1/chat/completions", stream_body);
  costmark_error *failed = NULL;
  CHECK(send(&self, &failed) == COSTMARK_TRANSPORT);
  costmark_error_free(failed);
  CHECK(self.heads == 1 && self.len == strlen(event_1));
  CHECK(response_of(&self).attempts == 1); /* a piece was handed on */
  CHECK(answer_of(self.operation).outcome == COSTMARK_OUTCOME_INCOMPLETE);
  CHECK(totals_of(self.client).incomplete_attempts == 1);

  server_url(self.peer, "/garbage/v1/chat/completions", self.url);
  CHECK_OK(send(&self, &error)); /* is passed on as it came */
  CHECK(self.len > 0 && memcmp(self.text, "data\xff\x01: {]\r\r\n", 13) == 0);
  CHECK(answer_of(self.operation).outcome != COSTMARK_OUTCOME_OK);

  server_url(self.peer, "/no-http/v1/chat/completions", self.url);
  self.options.max_attempts = 1;
  CHECK_FAILS(COSTMARK_TRANSPORT, send(&self, &error));
  end(&self);
}

static void bytes_one_by_one(void) {
  sender self = begin("/bytes/v1/chat/completions", stream_body);
  CHECK_OK(send(&self, &error));
  CHECK(self.len == strlen(event_1) + strlen(event_2) + strlen(done));
  CHECK(totals_of(self.client).input_tokens == 9);
  end(&self);
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void time_is_up(void) {
  static const char *const paths[] = {"/stall/v1/chat/completions", "/mute/v1/chat/completions",
                                      "/drip/v1/chat/completions"};
  size_t i;
  for (i = 0; i < 3; ++i) {
    sender self = begin(paths[i], stream_body);
    costmark_error *failed = NULL;
    const int64_t start = now_ms();
    self.options.timeout_ms = 100;
    CHECK(send(&self, &failed) == COSTMARK_TIMEOUT);
    CHECK(view_of(failed).message.len > 0);
    costmark_error_free(failed);
    CHECK(now_ms() - start < 5000);
    CHECK(totals_of(self.client).operations == 1);
    end(&self);
  }
}

static void callbacks_that_stop(void) {
  static const costmark_status results[][2] = {
      {COSTMARK_STOPPED_BY_CALLBACK, COSTMARK_STOPPED_BY_CALLBACK},
      {COSTMARK_TRANSPORT, COSTMARK_TRANSPORT}, /* is not tried again for that */
      {COSTMARK_TIMEOUT, COSTMARK_TIMEOUT},
      {COSTMARK_CANCELLED, COSTMARK_CANCELLED},
      {COSTMARK_OUT_OF_MEMORY, COSTMARK_OUT_OF_MEMORY},
      {4711, COSTMARK_INTERNAL},
      {-1, COSTMARK_INTERNAL},
      {INT32_MIN, COSTMARK_INTERNAL}};
  sender self = begin("/v1/chat/completions", stream_body);
  size_t i;
  for (i = 0; i < sizeof results / sizeof results[0]; ++i) {
    self.head_returns = COSTMARK_OK;
    self.body_returns = results[i][0];
    CHECK_FAILS(results[i][1], send(&self, &error));
    CHECK(self.heads == 1 && self.pieces == 1);
    CHECK(response_of(&self).attempts == 1);
    CHECK(answer_of(self.operation).outcome == COSTMARK_OUTCOME_CANCELLED);
    self.head_returns = results[i][0];
    CHECK_FAILS(results[i][1], send(&self, &error));
    CHECK(self.heads == 1 && self.pieces == 0);
  }
  CHECK(totals_of(self.client).operations == 2 * i);
  CHECK(totals_of(self.client).incomplete_attempts == 2 * i);
  end(&self);
}

static void calls_from_inside(void) {
  sender self = begin("/v1/chat/completions", stream_body);
  costmark_client *other = client_with(NULL);
  self.to_call = self.client; /* the callbacks of a send may use its client */
  CHECK_OK(send(&self, &error));
  CHECK(self.inside == COSTMARK_OK && self.inside_head == COSTMARK_OK);
  CHECK(response_of(&self).http_status == 200);
  self.to_call = other;
  CHECK_OK(send(&self, &error));
  CHECK(self.inside == COSTMARK_OK && self.inside_head == COSTMARK_OK);
  CHECK(response_of(&self).http_status == 200);
  costmark_client_release(other);
  /* Released for the last time from inside: the operation keeps it. */
  self.to_call = NULL;
  self.to_release = self.client;
  CHECK_OK(send(&self, &error));
  CHECK(costmark_live_handles() == 1);
  self.client = NULL;
  end(&self);
}

/* A source that has one token, which the service refuses: it is sent once. */
static costmark_status give_refused_token(void *user_data, costmark_bearer_token_sink *sink) {
  ++*(int *)user_data;
  return costmark_bearer_token_put(sink, "token-1", 7, NULL);
}

static bool refuse_token(void *user_data, const server_request *request, int connection) {
  if (server_has(request, "\r\nAuthorization: Bearer token-1\r\n")) ++*(int *)user_data;
  return server_answer(connection, 403, "application/json",
                       "x-amzn-errortype: ExpiredTokenException\r\n", "{}");
}

static void a_refused_token_is_sent_once(void) {
  int asked = 0, came = 0;
  server *peer = server_start(refuse_token, &came);
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  costmark_operation *operation;
  costmark_request request = chat_request("{}");
  costmark_response response = COSTMARK_RESPONSE_INIT;
  char url[80];
  CHECK_OK(costmark_config_new(&config, &error));
  CHECK_OK(costmark_config_set_z(config, "auth", "bearer", &error));
  CHECK_OK(costmark_config_set_z(config, "base_url", server_url(peer, "/v1", url), &error));
  CHECK_OK(costmark_config_set_bearer_token_callback(config, give_refused_token, NULL, &asked, NULL,
                                                     &error));
  CHECK_OK(costmark_client_new(config, &client, &error));
  costmark_config_free(config);
  operation = operation_of(client);
  request.url = str(server_url(peer, "/v1/chat/completions", url));
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  CHECK_FAILS(COSTMARK_SERVICE, costmark_operation_send(operation, NULL, &error));
  costmark_operation_response(operation, &response);
  CHECK(response.http_status == 403 && response.attempts == 1);
  costmark_operation_free(operation);
  costmark_client_release(client);
  server_stop(peer);
  CHECK(asked == 2 && came == 1);
}

typedef struct {
  costmark_cancel *cancel;
  server *peer;
} canceller;

/* Waits until the server has the request, so that there is something to cancel. */
static void *cancel_soon(void *argument) {
  canceller *self = (canceller *)argument;
  const struct timespec pause = {0, 2000000};
  while (server_requests(self->peer) == 0) nanosleep(&pause, NULL);
  nanosleep(&pause, NULL);
  costmark_cancel_stop(self->cancel);
  costmark_cancel_release(self->cancel);
  return NULL;
}

static void cancelled_by_another_thread(void) {
  static const char *const paths[] = {"/stall/v1/chat/completions", "/mute/v1/chat/completions",
                                      "/drip/v1/chat/completions"};
  size_t i;
  for (i = 0; i < 3; ++i) {
    sender self = begin(paths[i], stream_body);
    canceller other;
    pthread_t thread;
    const int64_t start = now_ms();
    CHECK_OK(costmark_cancel_new(&self.options.cancel, &error));
    other.cancel = costmark_cancel_retain(self.options.cancel);
    other.peer = self.peer;
    CHECK(other.cancel == self.options.cancel && !costmark_cancel_stopped(other.cancel));
    CHECK(pthread_create(&thread, NULL, cancel_soon, &other) == 0);
    CHECK_FAILS(COSTMARK_CANCELLED, send(&self, &error));
    pthread_join(thread, NULL);
    CHECK(now_ms() - start < 5000);
    CHECK(costmark_cancel_stopped(self.options.cancel));
    CHECK(answer_of(self.operation).outcome == COSTMARK_OUTCOME_CANCELLED);
    CHECK(totals_of(self.client).operations == 1);
    CHECK(totals_of(self.client).incomplete_attempts == 1);
    costmark_cancel_release(self.options.cancel);
    end(&self);
  }
}

static void cancelled_otherwise(void) {
  sender self = begin("/slow/v1/chat/completions", stream_body);
  CHECK_OK(costmark_cancel_new(&self.options.cancel, &error));
  self.to_cancel = self.options.cancel; /* by the callback */
  CHECK_FAILS(COSTMARK_CANCELLED, send(&self, &error));
  CHECK(self.pieces == 1);
  costmark_cancel_release(self.options.cancel);
  server_url(self.peer, "/v1/chat/completions", self.url); /* even when all has come already */
  CHECK_OK(costmark_cancel_new(&self.options.cancel, &error));
  self.to_cancel = self.options.cancel;
  CHECK_FAILS(COSTMARK_CANCELLED, send(&self, &error));
  CHECK(self.pieces == 1);
  self.to_cancel = NULL;
  CHECK_FAILS(COSTMARK_CANCELLED, send(&self, &error)); /* for good */
  CHECK(server_requests(self.peer) == 2);
  CHECK(totals_of(self.client).operations == 2);
  is_empty(&self);
  costmark_cancel_release(self.options.cancel);
  self.options.cancel = NULL;
  CHECK_OK(send(&self, &error));
  end(&self);
}

static void impossible_options(void) {
  sender self = begin("/v1/chat/completions", stream_body);
  static const costmark_header bad[] = {{COSTMARK_STR("x-a"), COSTMARK_STR("a\r\nb: c")}};
  const costmark_send_options good = self.options;
  const costmark_request request = self.request;
#define REFUSED()                                                \
  do {                                                           \
    CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, send(&self, &error)); \
    CHECK(response_of(&self).http_status == 0);                  \
    self.options = good;                                         \
    self.request = request;                                      \
  } while (0)
  CHECK_OK(send(&self, &error));
  self.options.timeout_ms = -1;
  REFUSED();
  self.options.timeout_ms = INT64_MIN;
  REFUSED();
  self.options.max_attempts = 101;
  REFUSED();
  self.options.max_attempts = UINT32_MAX;
  REFUSED();
  self.options.reserved = 1;
  REFUSED();
  self.options.struct_size = sizeof good - 1;
  REFUSED();
  self.options.struct_size = 0;
  REFUSED();
  self.options.struct_size = SIZE_MAX;
  REFUSED();
  self.request.method = str(NULL);
  REFUSED();
  self.request.method.data = "PO\0ST";
  self.request.method.len = 5;
  REFUSED();
  self.request.headers = bad;
  self.request.header_count = 1;
  REFUSED();
  self.request.headers = NULL;
  self.request.header_count = SIZE_MAX;
  REFUSED();
  self.request.body.len = SIZE_MAX;
  REFUSED();
#undef REFUSED
  CHECK(server_requests(self.peer) == 1);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_operation_begin(self.operation, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_operation_send(self.operation, NULL, &error));
  self.options.timeout_ms = INT64_MAX; /* for ever is a time as well */
  self.options.max_attempts = 100;
  CHECK_OK(send(&self, &error));
  end(&self);
}

/* What prepare refuses is not sent. */
static void what_prepare_refuses(void) {
  sender self = begin_with("/v1/chat/completions", "{\"model\":", "unattributed", "refuse");
  CHECK_FAILS(COSTMARK_INVALID_JSON, send(&self, &error));
  self.request = chat_request("{}");
  self.request.project = str("not an id");
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, send(&self, &error));
  strcpy(self.url, "http://127.0.0.1:0/v1/chat/completions");
  CHECK_FAILS(COSTMARK_INVALID_URL, send(&self, &error));
  is_empty(&self);
  CHECK(server_requests(self.peer) == 0);
  CHECK(totals_of(self.client).operations == 0);
  end(&self);
}

static void nobody_there(void) {
  sender self = begin("/v1/chat/completions", stream_body);
  server *gone = server_start(answer, NULL);
  costmark_error *failed = NULL;
  server_url(gone, "/v1/chat/completions", self.url);
  server_stop(gone);
  self.options.max_attempts = 1;
  CHECK(send(&self, &failed) == COSTMARK_TRANSPORT);
  CHECK(view_of(failed).retryable == 1 && view_of(failed).http_status == 0);
  costmark_error_free(failed);
  is_unanswered(&self, 1);
  CHECK(totals_of(self.client).failed_attempts == 1);
  end(&self);
}

void test_send(void) {
  a_stream();
  a_whole_answer();
  a_response_lives_on();
  refusals();
  attempts();
  connections_are_used_again();
  broken_answers();
  bytes_one_by_one();
  time_is_up();
  callbacks_that_stop();
  calls_from_inside();
  a_refused_token_is_sent_once();
  cancelled_by_another_thread();
  cancelled_otherwise();
  impossible_options();
  what_prepare_refuses();
  nobody_there();
}
