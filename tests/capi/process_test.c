/* What happens around a send: fork, signals, memory over a long stream. */
#define _POSIX_C_SOURCE 200112L
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "server.h"

static const char last_event[] =
    "data: {\"id\":\"chatcmpl-7\",\"model\":\"a-model\",\"choices\":[{\"index\":0,\"delta\":{},"
    "\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"id\":\"chatcmpl-7\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,"
    "\"completion_tokens\":4}}\n\ndata: [DONE]\n\n";
static const char stream_body[] =
    "{\"model\":\"a-model\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}";

/* How long the stream of one answer is, and how it comes. */
typedef struct {
  size_t megabytes;
  int pause_ms; /* between the pieces */
  int pieces;
  const pthread_t *interrupted; /* gets a signal with each of them, unless NULL */
} stream;

static bool answer(void *user_data, const server_request *request, int connection) {
  const stream *self = (const stream *)user_data;
  static const char filler[] = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"";
  static const char end[] = "\"}}]}\n\n";
  const size_t size = (size_t)1 << 16;
  char *piece;
  size_t i;
  bool fine = server_begin(connection, 200, "text/event-stream");
  int k;
  (void)request;
  for (k = 0; fine && k < self->pieces; ++k) {
    fine = server_chunk(connection, ": so on\n\n");
    server_wait(connection, self->pause_ms);
    if (self->interrupted != NULL) pthread_kill(*self->interrupted, SIGUSR1);
  }
  piece = (char *)malloc(size + 1);
  memset(piece, 'x', size);
  piece[size] = '\0';
  memcpy(piece, filler, strlen(filler));
  memcpy(piece + size - strlen(end), end, strlen(end));
  for (i = 0; fine && i < self->megabytes * 16; ++i) fine = server_chunk(connection, piece);
  free(piece);
  return fine && server_chunk(connection, last_event) && server_chunk(connection, "");
}

static costmark_status add_len(void *user_data, const char *data, size_t len) {
  (void)data;
  *(uint64_t *)user_data += len;
  return COSTMARK_OK;
}

static costmark_status send_to(costmark_client *client, const server *peer, uint64_t *len,
                               costmark_error **error) {
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  costmark_request request = chat_request(stream_body);
  costmark_operation *operation = NULL;
  costmark_status status;
  char url[80];
  *len = 0;
  request.url = str(server_url(peer, "/v1/chat/completions", url));
  options.on_body = add_len;
  options.user_data = len;
  status = costmark_operation_new(client, &operation, error);
  if (status == COSTMARK_OK) status = costmark_operation_begin(operation, &request, error);
  if (status == COSTMARK_OK) status = costmark_operation_send(operation, &options, error);
  if (status == COSTMARK_OK && answer_of(operation).usage->output_tokens != 4) {
    status = COSTMARK_INTERNAL;
  }
  costmark_operation_free(operation);
  return status;
}

/* The child leaves its parent's connection alone, and both go on. */
static void a_forked_child_sends(void) {
  stream self = {0, 0, 1, NULL};
  server *peer = server_start(answer, &self);
  costmark_client *client = client_with(NULL);
  uint64_t len = 0;
  int state = -1;
  pid_t child;
  CHECK_OK(send_to(client, peer, &len, &error));
  CHECK(server_connections(peer) == 1);
  child = fork();
  if (child == 0) {
    int good = send_to(client, peer, &len, NULL) == COSTMARK_OK;
    good = good && send_to(client, peer, &len, NULL) == COSTMARK_OK;
    costmark_client_release(client);
    _exit(good ? 0 : 1);
  }
  CHECK(child > 0 && waitpid(child, &state, 0) == child && WIFEXITED(state));
  CHECK(WEXITSTATUS(state) == 0);
  CHECK(server_connections(peer) == 2 && server_requests(peer) == 3);
  CHECK_OK(send_to(client, peer, &len, &error));
  CHECK(server_connections(peer) == 2 && server_requests(peer) == 4);
  costmark_client_release(client);
  server_stop(peer);
}

