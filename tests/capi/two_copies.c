/* A program that is linked with the static library, whose functions it exports, and loads the
 * shared one. Each copy keeps to itself, and refuses the other's handles. Usage: two_copies LIBRARY
 */
#define _POSIX_C_SOURCE 200112L
#include "loaded.h"

static int failures;

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      ++failures;                                                             \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                         \
  } while (0)

/* The copy that the program was linked with. */
static loaded linked(void) {
  loaded out;
  out.library = NULL;
#define TAKE(name) out.name = costmark_##name;
  FOR_EACH_FUNCTION(TAKE)
#undef TAKE
  return out;
}

typedef struct {
  costmark_config *config;
  costmark_client *client;
  costmark_operation *operation;
  costmark_usage_report *report;
  costmark_cancel *cancel;
  costmark_error *error;
} handles;

static costmark_request request_of(const char *url) {
  costmark_request request = COSTMARK_REQUEST_INIT;
  const costmark_str method = COSTMARK_STR("POST"), body = COSTMARK_STR("{\"model\":\"m\"}");
  request.method = method;
  request.body = body;
  request.url.data = url;
  request.url.len = strlen(url);
  return request;
}

static const char mantle[] = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";

static handles make(const loaded *with) {
  static const char *const options[][2] = {{"access_key_id", "AKIDEXAMPLE"},
                                           {"secret_access_key", "not-a-real-secret"},
                                           {"project", "proj_copies"}};
  const costmark_request request = request_of(mantle);
  handles made;
  size_t i;
  memset(&made, 0, sizeof made);
  CHECK(with->config_new(&made.config, NULL) == COSTMARK_OK);
  for (i = 0; i < 3; ++i) {
    CHECK(with->config_set(made.config, options[i][0], strlen(options[i][0]), options[i][1],
                           strlen(options[i][1]), NULL) == COSTMARK_OK);
  }
  CHECK(with->client_new(made.config, &made.client, NULL) == COSTMARK_OK);
  CHECK(with->operation_new(made.client, &made.operation, NULL) == COSTMARK_OK);
  CHECK(with->operation_begin(made.operation, &request, NULL) == COSTMARK_OK);
  with->operation_sent(made.operation);
  CHECK(with->client_usage(made.client, &made.report, NULL) == COSTMARK_OK);
  CHECK(with->cancel_new(&made.cancel, NULL) == COSTMARK_OK);
  CHECK(with->config_set(made.config, "no_such_option", 14, "x", 1, &made.error) ==
        COSTMARK_INVALID_OPTION);
  CHECK(with->live_handles() == 6);
  return made;
}

static void end(const loaded *with, const handles *all) {
  with->config_free(all->config);
  with->client_release(all->client);
  with->operation_free(all->operation);
  with->usage_report_free(all->report);
  with->cancel_release(all->cancel);
  with->error_free(all->error);
}

static costmark_status status_of(const loaded *with, const costmark_error *error) {
  costmark_error_view view = COSTMARK_ERROR_VIEW_INIT;
  with->error_read(error, &view);
  return view.status;
}

static void refuse(const loaded *with, const handles *own, const handles *foreign) {
  const costmark_request request = request_of(mantle);
  costmark_client *client = NULL;
  costmark_operation *operation = NULL;
  costmark_usage_report *report = NULL;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_answer answer = COSTMARK_ANSWER_INIT;
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  const size_t before = with->live_handles();
  CHECK(with->config_set(foreign->config, "region", 6, "us-east-1", 9, NULL) ==
        COSTMARK_INVALID_ARGUMENT);
  CHECK(with->client_new(foreign->config, &client, NULL) == COSTMARK_INVALID_ARGUMENT);
  CHECK(with->client_retain(foreign->client) == NULL);
  CHECK(with->operation_new(foreign->client, &operation, NULL) == COSTMARK_INVALID_ARGUMENT);
  CHECK(with->operation_begin(foreign->operation, &request, NULL) == COSTMARK_INVALID_ARGUMENT);
  CHECK(with->operation_prepare(foreign->operation, NULL, NULL, &prepared, NULL) ==
        COSTMARK_INVALID_ARGUMENT);
  options.cancel = foreign->cancel;
  CHECK(with->operation_send(own->operation, &options, NULL) == COSTMARK_INVALID_ARGUMENT);
  CHECK(with->client_usage(foreign->client, &report, NULL) == COSTMARK_INVALID_ARGUMENT);
  with->operation_answer(foreign->operation, &answer);
  CHECK(answer.operation.data == NULL && answer.attempt == 0);
  CHECK(with->usage_report_count(foreign->report) == 0);
  with->cancel_stop(foreign->cancel);
  CHECK(!with->cancel_stopped(foreign->cancel));
  CHECK(status_of(with, foreign->error) == COSTMARK_OK);
  end(with, foreign); /* ignored */
  CHECK(with->live_handles() == before);
}

/* What one function of a copy asks another one of must be its own. */
static void works(const loaded *with, const handles *own) {
  const costmark_request request = request_of(mantle);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  CHECK(with->operation_begin(own->operation, &request, NULL) == COSTMARK_OK);
  CHECK(with->operation_prepare(own->operation, NULL, NULL, &prepared, NULL) == COSTMARK_OK);
  CHECK(prepared.project.len == 11 && strcmp(prepared.project.data, "proj_copies") == 0);
  with->usage_report_read(own->report, 0, &totals);
  CHECK(totals.project.len == 11 && strcmp(totals.project.data, "proj_copies") == 0);
  CHECK(status_of(with, own->error) == COSTMARK_INVALID_OPTION);
  CHECK(!with->cancel_stopped(own->cancel));
}

int main(int argc, char **argv) {
  const loaded here = linked();
  loaded there;
  handles of_here, of_there;
  if (argc != 2) return 2;
  there = load(argv[1]);
  CHECK(here.config_new != there.config_new);
  CHECK(here.live_handles() == 0 && there.live_handles() == 0);
  of_here = make(&here);
  CHECK(there.live_handles() == 0);
  of_there = make(&there);
  refuse(&here, &of_here, &of_there);
  refuse(&there, &of_there, &of_here);
  works(&here, &of_here);
  works(&there, &of_there);
  end(&here, &of_here);
  CHECK(here.live_handles() == 0 && there.live_handles() == 6);
  end(&there, &of_there);
  CHECK(there.live_handles() == 0);
  return failures == 0 ? 0 : 1;
}
