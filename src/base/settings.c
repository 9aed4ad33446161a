/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a caller's settings; talking to a caller's log. */
#include "base/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"

/* The first field of every struct that a caller makes: how large its program thinks it is. */
static size_t size_field(const void *settings)
{
    size_t size;
    memcpy(&size, settings, sizeof size);
    return size;
}

static enum dsq_status check_size(const void *settings, const char *what, struct dsq_diag *d)
{
    enum { LARGEST = 4096 }; /* no such struct will ever be so large: an unset size */
    size_t size = size_field(settings);
    if (size < sizeof size || size > LARGEST)
        return dsq_fail(d, DSQ_ARGUMENT, "%s: its field 'size' is %zu; set it to sizeof the struct",
                        what, size);
    return DSQ_OK;
}

enum dsq_status dsq_settings_read(void *dst, size_t dst_bytes, const void *src, const char *what,
                                  struct dsq_diag *d)
{
    if (!src)
        return DSQ_OK;
    DSQ_TRY(check_size(src, what, d));
    size_t size = size_field(src);
    memcpy(dst, src, size < dst_bytes ? size : dst_bytes);
    return DSQ_OK;
}

enum dsq_status dsq_result_check(const void *dst, const char *what, struct dsq_diag *d)
{
    return dst ? check_size(dst, what, d) : DSQ_OK;
}

void dsq_result_write(void *dst, const void *src, size_t src_bytes)
{
    if (!dst)
        return;
    size_t size = size_field(dst);
    memcpy(dst, src, size < src_bytes ? size : src_bytes);
    memcpy(dst, &size, sizeof size);
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
        return dsq_fail(d, DSQ_ARGUMENT, "CPU level '%s' is unknown; this machine has %s", level,
                        names);
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

enum dsq_status dsq_warn(const struct dsq_common *common, struct dsq_diag *d,
                         enum dsq_status status, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (common->strict)
        return dsq_fail(d, status, "%s", text);
    dsq_log_text(common->log, DSQ_LOG_WARNING, "%s", text);
    return DSQ_OK;
}

void dsq_log_progress(const struct dsq_log *log, const char *what, int64_t done, int64_t total)
{
    if (log && log->progress)
        log->progress(log->user, what, done, total);
}
