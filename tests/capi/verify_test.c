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

static void check_text(const char *text, size_t len) {
  CHECK(len > 0 && strlen(text) == len);
}

static void honored(void) {
  endpoint self = {true, 0};
  server *peer;
  costmark_client *client = client_of(&self, "false", &peer);
  costmark_verification *verification = NULL;
  costmark_probe probe = COSTMARK_PROBE_INIT;
  const char *text;
  size_t i, len = 0;
  CHECK_OK(costmark_client_verify(client, NULL, &verification, &error));
  CHECK(costmark_verification_verdict(verification) == COSTMARK_VERDICT_HONORED);
  text = costmark_verification_reason(verification, &len);
  check_text(text, len);
  text = costmark_verification_endpoint(verification, &len);
  check_text(text, len);
  CHECK(strncmp(text, "http://127.0.0.1:", 17) == 0);
  CHECK(strcmp(costmark_verification_carrier(verification, NULL), "body") == 0);
  CHECK(strcmp(costmark_verification_project(verification, NULL), "proj_real") == 0);
  CHECK(strcmp(costmark_verification_model(verification, NULL), "openai.gpt-oss-20b") == 0);
  CHECK(!costmark_verification_retryable(verification));
  CHECK(costmark_verification_checked_unix_s(verification) > 1700000000);
  CHECK(costmark_verification_probe_count(verification) == 2);
  for (i = 0; i < 2; ++i) {
    CHECK_OK(costmark_verification_probe(verification, i, &probe, &error));
    CHECK(probe.finding.len > 0 && probe.request.len > 0 && probe.reserved == 0);
    CHECK(strncmp(probe.request.data, "POST http://127.0.0.1:", 22) == 0);
    CHECK(equal(probe.request_id, i == 0 ? "req_1" : "req_2"));
    CHECK(probe.http_status == (i == 0 ? 404 : 200));
    CHECK(equal(probe.project, "proj_real") == (i == 1));
  }
  CHECK(probe.code.data == NULL && probe.code.len == 0);
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_verification_probe(verification, 2, &probe, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_verification_probe(verification, SIZE_MAX, &probe, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_verification_probe(verification, 0, NULL, &error));
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
  CHECK(costmark_verification_verdict(verification) == COSTMARK_VERDICT_NOT_HONORED);
  costmark_verification_free(verification);
  costmark_client_release(client);
  server_stop(peer);

  self.status = 503;
  client = client_of(&self, "false", &peer);
  CHECK_OK(costmark_client_verify(client, NULL, &verification, &error));
  CHECK(costmark_verification_verdict(verification) == COSTMARK_VERDICT_UNKNOWN);
  CHECK(costmark_verification_retryable(verification));
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
  CHECK(strcmp(costmark_verification_project(verification, NULL), "proj_other") == 0);
  CHECK(strcmp(costmark_verification_model(verification, NULL), "openai.gpt-oss-120b") == 0);
  CHECK(strcmp(costmark_verification_endpoint(verification, NULL), url) == 0);
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

static void what_prepare_may_do(void) {
  endpoint self = {true, 0};
  server *peer;
  costmark_client *client = client_of(&self, "true", &peer);
  costmark_prepared *prepared = new_prepared();
  costmark_request request = chat_request("{\"model\":\"openai.gpt-oss-20b\"}");
  char url[80];
  request.url = str(server_url(peer, "/v1/chat/completions", url));
  CHECK(costmark_client_may_verify(client, url, strlen(url)));
  CHECK(!costmark_client_may_verify(NULL, url, strlen(url)));
  CHECK(!costmark_client_may_verify(client, NULL, 0));
  CHECK(!costmark_client_may_verify(client, url, SIZE_MAX));
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(!costmark_client_may_verify(client, url, strlen(url)));
  costmark_prepared_free(prepared);
  costmark_client_release(client);
  server_stop(peer);
}

static void names(void) {
  CHECK(strcmp(costmark_verdict_name(COSTMARK_VERDICT_HONORED), "honored") == 0);
  CHECK(strcmp(costmark_verdict_name(COSTMARK_VERDICT_NOT_HONORED), "not_honored") == 0);
  CHECK(strcmp(costmark_verdict_name(COSTMARK_VERDICT_UNKNOWN), "unknown") == 0);
  CHECK(strcmp(costmark_verdict_name(-1), "unknown") == 0);
  CHECK(strcmp(costmark_verdict_name(3), "unknown") == 0);
}

void test_verify(void) {
  honored();
  not_honored_and_unknown();
  what_is_asked_for();
  bad_requests();
  what_prepare_may_do();
  names();
}
