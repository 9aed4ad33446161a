/* SPDX-License-Identifier: Apache-2.0 */
/* Aligned tables on stdout: texts to the left, numbers to the right. */
#ifndef DSQ_TOOLS_TABLE_H
#define DSQ_TOOLS_TABLE_H

#include <stdbool.h>
#include <stddef.h>

enum { TABLE_MOST_COLUMNS = 16 };

struct table_column {
    const char *head;
    bool right; /* aligned to the right */
};

struct table {
    const struct table_column *column;
    int n_columns;
    char **cell; /* row by row */
    size_t n_cells, capacity;
};

void table_init(struct table *t, const struct table_column *columns, int n_columns);
/* The next cell; a row is full after n_columns of them. */
void table_cell(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A number with `digits` after the point; "-" when it is not finite. */
void table_number(struct table *t, double v, int digits);
void table_print(const struct table *t);
void table_free(struct table *t);

#endif
