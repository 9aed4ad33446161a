/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON printer: indentation, commas, escapes. */
#include "json.h"

#include <math.h>
#include <stdio.h>

/* Bytes of the UTF-8 character at p, 0 when it is none (RFC 3629: no overlong forms, no
 * surrogates). */
static int utf8_length(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    int n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    for (int i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static void print_string(const char *text)
{
    putchar('"');
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        int n = utf8_length(p);
        if (n == 0)
            fputs("\\ufffd", stdout);
        else if (*p < 0x20 || *p == 0x7f)
            printf("\\u%04x", *p);
        else if (*p == '"' || *p == '\\')
            printf("\\%c", *p);
        else
            printf("%.*s", n, (const char *)p);
        p += n ? n : 1;
    }
    putchar('"');
}

static void new_line(int depth)
{
    printf("\n%*s", 2 * depth, "");
}

/* The comma, line and key before a value. */
static void begin_item(struct tool_json *j, const char *key)
{
    if (j->depth == 0)
        return;
    if (j->n_items[j->depth - 1]++)
        putchar(',');
    new_line(j->depth);
    if (key) {
        print_string(key);
        fputs(": ", stdout);
    }
}

static void open_group(struct tool_json *j, const char *key, char opening, char closing)
{
    begin_item(j, key);
    putchar(opening);
    j->closing[j->depth] = closing;
    j->n_items[j->depth] = 0;
    j->depth++;
}

void tool_json_list(struct tool_json *j, const char *key)
{
    open_group(j, key, '[', ']');
}
void tool_json_object(struct tool_json *j, const char *key)
{
    open_group(j, key, '{', '}');
}

void tool_json_end(struct tool_json *j)
{
    j->depth--;
    if (j->n_items[j->depth])
        new_line(j->depth);
    putchar(j->closing[j->depth]);
    if (j->depth == 0)
        putchar('\n');
}

void tool_json_text(struct tool_json *j, const char *key, const char *text)
{
    begin_item(j, key);
    print_string(text);
}

void tool_json_integer(struct tool_json *j, const char *key, int64_t v)
{
    begin_item(j, key);
    printf("%lld", (long long)v);
}

static void print_number(double v)
{
    if (isfinite(v))
        printf("%.12g", v);
    else
        fputs("null", stdout);
}

void tool_json_number(struct tool_json *j, const char *key, double v)
{
    begin_item(j, key);
    print_number(v);
}

void tool_json_null(struct tool_json *j, const char *key)
{
    tool_json_number(j, key, (double)NAN);
}

void tool_json_numbers(struct tool_json *j, const char *key, const double *v, int n)
{
    begin_item(j, key);
    putchar('[');
    for (int i = 0; i < n; i++) {
        if (i)
            fputs(", ", stdout);
        print_number(v[i]);
    }
    putchar(']');
}
