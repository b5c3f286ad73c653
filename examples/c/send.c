/*
 * Sends a chat completion through costmark and writes its stream to stdout as it comes. Ctrl-C
 * stops it. What it used until then is counted, and printed on stderr.
 *
 *     gcc send.c $(pkg-config --cflags --libs costmark) -pthread -o send
 *     ./send proj_abc123 [URL]
 */
#define _POSIX_C_SOURCE 200809L
#include <costmark/costmark.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>

static const char body[] =
    "{\"model\": \"openai.gpt-oss-20b\", \"stream\": true,"
    " \"messages\": [{\"role\": \"user\", \"content\": \"Why is the sky blue?\"}]}";

/*
 * A signal handler may hardly call anything, and costmark_cancel_stop() not at all. So Ctrl-C is
 * blocked in every thread, and a thread of its own waits for it.
 */
static void *wait_for_interrupt(void *cancel) {
  sigset_t interrupt;
  int signal_number;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigwait(&interrupt, &signal_number);
  costmark_cancel_stop(cancel);
  return NULL;
}

/* Before any thread is made: threads take over what is blocked. */
static void block_interrupt(void) {
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, NULL);
}

static costmark_status print_head(void *user_data, const costmark_response *response) {
  (void)user_data;
  fprintf(stderr, "status %d, request %s\n", (int)response->http_status,
          response->request_id.len == 0 ? "(none)" : response->request_id.data);
  return COSTMARK_OK;
}

static costmark_status print_piece(void *user_data, const char *data, size_t len) {
  (void)user_data;
  if (fwrite(data, 1, len, stdout) != len || fflush(stdout) != 0) {
    perror("stdout");
    return COSTMARK_STOPPED_BY_CALLBACK;
  }
  return COSTMARK_OK;
}

/* What the last attempt used, if there was one. */
static void print_usage(const costmark_operation *call) {
  costmark_answer ended = COSTMARK_ANSWER_INIT;
  costmark_operation_answer(call, &ended);
  if (ended.usage == NULL) return;
  if (ended.project_source == COSTMARK_SOURCE_NONE)
    fprintf(stderr, "the default project pays: the first argument names another one\n");
  fprintf(stderr, "%s: %" PRIu64 " tokens in, %" PRIu64 " out; %s after %" PRIu32 " attempt%s\n",
          ended.project.data, ended.usage->input_tokens, ended.usage->output_tokens,
          costmark_outcome_name(ended.outcome), ended.attempt, ended.attempt == 1 ? "" : "s");
}

/* Why it failed, and what the service said. */
static void print_failure(costmark_status status, const costmark_error *error,
                          const costmark_operation *call) {
  costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
  costmark_response response = COSTMARK_RESPONSE_INIT;
  costmark_error_read(error, &why);
  costmark_operation_response(call, &response);
  fprintf(stderr, "%s: %s\n", costmark_status_name(status), why.message.data);
  if (response.body.len != 0) fwrite(response.body.data, 1, response.body.len, stderr);
}

/* Sends while another thread waits for Ctrl-C. */
static costmark_status send_it(costmark_operation *call, const char *url, costmark_cancel *cancel,
                               costmark_error **error) {
  const costmark_header content_type = {COSTMARK_STR("Content-Type"),
                                        COSTMARK_STR("application/json")};
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  costmark_status status;
  pthread_t waiter;
  bool waiting;

  request.method = costmark_str_of("POST");
  request.url = costmark_str_of(url);
  request.headers = &content_type;
  request.header_count = 1;
  request.body = costmark_str_of(body);
  options.on_head = print_head;
  options.on_body = print_piece;
  options.cancel = cancel;

  waiting = pthread_create(&waiter, NULL, wait_for_interrupt, cancel) == 0;
  if (!waiting) fprintf(stderr, "Ctrl-C does nothing: there is no thread to wait for it\n");
  status = costmark_operation_begin(call, &request, error);
  if (status == COSTMARK_OK) status = costmark_operation_send(call, &options, error);
  if (waiting) {
    pthread_kill(waiter, SIGINT); /* its own Ctrl-C: nothing is left to be stopped */
    pthread_join(waiter, NULL);
  }
  return status;
}

int main(int argc, char **argv) {
  const char *project = argc > 1 ? argv[1] : "";
  const char *url =
      argc > 2 ? argv[2] : "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  costmark_operation *call = NULL;
  costmark_cancel *cancel = NULL;
  costmark_error *error = NULL;
  costmark_status status;

  block_interrupt();
  status = costmark_config_new(&config, &error);
  if (status == COSTMARK_OK) status = costmark_config_set_z(config, "project", project, &error);
  if (status == COSTMARK_OK) status = costmark_client_new(config, &client, &error);
  if (status == COSTMARK_OK) status = costmark_operation_new(client, &call, &error);
  if (status == COSTMARK_OK) status = costmark_cancel_new(&cancel, &error);
  if (status == COSTMARK_OK) status = send_it(call, url, cancel, &error);
  print_usage(call);
  if (status != COSTMARK_OK) print_failure(status, error, call);

  costmark_error_free(error);
  costmark_cancel_release(cancel);
  costmark_operation_free(call);
  costmark_client_release(client);
  costmark_config_free(config);
  return status == COSTMARK_OK ? 0 : status == COSTMARK_CANCELLED ? 130 : 1;
}
