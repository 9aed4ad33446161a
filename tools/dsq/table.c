/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: cells are kept until all widths are known. */
#include "table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

void table_init(struct table *t, const struct table_column *columns, int n_columns)
{
    *t = (struct table){.column = columns, .n_columns = n_columns};
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->n_cells; i++)
        free(t->cell[i]);
    free(t->cell);
    table_init(t, t->column, t->n_columns);
}

void table_cell(struct table *t, const char *format, ...)
{
    if (t->n_cells == t->capacity) {
        t->capacity = t->capacity ? t->capacity * 2 : 64;
        t->cell = tool_realloc(t->cell, t->capacity * sizeof *t->cell);
    }
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = tool_realloc(NULL, n < 0 ? 1 : (size_t)n + 1);
    text[0] = 0;
    if (n > 0)
        vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    t->cell[t->n_cells++] = text;
}

void table_number(struct table *t, double v, int digits)
{
    if (isfinite(v))
        table_cell(t, "%.*f", digits, v);
    else
        table_cell(t, "-");
}

/* Columns that the text takes: its UTF-8 characters. */
static int text_width(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void print_cell(const struct table *t, int column, const char *text, int width)
{
    int gap = width - text_width(text);
    bool last = column == t->n_columns - 1;
    if (column)
        fputs("  ", stdout);
    if (t->column[column].right)
        printf("%*s%s", gap, "", text);
    else
        printf("%s%*s", text, last ? 0 : gap, "");
    if (last)
        putchar('\n');
}

void table_print(const struct table *t)
{
    int width[TABLE_MOST_COLUMNS] = {0};
    for (int c = 0; c < t->n_columns; c++)
        width[c] = text_width(t->column[c].head);
    for (size_t i = 0; i < t->n_cells; i++) {
        int c = (int)(i % (size_t)t->n_columns), n = text_width(t->cell[i]);
        width[c] = n > width[c] ? n : width[c];
    }
    for (int c = 0; c < t->n_columns; c++)
        print_cell(t, c, t->column[c].head, width[c]);
    for (size_t i = 0; i < t->n_cells; i++) {
        int c = (int)(i % (size_t)t->n_columns);
        print_cell(t, c, t->cell[i], width[c]);
    }
}
