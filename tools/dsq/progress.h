/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library reports while it works, on stderr: a bar on a terminal, else a plain line every
 * tenth of the way. Messages and the bar share the terminal's last line, so messages go through
 * here too.
 */
#ifndef DSQ_TOOLS_PROGRESS_H
#define DSQ_TOOLS_PROGRESS_H

#include <dsq/types.h>

struct progress {
    bool quiet;    /* warnings and errors only */
    bool terminal; /* stderr is one */
    bool bar_shown;
    char what[64];
    int64_t tenth; /* the last plain line's */
    double start;  /* seconds */
};

/* For struct dsq_log; `user` is a struct progress. */
void progress_message(void *user, enum dsq_log_level level, const char *text);
void progress_step(void *user, const char *what, int64_t done, int64_t total);
/* Take the bar away, before something else is printed. */
void progress_clear(struct progress *p);

/* Monotonic time in seconds. */
double tool_now(void);

#endif
