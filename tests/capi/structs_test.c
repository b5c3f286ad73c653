/* struct_size: what older and newer callers hand in, and what no caller should. */
#include "check.h"

/* --- What goes in ------------------------------------------------------------------------------
 */

/* A struct of a later version: what this library knows, and a field more. */
#define LATER(type)        \
  typedef struct {         \
    costmark_##type known; \
    size_t more;           \
  } later_##type
LATER(request);
LATER(wait);
LATER(answer_head);
LATER(send_options);
LATER(verify_request);
LATER(sign_request);
LATER(json_edit);
LATER(credentials);
LATER(priced_call);
LATER(project_change);

/* Every function that takes a struct, with one whose size is `size`; what else it needs is good. */
typedef costmark_status (*use)(costmark_client *client, void *input, size_t size,
                               costmark_error **out_error);

static void set_size(void *input, size_t size) {
  memcpy(input, &size, sizeof size);
}

static costmark_status use_request(costmark_client *client, void *input, size_t size,
                                   costmark_error **out_error) {
  costmark_operation *operation = operation_of(client);
  costmark_status status;
  set_size(input, size);
  status = costmark_operation_begin(operation, (costmark_request *)input, out_error);
  costmark_operation_free(operation);
  return status;
}

static costmark_status use_wait(costmark_client *client, void *input, size_t size,
                                costmark_error **out_error) {
  const costmark_request request = chat_request("{}");
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_operation *operation = operation_of(client);
  costmark_status status;
  set_size(input, size);
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  status =
      costmark_operation_prepare(operation, NULL, (costmark_wait *)input, &prepared, out_error);
  costmark_operation_free(operation);
  return status;
}

/* An error object is made for it, since its function has none. */
static costmark_status use_answer_head(costmark_client *client, void *input, size_t size,
                                       costmark_error **out_error) {
  const costmark_request request = chat_request("{}");
  costmark_operation *operation = sent_operation(client, &request);
  costmark_status status;
  set_size(input, size);
  ((costmark_answer_head *)input)->http_status = 200;
  status = costmark_operation_head(operation, (costmark_answer_head *)input, NULL);
  costmark_operation_free(operation);
  if (status != COSTMARK_OK) CHECK(costmark_config_new(NULL, out_error) == status);
  return status;
}

/* Reaches the point after the options were read, and no further: it was cancelled before. */
static costmark_status use_send_options(costmark_client *client, void *input, size_t size,
                                        costmark_error **out_error) {
  const costmark_request request = chat_request("{}");
  costmark_send_options *options = (costmark_send_options *)input;
  costmark_operation *operation = operation_of(client);
  costmark_status status;
  set_size(input, size);
  CHECK_OK(costmark_operation_begin(operation, &request, &error));
  CHECK(costmark_cancel_new(&options->cancel, NULL) == COSTMARK_OK);
  costmark_cancel_stop(options->cancel);
  status = costmark_operation_send(operation, options, out_error);
  costmark_cancel_release(options->cancel);
  costmark_operation_free(operation);
  return status;
}

/* Likewise: the project is none. */
static costmark_status use_verify_request(costmark_client *client, void *input, size_t size,
                                          costmark_error **out_error) {
  costmark_verification *verification = NULL;
  set_size(input, size);
  ((costmark_verify_request *)input)->project = str("not an id");
  return costmark_client_verify(client, (costmark_verify_request *)input, &verification, out_error);
}

static costmark_credentials example_credentials(void) {
  costmark_credentials credentials = COSTMARK_CREDENTIALS_INIT;
  credentials.access_key_id = str("AKIDEXAMPLE");
  credentials.secret_access_key = str("not-a-real-secret");
  return credentials;
}

static costmark_status use_sign_request(costmark_client *client, void *input, size_t size,
                                        costmark_error **out_error) {
  const costmark_credentials credentials = example_credentials();
  costmark_sign_request *request = (costmark_sign_request *)input;
  costmark_signature *signature = NULL;
  costmark_status status;
  (void)client;
  set_size(input, size);
  request->method = str("GET");
  request->url = str("https://example.amazonaws.com/");
  request->region = str("us-east-1");
  request->service = str("service");
  request->credentials = &credentials;
  CHECK_OK(costmark_signature_new(&signature, &error));
  status = costmark_signature_sign(signature, request, out_error);
  costmark_signature_free(signature);
  return status;
}

