/* SPDX-License-Identifier: Apache-2.0 */
/* What the harness says about a case that went wrong. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

void check_case(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->report->where, sizeof c->report->where, format, args);
    va_end(args);
    c->report->n_cases++;
}

bool check_fail(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("FAIL %s\n  case: %s\n  ", c->name, c->report->where);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    return false;
}

bool check_same_f32(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* A tile of either type, read as floats. */
struct view {
    const void *data;
    size_t stride;
    bool is_float;
};

static float element(const struct view *v, size_t i, size_t j)
{
    size_t at = i * v->stride + j;
    return v->is_float ? ((const float *)v->data)[at] : (float)((const int8_t *)v->data)[at];
}

static void print_view(const char *title, size_t rows, size_t cols, const struct view *v)
{
    printf("  %s\n", title);
    for (size_t i = 0; i < rows; i++) {
        printf("   ");
        for (size_t j = 0; j < cols; j++)
            printf(v->is_float ? " %.9g" : " %4.0f", (double)element(v, i, j));
        printf("\n");
    }
}

static bool compare(struct check *c, size_t rows, size_t cols, const struct view *want,
                    const struct view *got)
{
    size_t n_wrong = 0, row = 0, col = 0;
    for (size_t i = rows; i-- > 0;)
        for (size_t j = cols; j-- > 0;)
            if (!check_same_f32(element(want, i, j), element(got, i, j))) {
                n_wrong++;
                row = i;
                col = j;
            }
    if (n_wrong == 0)
        return true;
    float w = element(want, row, col), g = element(got, row, col);
    check_fail(c, "%zu of %zu x %zu differ, first at [%zu][%zu]: expected %.9g (%a), got %.9g (%a)",
               n_wrong, rows, cols, row, col, (double)w, (double)w, (double)g, (double)g);
    print_view("expected", rows, cols, want);
    print_view("got", rows, cols, got);
    printf("  map (x: differs)\n");
    for (size_t i = 0; i < rows; i++) {
        printf("    ");
        for (size_t j = 0; j < cols; j++)
            putchar(check_same_f32(element(want, i, j), element(got, i, j)) ? '.' : 'x');
        printf("\n");
    }
    return false;
}

bool check_tile_f32(struct check *c, size_t n_rows, size_t n_cols, const float *want,
                    size_t want_stride, const float *got, size_t got_stride)
{
    return compare(c, n_rows, n_cols, &(struct view){want, want_stride, true},
                   &(struct view){got, got_stride, true});
}

bool check_tile_s8(struct check *c, size_t n_rows, size_t n_cols, const int8_t *want,
                   size_t want_stride, const int8_t *got, size_t got_stride)
{
    return compare(c, n_rows, n_cols, &(struct view){want, want_stride, false},
                   &(struct view){got, got_stride, false});
}
