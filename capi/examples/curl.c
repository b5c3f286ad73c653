/*
 * Signs a chat completion and posts it with a libcurl of its own. The answer goes to stdout, what
 * it used to stderr.
 *
 *     gcc curl.c $(pkg-config --cflags --libs costmark libcurl) -o curl
 *     ./curl proj_abc123 [URL]
 */
#include <costmark/costmark.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char body[] =
    "{\"model\": \"openai.gpt-oss-20b\", \"stream\": true,"
    " \"messages\": [{\"role\": \"user\", \"content\": \"Why is the sky blue?\"}]}";

/* One answer on its way from libcurl through costmark to stdout. */
typedef struct {
  CURL *curl;
  costmark_observation *observation;
  bool has_head;
} answer;

static long http_status(CURL *curl) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

static costmark_str header_of(CURL *curl, const char *name) {
  costmark_str value = COSTMARK_STR_INIT;
  struct curl_header *found;
  if (curl_easy_header(curl, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK) {
    value.data = found->value;
    value.len = strlen(found->value);
  }
  return value;
}

/* Tells costmark how the answer begins. It only counts: if it fails, the answer goes on. */
static void observe_head(answer *self) {
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  if (self->has_head) return;
  self->has_head = true;
  head.http_status = (int32_t)http_status(self->curl);
  head.content_type = header_of(self->curl, "content-type");
  head.date = header_of(self->curl, "date");
  head.error_type = header_of(self->curl, "x-amzn-errortype");
  if (costmark_observation_head(self->observation, &head, NULL) != COSTMARK_OK)
    fprintf(stderr, "the head of the answer could not be read\n");
}

static bool pass_on(const answer *self, const char *data, size_t len) {
  return fwrite(data, 1, len, http_status(self->curl) < 300 ? stdout : stderr) == len;
}

/* libcurl has a piece of the body. After a failure `rest` is the piece itself, so it is passed on.
 */
static size_t take_piece(char *data, size_t size, size_t count, void *user_data) {
  answer *self = user_data;
  const char *rest;
  size_t len = 0;
  observe_head(self);
  if (costmark_observation_feed(self->observation, data, size * count, &rest, &len, NULL) !=
      COSTMARK_OK)
    fprintf(stderr, "a piece of the answer could not be read\n");
  return pass_on(self, rest, len) ? size * count : 0;
}

static bool append(struct curl_slist **list, const char *name, size_t name_len, const char *value,
                   size_t value_len) {
  const size_t size = name_len + 2 + value_len + 1;
  struct curl_slist *longer;
  char *line = malloc(size);
  if (line == NULL) return false;
  snprintf(line, size, "%.*s:%s%.*s", (int)name_len, name, value_len == 0 ? "" : " ",
           (int)value_len, value);
  longer = curl_slist_append(*list, line);
  free(line);
  if (longer != NULL) *list = longer;
  return longer != NULL;
}

/* The program's headers with what costmark adds. A name without a value keeps libcurl from sending
 * that header. */
static struct curl_slist *headers_of(const costmark_prepared *prepared) {
  struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
  size_t i, count;
  const costmark_str *remove = costmark_prepared_headers_to_remove(prepared, &count);
  const costmark_header *set;
  bool complete = list != NULL;
  for (i = 0; i < count; ++i)
    complete = complete && append(&list, remove[i].data, remove[i].len, "", 0);
  set = costmark_prepared_headers_to_set(prepared, &count);
  for (i = 0; i < count; ++i)
    complete = complete && append(&list, set[i].name.data, set[i].name.len, set[i].value.data,
                                  set[i].value.len);
  if (complete) return list;
  curl_slist_free_all(list);
  return NULL;
}

static void print_usage(const costmark_prepared *prepared,
                        const costmark_observation *observation) {
  costmark_usage usage = COSTMARK_USAGE_INIT;
  if (costmark_observation_usage(observation, &usage, NULL) != COSTMARK_OK) return;
  fprintf(stderr, "%s: %" PRIu64 " tokens in, %" PRIu64 " out; %s\n",
          costmark_prepared_project(prepared, NULL), usage.input_tokens, usage.output_tokens,
          costmark_outcome_name(costmark_observation_outcome(observation)));
}

/* Sends what is prepared, and observes the answer to its end. */
static CURLcode exchange(const costmark_request *request, const costmark_prepared *prepared,
                         answer *self) {
  CURL *curl = self->curl;
  struct curl_slist *headers = headers_of(prepared);
  size_t body_len, url_len, rest_len = 0;
  const char *to_send = costmark_prepared_body(prepared, &body_len);
  const char *url = costmark_prepared_url(prepared, &url_len);
  const char *rest;
  CURLcode code = CURLE_OUT_OF_MEMORY;
  costmark_status ended;

  curl_easy_setopt(curl, CURLOPT_URL, url_len != 0 ? url : request->url.data);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, to_send);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_len);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, self);
  if (headers != NULL) code = curl_easy_perform(curl);
  curl_slist_free_all(headers);

  if (code == CURLE_OK) {
    observe_head(self); /* of an answer without a body */
    ended = costmark_observation_finish(self->observation, &rest, &rest_len, NULL);
  } else {
    ended = costmark_observation_fail(
        self->observation, self->has_head ? COSTMARK_OUTCOME_INCOMPLETE : COSTMARK_OUTCOME_ERROR,
        &rest, &rest_len, NULL);
  }
  if (ended == COSTMARK_OK) pass_on(self, rest, rest_len);
  return code;
}

