/* SPDX-License-Identifier: Apache-2.0 */
/* Dimensions and shapes as text: 64, N, H/2, (H+1)/2, (2*H+3)/4, H-1, ? */
#include <string.h>

#include "graph/dim.h"
#include "graph/token.h"

static void print_symbol(const char *name, struct dsq_writer *w)
{
    if (dsq_token_is_symbol(name))
        dsq_write_text(w, name);
    else
        dsq_token_write_quoted(w, name);
}

void dsq_dim_print(const struct dsq_dims *t, dsq_dim d, struct dsq_writer *w)
{
    const struct dsq_dim_form *f = dsq_dim_form_of(t, d);
    if (dsq_dim_is_number(d)) {
        dsq_write_format(w, "%lld", (long long)d);
        return;
    }
    if (!f) {
        dsq_write_text(w, "?");
        return;
    }
    bool parentheses = f->div > 1 && (f->mul > 1 || f->add);
    if (parentheses)
        dsq_write_text(w, "(");
    if (f->mul > 1)
        dsq_write_format(w, "%lld*", (long long)f->mul);
    print_symbol(t->symbol[f->symbol], w);
    if (f->add)
        dsq_write_format(w, "%+lld", (long long)f->add);
    if (parentheses)
        dsq_write_text(w, ")");
    if (f->div > 1)
        dsq_write_format(w, "/%lld", (long long)f->div);
}

/* A symbol's name into `name`; false when there is none, *out is NULL when memory is out. */
static bool scan_symbol(const char **at, struct dsq_arena *arena, const char **out)
{
    if (**at == '"')
        return dsq_token_scan_quoted(at, arena, out);
    const char *end = *at;
    while (dsq_token_is_name_char(*end) && !strchr("./:-", *end))
        end++;
    if (end == *at)
        return false;
    char *copy = dsq_arena_string(arena, *at, (size_t)(end - *at));
    *out = copy;
    if (copy && !dsq_token_is_symbol(copy))
        return false;
    *at = end;
    return true;
}

/* [mul *] symbol [+- add] */
static enum dsq_status scan_sum(struct dsq_dims *t, const char **at, dsq_dim *symbol, int64_t *mul,
                                int64_t *add, struct dsq_diag *d)
{
    const char *name;
    *mul = 1;
    *add = 0;
    if (dsq_token_scan_int(at, mul) && (*mul < 1 || *(*at)++ != '*'))
        return dsq_fail(d, DSQ_MALFORMED, "expected '*' and a symbol after a dimension's factor");
    if (!scan_symbol(at, t->arena, &name))
        return dsq_fail(d, DSQ_MALFORMED,
                        "expected a dimension: a number, a form of a symbol, or ?");
    if (!name)
        return dsq_fail(d, DSQ_NOMEM, "out of memory for a dimension");
    *symbol = dsq_dim_symbol(t, name);
    if (*symbol == DSQ_DIM_UNKNOWN)
        return dsq_fail(d, DSQ_MALFORMED, "too many symbols");
    if (**at == '+')
        (*at)++;
    else if (**at != '-')
        return DSQ_OK;
    if (!dsq_token_scan_int(at, add))
        return dsq_fail(d, DSQ_MALFORMED, "expected a number in a dimension's sum");
    return DSQ_OK;
}

enum dsq_status dsq_dim_parse(struct dsq_dims *t, const char **text, dsq_dim *out,
                              struct dsq_diag *d)
{
    const char *at = *text;
    int64_t mul, add, div = 1;
    dsq_dim symbol = DSQ_DIM_UNKNOWN;
    if (*at == '?') {
        *text = at + 1;
        *out = DSQ_DIM_UNKNOWN;
        return DSQ_OK;
    }
    if (dsq_token_scan_int(&at, &mul) && *at != '*') {
        if (mul < 0)
            return dsq_fail(d, DSQ_MALFORMED, "a dimension is negative");
        *text = at;
        *out = mul;
        return DSQ_OK;
    }
    at = *text;
    bool parentheses = *at == '(';
    at += parentheses;
    DSQ_TRY(scan_sum(t, &at, &symbol, &mul, &add, d));
    if (parentheses && *at++ != ')')
        return dsq_fail(d, DSQ_MALFORMED, "expected ')' in a dimension");
    if (*at == '/' && (parentheses || !add)) {
        at++;
        if (!dsq_token_scan_int(&at, &div) || div < 1)
            return dsq_fail(d, DSQ_MALFORMED, "expected a positive divisor in a dimension");
    }
    *out = dsq_dim_affine(t, symbol, mul, add, div);
    if (*out == DSQ_DIM_UNKNOWN)
        return dsq_fail(d, DSQ_MALFORMED,
                        "a dimension is too large, or there are too many of them");
    *text = at;
    return DSQ_OK;
}

void dsq_shape_print(const struct dsq_dims *t, const struct dsq_shape *s, struct dsq_writer *w)
{
    if (s->rank < 0) {
        dsq_write_text(w, "?");
        return;
    }
    dsq_write_text(w, "[");
    for (int32_t i = 0; i < s->rank; i++) {
        if (i)
            dsq_write_text(w, ",");
        dsq_dim_print(t, s->dim[i], w);
    }
    dsq_write_text(w, "]");
}
