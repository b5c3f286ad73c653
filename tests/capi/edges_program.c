/* A program of its own for the tests of the edges. Prints how preparing one request ends, as
 * "status: message"; with a URL, how sending one does. Options come as name and value. C99. */
#include <costmark/costmark.h>
#include <stdio.h>
#include <string.h>

static costmark_status run(int argc, char **argv, costmark_client **client,
                           costmark_operation **call, costmark_error **error) {
  costmark_config *config = NULL;
  costmark_request request = COSTMARK_REQUEST_INIT;
  costmark_prepared out = COSTMARK_PREPARED_INIT;
  const char *const url = argc > 1 ? argv[1] : "";
  int i;
  costmark_status status = costmark_config_new(&config, error);
  for (i = 2; status == COSTMARK_OK && i + 1 < argc; i += 2) {
    status = costmark_config_set_z(config, argv[i], argv[i + 1], error);
  }
  if (status == COSTMARK_OK) status = costmark_client_new(config, client, error);
  costmark_config_free(config);
  if (status != COSTMARK_OK) {
    printf("no client, ");
    return status;
  }
  request.method = costmark_str_of("POST");
  request.url = costmark_str_of(
      *url != '\0' ? url : "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
  request.body = costmark_str_of("{\"model\":\"m\"}");
  status = costmark_operation_new(*client, call, error);
  if (status == COSTMARK_OK) status = costmark_operation_begin(*call, &request, error);
  if (status != COSTMARK_OK) return status;
  if (*url != '\0') return costmark_operation_send(*call, NULL, error);
  return costmark_operation_prepare(*call, NULL, NULL, &out, error);
}

int main(int argc, char **argv) {
  costmark_client *client = NULL;
  costmark_operation *call = NULL;
  costmark_error *error = NULL;
  costmark_error_view why = COSTMARK_ERROR_VIEW_INIT;
  const costmark_status status = run(argc, argv, &client, &call, &error);
  costmark_error_read(error, &why);
  printf("%d: %s\n", (int)status, why.message.data == NULL ? "" : why.message.data);
  costmark_error_free(error);
  costmark_operation_free(call);
  costmark_client_release(client);
  return 0;
}
