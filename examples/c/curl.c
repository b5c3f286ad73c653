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

#define MOST_FIELDS 64

static const char body[] =
    "{\"model\": \"openai.gpt-oss-20b\", \"stream\": true,"
    " \"messages\": [{\"role\": \"user\", \"content\": \"Why is the sky blue?\"}]}";

/* One answer on its way from libcurl through costmark to stdout. */
typedef struct {
  CURL *curl;
  costmark_operation *call;
  bool has_head;
  bool passed_on; /* a piece of it was written */
  char *ahead;    /* what was read ahead and is not passed on yet */
  size_t ahead_len;
  size_t read_ahead_len; /* how much may be read ahead */
} answer;

static long http_status(CURL *curl) {
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

/* Tells costmark how the answer begins. */
static void read_head(answer *self) {
  costmark_header fields[MOST_FIELDS];
  costmark_answer_head head = COSTMARK_ANSWER_HEAD_INIT;
  costmark_answer_plan plan = COSTMARK_ANSWER_PLAN_INIT;
  struct curl_header *field = NULL;
  if (self->has_head) return;
  self->has_head = true;
  head.http_status = (int32_t)http_status(self->curl);
  head.headers = fields;
  while (head.header_count < MOST_FIELDS &&
         (field = curl_easy_nextheader(self->curl, CURLH_HEADER, -1, field)) != NULL) {
    fields[head.header_count].name = costmark_str_of(field->name);
    fields[head.header_count++].value = costmark_str_of(field->value);
  }
  if (costmark_operation_head(self->call, &head, &plan) != COSTMARK_OK)
    fprintf(stderr, "the head of the answer could not be read\n");
  self->read_ahead_len = plan.read_ahead_len;
}

static bool pass_on(answer *self, costmark_str piece) {
  if (piece.len == 0) return true;
  self->passed_on = true;
  return fwrite(piece.data, 1, piece.len, http_status(self->curl) < 300 ? stdout : stderr) ==
         piece.len;
}

static bool pass_on_ahead(answer *self) {
  costmark_str ahead;
  ahead.data = self->ahead;
  ahead.len = self->ahead_len;
  self->ahead_len = 0;
  self->read_ahead_len = 0;
  return pass_on(self, ahead);
}

/* Keeps a piece of an answer that refuses: perhaps it is not the last answer. This program has time
 * and does not look at read_ahead_ms. */
static bool keep(answer *self, costmark_str piece) {
  char *longer;
  if (piece.len == 0) return true;
  longer = realloc(self->ahead, self->ahead_len + piece.len);
  if (longer == NULL) return false;
  memcpy(longer + self->ahead_len, piece.data, piece.len);
  self->ahead = longer;
  self->ahead_len += piece.len;
  return true;
}

/* libcurl has a piece of the body. costmark says what to pass on: the piece itself, if it fails. */
static size_t take_piece(char *data, size_t size, size_t count, void *user_data) {
  answer *self = user_data;
  costmark_str piece;
  bool taken;
  read_head(self);
  if (costmark_operation_feed(self->call, data, size * count, &piece) != COSTMARK_OK)
    fprintf(stderr, "a piece of the answer could not be read\n");
  if (self->ahead_len + piece.len < self->read_ahead_len)
    taken = keep(self, piece);
  else
    taken = pass_on_ahead(self) && pass_on(self, piece);
  return taken ? size * count : 0;
}

static bool append(struct curl_slist **list, costmark_str name, costmark_str value) {
  const size_t size = name.len + 2 + value.len + 1;
  struct curl_slist *longer;
  char *line = malloc(size);
  if (line == NULL) return false;
  snprintf(line, size, "%s:%s%s", name.data, value.len == 0 ? "" : " ",
           value.len == 0 ? "" : value.data);
  longer = curl_slist_append(*list, line);
  free(line);
  if (longer != NULL) *list = longer;
  return longer != NULL;
}

/* The program's headers with what costmark adds. A name without a value keeps libcurl from sending
 * that header. Texts of costmark_prepared are C strings as well. */
static struct curl_slist *headers_of(const costmark_prepared *prepared) {
  const costmark_str nothing = COSTMARK_STR_INIT;
  struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");
  bool complete = list != NULL;
  size_t i;
  for (i = 0; i < prepared->remove_header_count; ++i)
    complete = complete && append(&list, prepared->remove_headers[i], nothing);
  for (i = 0; i < prepared->set_header_count; ++i)
    complete =
        complete && append(&list, prepared->set_headers[i].name, prepared->set_headers[i].value);
  if (complete) return list;
  curl_slist_free_all(list);
  return NULL;
}

/* Sends what was prepared, and reads the answer to its end. */
static CURLcode exchange(const costmark_prepared *prepared, answer *self, costmark_next *next) {
  CURL *curl = self->curl;
  struct curl_slist *headers = headers_of(prepared);
  costmark_str held_back;
  CURLcode code = CURLE_OUT_OF_MEMORY;

  curl_easy_setopt(curl, CURLOPT_URL, prepared->url.data);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, prepared->body.data);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)prepared->body.len);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, self);
  costmark_operation_sent(self->call);
  if (headers != NULL) code = curl_easy_perform(curl);
  curl_slist_free_all(headers);

  if (code == CURLE_OK) {
    read_head(self); /* of an answer without a body */
    costmark_operation_finish(self->call, &held_back, next);
  } else {
    costmark_operation_fail(self->call,
                            self->has_head ? COSTMARK_OUTCOME_INCOMPLETE : COSTMARK_OUTCOME_ERROR,
                            &held_back, next);
  }
  if (next->step != COSTMARK_STEP_AGAIN || self->passed_on) {
    pass_on_ahead(self);
    pass_on(self, held_back);
  }
  return code;
}

