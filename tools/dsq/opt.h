/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines: one table a command, from which parsing, --help and error messages come.
 *
 * Options are --name=value, --name value, -x value and -xvalue; a flag is --name. They may stand
 * before, between and after the arguments; "--" ends them. An option given twice: the last one
 * counts, except for lists. --help (-h) is every command's.
 */
#ifndef DSQ_TOOLS_OPT_H
#define DSQ_TOOLS_OPT_H

#include <stdbool.h>
#include <stdint.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum { OPT_MOST_ITEMS = 64 };

struct opt_list {
    const char *item[OPT_MOST_ITEMS];
    int n;
};

enum opt_kind {
    OPT_FLAG,   /* bool */
    OPT_TEXT,   /* const char *, never empty */
    OPT_COUNT,  /* int32_t, 0 or more */
    OPT_NUMBER, /* double, finite, 0 or more */
    OPT_MAYBE,  /* int32_t like a count, but "--name" alone is -1 */
    OPT_LIST    /* struct opt_list: may be given several times */
};

struct opt {
    const char *name; /* NULL ends the table */
    char letter;      /* 0: none */
    enum opt_kind kind;
    void *to;          /* where the value goes; holds the default */
    const char *value; /* what --help calls the value; NULL for a flag */
    const char *help;  /* lines separated by \n */
};

struct opt_command {
    const char *usage;         /* after "Usage: dsq " */
    const char *about;         /* what it does, a paragraph */
    const struct opt *options; /* ends with {0} */
    int min_args, max_args;    /* arguments that are no options */
    const char *args;          /* what they are, for messages: "a model" */
};

/* Parse argv[1..argc-1]; argv[0] is the command's name. Answers the number of arguments, which then
 * stand at argv[1..n] in their order, or -1 when the command is not to run: it printed its help
 * (*exit_code EXIT_OK) or what is wrong (EXIT_USAGE). */
int opt_parse(const struct opt_command *command, int argc, char **argv, int *exit_code);

/* Say "dsq COMMAND: TEXT" and how to get help, on stderr; answers EXIT_USAGE. */
int opt_usage_error(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* How many letters must be changed, added or removed to make b of a, case aside. */
int opt_distance(const char *a, const char *b);
/* Whether a slip of the fingers may have made `typed` of a name at that distance. */
bool opt_is_near(const char *typed, int distance);

#endif