/* Uses handles of its parent, and ends them; returns whether all went well. */
static bool work_in_child(costmark_client *client, costmark_credentials_cache *cache,
                          costmark_bearer_token_cache *tokens, costmark_cancel *cancel) {
  costmark_credentials_set *set = NULL;
  costmark_bearer_token *token = NULL;
  costmark_usage_report *report = NULL;
  bool good = costmark_credentials_cache_get(cache, &set, NULL) == COSTMARK_OK;
  good = costmark_bearer_token_cache_get(tokens, &token, NULL) == COSTMARK_OK && good;
  good = costmark_client_usage(client, &report, NULL) == COSTMARK_OK && good;
  costmark_cancel_stop(cancel);
  good = costmark_cancel_stopped(cancel) && good;
  costmark_usage_report_free(report);
  costmark_bearer_token_free(token);
  costmark_credentials_set_free(set);
  costmark_cancel_release(cancel);
  costmark_bearer_token_cache_release(tokens);
  costmark_credentials_cache_release(cache);
  costmark_client_release(client);
  return good && costmark_live_handles() == 0;
}

static void a_forked_child_has_every_handle(void) {
  costmark_config *config = config_with(NULL);
  costmark_client *client = NULL;
  costmark_credentials_cache *cache = NULL;
  costmark_bearer_token_cache *tokens = NULL;
  costmark_cancel *cancel = NULL;
  int state = -1;
  pid_t child;
  CHECK_OK(costmark_client_new(config, &client, &error));
  CHECK_OK(costmark_credentials_cache_new(config, &cache, &error));
  CHECK_OK(costmark_bearer_token_cache_new(config, 0, &tokens, &error));
  CHECK_OK(costmark_cancel_new(&cancel, &error));
  costmark_config_free(config);
  child = fork();
  if (child == 0) _exit(work_in_child(client, cache, tokens, cancel) ? 0 : 1);
  CHECK(child > 0 && waitpid(child, &state, 0) == child && WIFEXITED(state));
  CHECK(WEXITSTATUS(state) == 0);
  CHECK(!costmark_cancel_stopped(cancel)); /* the child's request is the child's */
  CHECK(work_in_child(client, cache, tokens, cancel));
}

static volatile sig_atomic_t signals;

static void count_signal(int number) {
  (void)number;
  ++signals;
}

/* System calls that a signal interrupts are no failure. The signals come with the answer, and not
 * from a timer, which would leave a slow program no time between them. */
static void signals_come(void) {
  const pthread_t sender = pthread_self();
  stream self = {0, 4, 50, &sender};
  server *peer = server_start(answer, &self);
  costmark_client *client = client_with(NULL);
  struct sigaction action;
  uint64_t len = 0;
  memset(&action, 0, sizeof action);
  action.sa_handler = count_signal; /* without SA_RESTART */
  sigemptyset(&action.sa_mask);
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  CHECK_OK(send_to(client, peer, &len, &error));
  CHECK(len == 50 * strlen(": so on\n\n") + strlen(last_event));
  CHECK(signals > 5); /* those that come at once may be one */
  costmark_client_release(client);
  server_stop(peer);
}

static long most_memory_kb(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/* Memory does not grow with the stream. TEST_STREAM_MB: its length, by default 32. */
static void a_long_stream(void) {
  const char *const asked = getenv("TEST_STREAM_MB");
  stream self = {4, 0, 0, NULL};
  server *peer = server_start(answer, &self);
  costmark_client *client = client_with(NULL);
  uint64_t len = 0;
  long before;
  CHECK_OK(send_to(client, peer, &len, &error));
  before = most_memory_kb();
  self.megabytes = asked == NULL ? 32 : strtoul(asked, NULL, 10);
  CHECK_OK(send_to(client, peer, &len, &error));
  CHECK(len == (uint64_t)self.megabytes * 1024 * 1024 + strlen(last_event));
  CHECK(most_memory_kb() - before < 8192);
  costmark_client_release(client);
  server_stop(peer);
}

void test_process(void) {
  a_forked_child_sends();
  a_forked_child_has_every_handle();
  signals_come();
  a_long_stream();
}