static void print_usage(const costmark_operation *call) {
  costmark_answer ended = COSTMARK_ANSWER_INIT;
  costmark_operation_answer(call, &ended);
  if (ended.usage == NULL) return;
  if (ended.project_source == COSTMARK_SOURCE_NONE)
    fprintf(stderr, "the default project pays: the first argument names another one\n");
  fprintf(stderr, "%s: %" PRIu64 " tokens in, %" PRIu64 " out; %s\n", ended.project.data,
          ended.usage->input_tokens, ended.usage->output_tokens,
          costmark_outcome_name(ended.outcome));
}

/* One attempt, prepared and signed anew. */
static costmark_status attempt(costmark_operation *call, bool *again, bool *answered,
                               costmark_error **error) {
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_next next = COSTMARK_NEXT_INIT;
  answer self = {0};
  const costmark_status status = costmark_operation_prepare(call, NULL, NULL, &prepared, error);
  if (status != COSTMARK_OK) return status;

  self.call = call;
  self.curl = curl_easy_init();
  if (self.curl != NULL) {
    const CURLcode code = exchange(&prepared, &self, &next);
    if (code != CURLE_OK) fprintf(stderr, "curl: %s\n", curl_easy_strerror(code));
    *answered = code == CURLE_OK && http_status(self.curl) < 300;
    *again = next.step == COSTMARK_STEP_AGAIN && !self.passed_on;
    print_usage(call);
  } else {
    fprintf(stderr, "curl: no handle\n");
  }
  curl_easy_cleanup(self.curl);
  free(self.ahead);
  return COSTMARK_OK;
}

/* The call of the user: one attempt, and one more where costmark says so. */
static costmark_status post(costmark_operation *call, const char *url, bool *answered,
                            costmark_error **error) {
  const costmark_header content_type = {COSTMARK_STR("Content-Type"),
                                        COSTMARK_STR("application/json")};
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_status status;
  bool again = true;

  request.method = costmark_str_of("POST");
  request.url = costmark_str_of(url);
  request.headers = &content_type;
  request.header_count = 1;
  request.body = costmark_str_of(body);
  status = costmark_operation_begin(call, &request, error);
  while (status == COSTMARK_OK && again) {
    again = false;
    status = attempt(call, &again, answered, error);
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
  costmark_error *error = NULL;
  costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
  costmark_status status;
  bool answered = false;

  curl_global_init(CURL_GLOBAL_DEFAULT);
  status = costmark_config_new(&config, &error);
  if (status == COSTMARK_OK) status = costmark_config_set_z(config, "project", project, &error);
  if (status == COSTMARK_OK) status = costmark_client_new(config, &client, &error);
  if (status == COSTMARK_OK) status = costmark_operation_new(client, &call, &error);
  if (status == COSTMARK_OK) status = post(call, url, &answered, &error);
  if (status != COSTMARK_OK) {
    costmark_error_read(error, &why);
    fprintf(stderr, "%s: %s\n", costmark_status_name(status), why.message.data);
  }

  costmark_error_free(error);
  costmark_operation_free(call);
  costmark_client_release(client);
  costmark_config_free(config);
  curl_global_cleanup();
  return status == COSTMARK_OK && answered ? 0 : 1;
}
