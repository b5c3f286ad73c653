/* The library as a program finds it at run time. C99. */
// clang-format Language: C
#ifndef COSTMARK_TESTS_CAPI_LOADED_H
#define COSTMARK_TESTS_CAPI_LOADED_H

#include <costmark/testing.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The functions that these tests call, of one copy of the library. */
/* clang-format off */
#define FOR_EACH_FUNCTION(DO)                                                         \
  DO(config_new) DO(config_set) DO(config_free)                                       \
  DO(client_new) DO(client_release) DO(client_retain) DO(client_usage)                \
  DO(operation_new) DO(operation_free) DO(operation_begin) DO(operation_prepare)      \
  DO(operation_sent) DO(operation_send) DO(operation_answer) DO(operation_response)   \
  DO(usage_report_count) DO(usage_report_read) DO(usage_report_free)                  \
  DO(error_read) DO(error_free) DO(live_handles)                                      \
  DO(cancel_new) DO(cancel_stop) DO(cancel_stopped) DO(cancel_release)
/* clang-format on */

#define DECLARE(name) __typeof__(costmark_##name) *name;
typedef struct {
  void *library;
  FOR_EACH_FUNCTION(DECLARE)
} loaded;
#undef DECLARE

/* A pointer to an object that is one to a function: POSIX has it so, ISO C does not. */
static void find(void *library, const char *name, void *out) {
  void *const found = dlsym(library, name);
  if (found == NULL) {
    fprintf(stderr, "%s: %s\n", name, dlerror());
    exit(1);
  }
  memcpy(out, &found, sizeof found);
}

static loaded load(const char *path) {
  loaded out;
  out.library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (out.library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
#define FIND(name) find(out.library, "costmark_" #name, &out.name);
  FOR_EACH_FUNCTION(FIND)
#undef FIND
  return out;
}

#endif
