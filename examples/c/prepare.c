/*
 * Prepares one request and prints what would be sent. Nothing is sent, and no secret is printed.
 *
 *     gcc prepare.c $(pkg-config --cflags --libs costmark) -o prepare
 */
#include <costmark/costmark.h>
#include <stdio.h>
#include <string.h>

static const char *const options[][2] = {
    {"base_url", "https://bedrock-mantle.us-east-1.api.aws/v1"},
    {"project", "proj_abc123"},
    {"region", "us-east-1"},
    {"access_key_id", "AKIDEXAMPLE"},
    {"secret_access_key", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
};

static costmark_status configure(costmark_config *config, costmark_error **error) {
  costmark_status status = COSTMARK_OK;
  size_t i;
  for (i = 0; status == COSTMARK_OK && i < sizeof options / sizeof options[0]; ++i)
    status = costmark_config_set_z(config, options[i][0], options[i][1], error);
  return status;
}

static void print_text(costmark_str text) {
  fwrite(text.data, 1, text.len, stdout);
}

static void print_header(const costmark_header *header) {
  const costmark_str name = header->name;
  print_text(name);
  printf(": ");
  if (name.len == 13 && memcmp(name.data, "authorization", 13) == 0)
    printf("(%lu bytes)", (unsigned long)header->value.len);
  else
    print_text(header->value);
  printf("\n");
}

static void print_prepared(const costmark_request *request, const costmark_prepared *prepared) {
  size_t i;
  print_text(request->method);
  printf(" ");
  print_text(prepared->url);
  printf("\n");
  for (i = 0; i < prepared->set_header_count; ++i) print_header(&prepared->set_headers[i]);
  printf("\n");
  print_text(prepared->body);
  printf("\n\nproject %s, from %s\n", prepared->project.data,
         costmark_project_source_name(prepared->project_source));
}

static void print_error(costmark_status status, const costmark_error *error) {
  costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
  costmark_error_read(error, &why);
  fprintf(stderr, "%s: %s\n", costmark_status_name(status), why.message.data);
}

int main(void) {
  const costmark_header content_type = {COSTMARK_STR("Content-Type"),
                                        COSTMARK_STR("application/json")};
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_prepared prepared = COSTMARK_PREPARED_INIT;
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  costmark_operation *call = NULL;
  costmark_error *error = NULL;
  costmark_status status;

  request.method = costmark_str_of("POST");
  request.url = costmark_str_of("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
  request.headers = &content_type;
  request.header_count = 1;
  request.body = costmark_str_of("{\"model\": \"openai.gpt-oss-20b\", \"messages\": []}");

  status = costmark_config_new(&config, &error);
  if (status == COSTMARK_OK) status = configure(config, &error);
  if (status == COSTMARK_OK) status = costmark_client_new(config, &client, &error);
  if (status == COSTMARK_OK) status = costmark_operation_new(client, &call, &error);
  if (status == COSTMARK_OK) status = costmark_operation_begin(call, &request, &error);
  if (status == COSTMARK_OK)
    status = costmark_operation_prepare(call, NULL, NULL, &prepared, &error);
  if (status == COSTMARK_OK)
    print_prepared(&request, &prepared);
  else
    print_error(status, error);

  costmark_error_free(error);
  costmark_operation_free(call);
  costmark_client_release(client);
  costmark_config_free(config);
  return status == COSTMARK_OK ? 0 : 1;
}
