/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What callers hand in: settings structs of an older or newer program, log functions that may be
 * absent.
 */
#ifndef DSQ_BASE_SETTINGS_H
#define DSQ_BASE_SETTINGS_H

#include <dsq/dsq.h>

#include "base/status.h"

/* Copy a caller's settings struct (its first field is its size) over defaults in `dst`, as many
 * bytes as both know. src NULL: the defaults stay. ARGUMENT when the size is no plausible one. */
enum dsq_status dsq_settings_read(void *dst, size_t dst_bytes, const void *src, const char *what,
                                  struct dsq_diag *d) DSQ_MUST_CHECK;

/* The way back: results into a caller's struct, whose first field is its size too, as many bytes as
 * both know. ARGUMENT when that size is no plausible one: ask at once, before the work. */
enum dsq_status dsq_result_check(const void *dst, const char *what,
                                 struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_result_write(void *dst, const void *src, size_t src_bytes);

/* The common settings with every field valid: zero-filled defaults where the caller gave none. */
enum dsq_status dsq_common_read(struct dsq_common *out, const struct dsq_common *src,
                                struct dsq_diag *d) DSQ_MUST_CHECK;

/* The CPU flags that a level name allows on this machine (NULL: all). ARGUMENT for an unknown
 * level, or one that the machine lacks, naming those there are. */
enum dsq_status dsq_cpu_flags(const char *level, uint32_t *flags,
                              struct dsq_diag *d) DSQ_MUST_CHECK;

/* Messages; `log` and its functions may be NULL. */
void dsq_log_text(const struct dsq_log *log, enum dsq_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A warning; an error of this status where the caller is strict. */
enum dsq_status dsq_warn(const struct dsq_common *common, struct dsq_diag *d,
                         enum dsq_status status, const char *format, ...)
    __attribute__((format(printf, 4, 5))) DSQ_MUST_CHECK;
void dsq_log_progress(const struct dsq_log *log, const char *what, int64_t done, int64_t total);

#endif
