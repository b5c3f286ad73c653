/*
 * A program that has posted to an endpoint for years, and what it takes to attribute and sign its
 * calls: the lines between `#ifdef COSTMARK` and `#endif`. Without -DCOSTMARK it is the old
 * program. The project is that of COSTMARK_PROJECT. The credentials are those that the AWS tools
 * find. curl.c shows how to count what an answer used.
 *
 *     gcc -DCOSTMARK legacy.c $(pkg-config --cflags --libs costmark libcurl) -o legacy
 *     ./legacy URL < body.json
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef COSTMARK
#include <costmark/costmark.h>

static costmark_client *client;
static costmark_operation *call;

/* Names the project in a request and signs it. The body may be another one afterwards. */
static int mark(const char *url, const char **body, size_t *len, struct curl_slist **headers) {
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
  costmark_config *config = NULL;
  costmark_error *error = NULL;
  size_t i;
  char line[16384];
  request.method = costmark_str_of("POST");
  request.url = costmark_str_of(url);
  request.body.data = *body, request.body.len = *len;
  if ((client == NULL &&
       (costmark_config_new(&config, &error) || costmark_client_new(config, &client, &error) ||
        costmark_operation_new(client, &call, &error))) ||
      costmark_operation_begin(call, &request, &error) ||
      costmark_operation_prepare(call, NULL, NULL, &prepared, &error)) {
    costmark_error_read(error, &why);
    fprintf(stderr, "costmark: %s\n", why.message.data);
  }
  if (prepared.unattributed)
    fprintf(stderr, "costmark: the default project pays: set COSTMARK_PROJECT\n");
  for (i = 0; i < prepared.set_header_count; ++i) {
    snprintf(line, sizeof line, "%s: %s", prepared.set_headers[i].name.data,
             prepared.set_headers[i].value.data);
    *headers = curl_slist_append(*headers, line);
  }
  *body = prepared.body.data, *len = prepared.body.len;
  costmark_config_free(config);
  costmark_error_free(error);
  return error == NULL ? 0 : -1;
}
#endif

struct buffer {
  char *data;
  size_t len;
};

static int append(struct buffer *to, const char *data, size_t len) {
  char *grown = realloc(to->data, to->len + len + 1);
  if (grown == NULL) return -1;
  to->data = grown;
  memcpy(to->data + to->len, data, len);
  to->len += len;
  return 0;
}

static size_t collect(char *data, size_t size, size_t count, void *answer) {
  return append(answer, data, size * count) == 0 ? size * count : 0;
}

static int post(const char *url, const char *body, size_t len, struct buffer *answer) {
  struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
  CURL *curl = curl_easy_init();
  CURLcode code = CURLE_FAILED_INIT;
  long status = 0;
#ifdef COSTMARK
  if (mark(url, &body, &len, &headers) != 0) {
    curl_easy_cleanup(curl);
    curl = NULL;
  }
#endif
  if (curl != NULL) {
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    code = curl_easy_perform(curl);
    if (code != CURLE_OK) fprintf(stderr, "%s: %s\n", url, curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  }
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return code == CURLE_OK && status == 200 ? 0 : -1;
}

int main(int argc, char **argv) {
  struct buffer body = {NULL, 0}, answer = {NULL, 0};
  char piece[4096];
  size_t len;
  int failed = argc != 2;
  if (failed) fprintf(stderr, "usage: legacy URL < body.json\n");
  while (!failed && (len = fread(piece, 1, sizeof piece, stdin)) > 0)
    failed = append(&body, piece, len);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  if (!failed) failed = post(argv[1], body.data, body.len, &answer);
  fwrite(answer.data, 1, answer.len, failed ? stderr : stdout);
#ifdef COSTMARK
  costmark_operation_free(call);
  costmark_client_release(client);
#endif
  curl_global_cleanup();
  free(answer.data);
  free(body.data);
  return failed ? 1 : 0;
}
