/*
 * Sends a chat completion through costmark and writes its stream to stdout as it comes. Ctrl-C
 * stops it; what it used until then is counted and said on stderr.
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
#include <string.h>

static const char body[] =
    "{\"model\": \"openai.gpt-oss-20b\", \"stream\": true,"
    " \"messages\": [{\"role\": \"user\", \"content\": \"Why is the sky blue?\"}]}";

/*
 * A signal handler may hardly call anything, and costmark_cancel_request() not at all. So Ctrl-C is
 * blocked in every thread, and a thread of its own waits for it.
 */
static void *wait_for_interrupt(void *cancel) {
  sigset_t interrupt;
  int signal_number;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  sigwait(&interrupt, &signal_number);
  costmark_cancel_request(cancel);
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
  fprintf(stderr, "%s: status %d, request %s\n", costmark_response_project(response, NULL),
          (int)costmark_response_http_status(response),
          costmark_response_request_id(response, NULL));
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

static void print_end(const costmark_response *response) {
  costmark_usage usage = COSTMARK_USAGE_INIT;
  if (costmark_response_usage(response, &usage, NULL) != COSTMARK_OK) return;
  fprintf(stderr, "%s: %" PRIu64 " tokens in, %" PRIu64 " out; %s after %" PRIu32 " attempts\n",
          costmark_response_project(response, NULL), usage.input_tokens, usage.output_tokens,
          costmark_outcome_name(costmark_response_outcome(response)),
          costmark_response_attempts(response));
}

/* Sends while another thread waits for Ctrl-C. */
static costmark_status send_it(const costmark_client *client, const char *url,
                               costmark_cancel *cancel, costmark_response *response,
                               costmark_error **error) {
  const costmark_str method = COSTMARK_STR("POST");
  const costmark_header content_type = {COSTMARK_STR("Content-Type"),
                                        COSTMARK_STR("application/json")};
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  costmark_status status;
  pthread_t waiter;
  bool waiting;

  request.method = method;
  request.url.data = url;
  request.url.len = strlen(url);
  request.headers = &content_type;
  request.header_count = 1;
  request.body.data = body;
  request.body.len = sizeof body - 1;
  options.on_head = print_head;
  options.on_body = print_piece;
  options.cancel = cancel;

  waiting = pthread_create(&waiter, NULL, wait_for_interrupt, cancel) == 0;
  if (!waiting) fprintf(stderr, "Ctrl-C does nothing: there is no thread to wait for it\n");
  status = costmark_client_send(client, &request, &options, response, error);
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
  costmark_cancel *cancel = NULL;
  costmark_response *response = NULL;
  costmark_error *error = NULL;
  costmark_status status;
  size_t len;
  const char *refusal;

  block_interrupt();
  status = costmark_config_new(&config, &error);
  if (status == COSTMARK_OK)
    status = costmark_config_set(config, "project", 7, project, strlen(project), &error);
  if (status == COSTMARK_OK) status = costmark_client_new(config, &client, &error);
  if (status == COSTMARK_OK) status = costmark_cancel_new(&cancel, &error);
  if (status == COSTMARK_OK) status = costmark_response_new(&response, &error);
  if (status == COSTMARK_OK) status = send_it(client, url, cancel, response, &error);
  if (response != NULL && costmark_response_attempts(response) != 0) print_end(response);
  if (status != COSTMARK_OK) {
    fprintf(stderr, "%s: %s\n", costmark_status_name(status), costmark_error_message(error, NULL));
    refusal = costmark_response_body(response, &len); /* what the service said, if it refused */
    fwrite(refusal, 1, len, stderr);
  }

  costmark_error_free(error);
  costmark_response_free(response);
  costmark_cancel_release(cancel);
  costmark_client_release(client);
  costmark_config_free(config);
  return status == COSTMARK_OK ? 0 : status == COSTMARK_CANCELLED ? 130 : 1;
}
