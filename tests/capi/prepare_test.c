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

/* One request of one client. */
typedef struct {
  costmark_client *client;
  costmark_operation *operation;
  costmark_prepared prepared;
} fixture;

static fixture set_up(const char *const *options) {
  fixture made;
  made.client = client_with(options);
  made.operation = operation_of(made.client);
  costmark_init(&made.prepared, sizeof made.prepared);
  return made;
}

static costmark_status prepare(fixture *made, const costmark_request *request,
                               costmark_error **error) {
  return begin_and_prepare(made->operation, request, &made->prepared, error);
}

static void tear_down(fixture *made) {
  costmark_operation_free(made->operation);
  costmark_client_release(made->client);
}

static void names_the_project_and_signs(void) {
  fixture made = set_up(with_project);
  const costmark_request request = chat_request("{\"model\":\"m\"}");
  costmark_str authorization;
  size_t i;
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(equal(header_to_set(&made.prepared, "OpenAI-Project"), "proj_client"));
  authorization = header_to_set(&made.prepared, "Authorization");
  CHECK(authorization.len > 100 && memcmp(authorization.data, "AWS4-HMAC-SHA256 ", 17) == 0);
  CHECK(header_to_set(&made.prepared, "x-amz-date").len == 16);
  for (i = 0; i < made.prepared.set_header_count; ++i) {
    const costmark_header header = made.prepared.set_headers[i];
    CHECK(strlen(header.name.data) == header.name.len);
    CHECK(strlen(header.value.data) == header.value.len);
  }
  CHECK(equal(made.prepared.url, request.url.data) && strlen(made.prepared.url.data) > 8);
  CHECK(made.prepared.body.data == request.body.data);
  CHECK(made.prepared.body.len == request.body.len && made.prepared.body_changed == 0);
  CHECK(equal(made.prepared.project, "proj_client"));
  CHECK(strlen(made.prepared.project.data) == made.prepared.project.len);
  CHECK(equal(made.prepared.model, "m") && strlen(made.prepared.model.data) == 1);
  CHECK(made.prepared.project_source == COSTMARK_SOURCE_CLIENT);
  CHECK(made.prepared.api == COSTMARK_API_CHAT_COMPLETIONS);
  CHECK(made.prepared.streamed == 0 && made.prepared.authorized == 1);
  CHECK(made.prepared.renewal_due == 0 && made.prepared.hint.data == NULL);
  tear_down(&made);
}

static void writes_the_body_and_asks_for_usage(void) {
  fixture made = set_up(in_body);
  const costmark_request request = chat_request("{ \"stream\" : true }");
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(made.prepared.body_changed == 1 && made.prepared.streamed == 1);
  CHECK(holds(made.prepared.body, "\"project_id\":\"proj_client\""));
  CHECK(holds(made.prepared.body, "\"stream_options\":{\"include_usage\":true}"));
  CHECK(holds(made.prepared.body, " \"stream\" : true "));
  CHECK(made.prepared.body.len == strlen("{ \"stream\" : true ,\"project_id\":\"proj_client\","
                                         "\"stream_options\":{\"include_usage\":true}}"));
  tear_down(&made);
}

/* Argument before scope before client; what was named beside the request stays for each attempt. */
static void nearer_projects_win(void) {
  fixture made = set_up(with_project);
  costmark_request request = chat_request("{}");
  request.scope = str("proj_scope");
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(equal(made.prepared.project, "proj_scope"));
  CHECK(made.prepared.project_source == COSTMARK_SOURCE_SCOPE);
  request.project = str("proj_call");
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(equal(made.prepared.project, "proj_call"));
  CHECK(made.prepared.project_source == COSTMARK_SOURCE_REQUEST);
  request = chat_request("{}");
  CHECK_OK(costmark_operation_prepare(made.operation, &request, NULL, &made.prepared, &error));
  CHECK(equal(made.prepared.project, "proj_call"));
  tear_down(&made);
}

static void failures_carry_their_place_and_leave_nothing(void) {
  fixture made = set_up(in_body);
  costmark_request request = chat_request("{\"a\":1}");
  costmark_error *failure = NULL;
  CHECK_OK(prepare(&made, &request, &error));
  request.body = str("[1, 2]");
  CHECK(costmark_operation_prepare(made.operation, &request, NULL, &made.prepared, &failure) ==
        COSTMARK_INVALID_JSON);
  CHECK(view_of(failure).has_offset == 1 && view_of(failure).offset == 0);
  costmark_error_free(failure);
  CHECK(shows_nothing(&made.prepared, sizeof made.prepared));
  request = chat_request("{}");
  request.project = str("no spaces");
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, costmark_operation_begin(made.operation, &request, &error));
  request = chat_request("{}");
  request.url = str("https://user:password@bedrock-mantle.us-east-1.api.aws/v1/models");
  CHECK_FAILS(COSTMARK_INVALID_URL, costmark_operation_begin(made.operation, &request, &error));
  request.url = str("https://bedrock-mantle.eu-west-1.api.aws/v1/models");
  CHECK_FAILS(COSTMARK_ENDPOINT_MISMATCH,
              costmark_operation_begin(made.operation, &request, &error));
  tear_down(&made);
}

