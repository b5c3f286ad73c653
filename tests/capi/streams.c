/*
 * Many streams through costmark_operation_send() from many threads, with servers that fail and
 * callers that give up, both at random. Whatever happens, every stream is counted once, with the
 * tokens that its service reported; what the server saw are the attempts, no more and no fewer;
 * connections are used again; memory does not grow; no handle is left.
 *
 * Usage: streams [STREAMS [THREADS [SEED]]], by default 1000 16 1. The server is another process.
 */
#define _POSIX_C_SOURCE 200112L
#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "server.h"

enum { most_threads = 64, projects = 4 };

/* A number that depends on nothing but its arguments. */
static uint32_t chance(uint32_t seed, uint32_t n, uint32_t what) {
  uint32_t x = seed * 2654435761u + n * 2246822519u + what * 3266489917u;
  x ^= x >> 16;
  x *= 2146121005u;
  x ^= x >> 15;
  x *= 2221713035u;
  return x ^ (x >> 16);
}

static uint64_t input_of(uint32_t n) {
  return 1 + n % 97;
}
static uint64_t output_of(uint32_t n) {
  return 1 + n % 13;
}

/* ---- The server's process ---- */

typedef struct {
  int connections;
  int requests;
  int dropped; /* without an answer, often on a connection that was kept */
} counts;

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static counts counted_by_server;

static void sleep_ms(int ms) {
  struct timespec pause;
  pause.tv_sec = 0;
  pause.tv_nsec = (long)ms * 1000000;
  nanosleep(&pause, NULL);
}

static bool send_events(uint32_t n, int fault, int connection) {
  static const char event[] =
      "data: {\"id\":\"chatcmpl-7\",\"model\":\"a-model\",\"choices\":[{\"index\":0,\"delta\":"
      "{\"content\":\"word\"}}]}\n\n";
  static const char stop[] =
      "data: {\"id\":\"chatcmpl-7\",\"model\":\"a-model\",\"choices\":[{\"index\":0,\"delta\":{},"
      "\"finish_reason\":\"stop\"}]}\n\n";
  char last[200];
  uint32_t i;
  if (!server_begin(connection, 200, "text/event-stream")) return false;
  for (i = 0; i < 2 + n % 7; ++i) {
    if (!server_chunk(connection, event)) return false;
    if (fault == 3) sleep_ms(1);            /* slow */
    if (fault == 2 && i == 1) return false; /* breaks off */
  }
  if (fault == 4) { /* byte by byte */
    const char *byte;
    for (byte = stop; *byte != '\0'; ++byte) {
      const char one[] = {*byte, '\0'};
      if (!server_chunk(connection, one)) return false;
    }
  } else if (!server_chunk(connection, stop)) {
    return false;
  }
  sprintf(last,
          "data: {\"id\":\"chatcmpl-7\",\"choices\":[],\"usage\":{\"prompt_tokens\":%lu,"
          "\"completion_tokens\":%lu}}\n\ndata: [DONE]\n\n",
          (unsigned long)input_of(n), (unsigned long)output_of(n));
  return server_chunk(connection, last) && server_chunk(connection, "");
}

/* What goes wrong depends on the number of the exchange: the next attempt may fare better. */
static bool answer(void *user_data, const server_request *request, int connection) {
  const uint32_t seed = *(const uint32_t *)user_data;
  const char *at = strstr(request->body, "\"n\":");
  const uint32_t n = at == NULL ? 0 : (uint32_t)strtoul(at + 4, NULL, 10);
  const uint32_t dice = chance(seed, (uint32_t)request->number, 1) % 100;
  if (dice < 4) {
    return server_answer(connection, 429, "application/json", "retry-after-ms: 1\r\n", "{}");
  }
  if (dice < 7) {
    return server_answer(connection, 503, "application/json", "retry-after-ms: 1\r\n", "{}");
  }
  if (dice < 9) return server_answer(connection, 400, "application/json", "", "{}");
  if (dice < 11) {
    pthread_mutex_lock(&counting);
    ++counted_by_server.dropped;
    pthread_mutex_unlock(&counting);
    return false;
  }
  return send_events(n, dice < 15 ? 2 : dice < 20 ? 3 : dice < 25 ? 4 : 0, connection);
}

