/* SPDX-License-Identifier: Apache-2.0 */
/* Scanning the IR's text: blanks, words, numbers, names, and where an error is. */
#include "graph/scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "graph/token.h"

static void locate(const struct dsq_scanner *s, int *line, int *column)
{
    const char *begin = s->text;
    *line = 1;
    for (const char *c = s->text; c < s->at; c++) {
        if (*c == '\n') {
            ++*line;
            begin = c + 1;
        }
    }
    *column = (int)(s->at - begin) + 1;
}

enum dsq_status dsq_scan_fail(const struct dsq_scanner *s, const char *format, ...)
{
    char message[512];
    int line, column;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    locate(s, &line, &column);
    return dsq_fail(s->diag, DSQ_MALFORMED, "line %d, column %d: %s", line, column, message);
}

/* Put the place before a callee's text. */
enum dsq_status dsq_scan_fail_in(const struct dsq_scanner *s, enum dsq_status status)
{
    int line, column;
    if (status == DSQ_OK)
        return status;
    locate(s, &line, &column);
    return dsq_fail_in(s->diag, status, "line %d, column %d", line, column);
}

enum dsq_status dsq_scan_no_memory(const struct dsq_scanner *s)
{
    return dsq_fail(s->diag, DSQ_NOMEM, "out of memory for the graph");
}

void dsq_scan_blanks(struct dsq_scanner *s)
{
    while (*s->at == ' ' || *s->at == '\t')
        s->at++;
}

/* Take `word` if it comes next, blanks before it aside. */
bool dsq_scan_take(struct dsq_scanner *s, const char *word)
{
    size_t n = strlen(word);
    dsq_scan_blanks(s);
    if (strncmp(s->at, word, n) != 0)
        return false;
    s->at += n;
    return true;
}

enum dsq_status dsq_scan_expect(struct dsq_scanner *s, const char *word)
{
    return dsq_scan_take(s, word) ? DSQ_OK : dsq_scan_fail(s, "expected '%s'", word);
}

/* A word of name characters into a small buffer; empty when none comes, or it is too long. */
void dsq_scan_word(struct dsq_scanner *s, char *word, size_t bytes)
{
    dsq_scan_blanks(s);
    size_t n = 0;
    while (dsq_token_is_name_char(s->at[n]))
        n++;
    if (n >= bytes)
        n = 0;
    memcpy(word, s->at, n);
    word[n] = 0;
    s->at += n;
}

enum dsq_status dsq_scan_string(struct dsq_scanner *s, const char **out)
{
    dsq_scan_blanks(s);
    if (!dsq_token_scan_quoted(&s->at, s->arena, out))
        return dsq_scan_fail(s, "expected a quoted string");
    return *out ? DSQ_OK : dsq_scan_no_memory(s);
}

enum dsq_status dsq_scan_int(struct dsq_scanner *s, int64_t low, int64_t high, int64_t *out)
{
    const char *begin;
    dsq_scan_blanks(s);
    begin = s->at;
    if (!dsq_token_scan_int(&s->at, out))
        return dsq_scan_fail(s, "expected an integer");
    if (*out >= low && *out <= high)
        return DSQ_OK;
    s->at = begin;
    return dsq_scan_fail(s, "an integer from %lld to %lld expected", (long long)low,
                         (long long)high);
}

enum dsq_status dsq_scan_float(struct dsq_scanner *s, double *out)
{
    dsq_scan_blanks(s);
    return dsq_token_scan_float(&s->at, out)
               ? DSQ_OK
               : dsq_scan_fail(s, "expected a float, best in hexadecimal");
}

/* The index of the next word in a NULL-terminated list. */
enum dsq_status dsq_scan_choice(struct dsq_scanner *s, const char *const *names, const char *what,
                                int64_t *out)
{
    char word[64];
    const char *begin = (dsq_scan_blanks(s), s->at);
    dsq_scan_word(s, word, sizeof word);
    for (int64_t i = 0; names[i]; i++) {
        if (strcmp(word, names[i]) == 0) {
            *out = i;
            return DSQ_OK;
        }
    }
    s->at = begin;
    return dsq_scan_fail(s, "unknown %s '%s'", what, word);
}

/* %name, in scratch memory */
enum dsq_status dsq_scan_name(struct dsq_scanner *s, const char **out)
{
    DSQ_TRY(dsq_scan_expect(s, "%"));
    if (*s->at == '"')
        return dsq_scan_string(s, out);
    const char *begin = s->at;
    while (dsq_token_is_name_char(*s->at))
        s->at++;
    if (s->at == begin)
        return dsq_scan_fail(s, "expected a name after '%%'");
    *out = dsq_arena_string(s->arena, begin, (size_t)(s->at - begin));
    return *out ? DSQ_OK : dsq_scan_no_memory(s);
}