static void policies_refuse(void) {
  static const char *const refuse[] = {"unattributed", "refuse", NULL};
  static const char *const conflict[] = {"project", "proj_client", "conflict", "refuse", NULL};
  static const char *const allowed[] = {"allowed_projects", "proj_a*", NULL};
  costmark_request request = chat_request("{}");
  fixture made = set_up(refuse);
  CHECK_FAILS(COSTMARK_UNATTRIBUTED, costmark_operation_begin(made.operation, &request, &error));
  tear_down(&made);

  request.project = str("proj_other");
  made = set_up(conflict);
  CHECK_FAILS(COSTMARK_CONFLICT, costmark_operation_begin(made.operation, &request, &error));
  tear_down(&made);

  made = set_up(allowed);
  CHECK_FAILS(COSTMARK_PROJECT_NOT_ALLOWED,
              costmark_operation_begin(made.operation, &request, &error));
  request.project = str("proj_abc");
  CHECK_OK(costmark_operation_begin(made.operation, &request, &error));
  tear_down(&made);
}

/* Everything but the body may go away as soon as prepare returns, also when it goes by the request
 * of the beginning. */
static void keeps_no_view_of_the_request(void) {
  static const char *const names[] = {"content-type", "Authorization", "X-Amz-Date"};
  static const char *const values[] = {"application/json", "AWS4-HMAC-SHA256 old",
                                       "20200101T000000Z"};
  fixture made = set_up(NULL);
  costmark_request request = chat_request("{}");
  costmark_header *headers = (costmark_header *)calloc(3, sizeof *headers);
  char *text = (char *)malloc(400), *next = text;
  size_t i, k;
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
  request.url.data = strcpy(next, request.url.data);
  next += request.url.len + 1;
  request.project.data = strcpy(next, "proj_x");
  request.project.len = 6;
  CHECK_OK(costmark_operation_begin(made.operation, &request, &error));
  memset(headers, 0, 3 * sizeof *headers); /* the array may go before, its texts may not */
  CHECK_OK(costmark_operation_prepare(made.operation, NULL, NULL, &made.prepared, &error));
  memset(text, '#', 400);
  CHECK(equal(header_to_set(&made.prepared, "openai-project"), "proj_x"));
  CHECK(equal(made.prepared.url, "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions"));
  CHECK(made.prepared.remove_header_count >= 2);
  for (i = 0; i < made.prepared.remove_header_count; ++i) {
    const costmark_str removed = made.prepared.remove_headers[i];
    for (k = 0; k < removed.len; ++k) CHECK(removed.data[k] != '#');
    CHECK(strlen(removed.data) == removed.len);
    found = found || removed.len == strlen("authorization");
  }
  CHECK(found);
  free(text);
  free(headers);
  tear_down(&made);
}

static void one_operation_serves_many_calls(void) {
  fixture made = set_up(in_body);
  const costmark_request request = chat_request("{}");
  costmark_operation *other;
  int i;
  for (i = 0; i < 3; ++i) {
    CHECK_OK(prepare(&made, &request, &error));
    CHECK(holds(made.prepared.body, "proj_client"));
  }
  costmark_client_release(made.client); /* which the operation keeps */
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(holds(made.prepared.body, "proj_client"));
  other = made.operation;
  costmark_operation_free(other);
}

/* Which the host has to send to, since the signature is good for that path alone. */
static void says_the_path_of_the_model(void) {
  static const char *const moved[] = {"project", "proj_client", "route", "auto", NULL};
  const costmark_request request = chat_request("{\"model\":\"openai.gpt-5.6-sol\"}");
  fixture made = set_up(with_project);
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(equal(made.prepared.url, request.url.data));
  CHECK(holds(made.prepared.hint, "is served under /openai/v1"));
  CHECK(made.prepared.hint.len == strlen(made.prepared.hint.data));
  tear_down(&made);

  made = set_up(moved);
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(equal(made.prepared.url,
              "https://bedrock-mantle.us-east-1.api.aws/openai/v1/chat/completions"));
  CHECK(made.prepared.url.len == strlen(made.prepared.url.data));
  CHECK(made.prepared.hint.data == NULL);
  tear_down(&made);
}

static costmark_request_counts requests_of(const costmark_client *client) {
  costmark_request_counts counts = COSTMARK_REQUEST_COUNTS_INIT;
  costmark_usage_report *report = NULL;
  CHECK_OK(costmark_client_usage(client, &report, &error));
  costmark_usage_report_requests(report, &counts);
  costmark_usage_report_free(report);
  return counts;
}

/* Without a log callback, too. */
static void a_gap_in_the_attribution_shows(void) {
  fixture made = set_up(in_body);
  costmark_request request = chat_request("{\"project_id\":\"default\"}");
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(made.prepared.unattributed == 1 && made.prepared.unrecognized == 0);
  request = chat_request("{}");
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(made.prepared.unattributed == 0);
  request.url = str("http://127.0.0.1:8080/graphql");
  CHECK_OK(prepare(&made, &request, &error));
  CHECK(made.prepared.unattributed == 0 && made.prepared.unrecognized == 1);
  CHECK(made.prepared.set_header_count == 0 && made.prepared.project.data == NULL);
  CHECK(requests_of(made.client).unattributed == 1);
  CHECK(requests_of(made.client).unrecognized == 1);
  costmark_client_usage_reset(made.client);
  CHECK(requests_of(made.client).unattributed == 0);
  tear_down(&made);
}

void test_prepare(void) {
  names_the_project_and_signs();
  writes_the_body_and_asks_for_usage();
  nearer_projects_win();
  failures_carry_their_place_and_leave_nothing();
  policies_refuse();
  keeps_no_view_of_the_request();
  one_operation_serves_many_calls();
  says_the_path_of_the_model();
  a_gap_in_the_attribution_shows();
}