static void write_whole(int to, const void *data, size_t len) {
  if (write(to, data, len) != (ssize_t)len) _exit(2);
}

/* Tells its port, serves until it is told to end, tells what it counted. */
static void serve(int from, int to, uint32_t seed) {
  server *self = server_start(answer, &seed);
  char byte;
  int port;
  if (self == NULL) _exit(2);
  port = server_port(self);
  write_whole(to, &port, sizeof port);
  if (read(from, &byte, 1) != 1) _exit(2);
  counted_by_server.connections = server_connections(self);
  counted_by_server.requests = server_requests(self);
  server_stop(self);
  write_whole(to, &counted_by_server, sizeof counted_by_server);
  _exit(0);
}

/* ---- The client's process ---- */

/* What was done, to be compared with what was counted. */
typedef struct {
  uint64_t operations, attempts, input, output;
} sums;

typedef struct {
  pthread_mutex_t mutex;
  costmark_client *client;
  char url[80];
  uint32_t seed, streams;
  /* Under the mutex: */
  uint32_t next;
  sums by_project[projects];
  uint64_t events, first_events, event_input, event_output; /* of the usage callback */
  uint64_t broken;                                          /* connections that cannot be kept */
  uint64_t unheard; /* attempts cancelled before an answer: the server need not have seen them */
  uint64_t completed, cancelled, failed;
  costmark_cancel *running[most_threads];
  bool done;
} work;

static bool breaks_connection(costmark_outcome outcome, int32_t http_status) {
  return outcome == COSTMARK_OUTCOME_CANCELLED || outcome == COSTMARK_OUTCOME_INCOMPLETE ||
         http_status == 0;
}

static void add_event(void *user_data, const costmark_answer *event) {
  work *self = (work *)user_data;
  pthread_mutex_lock(&self->mutex);
  ++self->events;
  if (event->attempt == 1) ++self->first_events;
  self->event_input += event->usage->input_tokens;
  self->event_output += event->usage->output_tokens;
  if (breaks_connection(event->outcome, event->http_status)) ++self->broken;
  if (event->outcome == COSTMARK_OUTCOME_CANCELLED && event->http_status == 0) ++self->unheard;
  pthread_mutex_unlock(&self->mutex);
}

typedef struct {
  work *all;
  size_t place;
} worker;

/* One stream. */
typedef struct {
  uint32_t n;
  uint32_t pieces, stop_after; /* 0: never */
  bool by_cancel;
  costmark_cancel *cancel;
} stream;

static costmark_status take_piece(void *user_data, const char *data, size_t len) {
  stream *self = (stream *)user_data;
  (void)data;
  (void)len;
  if (++self->pieces != self->stop_after) return COSTMARK_OK;
  if (!self->by_cancel) return COSTMARK_STOPPED_BY_CALLBACK;
  costmark_cancel_stop(self->cancel);
  return COSTMARK_OK;
}

static bool as_expected(const stream *self, costmark_status status, const costmark_usage *usage) {
  switch (status) {
    case COSTMARK_OK:
      return usage->input_tokens == input_of(self->n) && usage->output_tokens == output_of(self->n);
    case COSTMARK_STOPPED_BY_CALLBACK:
      return self->stop_after != 0 && !self->by_cancel;
    case COSTMARK_CANCELLED:
    case COSTMARK_THROTTLED:
    case COSTMARK_SERVICE:
    case COSTMARK_TRANSPORT:
      return true;
    default:
      return false;
  }
}

static void add_up(work *all, const stream *self, costmark_status status, uint32_t attempts,
                   const costmark_usage *usage) {
  sums *const to = &all->by_project[self->n % projects];
  to->operations += attempts > 0 ? 1 : 0;
  to->attempts += attempts;
  to->input += usage->input_tokens;
  to->output += usage->output_tokens;
  if (status == COSTMARK_OK)
    ++all->completed;
  else if (status == COSTMARK_CANCELLED || status == COSTMARK_STOPPED_BY_CALLBACK)
    ++all->cancelled;
  else
    ++all->failed;
  if (!as_expected(self, status, usage)) {
    ++failures;
    fprintf(stderr, "stream %lu ended with %s and %lu tokens of input\n", (unsigned long)self->n,
            costmark_status_name(status), (unsigned long)usage->input_tokens);
  }
}