static costmark_status use_json_edit(costmark_client *client, void *input, size_t size,
                                     costmark_error **out_error) {
  costmark_json_edit *edit = (costmark_json_edit *)input;
  char buffer[32];
  size_t len = 0;
  (void)client;
  set_size(input, size);
  edit->json = str("{}");
  edit->path = str("a");
  edit->value = str("1");
  return costmark_json_set(edit, buffer, sizeof buffer, &len, out_error);
}

static costmark_status use_priced_call(costmark_client *client, void *input, size_t size,
                                       costmark_error **out_error) {
  costmark_cost cost = COSTMARK_COST_INIT;
  costmark_price_book *book = NULL;
  costmark_status status;
  (void)client;
  set_size(input, size);
  CHECK_OK(costmark_price_book_shipped(&book, &error));
  status = costmark_price_book_cost(book, (costmark_priced_call *)input, &cost, NULL, 0, out_error);
  costmark_price_book_free(book);
  return status;
}

static costmark_status use_credentials(costmark_client *client, void *input, size_t size,
                                       costmark_error **out_error) {
  costmark_credentials *credentials = (costmark_credentials *)input;
  costmark_bearer_token *token = NULL;
  costmark_status status;
  (void)client;
  *credentials = example_credentials();
  set_size(input, size);
  status = costmark_bearer_token_new(credentials, "us-east-1", 9, 0, 0, &token, out_error);
  costmark_bearer_token_free(token);
  return status;
}

/* Reaches the point after the change was read, and no further: that project is not to be changed.
 */
static costmark_status use_project_change(costmark_client *client, void *input, size_t size,
                                          costmark_error **out_error) {
  costmark_config *config = config_with(NULL);
  costmark_projects *projects = NULL;
  costmark_project_list *list = NULL;
  costmark_status status;
  (void)client;
  set_size(input, size);
  CHECK_OK(costmark_projects_new(config, COSTMARK_PROJECT_PLANE_AUTO, &projects, &error));
  status = costmark_projects_update(projects, "default", 7, (costmark_project_change *)input, NULL,
                                    &list, out_error);
  costmark_projects_free(projects);
  costmark_config_free(config);
  return status;
}

/* `first`: the size of the first version; `known`: that of this one. The struct in `input` has one
 * field more, at its end. */
static void input_of_every_size(use call, void *input, size_t first, size_t known, size_t *more,
                                costmark_status good) {
  costmark_client *client = client_with(NULL);
  const size_t later = known + sizeof *more;
  size_t size;
  for (size = 0; size < first; ++size) {
    CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call(client, input, size, &error));
  }
#define ACCEPTED(size)                                      \
  do {                                                      \
    if (good == COSTMARK_OK) {                              \
      CHECK_OK(call(client, input, size, &error));          \
    } else {                                                \
      CHECK_FAILS(good, call(client, input, size, &error)); \
    }                                                       \
  } while (0)
  ACCEPTED(first);
  ACCEPTED(known);
  ACCEPTED(later);
  *more = 1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call(client, input, later, &error));
  ACCEPTED(known);
#undef ACCEPTED
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call(client, input, 4097, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call(client, input, SIZE_MAX, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, call(client, input, (size_t)0xdeadbeef, &error));
  costmark_client_release(client);
}

