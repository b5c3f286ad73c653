/*
 * Prepares one request and prints what would be sent. Nothing is sent, and no secret is printed.
 *
 *     gcc prepare.c $(pkg-config --cflags --libs costmark) -o prepare
 */
#include <costmark/costmark.h>
#include <stdio.h>
#include <string.h>

static const char *const options[][2] = {
    {"project", "proj_abc123"},
    {"region", "us-east-1"},
    {"access_key_id", "AKIDEXAMPLE"},
    {"secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
};

static costmark_status configure(costmark_config *config, costmark_error **error) {
  size_t i;
  for (i = 0; i < sizeof options / sizeof options[0]; ++i) {
    const char *name = options[i][0], *value = options[i][1];
    const costmark_status status =
        costmark_config_set(config, name, strlen(name), value, strlen(value), error);
    if (status != COSTMARK_OK) return status;
  }
  return COSTMARK_OK;
}

static void print_text(costmark_str text) {
  fwrite(text.data, 1, text.len, stdout);
}

static void print_prepared(const costmark_request *request, const costmark_prepared *prepared) {
  size_t i, count;
  costmark_str body;
  const costmark_header *headers = costmark_prepared_headers_to_set(prepared, &count);
  print_text(request->method);
  printf(" ");
  print_text(request->url);
  for (i = 0; i < count; ++i) {
    const costmark_str name = headers[i].name;
    printf("\n");
    print_text(name);
    printf(": ");
    if (name.len == 13 && memcmp(name.data, "authorization", 13) == 0)
      printf("(%lu bytes)", (unsigned long)headers[i].value.len);
    else
      print_text(headers[i].value);
  }
  printf("\n\n");
  body.data = costmark_prepared_body(prepared, &body.len);
  print_text(body);
  printf("\n\nproject %s, from %s\n", costmark_prepared_project(prepared, NULL),
         costmark_project_source_name(costmark_prepared_project_source(prepared)));
}

int main(void) {
  const costmark_str method = COSTMARK_STR("POST");
  const costmark_str url =
      COSTMARK_STR("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
  const costmark_str body = COSTMARK_STR("{\"model\": \"openai.gpt-oss-20b\", \"messages\": []}");
  const costmark_header headers[] = {
      {COSTMARK_STR("Content-Type"), COSTMARK_STR("application/json")}};
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  costmark_prepared *prepared = NULL;
  costmark_error *error = NULL;
  costmark_status status;

  request.method = method;
  request.url = url;
  request.headers = headers;
  request.header_count = 1;
  request.body = body;

  status = costmark_config_new(&config, &error);
  if (status == COSTMARK_OK) status = configure(config, &error);
  if (status == COSTMARK_OK) status = costmark_client_new(config, &client, &error);
  if (status == COSTMARK_OK) status = costmark_prepared_new(&prepared, &error);
  if (status == COSTMARK_OK) status = costmark_client_prepare(client, &request, prepared, &error);
  if (status == COSTMARK_OK)
    print_prepared(&request, prepared);
  else
    fprintf(stderr, "%s: %s\n", costmark_status_name(status), costmark_error_message(error, NULL));

  costmark_error_free(error);
  costmark_prepared_free(prepared);
  costmark_client_release(client);
  costmark_config_free(config);
  return status == COSTMARK_OK ? 0 : 1;
}