static void run_stream(worker *self, uint32_t n, costmark_operation *operation) {
  static const char *const names[projects] = {"proj_0", "proj_1", "proj_2", "proj_3"};
  work *const all = self->all;
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  const costmark_usage none = COSTMARK_USAGE_INIT;
  costmark_answer shown;
  costmark_request request;
  costmark_status status;
  stream state = {n, 0, 0, false, NULL};
  char body[120];
  if (chance(all->seed, n, 2) % 100 < 10) state.stop_after = 1 + chance(all->seed, n, 3) % 3;
  state.by_cancel = chance(all->seed, n, 4) % 2 == 0;
  sprintf(body, "{\"model\":\"a-model\",\"stream\":true,\"n\":%lu}", (unsigned long)n);
  request = chat_request(body);
  request.url = str(all->url);
  request.scope = str(names[n % projects]);
  CHECK(costmark_cancel_new(&state.cancel, NULL) == COSTMARK_OK);
  options.on_body = take_piece;
  options.user_data = &state;
  options.cancel = state.cancel;
  options.max_attempts = 1 + n % 3;
  pthread_mutex_lock(&all->mutex);
  all->running[self->place] = state.cancel;
  pthread_mutex_unlock(&all->mutex);
  CHECK(costmark_operation_begin(operation, &request, NULL) == COSTMARK_OK);
  status = costmark_operation_send(operation, &options, NULL);
  shown = answer_of(operation);
  pthread_mutex_lock(&all->mutex);
  all->running[self->place] = NULL;
  add_up(all, &state, status, shown.attempt, shown.usage == NULL ? &none : shown.usage);
  if ((status == COSTMARK_CANCELLED || status == COSTMARK_STOPPED_BY_CALLBACK) &&
      !breaks_connection(shown.outcome, shown.http_status)) {
    ++all->broken; /* after all that counts had come */
  }
  pthread_mutex_unlock(&all->mutex);
  costmark_cancel_release(state.cancel);
}

static void *run_worker(void *argument) {
  worker *self = (worker *)argument;
  costmark_operation *operation = NULL;
  CHECK(costmark_operation_new(self->all->client, &operation, NULL) == COSTMARK_OK);
  for (;;) {
    uint32_t n;
    pthread_mutex_lock(&self->all->mutex);
    n = self->all->next;
    if (n < self->all->streams) ++self->all->next;
    pthread_mutex_unlock(&self->all->mutex);
    if (n >= self->all->streams) break;
    run_stream(self, n, operation);
  }
  costmark_operation_free(operation);
  return NULL;
}

