/* Names of numbers, project ids, routes of models. */
#define _XOPEN_SOURCE 700
#include "check.h"

#include <unistd.h>

static void numbers_have_names(void) {
#define NAMED(function, number, name) CHECK(strcmp(costmark_##function##_name(number), name) == 0)
  NAMED(status, COSTMARK_OK, "ok");
  NAMED(status, COSTMARK_INVALID_JSON, "invalid_json");
  NAMED(status, COSTMARK_BODY_NEEDED, "body_needed");
  NAMED(status, COSTMARK_STOPPED_BY_CALLBACK, "stopped_by_callback");
  NAMED(status, COSTMARK_CANCELLED, "cancelled");
  NAMED(status, COSTMARK_WOULD_BLOCK, "would_block");
  NAMED(status, -1, "unknown");
  NAMED(status, INT32_MAX, "unknown");
  NAMED(project_source, COSTMARK_SOURCE_NONE, "none");
  NAMED(project_source, COSTMARK_SOURCE_SCOPE, "scope");
  NAMED(project_source, COSTMARK_SOURCE_ENVIRONMENT, "environment");
  NAMED(project_source, -1, "unknown");
  NAMED(project_source, 256, "unknown");
  NAMED(api, COSTMARK_API_OTHER, "other");
  NAMED(api, COSTMARK_API_CHAT_COMPLETIONS, "chat_completions");
  NAMED(api, COSTMARK_API_CONTROL, "control");
  NAMED(api, 99, "unknown");
  NAMED(outcome, COSTMARK_OUTCOME_UNKNOWN, "unknown");
  NAMED(outcome, COSTMARK_OUTCOME_OK, "ok");
  NAMED(outcome, COSTMARK_OUTCOME_ERROR, "error");
  NAMED(outcome, COSTMARK_OUTCOME_CANCELLED, "cancelled");
  NAMED(outcome, COSTMARK_OUTCOME_INCOMPLETE, "incomplete");
  NAMED(outcome, COSTMARK_OUTCOME_OPEN, "open");
  NAMED(outcome, COSTMARK_OUTCOME_OPEN + 1, "unknown");
  NAMED(outcome, INT32_MIN, "unknown");
  NAMED(step, COSTMARK_STEP_NONE, "none");
  NAMED(step, COSTMARK_STEP_AGAIN, "again");
  NAMED(step, COSTMARK_STEP_AFTER_PAUSE, "after_pause");
  NAMED(step, COSTMARK_STEP_AFTER_PAUSE + 1, "unknown");
  NAMED(reason, COSTMARK_REASON_NONE, "none");
  NAMED(reason, COSTMARK_REASON_REFUSED, "refused");
  NAMED(reason, COSTMARK_REASON_CUT_SHORT, "cut_short");
  NAMED(reason, COSTMARK_REASON_CUT_SHORT + 1, "unknown");
  NAMED(reason, -1, "unknown");
  NAMED(verdict, COSTMARK_VERDICT_UNKNOWN, "unknown");
  NAMED(verdict, COSTMARK_VERDICT_HONORED, "honored");
  NAMED(verdict, COSTMARK_VERDICT_NOT_HONORED, "not_honored");
  NAMED(verdict, 3, "unknown");
#undef NAMED
}

static void project_ids_are_checked(void) {
  costmark_error *failed = NULL;
  char longest[130];
  memset(longest, 'a', sizeof longest);
  CHECK_OK(costmark_project_check("proj_abc-123", 12, &error));
  CHECK_OK(costmark_project_check(longest, 128, &error));
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, costmark_project_check(longest, 129, &error));
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, costmark_project_check("default", 7, &error));
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, costmark_project_check("", 0, &error));
  CHECK_FAILS(COSTMARK_INVALID_PROJECT, costmark_project_check(NULL, 0, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_project_check(NULL, 3, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_project_check("a", SIZE_MAX, &error));
  CHECK(costmark_project_check("proj\0abc", 8, &failed) == COSTMARK_INVALID_PROJECT);
  CHECK(view_of(failed).has_offset == 1 && view_of(failed).offset == 4);
  costmark_error_free(failed);
}

static costmark_route route_of(const costmark_client *client, const char *model, size_t len) {
  costmark_route route;
  memset(&route, 0xff, sizeof route);
  route.struct_size = sizeof route;
  costmark_client_route(client, model, len, &route);
  CHECK(route.struct_size == sizeof route);
  return route;
}

static void models_have_routes(void) {
  costmark_client *client = client_with(NULL);
  costmark_route route = route_of(client, "openai.gpt-5.6-sol", 18);
  CHECK(equal(route.path, "/openai/v1") && strlen(route.path.data) == route.path.len);
  CHECK(route.file.len > 0 && strlen(route.file.data) == route.file.len && route.line > 0);
  CHECK(route.reserved == 0);
  route = route_of(client, "made-up.model", 13);
  CHECK(shows_nothing(&route, sizeof route));
  route = route_of(client, NULL, 0);
  CHECK(shows_nothing(&route, sizeof route));
  route = route_of(client, "m", SIZE_MAX);
  CHECK(shows_nothing(&route, sizeof route));
  route = route_of(NULL, "openai.gpt-5.6-sol", 18);
  CHECK(shows_nothing(&route, sizeof route));
  costmark_client_route(client, "openai.gpt-5.6-sol", 18, NULL);
  costmark_client_release(client);
}

static void routes_of_a_file(void) {
  char name[] = "/tmp/costmark-routes-XXXXXX";
  const char *options[] = {"routes", NULL, NULL};
  costmark_client *client;
  costmark_route route;
  FILE *file;
  const int descriptor = mkstemp(name);
  CHECK(descriptor >= 0);
  file = fdopen(descriptor, "w");
  fprintf(file, "# ours\nmade-up.*  /anthropic/v1\n");
  fclose(file);
  options[1] = name;
  client = client_with(options);
  route = route_of(client, "made-up.model", 13);
  CHECK(equal(route.path, "/anthropic/v1") && equal(route.file, name) && route.line == 2);
  CHECK(route.as_of.data == NULL && route.source.data == NULL);
  costmark_client_release(client);
  remove(name);
}

void test_names(void) {
  numbers_have_names();
  project_ids_are_checked();
  models_have_routes();
  routes_of_a_file();
}