static void every_input(void) {
#define TRY_FROM(type, first, good)                                                        \
  do {                                                                                     \
    later_##type later;                                                                    \
    memset(&later, 0, sizeof later);                                                       \
    fill_##type(&later.known);                                                             \
    input_of_every_size(use_##type, &later, first, sizeof later.known, &later.more, good); \
  } while (0)
#define TRY(type, good) TRY_FROM(type, sizeof(costmark_##type), good)
#define fill_request(request) *(request) = chat_request("{}")
#define fill_wait(wait) (void)(wait)
#define fill_answer_head(head) (void)(head)
#define fill_send_options(options) (void)(options)
#define fill_verify_request(request) (void)(request)
#define fill_sign_request(request) (void)(request)
#define fill_json_edit(edit) (void)(edit)
#define fill_credentials(credentials) (void)(credentials)
#define fill_priced_call(call) (void)(call)
#define fill_project_change(change) (change)->name = str("a name")
  TRY_FROM(request, offsetof(costmark_request, labels), COSTMARK_OK);
  TRY(wait, COSTMARK_OK);
  TRY(answer_head, COSTMARK_OK);
  TRY(send_options, COSTMARK_CANCELLED);
  TRY(verify_request, COSTMARK_INVALID_PROJECT);
  TRY(sign_request, COSTMARK_OK);
  TRY(json_edit, COSTMARK_OK);
  TRY(credentials, COSTMARK_OK);
  TRY(priced_call, COSTMARK_OK);
  TRY(project_change, COSTMARK_INVALID_PROJECT);
#undef TRY
#undef TRY_FROM
}

/* --- What comes out ----------------------------------------------------------------------------
 */

/* Everything that fills a struct, over handles that have something to show. */
typedef struct {
  costmark_client *client;
  costmark_operation *operation;
  costmark_error *error;
  costmark_usage_report *usage;
  costmark_credentials_set *set;
  costmark_credentials_report *report;
  costmark_bearer_token *token;
  costmark_signature *signature;
  costmark_verification *verification;
  costmark_price_book *book;
  costmark_projects *projects;
} handles;

static costmark_status show_error(const handles *h, void *out) {
  costmark_error_read(h->error, (costmark_error_view *)out);
  return COSTMARK_OK;
}
static costmark_status show_option(const handles *h, void *out) {
  (void)h;
  costmark_option_read(0, (costmark_option *)out);
  return COSTMARK_OK;
}
static costmark_status show_prepared(const handles *h, void *out) {
  return costmark_operation_prepare(h->operation, NULL, NULL, (costmark_prepared *)out, NULL);
}
static costmark_status show_plan(const handles *h, void *out) {
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  head.http_status = 200;
  return costmark_operation_head(h->operation, &head, (costmark_answer_plan *)out);
}
static costmark_status show_next(const handles *h, void *out) {
  return costmark_operation_finish(h->operation, NULL, (costmark_next *)out);
}
static costmark_status show_answer(const handles *h, void *out) {
  costmark_operation_answer(h->operation, (costmark_answer *)out);
  return COSTMARK_OK;
}
static costmark_status show_response(const handles *h, void *out) {
  costmark_operation_response(h->operation, (costmark_response *)out);
  return COSTMARK_OK;
}
static costmark_status show_totals(const handles *h, void *out) {
  costmark_usage_report_read(h->usage, 0, (costmark_usage_totals *)out);
  return COSTMARK_OK;
}
static costmark_status show_requests(const handles *h, void *out) {
  costmark_usage_report_requests(h->usage, (costmark_request_counts *)out);
  return COSTMARK_OK;
}
static costmark_status show_ledger(const handles *h, void *out) {
  costmark_client_ledger_counts(h->client, (costmark_ledger_counts *)out);
  return COSTMARK_OK;
}
static costmark_status show_budget(const handles *h, void *out) {
  costmark_client_budget_read(h->client, 0, (costmark_budget *)out);
  return COSTMARK_OK;
}
static costmark_status show_place(const handles *h, void *out) {
  costmark_projects_read_place(h->projects, (costmark_projects_place *)out);
  return COSTMARK_OK;
}
static costmark_status show_project(const handles *h, void *out) {
  (void)h;
  costmark_project_list_read(NULL, 0, (costmark_project *)out);
  return COSTMARK_OK;
}
static costmark_status show_credentials(const handles *h, void *out) {
  costmark_credentials_set_read(h->set, (costmark_credentials *)out);
  return COSTMARK_OK;
}
static costmark_status show_report(const handles *h, void *out) {
  costmark_credentials_report_read(h->report, (costmark_credentials_report_view *)out);
  return COSTMARK_OK;
}
static costmark_status show_token(const handles *h, void *out) {
  costmark_bearer_token_read(h->token, (costmark_bearer_token_view *)out);
  return COSTMARK_OK;
}
static costmark_status show_signature(const handles *h, void *out) {
  costmark_signature_read(h->signature, (costmark_signature_view *)out);
  return COSTMARK_OK;
}
static costmark_status show_verification(const handles *h, void *out) {
  costmark_verification_read(h->verification, (costmark_verification_view *)out);
  return COSTMARK_OK;
}
static costmark_status show_probe(const handles *h, void *out) {
  costmark_verification_probe(h->verification, 0, (costmark_probe *)out);
  return COSTMARK_OK;
}
static costmark_status show_route(const handles *h, void *out) {
  costmark_client_route(h->client, "openai.gpt-5.6-sol", 18, (costmark_route *)out);
  return COSTMARK_OK;
}

static costmark_status show_book(const handles *h, void *out) {
  costmark_price_book_read(h->book, (costmark_price_book_view *)out);
  return COSTMARK_OK;
}
static costmark_status show_price(const handles *h, void *out) {
  costmark_price_book_price(h->book, 0, (costmark_price *)out);
  return COSTMARK_OK;
}
static costmark_status show_cost(const handles *h, void *out) {
  const costmark_priced_call call = COSTMARK_PRICED_CALL_INIT;
  return costmark_price_book_cost(h->book, &call, (costmark_cost *)out, NULL, 0, NULL);
}

static void open_handles(handles *h) {
  static const char *const options[] = {"base_url", "http://127.0.0.1:9/v1", "project", "proj_a",
                                        NULL};
  costmark_config *config = config_with(NULL);
  costmark_credentials_cache *cache = NULL;
  costmark_client *probing = client_with(options);
  costmark_sign_request to_sign = COSTMARK_SIGN_REQUEST_INIT;
  const costmark_credentials credentials = example_credentials();
  const costmark_request request = chat_request("{}");
  memset(h, 0, sizeof *h);
  to_sign.method = str("GET");
  to_sign.url = str("https://example.amazonaws.com/");
  to_sign.region = str("us-east-1");
  to_sign.service = str("service");
  to_sign.credentials = &credentials;
  CHECK(costmark_config_new(NULL, &h->error) == COSTMARK_INVALID_ARGUMENT);
  h->client = client_with(NULL);
  h->operation = sent_operation(h->client, &request);
  CHECK_OK(costmark_client_usage(h->client, &h->usage, &error));
  CHECK_OK(costmark_credentials_cache_new(config, &cache, &error));
  CHECK_OK(costmark_credentials_cache_get(cache, &h->set, &error));
  CHECK_OK(costmark_config_explain_credentials(config, &h->report, &error));
  CHECK_OK(costmark_bearer_token_new(&credentials, "us-east-1", 9, 0, 0, &h->token, &error));
  CHECK_OK(costmark_signature_new(&h->signature, &error));
  CHECK_OK(costmark_signature_sign(h->signature, &to_sign, &error));
  CHECK_OK(costmark_client_verify(probing, NULL, &h->verification, &error));
  CHECK_OK(costmark_price_book_shipped(&h->book, &error));
  CHECK_OK(costmark_projects_new(config, COSTMARK_PROJECT_PLANE_AUTO, &h->projects, &error));
  costmark_credentials_cache_release(cache);
  costmark_config_free(config);
  costmark_client_release(probing);
}

static void close_handles(handles *h) {
  costmark_operation_free(h->operation);
  costmark_client_release(h->client);
  costmark_error_free(h->error);
  costmark_usage_report_free(h->usage);
  costmark_credentials_set_free(h->set);
  costmark_credentials_report_free(h->report);
  costmark_bearer_token_free(h->token);
  costmark_signature_free(h->signature);
  costmark_verification_free(h->verification);
  costmark_price_book_free(h->book);
  costmark_projects_free(h->projects);
}

/* No byte is written beyond the size, the size stays, and what is unknown becomes zero. */
static void output_of_every_size(const char *name, const handles *h,
                                 costmark_status (*call)(const handles *h, void *out), size_t known,
                                 bool has_status) {
  union {
    size_t size;
    unsigned char bytes[4200];
  } out;
  const int failures_before = failures;
  const size_t sizes[] = {8, 9, 16, known - 8, known, known + 8, known + 64, 4096};
  const size_t bad[] = {0, 1, 7, 4097, SIZE_MAX};
  size_t i, k;
  for (i = 0; i < sizeof sizes / sizeof sizes[0]; ++i) {
    const size_t size = sizes[i];
    memset(&out, 0xa5, sizeof out);
    out.size = size;
    CHECK(call(h, &out) == COSTMARK_OK);
    CHECK(out.size == size);
    for (k = size; k < sizeof out.bytes; ++k) CHECK(out.bytes[k] == 0xa5);
    for (k = known; k < size; ++k) CHECK(out.bytes[k] == 0);
  }
  for (i = 0; i < sizeof bad / sizeof bad[0]; ++i) {
    memset(&out, 0xa5, sizeof out);
    out.size = bad[i];
    CHECK(call(h, &out) == (has_status ? COSTMARK_INVALID_ARGUMENT : COSTMARK_OK));
    CHECK(out.size == bad[i]);
    for (k = sizeof out.size; k < sizeof out.bytes; ++k) CHECK(out.bytes[k] == 0xa5);
  }
  if (failures != failures_before) fprintf(stderr, "  of %s\n", name);
}

static void every_output(void) {
  handles h;
  open_handles(&h);
#define TRY(name, type, has_status) \
  output_of_every_size(#name, &h, show_##name, sizeof(costmark_##type), has_status)
  TRY(plan, answer_plan, true);
  TRY(next, next, true);
  TRY(answer, answer, false);
  TRY(prepared, prepared, true);
  TRY(error, error_view, false);
  TRY(option, option, false);
  TRY(response, response, false);
  TRY(totals, usage_totals, false);
  TRY(requests, request_counts, false);
  TRY(ledger, ledger_counts, false);
  TRY(budget, budget, false);
  TRY(place, projects_place, false);
  TRY(project, project, false);
  TRY(credentials, credentials, false);
  TRY(report, credentials_report_view, false);
  TRY(token, bearer_token_view, false);
  TRY(signature, signature_view, false);
  TRY(verification, verification_view, false);
  TRY(probe, probe, false);
  TRY(route, route, false);
  TRY(book, price_book_view, false);
  TRY(price, price, false);
  TRY(cost, cost, true);
#undef TRY
  close_handles(&h);
}

/* A view that knows fewer fields shows these as one that knows all does. */
static void an_older_view_shows_the_same(void) {
  handles h;
  costmark_option full = COSTMARK_OPTION_INIT;
  struct {
    size_t struct_size;
    costmark_str name;
    costmark_str default_value;
  } old = {sizeof old, COSTMARK_STR_INIT, COSTMARK_STR_INIT};
  open_handles(&h);
  costmark_option_read(5, &full);
  costmark_option_read(5, (costmark_option *)(void *)&old);
  CHECK(old.struct_size == sizeof old && old.name.data == full.name.data);
  CHECK(old.name.len == full.name.len && old.default_value.len == full.default_value.len);
  close_handles(&h);
}

/* --- Initializers ------------------------------------------------------------------------------
 */

static void init_function_equals_the_macro(void) {
  const costmark_request expected = COSTMARK_REQUEST_INIT;
  costmark_request request;
  unsigned char small[4] = {1, 2, 3, 4};
  memset(&request, 0xff, sizeof request);
  costmark_init(&request, sizeof request);
  CHECK(memcmp(&request, &expected, sizeof request) == 0);
  costmark_init(small, sizeof small);
  CHECK(small[0] == 1 && small[3] == 4);
  costmark_init(NULL, 8);
  costmark_init(small, SIZE_MAX);
  CHECK(small[0] == 1);
}

static void every_macro_sets_its_size(void) {
#define SETS_ITS_SIZE(type, MACRO)                         \
  do {                                                     \
    const costmark_##type value = COSTMARK_##MACRO##_INIT; \
    CHECK(value.struct_size == sizeof value);              \
    CHECK(shows_nothing(&value, sizeof value));            \
  } while (0)
  SETS_ITS_SIZE(error_view, ERROR_VIEW);
  SETS_ITS_SIZE(request, REQUEST);
  SETS_ITS_SIZE(wait, WAIT);
  SETS_ITS_SIZE(prepared, PREPARED);
  SETS_ITS_SIZE(answer_head, ANSWER_HEAD);
  SETS_ITS_SIZE(answer_plan, ANSWER_PLAN);
  SETS_ITS_SIZE(next, NEXT);
  SETS_ITS_SIZE(usage, USAGE);
  SETS_ITS_SIZE(answer, ANSWER);
  SETS_ITS_SIZE(response, RESPONSE);
  SETS_ITS_SIZE(send_options, SEND_OPTIONS);
  SETS_ITS_SIZE(option, OPTION);
  SETS_ITS_SIZE(credentials, CREDENTIALS);
  SETS_ITS_SIZE(credentials_report_view, CREDENTIALS_REPORT_VIEW);
  SETS_ITS_SIZE(verify_request, VERIFY_REQUEST);
  SETS_ITS_SIZE(verification_view, VERIFICATION_VIEW);
  SETS_ITS_SIZE(probe, PROBE);
  SETS_ITS_SIZE(usage_totals, USAGE_TOTALS);
  SETS_ITS_SIZE(bearer_token_view, BEARER_TOKEN_VIEW);
  SETS_ITS_SIZE(sign_request, SIGN_REQUEST);
  SETS_ITS_SIZE(signature_view, SIGNATURE_VIEW);
  SETS_ITS_SIZE(json_edit, JSON_EDIT);
  SETS_ITS_SIZE(route, ROUTE);
  SETS_ITS_SIZE(price_book_view, PRICE_BOOK_VIEW);
  SETS_ITS_SIZE(price, PRICE);
  SETS_ITS_SIZE(priced_call, PRICED_CALL);
  SETS_ITS_SIZE(cost, COST);
#undef SETS_ITS_SIZE
}

void test_structs(void) {
  every_input();
  every_output();
  an_older_view_shows_the_same();
  init_function_equals_the_macro();
  every_macro_sets_its_size();
}
