/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_JSON_H)
#define COSTMARK_JSON_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * JSON editing alone
 *
 * Sets or removes one member of a JSON object. Everything outside of it stays byte for byte: order,
 * white space, escapes, the spelling of numbers. A member that occurs twice ends up once.
 */

/* What to edit. */
typedef struct costmark_json_edit {
  size_t struct_size;
  costmark_str json;  /* Required: the text; its root must be an object. */
  costmark_str path;  /* Required: names of members from the root, separated by dots, such as
                         "stream_options.include_usage"; a backslash keeps the next character
                         literal. Parents that are not there are made by costmark_json_set(). */
  costmark_str value; /* Of costmark_json_set(): required, one complete JSON text. */
  uint32_t strict;   /* 1: exactly the texts of RFC 8259 pass. 0: an edit checks no more of the text
                        than it has to, and never turns invalid text into valid or valid into
                        invalid. */
  uint32_t reserved; /* zero */
} costmark_json_edit;

#define COSTMARK_JSON_EDIT_INIT \
  {sizeof(costmark_json_edit), COSTMARK_STR_INIT, COSTMARK_STR_INIT, COSTMARK_STR_INIT, 0, 0}

/*
 * A capacity that is enough for costmark_json_set() with inputs of these lengths, in bytes;
 * SIZE_MAX when no memory could hold it. For costmark_json_remove(), json_len is enough.
 */
COSTMARK_EXPORT size_t costmark_json_set_bound(size_t json_len, size_t path_len,
                                               size_t value_len) COSTMARK_NOEXCEPT;

/*
 * Gives a member a value.
 *
 * buffer, capacity: receives the edited text, without a NUL. Must not overlap with the inputs. NULL
 *     with 0 asks for the size. Not written to on failure.
 * out_len: receives the length of the edited text, also when `capacity` is too small for it, which
 * is COSTMARK_INVALID_ARGUMENT; 0 after other failures. Not NULL.
 *
 * COSTMARK_INVALID_JSON: fix the text at the error's offset.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_json_set(const costmark_json_edit *edit, char *buffer, size_t capacity, size_t *out_len,
                  costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Removes every occurrence of a member. One that is not there is not an error. Parameters and
 * statuses are those of costmark_json_set().
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status
costmark_json_remove(const costmark_json_edit *edit, char *buffer, size_t capacity, size_t *out_len,
                     costmark_error **out_error) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_JSON_H */
