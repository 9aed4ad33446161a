/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses and the text of a failure. */
#define _POSIX_C_SOURCE 200809L
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *dsq_status_name(enum dsq_status s)
{
    switch (s) {
#define DSQ_CASE(name, value, text)                                                                \
    case DSQ_##name:                                                                               \
        return #name;
        DSQ_STATUS_LIST(DSQ_CASE)
#undef DSQ_CASE
    }
    return "UNKNOWN";
}

const char *dsq_status_text(enum dsq_status s)
{
    switch (s) {
#define DSQ_CASE(name, value, text)                                                                \
    case DSQ_##name:                                                                               \
        return text;
        DSQ_STATUS_LIST(DSQ_CASE)
#undef DSQ_CASE
    }
    return "unknown status";
}

/* Names from files end up in messages: keep every message one printable line. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

enum dsq_status dsq_fail(struct dsq_diag *d, enum dsq_status s, const char *format, ...)
{
    if (!d)
        return s;
    d->status = s;
    va_list args;
    va_start(args, format);
    vsnprintf(d->text, sizeof d->text, format, args);
    va_end(args);
    make_printable(d->text);
    return s;
}

enum dsq_status dsq_fail_in(struct dsq_diag *d, enum dsq_status s, const char *format, ...)
{
    if (!d)
        return s;
    char inner[sizeof d->text];
    memcpy(inner, d->text, sizeof inner);
    va_list args;
    va_start(args, format);
    int n = vsnprintf(d->text, sizeof d->text, format, args);
    va_end(args);
    if (n >= 0 && (size_t)n + 3 < sizeof d->text) {
        size_t room = sizeof d->text - (size_t)n - 3, length = strnlen(inner, sizeof inner);
        memcpy(d->text + n, ": ", 2);
        memcpy(d->text + n + 2, inner, length < room ? length : room);
        d->text[(size_t)n + 2 + (length < room ? length : room)] = 0;
    }
    d->status = s;
    make_printable(d->text);
    return s;
}
