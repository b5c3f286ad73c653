/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_CALLBACKS_H)
#define COSTMARK_CALLBACKS_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * Callbacks of a configuration
 *
 * Each replaces an earlier one. `callback` is not NULL; for user_data and free_user_data see
 * rule 7.
 */

/* Ends what a callback needs. */
typedef void (*costmark_free_user_data)(void *user_data);

typedef int32_t costmark_log_level;
enum {
  COSTMARK_LOG_DEBUG = 1,
  COSTMARK_LOG_INFO = 2,
  COSTMARK_LOG_WARNING = 3,
  COSTMARK_LOG_ERROR = 4
};

/*
 * Receives one line, without a line break. May be called by several threads at once.
 *
 * message, message_len: the line; not followed by a NUL.
 */
typedef void (*costmark_log_callback)(void *user_data, costmark_log_level level,
                                      const char *message, size_t message_len);

/* Sets the log callback. Without one, log lines are discarded. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_config_set_log_callback(
    costmark_config *config, costmark_log_callback callback, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

/*
 * Receives every attempt of an inference request when it ends, and the end of every background
 * response that this process sees, after it was counted. May be called by several threads at once.
 *
 * answer: its struct_size is what this library knows of it, and never less than what an older
 * header knows. Lives until the callback returns.
 */
typedef void (*costmark_usage_callback)(void *user_data, const costmark_answer *answer);

/* Sets the usage callback. */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_config_set_usage_callback(
    costmark_config *config, costmark_usage_callback callback, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

/* Returns the time, in seconds since 1970 UTC. May be called by several threads at once. */
typedef int64_t (*costmark_clock_callback)(void *user_data);

/*
 * Sets the clock, instead of the system's: for programs that correct it, and for tests. What it
 * returns must be from 0 to 253402300799 (the year 9999), or nothing can be signed.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_config_set_clock_callback(
    costmark_config *config, costmark_clock_callback callback, void *user_data,
    costmark_free_user_data free_user_data, costmark_error **out_error) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_CALLBACKS_H */
