/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing command lines by a table, and the help that the table gives. */
#include "opt.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int opt_usage_error(const char *command, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "dsq %s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nTry 'dsq %s --help'.\n", command);
    return EXIT_USAGE;
}

/* ---- the nearest name ---- */

static int least(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance, one row at a time. */
int opt_distance(const char *a, const char *b)
{
    enum { MOST = 64 };
    int row[MOST + 1];
    size_t na = strlen(a), nb = strlen(b);
    if (na > MOST || nb > MOST)
        return MOST;
    for (size_t j = 0; j <= nb; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= na; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= nb; j++) {
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            int cost = least(row[j] + 1, row[j - 1] + 1, diagonal + !same);
            diagonal = row[j];
            row[j] = cost;
        }
    }
    return row[nb];
}

bool opt_is_near(const char *typed, int distance)
{
    return distance <= 2 && distance < (int)strlen(typed);
}

static const struct opt *nearest(const struct opt *options, const char *name)
{
    const struct opt *best = NULL;
    int best_distance = 0;
    for (const struct opt *o = options; o->name; o++) {
        int distance = opt_distance(name, o->name);
        if (!best || distance < best_distance) {
            best = o;
            best_distance = distance;
        }
    }
    return best && opt_is_near(name, best_distance) ? best : NULL;
}

/* ---- help ---- */

static int print_left_side(FILE *out, const struct opt *o)
{
    char text[64];
    int n = o->letter ? snprintf(text, sizeof text, "-%c, ", o->letter) : 0;
    bool maybe = o->kind == OPT_MAYBE;
    n += snprintf(text + n, sizeof text - (size_t)n, "--%s%s%s%s%s", o->name, maybe ? "[" : "",
                  o->value ? "=" : "", o->value ? o->value : "", maybe ? "]" : "");
    if (out)
        fputs(text, out);
    return n;
}

static void print_option(const struct opt *o, int width)
{
    fputs("  ", stdout);
    int n = print_left_side(stdout, o);
    for (const char *line = o->help; line;) {
        const char *end = strchr(line, '\n');
        int length = end ? (int)(end - line) : (int)strlen(line);
        printf("%*s%.*s\n", width - n + 2, "", length, line);
        n = -2;
        line = end ? end + 1 : NULL;
    }
}

/* A paragraph in lines of at most 80 characters. */
static void print_wrapped(const char *text)
{
    int column = 0;
    while (*text) {
        int n = (int)strcspn(text, " ");
        if (column && column + 1 + n > 80) {
            putchar('\n');
            column = 0;
        }
        column += column ? printf(" %.*s", n, text) : printf("%.*s", n, text);
        text += n + (text[n] == ' ');
    }
    putchar('\n');
}

static void print_help(const struct opt_command *c)
{
    static const struct opt help = {"help", 'h', OPT_FLAG, NULL, NULL, "print this"};
    int width = print_left_side(NULL, &help);
    printf("Usage: dsq %s\n\n", c->usage);
    print_wrapped(c->about);
    fputs("\nOptions:\n", stdout);
    for (const struct opt *o = c->options; o->name; o++) {
        int n = print_left_side(NULL, o);
        width = n > width ? n : width;
    }
    for (const struct opt *o = c->options; o->name; o++)
        print_option(o, width);
    print_option(&help, width);
}

/* ---- parsing ---- */

/* One option as typed: "--name" or "-x", and its value or NULL. */
struct typed {
    const char *command;
    char name[64];
    const char *value;
};

static bool set_count(const struct opt *o, const struct typed *t)
{
    char *end;
    errno = 0;
    long v = strtol(t->value, &end, 10);
    if (*end || !isdigit((unsigned char)t->value[0]) || errno || v > INT32_MAX) {
        opt_usage_error(t->command, "%s: '%s' is no whole number from 0 to %d", t->name, t->value,
                        INT32_MAX);
        return false;
    }
    *(int32_t *)o->to = (int32_t)v;
    return true;
}

static bool set_number(const struct opt *o, const struct typed *t)
{
    char *end;
    double v = strtod(t->value, &end);
    if (*end || end == t->value || !isfinite(v) || v < 0) {
        opt_usage_error(t->command, "%s: '%s' is no number from 0 on", t->name, t->value);
        return false;
    }
    *(double *)o->to = v;
    return true;
}

