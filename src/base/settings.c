/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a caller's settings; talking to a caller's log. */
#include "base/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"

enum dsq_status dsq_settings_read(void *dst, size_t dst_bytes, const void *src, const char *what,
                                  struct dsq_diag *d)
{
    enum { LARGEST = 4096 }; /* no settings struct will ever be so large: an unset size */
    if (!src)
        return DSQ_OK;
    size_t size;
    memcpy(&size, src, sizeof size);
    if (size < sizeof size || size > LARGEST)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: its field 'size' is %zu; set it to sizeof the struct",
                        what, size);
    memcpy(dst, src, size < dst_bytes ? size : dst_bytes);
    return DSQ_OK;
}

enum dsq_status dsq_common_read(struct dsq_common *out, const struct dsq_common *src,
                                struct dsq_diag *d)
{
    *out = (struct dsq_common){.size = sizeof *out};
    DSQ_TRY(dsq_settings_read(out, sizeof *out, src, "struct dsq_common", d));
    if (out->threads < 0)
        return dsq_fail(d, DSQ_ARGUMENT, "%d threads: expected 0 (one a processor) or more",
                        (int)out->threads);
    return DSQ_OK;
}

enum dsq_status dsq_cpu_flags(const char *level, uint32_t *flags, struct dsq_diag *d)
{
    uint32_t have = dsq_cpu_detect();
    *flags = have;
    if (!level)
        return DSQ_OK;
    char names[128] = "";
    int n;
    const struct dsq_cpu_level *levels = dsq_cpu_levels(&n);
    for (int i = 0; i < n; i++)
        if ((levels[i].flags & ~have) == 0) {
            size_t at = strlen(names);
            snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", levels[i].name);
        }
    const struct dsq_cpu_level *l = dsq_cpu_level_find(level);
    if (!l)
        return dsq_fail(d, DSQ_ARGUMENT, "CPU level '%s' is unknown; this machine has %s", level, names);
    if (l->flags & ~have)
        return dsq_fail(d, DSQ_ARGUMENT, "this CPU lacks level '%s'; it has %s", level, names);
    *flags = l->flags;
    return DSQ_OK;
}

void dsq_log_text(const struct dsq_log *log, enum dsq_log_level level, const char *format, ...)
{
    if (!log || !log->message)
        return;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log->message(log->user, level, text);
}

void dsq_log_progress(const struct dsq_log *log, const char *what, int64_t done, int64_t total)
{
    if (log && log->progress)
        log->progress(log->user, what, done, total);
}
