/* The few words that the C tests share. C99 and C++. */
// clang-format Language: C
#ifndef COSTMARK_TESTS_CAPI_CHECK_H
#define COSTMARK_TESTS_CAPI_CHECK_H

#include <costmark/testing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int failures;

#define CHECK(condition)                                                      \
  do {                                                                        \
    if (!(condition)) {                                                       \
      ++failures;                                                             \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                         \
  } while (0)

/* Runs a call whose last argument is `&error`, and checks status, error object and their match. */
#define CHECK_FAILS(expected, call)                                        \
  do {                                                                     \
    costmark_error *error = NULL;                                          \
    const costmark_status returned = (call);                               \
    check_failure(__FILE__, __LINE__, #call, (expected), returned, error); \
    costmark_error_free(error);                                            \
  } while (0)

#define CHECK_OK(call)                                         \
  do {                                                         \
    costmark_error *error = NULL;                              \
    const costmark_status returned = (call);                   \
    check_success(__FILE__, __LINE__, #call, returned, error); \
    costmark_error_free(error);                                \
  } while (0)

void check_failure(const char *file, int line, const char *call, costmark_status expected,
                   costmark_status got, const costmark_error *error);
void check_success(const char *file, int line, const char *call, costmark_status got,
                   const costmark_error *error);

costmark_str str(const char *text);
bool equal(costmark_str text, const char *expected);

/* A configuration with credentials and region set; further options as name, value, ..., NULL. */
costmark_config *config_with(const char *const *options);
/* A client of such a configuration. */
costmark_client *client_with(const char *const *options);
costmark_operation *operation_of(costmark_client *client);
/* Begins with a request and prepares it. */
costmark_status begin_and_prepare(costmark_operation *operation, const costmark_request *request,
                                  costmark_prepared *out_prepared, costmark_error **out_error);
/* The same with a new operation of a client, which is freed: for the status alone. */
costmark_status try_to_prepare(costmark_client *client, const costmark_request *request,
                               costmark_error **out_error);
/* An operation of a client that has begun, was prepared, and is on its way. */
costmark_operation *sent_operation(costmark_client *client, const costmark_request *request);
/* Hands an operation the head of an answer; `type`: its Content-Type, or NULL. */
costmark_status take_head(costmark_operation *operation, int32_t http_status, const char *type);
/* Feeds a whole text, and finishes. */
void finish_with(costmark_operation *operation, const char *text);
costmark_answer answer_of(const costmark_operation *operation);

/* What an error says; its status, offset and message. Empty texts instead of absent ones. */
costmark_error_view view_of(const costmark_error *error);

/* Whether all bytes but those of struct_size are zero. */
bool shows_nothing(const void *view, size_t size);

/* A chat request with nothing optional but a Content-Type and this body. */
costmark_request chat_request(const char *body);

/* The value of a header to set, or NULL data. */
costmark_str header_to_set(const costmark_prepared *prepared, const char *name);

/* What is in the environment must not decide these tests. */
void clear_environment(void);

void test_basics(void);
void test_options(void);
void test_prepare(void);
void test_operation(void);
void test_answers(void);
void test_sign(void);
void test_json(void);
void test_callbacks(void);
void test_structs(void);
void test_misuse(void);
void test_threads(void);
void test_verify(void);
void test_caches(void);
void test_names(void);
void test_send(void);
void test_prices(void);
void test_ledger(void);
void test_budgets(void);
void test_projects(void);
void test_process(void);
void test_stale(void);

#endif
