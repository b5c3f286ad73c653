#include "check.h"

static const char *const with_project[] = {"project", "proj_client", NULL};
static const char *const in_body[] = {"project", "proj_client", "carrier", "body", NULL};

static bool holds(costmark_str text, const char *part) {
  const size_t len = strlen(part);
  size_t i;
  for (i = 0; i + len <= text.len; ++i) {
    if (memcmp(text.data + i, part, len) == 0) return true;
  }
  return false;
}

static void names_the_project_and_signs(void) {
  costmark_client *client = client_with(with_project);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{\"model\":\"m\"}");
  size_t len = 0;
  costmark_str authorization;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(equal(header_to_set(prepared, "OpenAI-Project"), "proj_client"));
  authorization = header_to_set(prepared, "Authorization");
  CHECK(authorization.len > 100 && memcmp(authorization.data, "AWS4-HMAC-SHA256 ", 17) == 0);
  CHECK(header_to_set(prepared, "x-amz-date").len == 16);
  CHECK(costmark_prepared_body(prepared, &len) == request.body.data && len == request.body.len);
  CHECK(!costmark_prepared_body_changed(prepared));
  CHECK(strcmp(costmark_prepared_project(prepared, &len), "proj_client") == 0 && len == 11);
  CHECK(costmark_prepared_project_source(prepared) == COSTMARK_SOURCE_CLIENT);
  CHECK(costmark_prepared_api(prepared) == COSTMARK_API_CHAT_COMPLETIONS);
  CHECK(!costmark_prepared_streamed(prepared));
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

static void writes_the_body_and_asks_for_usage(void) {
  costmark_client *client = client_with(in_body);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{ \"stream\" : true }");
  costmark_str body;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  body.data = costmark_prepared_body(prepared, &body.len);
  CHECK(costmark_prepared_body_changed(prepared));
  CHECK(costmark_prepared_streamed(prepared));
  CHECK(holds(body, "\"project_id\":\"proj_client\""));
  CHECK(holds(body, "\"stream_options\":{\"include_usage\":true}"));
  CHECK(holds(body, " \"stream\" : true "));
  CHECK(body.len == strlen("{ \"stream\" : true ,\"project_id\":\"proj_client\","
                           "\"stream_options\":{\"include_usage\":true}}"));
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

/* Argument before scope before client. */
static void nearer_projects_win(void) {
  costmark_client *client = client_with(with_project);
  costmark_prepared *prepared = new_prepared();
  costmark_request request = chat_request("{}");
  request.scope = str("proj_scope");
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(strcmp(costmark_prepared_project(prepared, NULL), "proj_scope") == 0);
  CHECK(costmark_prepared_project_source(prepared) == COSTMARK_SOURCE_SCOPE);
  request.project = str("proj_call");
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(strcmp(costmark_prepared_project(prepared, NULL), "proj_call") == 0);
  CHECK(costmark_prepared_project_source(prepared) == COSTMARK_SOURCE_REQUEST);
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

static void is_empty(const costmark_prepared *prepared) {
  size_t count = 9, len = 9;
  CHECK(costmark_prepared_headers_to_set(prepared, &count) == NULL && count == 0);
  CHECK(costmark_prepared_headers_to_remove(prepared, &count) == NULL && count == 0);
  CHECK(strcmp(costmark_prepared_body(prepared, &len), "") == 0 && len == 0);
  CHECK(strcmp(costmark_prepared_project(prepared, &len), "") == 0 && len == 0);
  CHECK(costmark_prepared_project_source(prepared) == COSTMARK_SOURCE_NONE);
  CHECK(costmark_prepared_api(prepared) == COSTMARK_API_OTHER);
  CHECK(!costmark_prepared_body_changed(prepared) && !costmark_prepared_streamed(prepared));
  CHECK(strcmp(costmark_prepared_url(prepared, &len), "") == 0 && len == 0);
  CHECK(strcmp(costmark_prepared_hint(prepared, &len), "") == 0 && len == 0);
}

static void failures_carry_their_place_and_leave_nothing(void) {
  costmark_client *client = client_with(in_body);
  costmark_prepared *prepared = new_prepared();
  costmark_request request = chat_request("{\"a\":1}");
  costmark_error *failure = NULL;
  uint64_t offset = 0;
  is_empty(prepared);
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  request.body = str("[1, 2]");
  CHECK(costmark_client_prepare(client, &request, prepared, &failure) == COSTMARK_INVALID_JSON);
  CHECK(costmark_error_offset(failure, &offset) && offset == 0);
  costmark_error_free(failure);
  is_empty(prepared);
  request = chat_request("{}");
  request.project = str("no spaces");
  CHECK_FAILS(COSTMARK_INVALID_PROJECT,
              costmark_client_prepare(client, &request, prepared, &error));
  is_empty(prepared);
  request = chat_request("{}");
  request.url = str("https://user:password@bedrock-mantle.us-east-1.api.aws/v1/models");
  CHECK_FAILS(COSTMARK_INVALID_URL, costmark_client_prepare(client, &request, prepared, &error));
  request.url = str("https://bedrock-mantle.eu-west-1.api.aws/v1/models");
  CHECK_FAILS(COSTMARK_ENDPOINT_MISMATCH,
              costmark_client_prepare(client, &request, prepared, &error));
  is_empty(prepared);
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

static void policies_refuse(void) {
  static const char *const refuse[] = {"unattributed", "refuse", NULL};
  static const char *const conflict[] = {"project", "proj_client", "conflict", "refuse", NULL};
  static const char *const allowed[] = {"allowed_projects", "proj_a*", NULL};
  costmark_prepared *prepared = new_prepared();
  costmark_request request = chat_request("{}");
  costmark_client *client = client_with(refuse);
  CHECK_FAILS(COSTMARK_UNATTRIBUTED, costmark_client_prepare(client, &request, prepared, &error));
  CHECK_FAILS(COSTMARK_UNATTRIBUTED, costmark_client_check(client, &request, prepared, &error));
  costmark_client_release(client);

  request.project = str("proj_other");
  client = client_with(conflict);
  CHECK_FAILS(COSTMARK_CONFLICT, costmark_client_check(client, &request, prepared, &error));
  costmark_client_release(client);

  client = client_with(allowed);
  CHECK_FAILS(COSTMARK_PROJECT_NOT_ALLOWED,
              costmark_client_check(client, &request, prepared, &error));
  request.project = str("proj_abc");
  CHECK_OK(costmark_client_check(client, &request, prepared, &error));
  is_empty(prepared);
  costmark_client_release(client);
  costmark_prepared_free(prepared);
}

/* Everything but the body may go away as soon as prepare returns. */
static void keeps_no_view_of_the_request(void) {
  static const char *const names[] = {"content-type", "Authorization", "X-Amz-Date"};
  static const char *const values[] = {"application/json", "AWS4-HMAC-SHA256 old",
                                       "20200101T000000Z"};
  costmark_client *client = client_with(NULL);
  costmark_prepared *prepared = new_prepared();
  costmark_request request = chat_request("{}");
  costmark_header *headers = (costmark_header *)calloc(3, sizeof *headers);
  char *text = (char *)malloc(400), *next = text;
  size_t i, k, count;
  const costmark_str *removed;
  bool found = false;
  for (i = 0; i < 3; ++i) {
    headers[i].name.data = strcpy(next, names[i]);
    headers[i].name.len = strlen(names[i]);
    next += headers[i].name.len + 1;
    headers[i].value.data = strcpy(next, values[i]);
    headers[i].value.len = strlen(values[i]);
    next += headers[i].value.len + 1;
  }
  request.headers = headers;
  request.header_count = 3;
  request.project.data = strcpy(next, "proj_x");
  request.project.len = 6;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  memset(text, '#', 400);
  memset(headers, 0, 3 * sizeof *headers);
  CHECK(equal(header_to_set(prepared, "openai-project"), "proj_x"));
  removed = costmark_prepared_headers_to_remove(prepared, &count);
  CHECK(count >= 2);
  for (i = 0; i < count; ++i) {
    for (k = 0; k < removed[i].len; ++k) CHECK(removed[i].data[k] != '#');
    found = found || removed[i].len == strlen("authorization");
  }
  CHECK(found);
  free(text);
  free(headers);
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

static void one_prepared_serves_many_clients(void) {
  costmark_client *first = client_with(with_project), *second = client_with(in_body);
  costmark_prepared *prepared = new_prepared();
  const costmark_request request = chat_request("{}");
  costmark_str body;
  int i;
  for (i = 0; i < 3; ++i) {
    CHECK_OK(costmark_client_prepare(first, &request, prepared, &error));
    CHECK(!costmark_prepared_body_changed(prepared));
    CHECK_OK(costmark_client_prepare(second, &request, prepared, &error));
    CHECK(costmark_prepared_body_changed(prepared));
  }
  costmark_client_release(first);
  costmark_client_release(second);
  body.data = costmark_prepared_body(prepared, &body.len);
  CHECK(holds(body, "proj_client"));
  costmark_prepared_free(prepared);
}

/* Which the host has to send to, since the signature is good for that path alone. */
static void says_the_path_of_the_model(void) {
  static const char *const kept[] = {"project", "proj_client", NULL};
  static const char *const moved[] = {"project", "proj_client", "route", "auto", NULL};
  const costmark_request request = chat_request("{\"model\":\"openai.gpt-5.6-sol\"}");
  costmark_client *client = client_with(kept);
  costmark_prepared *prepared = new_prepared();
  size_t len = 0;
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(strcmp(costmark_prepared_url(prepared, NULL), "") == 0);
  CHECK(holds(str(costmark_prepared_hint(prepared, &len)), "is served under /openai/v1"));
  CHECK(len == strlen(costmark_prepared_hint(prepared, NULL)));
  costmark_client_release(client);

  client = client_with(moved);
  CHECK_OK(costmark_client_prepare(client, &request, prepared, &error));
  CHECK(strcmp(costmark_prepared_url(prepared, &len),
               "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions") == 0);
  CHECK(len == strlen(costmark_prepared_url(prepared, NULL)));
  CHECK(strcmp(costmark_prepared_hint(prepared, NULL), "") == 0);
  costmark_prepared_free(prepared);
  costmark_client_release(client);
}

void test_prepare(void) {
  names_the_project_and_signs();
  writes_the_body_and_asks_for_usage();
  nearer_projects_win();
  failures_carry_their_place_and_leave_nothing();
  policies_refuse();
  keeps_no_view_of_the_request();
  one_prepared_serves_many_clients();
  says_the_path_of_the_model();
}