/* One attempt; `*again` tells whether another one, signed anew, may be accepted. */
static costmark_status attempt(const costmark_client *client, const costmark_request *request,
                               costmark_prepared *prepared, uint32_t number, bool *again,
                               bool *answered, costmark_error **error) {
  answer self = {NULL, NULL, false};
  costmark_status status = costmark_client_prepare(client, request, prepared, error);
  if (status == COSTMARK_OK)
    status = costmark_observation_new(client, prepared, number, &self.observation, error);
  if (status != COSTMARK_OK) return status;

  self.curl = curl_easy_init();
  if (self.curl != NULL) {
    const CURLcode code = exchange(request, prepared, &self);
    if (code != CURLE_OK) fprintf(stderr, "curl: %s\n", curl_easy_strerror(code));
    *answered = code == CURLE_OK && http_status(self.curl) < 300;
    *again = costmark_observation_retry_advised(self.observation);
    print_usage(prepared, self.observation);
  } else {
    fprintf(stderr, "curl: no handle\n");
  }
  curl_easy_cleanup(self.curl);
  costmark_observation_free(self.observation);
  return COSTMARK_OK;
}

int main(int argc, char **argv) {
  const char *project = argc > 1 ? argv[1] : "";
  const char *url =
      argc > 2 ? argv[2] : "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions";
  const costmark_str method = COSTMARK_STR("POST");
  const costmark_header content_type = {COSTMARK_STR("Content-Type"),
                                        COSTMARK_STR("application/json")};
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  costmark_prepared *prepared = NULL;
  costmark_error *error = NULL;
  costmark_status status;
  bool again = true, answered = false;
  uint32_t number;

  request.method = method;
  request.url.data = url;
  request.url.len = strlen(url);
  request.headers = &content_type;
  request.header_count = 1;
  request.body.data = body;
  request.body.len = sizeof body - 1;

  curl_global_init(CURL_GLOBAL_DEFAULT);
  status = costmark_config_new(&config, &error);
  if (status == COSTMARK_OK)
    status = costmark_config_set(config, "project", 7, project, strlen(project), &error);
  if (status == COSTMARK_OK) status = costmark_client_new(config, &client, &error);
  if (status == COSTMARK_OK) status = costmark_prepared_new(&prepared, &error);
  for (number = 1; status == COSTMARK_OK && again && number <= 2; ++number) {
    again = false;
    status = attempt(client, &request, prepared, number, &again, &answered, &error);
  }
  if (status != COSTMARK_OK)
    fprintf(stderr, "%s: %s\n", costmark_status_name(status), costmark_error_message(error, NULL));

  costmark_error_free(error);
  costmark_prepared_free(prepared);
  costmark_client_release(client);
  costmark_config_free(config);
  curl_global_cleanup();
  return status == COSTMARK_OK && answered ? 0 : 1;
}
