/* costmark: beside costmark.h, which has the rules, and does not include this file. */
#ifndef COSTMARK_TESTING_H
#define COSTMARK_TESTING_H

#include <costmark/costmark.h>

#ifdef COSTMARK_EXPORT /* unless costmark.h refused the compiler */

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------
 * For tests of programs that use costmark
 */

/*
 * How many handles, errors included, this copy of the library has made that have not ended: 0 when
 * a program has ended all of its own.
 */
COSTMARK_EXPORT size_t costmark_live_handles(void) COSTMARK_NOEXCEPT;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
#endif /* COSTMARK_TESTING_H */
