/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dimensions: a number, a small affine form of a symbol, or unknown.
 *
 * One int64_t carries all three, so that a shape rule is written once and serves import (symbols)
 * and run time (numbers only): d >= 0 is the number d; DSQ_DIM_UNKNOWN is unknown; every other
 * negative value names a form floor((symbol * mul + add) / div) in a struct dsq_dims. Chains of
 * strided layers stay in this shape because floor((floor((x + a) / p) + b) / q) = floor((x + a + b
 * p) / (p q)). At run time no struct dsq_dims is needed: pass NULL, and a negative dimension is an
 * error upstream.
 */
#ifndef DSQ_GRAPH_DIM_H
#define DSQ_GRAPH_DIM_H

#include "base/bytes.h"
#include "base/memory.h"

typedef int64_t dsq_dim;
#define DSQ_DIM_UNKNOWN INT64_MIN

static inline bool dsq_dim_is_number(dsq_dim d)
{
    return d >= 0;
}
static inline bool dsq_dim_is_symbolic(dsq_dim d)
{
    return d < 0 && d != DSQ_DIM_UNKNOWN;
}

struct dsq_dim_form {
    int32_t symbol;        /* index into dsq_dims.symbol */
    int64_t mul, add, div; /* mul, div > 0; gcd(mul, div) == 1 makes a form unique */
};

/* The symbols of one graph and the forms made of them. Interned: equal forms have equal dsq_dim. */
struct dsq_dims {
    struct dsq_arena *arena;
    const char **symbol;
    struct dsq_dim_form *form;
    int32_t n_symbols, symbol_capacity;
    int32_t n_forms, form_capacity;
};

void dsq_dims_init(struct dsq_dims *t, struct dsq_arena *arena);
/* The dimension that is the symbol of this name itself; DSQ_DIM_UNKNOWN when memory is out. */
dsq_dim dsq_dim_symbol(struct dsq_dims *t, const char *name);
/* The form that a symbolic dimension names; NULL for numbers and unknown, or if t is NULL. Valid
 * until the next form is made. */
const struct dsq_dim_form *dsq_dim_form_of(const struct dsq_dims *t, dsq_dim d);
/* floor((d * mul + add) / div) for mul, div > 0; unknown if it has no such form, would overflow, or
 * (for numbers) is negative. */
dsq_dim dsq_dim_affine(struct dsq_dims *t, dsq_dim d, int64_t mul, int64_t add, int64_t div);
/* At most one symbolic, or (add) twice the same; unknown otherwise. */
dsq_dim dsq_dim_add(struct dsq_dims *t, dsq_dim a, dsq_dim b);
dsq_dim dsq_dim_mul(struct dsq_dims *t, dsq_dim a, dsq_dim b);
/* Surely equal: equal numbers or the same form. Unknown is equal to nothing. */
static inline bool dsq_dim_equal(dsq_dim a, dsq_dim b)
{
    return a == b && a != DSQ_DIM_UNKNOWN;
}
/* Print as 64, N, (H+1)/2, (2*H+3)/4, or ?. Symbols that are no C identifiers are quoted. */
void dsq_dim_print(const struct dsq_dims *t, dsq_dim d, struct dsq_writer *w);
/* Parse what dsq_dim_print prints, at *text; moves *text. MALFORMED otherwise. */
enum dsq_status dsq_dim_parse(struct dsq_dims *t, const char **text, dsq_dim *out,
                              struct dsq_diag *d) DSQ_MUST_CHECK;

struct dsq_shape {
    int32_t rank; /* -1: unknown */
    dsq_dim dim[DSQ_MAX_RANK];
};

bool dsq_shape_equal(const struct dsq_shape *a, const struct dsq_shape *b); /* surely equal */
/* All dimensions are numbers; and how many elements that is (false on overflow or symbols). */
bool dsq_shape_elements(const struct dsq_shape *s, size_t *n);
void dsq_shape_print(const struct dsq_dims *t, const struct dsq_shape *s, struct dsq_writer *w);

#endif
