/* Loads and closes the library again and again, working with it each time. It stays where it is,
 * and nothing grows. Usage: reload LIBRARY */
#define _POSIX_C_SOURCE 200112L
#include <time.h>

#include "loaded.h"
#include "server.h"

static int failures;

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      ++failures;                                                             \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                         \
  } while (0)

static bool answer(void *user_data, const server_request *request, int connection) {
  (void)user_data;
  (void)request;
  return server_answer(connection, 200, "application/json", "", "{\"id\":\"chatcmpl-1\"}");
}

static costmark_str str(const char *text) {
  costmark_str out;
  out.data = text;
  out.len = strlen(text);
  return out;
}

static void set(const loaded *with, costmark_config *config, const char *name, const char *value) {
  CHECK(with->config_set(config, name, strlen(name), value, strlen(value), NULL) == COSTMARK_OK);
}

/* Signs one request and sends another. */
static void work(const loaded *with, const char *url) {
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  costmark_operation *operation = NULL;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_response response = COSTMARK_RESPONSE_INIT;
  costmark_request request = COSTMARK_REQUEST_INIT;
  CHECK(with->config_new(&config, NULL) == COSTMARK_OK);
  set(with, config, "access_key_id", "AKIDEXAMPLE");
  set(with, config, "secret_access_key", "not-a-real-secret");
  set(with, config, "project", "proj_reload");
  CHECK(with->client_new(config, &client, NULL) == COSTMARK_OK);
  CHECK(with->operation_new(client, &operation, NULL) == COSTMARK_OK);
  request.method = str("POST");
  request.body = str("{\"model\":\"a-model\"}");
  request.url = str("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
  CHECK(with->operation_begin(operation, &request, NULL) == COSTMARK_OK);
  CHECK(with->operation_prepare(operation, NULL, NULL, &prepared, NULL) == COSTMARK_OK);
  CHECK(prepared.project.len == 11 && strcmp(prepared.project.data, "proj_reload") == 0);
  request.url = str(url);
  CHECK(with->operation_begin(operation, &request, NULL) == COSTMARK_OK);
  CHECK(with->operation_send(operation, NULL, NULL) == COSTMARK_OK);
  with->operation_response(operation, &response);
  CHECK(response.http_status == 200);
  with->operation_free(operation);
  with->client_release(client);
  with->config_free(config);
  CHECK(with->live_handles() == 0);
}

/* How many lines a file has. */
static long lines_of(const char *path) {
  FILE *file = fopen(path, "r");
  long count = 0;
  int c;
  if (file == NULL) return 0;
  while ((c = fgetc(file)) != EOF) count += c == '\n';
  fclose(file);
  return count;
}

/* A number of /proc/self/status. */
static long field_of(const char *name) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[256];
  long value = 0;
  if (file == NULL) return 0;
  while (fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, name, strlen(name)) == 0) value = strtol(line + strlen(name), NULL, 10);
  }
  fclose(file);
  return value;
}

int main(int argc, char **argv) {
  enum { warm_up = 10, rounds = 100 };
  server *peer;
  char url[80];
  long mappings = 0, threads = 0, memory = 0;
  loaded first;
  costmark_config *kept = NULL;
  int i;
  if (argc != 2) return 2;
  peer = server_start(answer, NULL);
  server_url(peer, "/v1/chat/completions", url);
  first = load(argv[1]);
  work(&first, url);
  CHECK(first.config_new(&kept, NULL) == COSTMARK_OK);
  CHECK(dlclose(first.library) == 0);
  first.config_free(kept); /* still there */
  for (i = 0; i < warm_up + rounds; ++i) {
    const loaded one = load(argv[1]);
    CHECK(one.config_new == first.config_new);
    work(&one, url);
    CHECK(dlclose(one.library) == 0);
    if (i + 1 == warm_up) {
      mappings = lines_of("/proc/self/maps");
      memory = field_of("VmRSS:");
    }
  }
  server_stop(peer);
  for (i = 0; i < 1000 && field_of("Threads:") > 1; ++i) { /* the server's are about to end */
    const struct timespec pause = {0, 1000000};
    nanosleep(&pause, NULL);
  }
  threads = field_of("Threads:");
  printf("%ld mappings, then %ld; %ld KB, then %ld; %ld thread(s)\n", mappings,
         lines_of("/proc/self/maps"), memory, field_of("VmRSS:"), threads);
  CHECK(lines_of("/proc/self/maps") < mappings + rounds / 2);
  CHECK(field_of("VmRSS:") < memory + 2048);
  CHECK(threads == 1);
  return failures == 0 ? 0 : 1;
}
