/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How dsq's functions fail.
 *
 * Three kinds, never mixed: (1) the world or the input is wrong: a status and a text in the
 * caller's struct dsq_diag; (2) the caller is wrong: DSQ_ARGUMENT; (3) we are wrong: assert.
 * Functions that can fail return enum dsq_status; results come through pointers. There is no global
 * and no thread-local error. A function has one `fail` or `done` label that frees everything; every
 * free accepts NULL.
 */
#ifndef DSQ_BASE_STATUS_H
#define DSQ_BASE_STATUS_H

#include <dsq/types.h>

/* The error's short name ("MALFORMED") or its sentence. Never NULL. */
DSQ_API const char *dsq_status_name(enum dsq_status s);
DSQ_API const char *dsq_status_text(enum dsq_status s);

/* Write the reason (printf-style, no trailing newline) and return `s`. `d` may be NULL. */
enum dsq_status dsq_fail(struct dsq_diag *d, enum dsq_status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "CONTEXT: " before the text that a failing callee has written, and return `s` unchanged. */
enum dsq_status dsq_fail_in(struct dsq_diag *d, enum dsq_status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Forward a failure to the caller at once (nothing to clean up) or through the label `fail`,
 * which then finds the status in the local variable `status`. */
#define DSQ_TRY(call)                                                                              \
    do {                                                                                           \
        enum dsq_status dsq_try_status = (call);                                                   \
        if (dsq_try_status != DSQ_OK)                                                              \
            return dsq_try_status;                                                                 \
    } while (0)

#define DSQ_GUARD(call)                                                                            \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != DSQ_OK)                                                                      \
            goto fail;                                                                             \
    } while (0)

#endif