static bool set_item(const struct opt *o, const struct typed *t)
{
    struct opt_list *list = o->to;
    if (list->n == OPT_MOST_ITEMS) {
        opt_usage_error(t->command, "%s: given more than %d times", t->name, OPT_MOST_ITEMS);
        return false;
    }
    list->item[list->n++] = t->value;
    return true;
}

static bool set_option(const struct opt *o, const struct typed *t)
{
    switch (o->kind) {
    case OPT_FLAG:
        *(bool *)o->to = true;
        return true;
    case OPT_TEXT:
        *(const char **)o->to = t->value;
        return true;
    case OPT_COUNT:
    case OPT_MAYBE:
        return set_count(o, t);
    case OPT_NUMBER:
        return set_number(o, t);
    case OPT_LIST:
        return set_item(o, t);
    }
    return false;
}

/* Split "--name=value" or "-xvalue"; find the option, or say what is wrong and answer NULL. */
static const struct opt *find_option(const struct opt_command *c, const char *arg, struct typed *t)
{
    if (arg[1] != '-') {
        snprintf(t->name, sizeof t->name, "-%c", arg[1]);
        t->value = arg[2] ? arg + 2 : NULL;
        for (const struct opt *o = c->options; o->name; o++)
            if (o->letter == arg[1])
                return o;
        opt_usage_error(t->command, "unknown option '%s'", arg);
        return NULL;
    }
    const char *equals = strchr(arg, '=');
    size_t length = equals ? (size_t)(equals - arg) : strlen(arg);
    snprintf(t->name, sizeof t->name, "%.*s", (int)(length > 60 ? 60 : length), arg);
    t->value = equals ? equals + 1 : NULL;
    for (const struct opt *o = c->options; o->name; o++)
        if (strcmp(o->name, t->name + 2) == 0)
            return o;
    const struct opt *near = nearest(c->options, t->name + 2);
    if (near)
        opt_usage_error(t->command, "unknown option '%s'; did you mean '--%s'?", t->name,
                        near->name);
    else
        opt_usage_error(t->command, "unknown option '%s'", t->name);
    return NULL;
}

/* Take the option at argv[*i] and, where it stands apart, its value. */
static bool take_option(const struct opt_command *c, int argc, char **argv, int *i)
{
    struct typed t = {.command = argv[0]};
    const struct opt *o = find_option(c, argv[*i], &t);
    if (!o)
        return false;
    if (o->kind == OPT_FLAG) {
        if (t.value) {
            opt_usage_error(t.command, "%s takes no value", t.name);
            return false;
        }
        return set_option(o, &t);
    }
    if (o->kind == OPT_MAYBE && !t.value) {
        *(int32_t *)o->to = -1;
        return true;
    }
    if (!t.value && *i + 1 < argc && strncmp(argv[*i + 1], "--", 2) != 0)
        t.value = argv[++*i];
    if (!t.value || !*t.value) {
        opt_usage_error(t.command, "%s needs a value: %s", t.name, o->value);
        return false;
    }
    return set_option(o, &t);
}

static bool is_help(const char *arg)
{
    return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0;
}

int opt_parse(const struct opt_command *c, int argc, char **argv, int *exit_code)
{
    int n = 0;
    bool options_ended = false;
    *exit_code = EXIT_USAGE;
    for (int i = 1; i < argc; i++) {
        if (!options_ended && strcmp(argv[i], "--") == 0) {
            options_ended = true;
        } else if (!options_ended && is_help(argv[i])) {
            print_help(c);
            *exit_code = EXIT_OK;
            return -1;
        } else if (!options_ended && argv[i][0] == '-' && argv[i][1]) {
            if (!take_option(c, argc, argv, &i))
                return -1;
        } else {
            argv[++n] = argv[i];
        }
    }
    if (n < c->min_args) {
        opt_usage_error(argv[0], "expected %s", c->args);
        return -1;
    }
    if (n > c->max_args) {
        opt_usage_error(argv[0], "unexpected argument '%s'", argv[c->max_args + 1]);
        return -1;
    }
    *exit_code = EXIT_OK;
    return n;
}
