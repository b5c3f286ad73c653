#include "check.h"

static void table_is_sorted_and_complete(void) {
  const size_t count = costmark_option_count();
  costmark_option before = COSTMARK_OPTION_INIT, option = COSTMARK_OPTION_INIT;
  size_t i;
  bool region = false;
  CHECK(count > 10);
  for (i = 0; i < count; ++i) {
    costmark_option_read(i, &option);
    CHECK(option.name.len > 0 && option.description.len > 0);
    CHECK(option.type >= COSTMARK_OPTION_TEXT && option.type <= COSTMARK_OPTION_URL);
    CHECK((option.type == COSTMARK_OPTION_CHOICE) <= (option.choices.len > 0));
    CHECK(option.struct_size == sizeof option);
    if (i > 0) {
      const size_t shorter = before.name.len < option.name.len ? before.name.len : option.name.len;
      const int order = memcmp(before.name.data, option.name.data, shorter);
      CHECK(order < 0 || (order == 0 && before.name.len < option.name.len));
    }
    region = region || equal(option.name, "region");
    before = option;
  }
  CHECK(region);
  costmark_option_read(count, &option);
  CHECK(option.struct_size == sizeof option && shows_nothing(&option, sizeof option));
  option = before;
  costmark_option_read(SIZE_MAX, &option);
  CHECK(shows_nothing(&option, sizeof option));
  costmark_option_read(0, NULL);
}

static void values_are_checked_when_set(void) {
  costmark_config *config = config_with(NULL);
  CHECK_OK(costmark_config_set(config, "project", 7, "proj_a", 6, &error));
  CHECK_OK(costmark_config_set(config, "project", 7, NULL, 0, &error));
  CHECK_OK(costmark_config_set_z(config, "project", "proj_a", &error));
  CHECK_OK(costmark_config_set_z(config, "project", NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION, costmark_config_set_z(config, "regoin", "x", &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set_z(config, NULL, "x", &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION, costmark_config_set(config, "regoin", 6, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION, costmark_config_set(config, "", 0, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_config_set(config, "region\0", 7, "us-east-1", 9, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_config_set(config, "region", 6, "us\0east", 7, &error));
  CHECK_FAILS(COSTMARK_INVALID_OPTION,
              costmark_config_set(config, "conflict", 8, "maybe", 5, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set(config, NULL, 0, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set(config, NULL, 6, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set(config, "region", SIZE_MAX, "x", 1, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set(config, "region", 6, "x", SIZE_MAX, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set(config, "region", 6, NULL, 3, &error));
  CHECK(costmark_config_set(config, "regoin", 6, "x", 1, NULL) == COSTMARK_INVALID_OPTION);
  costmark_config_free(config);
}

static void secrets_stay_out_of_messages(void) {
  costmark_config *config = config_with(NULL);
  costmark_error *error = NULL;
  CHECK(costmark_config_set(config, "secret_access_key", 17, "hush\nhush", 9, &error) ==
        COSTMARK_INVALID_OPTION);
  CHECK(strstr(view_of(error).message.data, "hush") == NULL);
  CHECK(strstr(view_of(error).message.data, "secret_access_key") != NULL);
  costmark_error_free(error);
  costmark_config_free(config);
}

static void client_refuses_what_cannot_go_together(void) {
  static const char *const contradiction[] = {"base_url",
                                              "https://bedrock-mantle.eu-west-1.api.aws/v1", NULL};
  costmark_config *config = config_with(contradiction);
  costmark_client *client = (costmark_client *)config;
  CHECK_FAILS(COSTMARK_ENDPOINT_MISMATCH, costmark_client_new(config, &client, &error));
  CHECK(client == NULL);
  costmark_config_free(config);
}

static void host_api_key_is_taken(void) {
  costmark_config *config = config_with(NULL);
  CHECK_OK(costmark_config_set_host_api_key(config, "ABSKexample", 11, &error));
  CHECK_OK(costmark_config_set_host_api_key(config, NULL, 0, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_config_set_host_api_key(config, NULL, 4, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              costmark_config_set_host_api_key(config, "k", SIZE_MAX, &error));
  costmark_config_free(config);
}

/* --- The manual --------------------------------------------------------------------------------
 */

/* The comment of options.h as one line: without its margin, one space for each run of spaces. */
static char *read_manual(void) {
  char *text = (char *)calloc(1, 65536);
  size_t len = 0, column = 0;
  int c;
  FILE *file = fopen(OPTIONS_MANUAL, "r");
  CHECK(file != NULL);
  while (file != NULL && len < 65000 && (c = fgetc(file)) != EOF) {
    const bool margin = c == '*' && column < 2;
    const bool space = c == ' ' || c == '\n' || margin;
    column = c == '\n' ? 0 : column + 1;
    if (!space) text[len++] = (char)c;
    if (space && len > 0 && text[len - 1] != ' ') text[len++] = ' ';
  }
  if (file != NULL) fclose(file);
  return text;
}

static void add(char *text, costmark_str more) {
  strncat(text, more.data, more.len);
}

/* "a | b" of "a|b". */
static void add_choices(char *text, costmark_str choices) {
  size_t i;
  for (i = 0; i < choices.len; ++i) {
    const char one[] = {choices.data[i], '\0'};
    strcat(text, one[0] == '|' ? " | " : one);
  }
}

static void add_type(char *text, const costmark_option *option) {
  static const char *const names[] = {"", "text", "secret", "boolean", "", "", "list", "url"};
  if (option->type == COSTMARK_OPTION_INTEGER) {
    sprintf(text + strlen(text), "%ld to %ld", (long)option->minimum, (long)option->maximum);
    return;
  }
  strcat(text, names[option->type]);
  if (option->type == COSTMARK_OPTION_LIST && option->choices.len > 0) strcat(text, " of ");
  add_choices(text, option->choices);
}

/* As the manual has it: "- name (type; default value): Description." */
static void describe(char *text, const costmark_option *option) {
  strcpy(text, " - ");
  add(text, option->name);
  strcat(text, " (");
  add_type(text, option);
  if (option->default_value.len > 0) {
    strcat(text, "; default ");
    add(text, option->default_value);
  }
  strcat(text, "): ");
  add(text, option->description);
}

static void the_manual_lists_every_option(void) {
  char *const manual = read_manual();
  char *const start = strstr(manual, " - access_key_id (");
  const char *at = start;
  char expected[1024];
  size_t i;
  CHECK(start != NULL);
  for (i = 0; at != NULL && i < costmark_option_count(); ++i) {
    costmark_option option = COSTMARK_OPTION_INIT;
    costmark_option_read(i, &option);
    describe(expected, &option);
    if (strncmp(at, expected, strlen(expected)) != 0) {
      ++failures;
      fprintf(stderr, "options.h should say here\n%s\nand says\n%.200s\n", expected, at);
    }
    at = strstr(at, expected);
    if (at != NULL) at += strlen(expected);
  }
  CHECK(at != NULL && strncmp(at, " /", 2) == 0); /* the end of the comment */
  free(manual);
}

void test_options(void) {
  the_manual_lists_every_option();
  table_is_sorted_and_complete();
  values_are_checked_when_set();
  secrets_stay_out_of_messages();
  client_refuses_what_cannot_go_together();
  host_api_key_is_taken();
}
