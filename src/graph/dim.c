/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic on dimensions. A form is kept with gcd(mul, div) == 1, which makes it unique: two
 * forms of one symbol that agree for every value of it are the same three numbers, so (H-1)/2+1 and
 * (H+1)/2 are one dsq_dim. Text is in dim_text.c.
 */
#include "graph/dim.h"

#include <string.h>

enum { MAX_SYMBOLS = 1024, MAX_FORMS = 8192 }; /* far above any model; bounds untrusted text */

void dsq_dims_init(struct dsq_dims *t, struct dsq_arena *arena)
{
    *t = (struct dsq_dims){.arena = arena};
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* floor(a / b) for b > 0. */
static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* A bigger copy of an array in the arena, its capacity doubled; NULL when memory is out. */
static void *grow(struct dsq_arena *arena, const void *old, int32_t n, int32_t *capacity,
                  size_t size)
{
    int32_t wanted = *capacity ? *capacity * 2 : 8;
    void *grown = dsq_arena_calloc(arena, (size_t)wanted, size);
    if (!grown)
        return NULL;
    if (n)
        memcpy(grown, old, (size_t)n * size);
    *capacity = wanted;
    return grown;
}

static dsq_dim intern(struct dsq_dims *t, const struct dsq_dim_form *f)
{
    for (int32_t i = 0; i < t->n_forms; i++) {
        const struct dsq_dim_form *o = &t->form[i];
        if (o->symbol == f->symbol && o->mul == f->mul && o->add == f->add && o->div == f->div)
            return -1 - (dsq_dim)i;
    }
    if (t->n_forms == MAX_FORMS)
        return DSQ_DIM_UNKNOWN;
    if (t->n_forms == t->form_capacity) {
        struct dsq_dim_form *form =
            grow(t->arena, t->form, t->n_forms, &t->form_capacity, sizeof *t->form);
        if (!form)
            return DSQ_DIM_UNKNOWN;
        t->form = form;
    }
    t->form[t->n_forms] = *f;
    return -1 - (dsq_dim)t->n_forms++;
}

dsq_dim dsq_dim_symbol(struct dsq_dims *t, const char *name)
{
    int32_t i = 0;
    while (i < t->n_symbols && strcmp(t->symbol[i], name) != 0)
        i++;
    if (i == t->n_symbols) {
        if (i == MAX_SYMBOLS)
            return DSQ_DIM_UNKNOWN;
        if (i == t->symbol_capacity) {
            const char **symbol =
                grow(t->arena, t->symbol, i, &t->symbol_capacity, sizeof *t->symbol);
            if (!symbol)
                return DSQ_DIM_UNKNOWN;
            t->symbol = symbol;
        }
        t->symbol[i] = dsq_arena_string(t->arena, name, strlen(name));
        if (!t->symbol[i])
            return DSQ_DIM_UNKNOWN;
        t->n_symbols++;
    }
    return intern(t, &(struct dsq_dim_form){.symbol = i, .mul = 1, .add = 0, .div = 1});
}

const struct dsq_dim_form *dsq_dim_form_of(const struct dsq_dims *t, dsq_dim d)
{
    if (!t || !dsq_dim_is_symbolic(d) || -1 - d >= t->n_forms)
        return NULL;
    return &t->form[-1 - d];
}

/* a * b + c * d, checked. */
static bool sum_of_products(int64_t a, int64_t b, int64_t c, int64_t d, int64_t *out)
{
    int64_t ab, cd;
    return !__builtin_mul_overflow(a, b, &ab) && !__builtin_mul_overflow(c, d, &cd) &&
           !__builtin_add_overflow(ab, cd, out);
}

dsq_dim dsq_dim_affine(struct dsq_dims *t, dsq_dim d, int64_t mul, int64_t add, int64_t div)
{
    if (d == DSQ_DIM_UNKNOWN || mul <= 0 || div <= 0)
        return DSQ_DIM_UNKNOWN;
    if (dsq_dim_is_number(d)) {
        int64_t v;
        if (!sum_of_products(d, mul, add, 1, &v))
            return DSQ_DIM_UNKNOWN;
        v = floor_div(v, div);
        return v < 0 ? DSQ_DIM_UNKNOWN : v;
    }
    /* floor((g m x + a) / (g q)) = floor((m x + floor(a / g)) / q) */
    int64_t g = gcd(mul, div);
    mul /= g;
    div /= g;
    add = floor_div(add, g);
    const struct dsq_dim_form *x = dsq_dim_form_of(t, d);
    /* x = floor((m s + a) / q). One of q and mul is 1 in what is exact:
     *   mul == 1:  floor((x + add) / div)       = floor((m s + a + add q) / (q div))
     *   q == 1:    floor((x mul + add) / div)   = floor((m mul s + a mul + add) / div) */
    if (!x || (mul > 1 && x->div > 1))
        return DSQ_DIM_UNKNOWN;
    struct dsq_dim_form y = {.symbol = x->symbol};
    if (__builtin_mul_overflow(x->mul, mul, &y.mul) ||
        __builtin_mul_overflow(x->div, div, &y.div) ||
        !sum_of_products(x->add, mul, add, x->div, &y.add))
        return DSQ_DIM_UNKNOWN;
    g = gcd(y.mul, y.div);
    y.mul /= g;
    y.div /= g;
    y.add = floor_div(y.add, g);
    return intern(t, &y);
}

dsq_dim dsq_dim_add(struct dsq_dims *t, dsq_dim a, dsq_dim b)
{
    if (a == b && !dsq_dim_is_number(a))
        return dsq_dim_affine(t, a, 2, 0, 1);
    if (!dsq_dim_is_number(b)) {
        dsq_dim swap = a;
        a = b;
        b = swap;
    }
    return dsq_dim_is_number(b) ? dsq_dim_affine(t, a, 1, b, 1) : DSQ_DIM_UNKNOWN;
}

dsq_dim dsq_dim_mul(struct dsq_dims *t, dsq_dim a, dsq_dim b)
{
    if (!dsq_dim_is_number(b)) {
        dsq_dim swap = a;
        a = b;
        b = swap;
    }
    if (b == 0)
        return 0;
    return dsq_dim_is_number(b) ? dsq_dim_affine(t, a, b, 0, 1) : DSQ_DIM_UNKNOWN;
}

bool dsq_shape_equal(const struct dsq_shape *a, const struct dsq_shape *b)
{
    if (a->rank != b->rank || a->rank < 0)
        return false;
    for (int32_t i = 0; i < a->rank; i++)
        if (!dsq_dim_equal(a->dim[i], b->dim[i]))
            return false;
    return true;
}

bool dsq_shape_elements(const struct dsq_shape *s, size_t *n)
{
    size_t elements = 1;
    if (s->rank < 0)
        return false;
    for (int32_t i = 0; i < s->rank; i++)
        if (!dsq_dim_is_number(s->dim[i]) || !dsq_mul(elements, (size_t)s->dim[i], &elements))
            return false;
    *n = elements;
    return true;
}
