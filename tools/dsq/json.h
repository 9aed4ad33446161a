/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON on stdout, written as it comes. Lists and objects nest; `key` is NULL inside a list. Numbers
 * that are not finite become null, bytes that are not UTF-8 the replacement character.
 */
#ifndef DSQ_TOOLS_JSON_H
#define DSQ_TOOLS_JSON_H

#include <stdint.h>

enum { JSON_MOST_DEPTH = 8 };

struct tool_json {
    int depth;
    int n_items[JSON_MOST_DEPTH]; /* in each open list or object */
    char closing[JSON_MOST_DEPTH];
};

void tool_json_list(struct tool_json *j, const char *key);
void tool_json_object(struct tool_json *j, const char *key);
void tool_json_end(
    struct tool_json *j); /* of the innermost list or object; a newline after the outermost */
void tool_json_text(struct tool_json *j, const char *key, const char *text);
void tool_json_integer(struct tool_json *j, const char *key, int64_t v);
void tool_json_number(struct tool_json *j, const char *key, double v);
void tool_json_null(struct tool_json *j, const char *key);
void tool_json_numbers(struct tool_json *j, const char *key, const double *v, int n);

#endif
