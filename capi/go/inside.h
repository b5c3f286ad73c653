/* What the C files of the Go package share: texts in, texts out, and the call that is running. */
// clang-format Language: C
#ifndef COSTMARK_GO_INSIDE_H
#define COSTMARK_GO_INSIDE_H

#include "bridge.h"

/* Which of the caller's calls this thread is in; 0 outside of them. */
extern _Thread_local uintptr_t cmgo_current_call;

/* A call into the library, for callbacks to know. Calls nest: a callback may make another one. */
uintptr_t cmgo_enter(uintptr_t call);
void cmgo_leave(uintptr_t outer_call);

/* Texts that came from Go, one after the other. */
typedef struct cmgo_texts {
  const char *at;
  const size_t *lengths;
  size_t left;
} cmgo_texts;

costmark_str cmgo_next(cmgo_texts *in);
costmark_str cmgo_next_optional(cmgo_texts *in); /* an empty text is absent */

enum { cmgo_few_headers = 48 };

/* Headers, in memory of their own if there are many. */
typedef struct cmgo_headers {
  costmark_header few[cmgo_few_headers];
  costmark_header *many;
  const costmark_header *data; /* NULL: none */
  size_t count;
} cmgo_headers;

/* Reads what is left of the texts. False: out of memory. */
bool cmgo_headers_read(cmgo_headers *headers, cmgo_texts *in);
void cmgo_headers_free(cmgo_headers *headers);

/* A request as cmgo_prepare() is given it; end `headers` with cmgo_headers_free(). */
typedef struct cmgo_request {
  costmark_request request;
  cmgo_headers headers;
} cmgo_request;

bool cmgo_request_read(cmgo_request *request, cmgo_texts in, const char *body, size_t body_len);

/* Texts that go to Go. */
typedef struct cmgo_arena {
  char *at;
  size_t left;
  size_t used;
  bool too_small;
} cmgo_arena;

void cmgo_put_bytes(cmgo_arena *out, const void *bytes, size_t len);
void cmgo_put_text(cmgo_arena *out, const char *data, size_t len);
void cmgo_put_headers(cmgo_arena *out, const costmark_header *headers, size_t count);
void cmgo_arena_finish(const cmgo_arena *from, cmgo_result *out);

costmark_str cmgo_optional(const char *data, size_t len);

#endif
