/* The demo's calls from C: ./call URL QUESTION... asks each question. COSTMARK_* has the options.
 */
#include <costmark/costmark.h>
#include <stdio.h>

#define MOST_BODY 512

static costmark_status ask(costmark_client *client, const char *url, const char *question,
                           costmark_error **error) {
  const costmark_header content_type = {COSTMARK_STR("Content-Type"),
                                        COSTMARK_STR("application/json")};
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_send_options options = COSTMARK_SEND_OPTIONS_INIT;
  costmark_operation *call = NULL;
  costmark_status status;
  char body[MOST_BODY];

  snprintf(body, sizeof body,
           "{\"model\": \"openai.gpt-oss-120b\","
           " \"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]}",
           question);
  request.method = costmark_str_of("POST");
  request.url = costmark_str_of(url);
  request.headers = &content_type;
  request.header_count = 1;
  request.body = costmark_str_of(body);
  status = costmark_operation_new(client, &call, error);
  if (status == COSTMARK_OK) status = costmark_operation_begin(call, &request, error);
  if (status == COSTMARK_OK) status = costmark_operation_send(call, &options, error);
  costmark_operation_free(call);
  return status;
}

int main(int argc, char **argv) {
  costmark_config *config = NULL;
  costmark_client *client = NULL;
  costmark_error *error = NULL;
  costmark_status status = costmark_config_new(&config, &error);
  int i;
  if (status == COSTMARK_OK) status = costmark_client_new(config, &client, &error);
  for (i = 2; status == COSTMARK_OK && i < argc; ++i)
    status = ask(client, argv[1], argv[i], &error);
  if (status != COSTMARK_OK) {
    costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
    costmark_error_read(error, &why);
    fprintf(stderr, "%s: %s\n", costmark_status_name(status), why.message.data);
  }
  costmark_error_free(error);
  costmark_client_release(client);
  costmark_config_free(config);
  return status == COSTMARK_OK ? 0 : 1;
}