static long memory_kb(void) {
  long pages = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
  fclose(file);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Cancels this and that while the workers work; returns what memory there was at half of the way.
 */
static long disturb(work *all, size_t threads) {
  long at_half = 0;
  uint32_t turn = 0, left = all->streams / 10; /* so that most of them complete, also when slow */
  bool going = true;
  while (going) {
    sleep_ms(2);
    ++turn;
    pthread_mutex_lock(&all->mutex);
    if (left > 0 && chance(all->seed, turn, 5) % 4 == 0) {
      costmark_cancel_stop(all->running[chance(all->seed, turn, 6) % threads]);
      --left;
    }
    if (at_half == 0 && all->next >= all->streams / 2) at_half = memory_kb();
    going = all->next < all->streams;
    pthread_mutex_unlock(&all->mutex);
  }
  return at_half;
}

static void compare(work *all) {
  costmark_usage_report *report = NULL;
  sums total = {0, 0, 0, 0};
  size_t i;
  CHECK_OK(costmark_client_usage(all->client, &report, &error));
  CHECK(costmark_usage_report_count(report) == projects);
  for (i = 0; i < costmark_usage_report_count(report); ++i) {
    costmark_usage_totals counted = COSTMARK_USAGE_TOTALS_INIT;
    const sums *const done = &all->by_project[i];
    costmark_usage_report_read(report, i, &counted);
    CHECK(counted.operations == done->operations);
    CHECK(counted.attempts == done->attempts);
    CHECK(counted.input_tokens == done->input && counted.output_tokens == done->output);
    total.operations += counted.operations;
    total.attempts += counted.attempts;
    total.input += counted.input_tokens;
    total.output += counted.output_tokens;
  }
  CHECK(all->first_events == total.operations && all->events == total.attempts);
  CHECK(all->event_input == total.input && all->event_output == total.output);
  CHECK(all->completed + all->cancelled + all->failed == all->streams);
  CHECK(all->completed > all->streams / 2 && all->cancelled > 0 && all->failed > 0);
  printf("%lu operations, %lu attempts, %lu + %lu tokens\n", (unsigned long)total.operations,
         (unsigned long)total.attempts, (unsigned long)total.input, (unsigned long)total.output);
  costmark_usage_report_free(report);
}

static costmark_client *client_telling(work *all) {
  static const char *const options[][2] = {{"region", "us-east-1"}, {"max_idle_connections", "64"}};
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  size_t i;
  CHECK_OK(costmark_config_new(&config, &error));
  for (i = 0; i < sizeof options / sizeof options[0]; ++i) {
    CHECK_OK(costmark_config_set(config, options[i][0], strlen(options[i][0]), options[i][1],
                                 strlen(options[i][1]), &error));
  }
  CHECK_OK(costmark_config_set_usage_callback(config, add_event, all, NULL, &error));
  CHECK_OK(costmark_client_new(config, &client, &error));
  costmark_config_free(config);
  return client;
}

static void run(work *all, size_t threads, const int *peer, pid_t child) {
  costmark_client *client = client_telling(all);
  pthread_t ids[most_threads];
  worker workers[most_threads];
  counts counted = {0, 0, 0};
  long at_half, at_end;
  int state = -1;
  size_t i;
  all->client = client;
  for (i = 0; i < threads; ++i) {
    workers[i].all = all;
    workers[i].place = i;
    CHECK(pthread_create(&ids[i], NULL, run_worker, &workers[i]) == 0);
  }
  at_half = disturb(all, threads);
  for (i = 0; i < threads; ++i) pthread_join(ids[i], NULL);
  at_end = memory_kb();
  compare(all);
  costmark_client_release(client);
  write_whole(peer[1], "", 1);
  CHECK(read(peer[0], &counted, sizeof counted) == (ssize_t)sizeof counted);
  CHECK(waitpid(child, &state, 0) == child && state == 0);
  printf("%lu completed, %lu cancelled, %lu failed\n", (unsigned long)all->completed,
         (unsigned long)all->cancelled, (unsigned long)all->failed);
  printf("%d requests over %d connections, of which %lu broke and %d were dropped\n",
         counted.requests, counted.connections, (unsigned long)all->broken, counted.dropped);
  printf("%lu attempts were cancelled before an answer\n", (unsigned long)all->unheard);
  printf("%ld KB at half of the way, %ld at its end\n", at_half, at_end);
  CHECK((uint64_t)counted.connections <= threads + all->broken);
  CHECK((uint64_t)counted.requests <= all->events);
  CHECK((uint64_t)counted.requests >= all->events - all->unheard);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they keep what was freed */
  CHECK(at_end - at_half < 4096);
#endif
  CHECK(costmark_live_handles() == 0);
}

int main(int argc, char **argv) {
  static work all;
  const size_t threads = argc > 2 ? strtoul(argv[2], NULL, 10) : 16;
  int to_child[2], from_child[2], peer[2], port = 0;
  pid_t child;
  all.streams = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
  all.seed = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1;
  if (threads < 1 || threads > most_threads) return 2;
  clear_environment();
  if (pipe(to_child) != 0 || pipe(from_child) != 0) return 2;
  child = fork();
  if (child == 0) {
    close(to_child[1]);
    serve(to_child[0], from_child[1], all.seed);
  }
  peer[0] = from_child[0];
  peer[1] = to_child[1];
  if (read(peer[0], &port, sizeof port) != (ssize_t)sizeof port) return 2;
  sprintf(all.url, "http://127.0.0.1:%d/v1/chat/completions", port);
  pthread_mutex_init(&all.mutex, NULL);
  run(&all, threads, peer, child);
  pthread_mutex_destroy(&all.mutex);
  return failures == 0 ? 0 : 1;
}
