/* costmark_client_verify() against endpoints that read the project, and that do not. */
#include "check.h"
#include "server.h"

/* What the server of a test is to do, and what it saw. */
typedef struct {
  bool reads_project; /* refuses projects that it does not know */
  int status;         /* of every answer, instead */
} endpoint;

static bool answer_probe(void *user_data, const server_request *request, int connection) {
  static const char answer[] =
      "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"model\":\"openai.gpt-oss-20b\","
      "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"x\"},"
      "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}";
  const endpoint *self = (const endpoint *)user_data;
  const bool known = strstr(request->body, "\"project_id\":\"proj_real\"") != NULL;
  if (self->status != 0) {
    return server_answer(connection, self->status, "application/json", "",
                         "{\"error\":{\"code\":\"internal_error\",\"message\":\"no\"}}");
  }
  if (self->reads_project && !known) {
    char body[256], project[80] = "";
    const char *at = strstr(request->body, "\"project_id\":\"");
    if (at != NULL) sscanf(at + 14, "%79[^\"]", project);
    sprintf(body,
            "{\"error\":{\"code\":\"not_found_error\",\"message\":\"Project '%s' does not "
            "exist\"}}",
            project);
    return server_answer(connection, 404, "application/json", "x-request-id: req_1\r\n", body);
  }
  return server_answer(connection, 200, "application/json", "x-request-id: req_2\r\n", answer);
}

/* A client of an endpoint; the server's, when it is done, is to be stopped. */
static costmark_client *client_of(endpoint *self, const char *verify, server **out_server) {
  const char *options[] = {"project", "proj_real", "verify_model", "openai.gpt-oss-20b",
                           "verify",  NULL,        "base_url",     NULL,
                           NULL};
  char url[80];
  *out_server = server_start(answer_probe, self);
  CHECK(*out_server != NULL);
  options[5] = verify;
  options[7] = server_url(*out_server, "/v1", url);
  return client_with(options);
}

static costmark_verification_view shown(const costmark_verification *verification) {
  costmark_verification_view view = COSTMARK_VERIFICATION_VIEW_INIT;
  costmark_verification_read(verification, &view);
  return view;
}

static void check_text(costmark_str text) {
  CHECK(text.len > 0 && strlen(text.data) == text.len);
}

static void honored(void) {
  endpoint self = {true, 0};
  server *peer;
  costmark_client *client = client_of(&self, "false", &peer);
  costmark_verification *verification = NULL;
  costmark_verification_view view;
  costmark_probe probe = COSTMARK_PROBE_INIT;
  size_t i;
  CHECK_OK(costmark_client_verify(client, NULL, &verification, &error));
  view = shown(verification);
  CHECK(view.verdict == COSTMARK_VERDICT_HONORED);
  check_text(view.reason);
  check_text(view.endpoint);
  CHECK(strncmp(view.endpoint.data, "http://127.0.0.1:", 17) == 0);
  CHECK(equal(view.carrier, "body") && equal(view.project, "proj_real"));
  CHECK(equal(view.model, "openai.gpt-oss-20b") && view.retryable == 0);
  CHECK(view.checked_unix_s > 1700000000 && view.probe_count == 2);
  for (i = 0; i < 2; ++i) {
    costmark_verification_probe(verification, i, &probe);
    CHECK(probe.finding.len > 0 && probe.request.len > 0 && probe.reserved == 0);
    CHECK(strncmp(probe.request.data, "POST http://127.0.0.1:", 22) == 0);
    CHECK(equal(probe.request_id, i == 0 ? "req_1" : "req_2"));
    CHECK(probe.http_status == (i == 0 ? 404 : 200));
    CHECK(equal(probe.project, "proj_real") == (i == 1));
  }
  CHECK(probe.code.data == NULL && probe.code.len == 0);
  costmark_verification_probe(verification, 2, &probe);
  CHECK(probe.struct_size == sizeof probe && shows_nothing(&probe, sizeof probe));
  costmark_verification_probe(verification, SIZE_MAX, &probe);
  CHECK(shows_nothing(&probe, sizeof probe));
  costmark_verification_probe(verification, 0, NULL);
  costmark_verification_free(verification);
  costmark_client_release(client);
  server_stop(peer);
}

static void not_honored_and_unknown(void) {
  endpoint self = {false, 0};
  server *peer;
  costmark_client *client = client_of(&self, "false", &peer);
  costmark_verification *verification = NULL;
  CHECK_OK(costmark_client_verify(client, NULL, &verification, &error));
  CHECK(shown(verification).verdict == COSTMARK_VERDICT_NOT_HONORED);
  costmark_verification_free(verification);
  costmark_client_release(client);
  server_stop(peer);

  self.status = 503;
  client = client_of(&self, "false", &peer);
  CHECK_OK(costmark_client_verify(client, NULL, &verification, &error));
  CHECK(shown(verification).verdict == COSTMARK_VERDICT_UNKNOWN);
  CHECK(shown(verification).retryable == 1);
  costmark_verification_free(verification);
  costmark_client_release(client);
  server_stop(peer);
}

