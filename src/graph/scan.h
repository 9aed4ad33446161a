/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cursor over the IR's text. Scanning functions skip blanks first; on failure they write the
 * reason with line and column and leave the cursor near the place. Strings go to the scanner's
 * arena.
 */
#ifndef DSQ_GRAPH_SCAN_H
#define DSQ_GRAPH_SCAN_H

#include "base/memory.h"
#include "base/status.h"

struct dsq_scanner {
    const char *text, *at, *end; /* *end is NUL */
    struct dsq_arena *arena;
    struct dsq_diag *diag;
};

/* MALFORMED, "line L, column C: ..." */
enum dsq_status dsq_scan_fail(const struct dsq_scanner *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Put the place before the text of a callee that failed; DSQ_OK passes. */
enum dsq_status dsq_scan_fail_in(const struct dsq_scanner *s, enum dsq_status status);
enum dsq_status dsq_scan_no_memory(const struct dsq_scanner *s);

void dsq_scan_blanks(struct dsq_scanner *s);
/* Take `word` if it comes next. */
bool dsq_scan_take(struct dsq_scanner *s, const char *word);
enum dsq_status dsq_scan_expect(struct dsq_scanner *s, const char *word);
/* A word of name characters into a small buffer; empty when none comes, or it is too long. */
void dsq_scan_word(struct dsq_scanner *s, char *word, size_t bytes);
/* The index of the next word in a NULL-terminated list. */
enum dsq_status dsq_scan_choice(struct dsq_scanner *s, const char *const *names, const char *what,
                                int64_t *out);
enum dsq_status dsq_scan_int(struct dsq_scanner *s, int64_t low, int64_t high, int64_t *out);
enum dsq_status dsq_scan_float(struct dsq_scanner *s, double *out);
enum dsq_status dsq_scan_string(struct dsq_scanner *s, const char **out);
/* %name or %"name" */
enum dsq_status dsq_scan_name(struct dsq_scanner *s, const char **out);

#endif
