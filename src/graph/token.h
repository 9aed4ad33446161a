/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small tokens of the IR's text, written and scanned in one place: names, quoted strings,
 * integers and floats. Independent of the locale. Scanners read NUL-terminated text at *text, move
 * *text past what they took, and leave it alone when they answer false.
 */
#ifndef DSQ_GRAPH_TOKEN_H
#define DSQ_GRAPH_TOKEN_H

#include "base/bytes.h"
#include "base/memory.h"

/* May stand without quotes: [A-Za-z0-9_./:-]+ */
bool dsq_token_is_name_char(char c);
bool dsq_token_is_name(const char *s);
/* A dimension's symbol may: [A-Za-z_][A-Za-z0-9_]* */
bool dsq_token_is_symbol(const char *s);

/* "..." with \" \\ \n \t \r and \xHH. */
void dsq_token_write_quoted(struct dsq_writer *w, const char *s);
/* 0x1.8p-3, inf, -inf, nan: every finite double comes back bit by bit. */
void dsq_token_write_float(struct dsq_writer *w, double v);

/* The string's text in the arena; *out is NULL when the quotes are right and memory is out. */
bool dsq_token_scan_quoted(const char **text, struct dsq_arena *arena, const char **out);
bool dsq_token_scan_int(const char **text, int64_t *out);
/* What is written above, and plain decimals of up to 15 digits such as -0.05 or 3e-2. */
bool dsq_token_scan_float(const char **text, double *out);

#endif
