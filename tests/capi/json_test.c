#include "check.h"

/* The functions with what fills their struct. */
static costmark_json_edit edit_of(const char *json, size_t json_len, const char *path,
                                  size_t path_len) {
  costmark_json_edit edit = COSTMARK_JSON_EDIT_INIT;
  edit.json.data = json;
  edit.json.len = json_len;
  edit.path.data = path;
  edit.path.len = path_len;
  return edit;
}

static costmark_status set(const char *json, size_t json_len, const char *path, size_t path_len,
                           const char *value, size_t value_len, char *buffer, size_t capacity,
                           size_t *out_len, costmark_error **out_error) {
  costmark_json_edit edit = edit_of(json, json_len, path, path_len);
  edit.value.data = value;
  edit.value.len = value_len;
  return costmark_json_set(&edit, buffer, capacity, out_len, out_error);
}

static costmark_status take_out(const char *json, size_t json_len, const char *path,
                                size_t path_len, char *buffer, size_t capacity, size_t *out_len,
                                costmark_error **out_error) {
  const costmark_json_edit edit = edit_of(json, json_len, path, path_len);
  return costmark_json_remove(&edit, buffer, capacity, out_len, out_error);
}

#define TEXT "{\"a\": 1, \"b\" : {\"c\":[ ]}, \"a\": 2}"

static void set_writes_into_the_callers_buffer(void) {
  const char text[] = "{\"a\": 1.50 }";
  char buffer[128];
  size_t len = 0;
  const size_t bound = costmark_json_set_bound(strlen(text), 1, 4);
  CHECK(bound >= strlen(text) && bound < sizeof buffer);
  memset(buffer, '#', sizeof buffer);
  CHECK_OK(set(text, strlen(text), "b", 1, "true", 4, buffer, bound, &len, &error));
  CHECK(len == strlen("{\"a\": 1.50 ,\"b\":true}") && buffer[len] == '#');
  buffer[len] = '\0';
  CHECK(strstr(buffer, "\"a\": 1.50 ") != NULL && strstr(buffer, "\"b\":true") != NULL);
  CHECK_OK(set(TEXT, strlen(TEXT), "a", 1, "3", 1, buffer, sizeof buffer, &len, &error));
  CHECK(len > 0 && memchr(buffer, '3', len) != NULL && memchr(buffer, '2', len) == NULL);
}

static void remove_takes_every_occurrence(void) {
  char buffer[sizeof TEXT];
  size_t len = 0;
  CHECK_OK(take_out(TEXT, strlen(TEXT), "a", 1, buffer, sizeof buffer, &len, &error));
  CHECK(len < strlen(TEXT) && memchr(buffer, 'a', len) == NULL);
  CHECK_OK(take_out(TEXT, strlen(TEXT), "x", 1, buffer, sizeof buffer, &len, &error));
  CHECK(len == strlen(TEXT) && memcmp(buffer, TEXT, len) == 0);
}

static void size_is_told(void) {
  char buffer[64] = "untouched";
  size_t len = 0, again = 0;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, set("{}", 2, "a.b", 3, "1", 1, NULL, 0, &len, &error));
  CHECK(len == strlen("{\"a\":{\"b\":1}}"));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              set("{}", 2, "a.b", 3, "1", 1, buffer, len - 1, &again, &error));
  CHECK(again == len && strcmp(buffer, "untouched") == 0);
  CHECK_OK(set("{}", 2, "a.b", 3, "1", 1, buffer, len, &again, &error));
  CHECK(again == len && memcmp(buffer, "{\"a\":{\"b\":1}}", len) == 0);
}

static void bound_holds_for_the_worst_names(void) {
  /* Names of control characters, each of which is written as an escape of six bytes. */
  static const char paths[][6] = {"\1.\2.\3", "a.b.c", "\"", "\\.\\.", "\1\2\3\4\5"};
  static const size_t lengths[] = {5, 5, 1, 4, 5};
  char buffer[256];
  size_t i;
  for (i = 0; i < sizeof lengths / sizeof lengths[0]; ++i) {
    const size_t bound = costmark_json_set_bound(8, lengths[i], 1);
    size_t len = 0;
    CHECK(bound <= sizeof buffer);
    CHECK_OK(set("{\"z\": 0}", 8, paths[i], lengths[i], "1", 1, buffer, bound, &len, &error));
  }
  CHECK(costmark_json_set_bound(SIZE_MAX, 1, 1) == SIZE_MAX);
  CHECK(costmark_json_set_bound(1, SIZE_MAX, 1) == SIZE_MAX);
  CHECK(costmark_json_set_bound(1, SIZE_MAX / 12, SIZE_MAX) == SIZE_MAX);
}

static void bad_input_is_named(void) {
  char buffer[64];
  size_t len = 9;
  CHECK_FAILS(COSTMARK_INVALID_JSON, set("[]", 2, "a", 1, "1", 1, buffer, 64, &len, &error));
  CHECK(len == 0);
  CHECK_FAILS(COSTMARK_INVALID_JSON, set(NULL, 0, "a", 1, "1", 1, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_JSON, set("{}\0", 3, "a", 1, "1", 1, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, set("{}", 2, "", 0, "1", 1, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, set("{}", 2, "a", 1, "nope", 4, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, set("{}", 2, "a", 1, NULL, 0, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, set(NULL, 2, "a", 1, "1", 1, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              set("{}", SIZE_MAX, "a", 1, "1", 1, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              set("{}", 2, "a", SIZE_MAX, "1", 1, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT,
              set("{}", 2, "a", 1, "1", SIZE_MAX, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, set("{}", 2, "a", 1, "1", 1, NULL, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, set("{}", 2, "a", 1, "1", 1, buffer, 64, NULL, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, take_out("{}", 2, NULL, 1, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, take_out("{}", 2, "a", 1, buffer, 64, NULL, &error));
}

static void the_struct_is_checked(void) {
  char buffer[64];
  size_t len = 9;
  const costmark_json_edit good = edit_of("{\"a\":01}", 8, "b", 1);
  costmark_json_edit edit = good;
  CHECK_OK(costmark_json_remove(&edit, buffer, 64, &len, &error));
  edit.strict = 1;
  CHECK_FAILS(COSTMARK_INVALID_JSON, costmark_json_remove(&edit, buffer, 64, &len, &error));
  CHECK(len == 0);
  edit.strict = 2;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_json_remove(&edit, buffer, 64, &len, &error));
  edit = good;
  edit.reserved = 1;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_json_remove(&edit, buffer, 64, &len, &error));
  edit = good;
  edit.struct_size = 0;
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_json_remove(&edit, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_json_set(NULL, buffer, 64, &len, &error));
  CHECK_FAILS(COSTMARK_INVALID_ARGUMENT, costmark_json_remove(NULL, buffer, 64, &len, &error));
}

void test_json(void) {
  the_struct_is_checked();
  set_writes_into_the_callers_buffer();
  remove_takes_every_occurrence();
  size_is_told();
  bound_holds_for_the_worst_names();
  bad_input_is_named();
}
