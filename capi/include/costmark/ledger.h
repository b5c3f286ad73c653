/* costmark: a part of costmark.h, which has the rules. */
#ifndef COSTMARK_COSTMARK_H
#include <costmark/costmark.h> /* which includes this file */
#elif !defined(COSTMARK_LEDGER_H)
#define COSTMARK_LEDGER_H

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * The ledger: a row for every attempt
 *
 * Option `ledger` says where the rows go, and docs/ledger.md what they hold. No call fails because
 * a row cannot be written: it waits in memory, up to 4 MiB, and is lost beyond that.
 */

/* What became of the rows of a client's ledger, which it shares with all clients of the process
 * whose ledger is the same. */
typedef struct costmark_ledger_counts {
  size_t struct_size;
  uint64_t rows_written; /* notes of the writer among them */
  uint64_t rows_waiting; /* in memory, until they can be written */
  uint64_t rows_lost;    /* there was no room for them to wait */
  uint64_t rows_torn;    /* begun in a file that then went away, and written anew in another */
} costmark_ledger_counts;

#define COSTMARK_LEDGER_COUNTS_INIT {sizeof(costmark_ledger_counts), 0, 0, 0, 0}

/*
 * Shows what became of the rows. A forked child counts from zero.
 *
 * out_counts: its struct_size set by the caller. All zero for a client without a ledger.
 */
COSTMARK_EXPORT void costmark_client_ledger_counts(
    const costmark_client *client, costmark_ledger_counts *out_counts) COSTMARK_NOEXCEPT;

/* Tries to write the rows that wait. Returns whether none waits any more; true without a ledger. */
COSTMARK_EXPORT bool costmark_client_ledger_flush(const costmark_client *client) COSTMARK_NOEXCEPT;

/*
 * Checks labels ahead of the calls that will carry them: at most 16, of 2,048 bytes in all, names
 * and values together; each name once, of 1 to 128 bytes; UTF-8 without control characters.
 *
 * labels, count: NULL with 0: none.
 *
 * COSTMARK_INVALID_ARGUMENT: the message names the label and what is wrong with it. It repeats no
 * value.
 */
COSTMARK_EXPORT COSTMARK_MUST_USE costmark_status costmark_labels_check(
    const costmark_label *labels, size_t count, costmark_error **out_error) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* COSTMARK_LEDGER_H */
