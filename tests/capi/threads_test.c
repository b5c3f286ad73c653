#define _POSIX_C_SOURCE 200112L
#include "check.h"

#include <pthread.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { threads = 4, rounds = 200 };

/* Calls a client of which it owns one count; `failures` is the main thread's, so it counts itself.
 */
static void *work(void *argument) {
  costmark_client *client = (costmark_client *)argument;
  costmark_operation *operation = NULL;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request request = chat_request("{\"stream\":true}");
  size_t bad = 0;
  int i;
  if (costmark_operation_new(client, &operation, NULL) != COSTMARK_OK) ++bad;
  for (i = 0; i < rounds; ++i) {
    costmark_usage_report *report = NULL;
    if (begin_and_prepare(operation, &request, &prepared, NULL) != COSTMARK_OK) ++bad;
    costmark_operation_sent(operation);
    if (costmark_client_usage(client, &report, NULL) != COSTMARK_OK) ++bad;
    costmark_client_release(costmark_client_retain(client));
    costmark_usage_report_free(report);
    if (i % 10 == 0) {
      costmark_operation_free(operation);
      if (costmark_operation_new(client, &operation, NULL) != COSTMARK_OK) ++bad;
    }
  }
  costmark_operation_free(operation);
  costmark_client_release(client);
  return bad == 0 ? NULL : argument;
}

static void one_client_many_threads(void) {
  static const char *const project[] = {"project", "proj_threads", NULL};
  costmark_client *client = client_with(project);
  costmark_usage_report *report = NULL;
  costmark_usage_totals totals = COSTMARK_USAGE_TOTALS_INIT;
  pthread_t ids[threads];
  int i;
  for (i = 0; i < threads; ++i) {
    CHECK(costmark_client_retain(client) == client);
    CHECK(pthread_create(&ids[i], NULL, work, client) == 0);
  }
  for (i = 0; i < threads; ++i) {
    void *bad = NULL;
    CHECK(pthread_join(ids[i], &bad) == 0 && bad == NULL);
  }
  CHECK_OK(costmark_client_usage(client, &report, &error));
  CHECK(costmark_usage_report_count(report) == 1);
  costmark_usage_report_read(report, 0, &totals);
  CHECK(totals.operations == (uint64_t)threads * rounds);
  costmark_usage_report_free(report);
  costmark_client_release(client);
}

static void a_forked_child_goes_on(void) {
  costmark_client *client = client_with(NULL);
  costmark_operation *operation = operation_of(client);
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  const costmark_request request = chat_request("{}");
  int state = -1;
  pid_t child;
  CHECK_OK(begin_and_prepare(operation, &request, &prepared, &error));
  child = fork();
  if (child == 0) {
    const costmark_status status = begin_and_prepare(operation, &request, &prepared, NULL);
    costmark_operation_free(operation);
    costmark_client_release(client);
    _exit(status == COSTMARK_OK ? 0 : 1);
  }
  CHECK(child > 0 && waitpid(child, &state, 0) == child && WIFEXITED(state));
  CHECK(WEXITSTATUS(state) == 0);
  costmark_operation_free(operation);
  costmark_client_release(client);
}

void test_threads(void) {
  one_client_many_threads();
  a_forked_child_goes_on();
}