/* Every field of the request does something. */
static void what_is_asked_for(void) {
  static const costmark_header header[] = {{COSTMARK_STR("x-key"), COSTMARK_STR("k")}};
  endpoint self = {true, 0};
  server *peer;
  costmark_client *client = client_of(&self, "false", &peer);
  costmark_verification *verification = NULL;
  costmark_verify_request request = COSTMARK_VERIFY_REQUEST_INIT;
  char url[80];
  int before;
  request.project = str("proj_other");
  request.model = str("openai.gpt-oss-120b");
  request.url = str(server_url(peer, "/v1/chat/completions", url));
  request.headers = header;
  request.header_count = 1;
  request.timeout_ms = INT64_MAX;
  request.api = COSTMARK_API_CHAT_COMPLETIONS;
  CHECK_OK(costmark_client_verify(client, &request, &verification, &error));
  CHECK(equal(shown(verification).project, "proj_other"));
  CHECK(equal(shown(verification).model, "openai.gpt-oss-120b"));
  CHECK(equal(shown(verification).endpoint, url));
  costmark_verification_free(verification);

  costmark_init(&request, sizeof request);
  CHECK_OK(costmark_client_verify(client, &request, &verification, &error));
  costmark_verification_free(verification);
  before = server_requests(peer);
  CHECK_OK(costmark_client_verify(client, &request, &verification, &error));
  costmark_verification_free(verification);
  CHECK(server_requests(peer) == before); /* known */
  request.force = 1;
  CHECK_OK(costmark_client_verify(client, &request, &verification, &error));
  costmark_verification_free(verification);
  CHECK(server_requests(peer) > before);
  costmark_client_release(client);
  server_stop(peer);
}

static void bad_requests(void) {
  endpoint self = {true, 0};
  server *peer;
  costmark_client *client = client_of(&self, "false", &peer);
  costmark_verify_request request = COSTMARK_VERIFY_REQUEST_INIT;
  costmark_verification *verification = (costmark_verification *)&request;
  costmark_str *fields[3];
  size_t i;
#define REFUSED()                                                                 \
  do {                                                                            \
    CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,                                        \
                costmark_client_verify(client, &request, &verification, &error)); \
    CHECK(verification == NULL);                                                  \
    costmark_init(&request, sizeof request);                                      \
  } while (0)
  fields[0] = &request.project;
  fields[1] = &request.model;
  fields[2] = &request.url;
  for (i = 0; i < 3; ++i) {
    fields[i]->len = 3;
    REFUSED();
    fields[i]->data = "abc";
    fields[i]->len = SIZE_MAX;
    REFUSED();
  }
  request.header_count = 1;
  REFUSED();
  request.timeout_ms = -1;
  REFUSED();
  request.api = -1;
  REFUSED();
  request.api = COSTMARK_API_CONTROL;
  REFUSED();
  request.force = 2;
  REFUSED();
  request.struct_size = 8;
  REFUSED();
#undef REFUSED
  request.project.data = "proj\0x";
  request.project.len = 6;
  CHECK_FAILS(COSTMARK_INVALID_PROJECT,
              costmark_client_verify(client, &request, &verification, &error));
  costmark_init(&request, sizeof request);
  request.url = str("no url");
  CHECK_FAILS(COSTMARK_INVALID_URL,
              costmark_client_verify(client, &request, &verification, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_client_verify(client, NULL, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_client_verify(NULL, NULL, &verification, &error));
  CHECK(server_requests(peer) == 0);
  costmark_client_release(client);
  server_stop(peer);
}

/* With option `verify`, preparing waits for the proof, unless it must not. */
static void what_prepare_may_do(void) {
  endpoint self = {true, 0};
  server *peer;
  costmark_client *client = client_of(&self, "true", &peer);
  costmark_operation *operation = operation_of(client);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_wait no_wait = COSTMARK_WAIT_INIT;
  costmark_request request = chat_request("{\"model\":\"openai.gpt-oss-20b\"}");
  char url[80];
  no_wait.no_wait = 1;
  request.url = str(server_url(peer, "/v1/chat/completions", url));
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  CHECK_FAILS(COSTMARK_WOULD_BLOCK,
              costmark_operation_prepare(operation, NULL, &no_wait, &prepared, &error));
  CHECK(server_requests(peer) == 0);
  CHECK_OK(costmark_operation_ready(operation, NULL, &error));
  CHECK(server_requests(peer) == 2);
  CHECK_OK(costmark_operation_prepare(operation, NULL, &no_wait, &prepared, &error));
  CHECK(server_requests(peer) == 2);
  costmark_operation_free(operation);
  costmark_client_release(client);
  server_stop(peer);
}

/* An endpoint that ignores the project gets no request that names one. */
static void what_is_not_proven_is_refused(void) {
  endpoint self = {false, 0};
  server *peer;
  costmark_client *client = client_of(&self, "true", &peer);
  costmark_request request = chat_request("{\"model\":\"openai.gpt-oss-20b\"}");
  char url[80];
  request.url = str(server_url(peer, "/v1/chat/completions", url));
  CHECK_FAILS(COSTMARK_UNATTRIBUTED, try_to_prepare(client, &request, &error));
  costmark_client_release(client);
  server_stop(peer);
}

void test_verify(void) {
  honored();
  not_honored_and_unknown();
  what_is_asked_for();
  bad_requests();
  what_prepare_may_do();
  what_is_not_proven_is_refused();
}
