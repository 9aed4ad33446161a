/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluators of constants, element by element: cast, arithmetic, comparisons, logic, where,
 * rounding, clamping. The operands walk over the output's elements with steps of their own, 0 where
 * they broadcast. Transcendental functions are not here: their bits belong to the executor.
 */
#include <math.h>
#include <string.h>

#include "graph/element.h"
#include "pass/fold_eval.h"

enum { MAX_OPERANDS = 3 };

struct operand {
    const struct dsq_value *v;
    int64_t step[DSQ_MAX_RANK]; /* by the output's dimensions */
    int64_t at;
};

static bool start(struct operand *o, const struct dsq_value *v, const struct dsq_shape *y)
{
    const struct dsq_shape *x = &v->shape;
    const int32_t skip = y->rank - x->rank;
    int64_t step = 1;
    if (x->rank < 0 || skip < 0)
        return false;
    *o = (struct operand){.v = v};
    for (int32_t k = x->rank - 1; k >= 0; k--) {
        if (x->dim[k] != 1 && x->dim[k] != y->dim[k + skip])
            return false;
        o->step[k + skip] = x->dim[k] == 1 ? 0 : step;
        step *= x->dim[k];
    }
    return step * (int64_t)dsq_dtype_bytes(v->dtype) == (int64_t)v->bytes;
}

static void advance(struct operand *o, int32_t n, int64_t *index, const struct dsq_shape *y)
{
    for (int32_t k = y->rank - 1; k >= 0; k--) {
        const bool wraps = ++index[k] == y->dim[k];
        for (int32_t i = 0; i < n; i++)
            o[i].at += o[i].step[k] * (wraps ? 1 - y->dim[k] : 1);
        if (!wraps)
            return;
        index[k] = 0;
    }
}

static float float_at(const struct operand *o)
{
    return ((const float *)o->v->data)[o->at];
}

static int64_t integer_at(const struct operand *o)
{
    switch (o->v->dtype) {
    case DSQ_S64:
        return ((const int64_t *)o->v->data)[o->at];
    case DSQ_S32:
        return ((const int32_t *)o->v->data)[o->at];
    case DSQ_BOOL:
        return ((const uint8_t *)o->v->data)[o->at] != 0;
    default:
        return ((const uint8_t *)o->v->data)[o->at];
    }
}

static bool is_integer(enum dsq_dtype t)
{
    return t == DSQ_S64 || t == DSQ_S32 || t == DSQ_BOOL || t == DSQ_U8;
}

/* False where y cannot hold v: then the executor decides. */
static bool put_integer(enum dsq_dtype t, void *y, size_t i, int64_t v)
{
    switch (t) {
    case DSQ_S64:
        ((int64_t *)y)[i] = v;
        return true;
    case DSQ_S32:
        ((int32_t *)y)[i] = (int32_t)v;
        return v >= INT32_MIN && v <= INT32_MAX;
    case DSQ_BOOL:
        ((uint8_t *)y)[i] = v != 0;
        return true;
    default:
        ((uint8_t *)y)[i] = (uint8_t)v;
        return v >= 0 && v <= UINT8_MAX;
    }
}

static bool put_float(enum dsq_dtype t, void *y, size_t i, float v)
{
    if (t == DSQ_F32)
        ((float *)y)[i] = v;
    return t == DSQ_F32;
}

/* ---- one element ---- */

typedef bool element_fn(const struct dsq_node *n, const struct operand *in, enum dsq_dtype t,
                        void *y, size_t i);

static bool cast_element(const struct dsq_node *n, const struct operand *in, enum dsq_dtype t,
                         void *y, size_t i)
{
    (void)n;
    if (in[0].v->dtype != DSQ_F32)
        return t == DSQ_F32 ? put_float(t, y, i, (float)integer_at(in))
                            : put_integer(t, y, i, integer_at(in));
    const float x = float_at(in);
    if (t == DSQ_F32 || t == DSQ_BOOL)
        return t == DSQ_F32 ? put_float(t, y, i, x) : put_integer(t, y, i, x != 0.0f);
    return fabsf(x) < 0x1p+62f && put_integer(t, y, i, (int64_t)x);
}

static bool binary_element(const struct dsq_node *n, const struct operand *in, enum dsq_dtype t,
                           void *y, size_t i)
{
    int64_t v;
    if (in[0].v->dtype != in[1].v->dtype)
        return false;
    if (in[0].v->dtype != DSQ_F32)
        return dsq_element_int(n->op, integer_at(&in[0]), integer_at(&in[1]), &v) &&
               put_integer(t, y, i, v);
    const float a = float_at(&in[0]), b = float_at(&in[1]);
    if (dsq_op_compares(n->op))
        return put_integer(t, y, i, dsq_element_compare_f32(n->op, a, b));
    return put_float(t, y, i, dsq_element_f32(n->op, a, b));
}

static bool where_element(const struct dsq_node *n, const struct operand *in, enum dsq_dtype t,
                          void *y, size_t i)
{
    (void)n;
    const struct operand *x = integer_at(&in[0]) ? &in[1] : &in[2];
    if (x->v->dtype != t)
        return false;
    return t == DSQ_F32 ? put_float(t, y, i, float_at(x)) : put_integer(t, y, i, integer_at(x));
}

static float float_function(const struct dsq_node *n, float x)
{
    const struct dsq_clip_attr *clip = n->attr;
    switch (n->op) {
    case DSQ_OP_RELU:
        return x < 0.0f ? 0.0f : x;
    case DSQ_OP_CLIP:
        return x < clip->lo ? clip->lo : x > clip->hi ? clip->hi : x;
    case DSQ_OP_ABS:
        return fabsf(x);
    case DSQ_OP_NEG:
        return -x;
    case DSQ_OP_SIGN:
        return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x == 0.0f ? 0.0f : x;
    case DSQ_OP_FLOOR:
        return floorf(x);
    case DSQ_OP_CEIL:
        return ceilf(x);
    case DSQ_OP_ROUND:
        return nearbyintf(x);
    case DSQ_OP_SQRT:
        return sqrtf(x);
    default:
        return 1.0f / x; /* reciprocal */
    }
}

static bool unary_element(const struct dsq_node *n, const struct operand *in, enum dsq_dtype t,
                          void *y, size_t i)
{
    if (in->v->dtype == DSQ_F32)
        return put_float(t, y, i, float_function(n, float_at(in)));
    const int64_t x = integer_at(in);
    switch (n->op) {
    case DSQ_OP_NOT:
        return put_integer(t, y, i, !x);
    case DSQ_OP_RELU:
        return put_integer(t, y, i, x > 0 ? x : 0);
    case DSQ_OP_SIGN:
        return put_integer(t, y, i, (x > 0) - (x < 0));
    case DSQ_OP_ABS:
        return x != INT64_MIN && put_integer(t, y, i, x < 0 ? -x : x);
    case DSQ_OP_NEG:
        return x != INT64_MIN && put_integer(t, y, i, -x);
    default:
        return false;
    }
}

static element_fn *const element_of[DSQ_OP_COUNT] = {
    [DSQ_OP_CAST] = cast_element,      [DSQ_OP_WHERE] = where_element,
    [DSQ_OP_ADD] = binary_element,     [DSQ_OP_SUB] = binary_element,
    [DSQ_OP_MUL] = binary_element,     [DSQ_OP_DIV] = binary_element,
    [DSQ_OP_MIN] = binary_element,     [DSQ_OP_MAX] = binary_element,
    [DSQ_OP_MOD] = binary_element,     [DSQ_OP_FMOD] = binary_element,
    [DSQ_OP_AND] = binary_element,     [DSQ_OP_OR] = binary_element,
    [DSQ_OP_XOR] = binary_element,     [DSQ_OP_EQUAL] = binary_element,
    [DSQ_OP_GREATER] = binary_element, [DSQ_OP_GREATER_EQUAL] = binary_element,
    [DSQ_OP_RELU] = unary_element,     [DSQ_OP_CLIP] = unary_element,
    [DSQ_OP_ABS] = unary_element,      [DSQ_OP_NEG] = unary_element,
    [DSQ_OP_SIGN] = unary_element,     [DSQ_OP_FLOOR] = unary_element,
    [DSQ_OP_CEIL] = unary_element,     [DSQ_OP_ROUND] = unary_element,
    [DSQ_OP_SQRT] = unary_element,     [DSQ_OP_RECIPROCAL] = unary_element,
    [DSQ_OP_NOT] = unary_element};

bool dsq_fold_elements(const struct dsq_graph *g, const struct dsq_node *n, void *dst)
{
    const struct dsq_value *y = &g->value[n->out[0]];
    element_fn *element = element_of[n->op];
    struct operand in[MAX_OPERANDS];
    int64_t index[DSQ_MAX_RANK] = {0};
    size_t n_elements;
    if (!element || n->n_in > MAX_OPERANDS || !dsq_shape_elements(&y->shape, &n_elements))
        return false;
    for (int32_t k = 0; k < n->n_in; k++) {
        if (!dsq_value_is_const(g, n->in[k]) || !start(&in[k], &g->value[n->in[k]], &y->shape))
            return false;
        if (in[k].v->dtype != DSQ_F32 && !is_integer(in[k].v->dtype))
            return false;
    }
    if (y->dtype != DSQ_F32 && !is_integer(y->dtype))
        return false;
    for (size_t i = 0; i < n_elements; i++) {
        if (!element(n, in, y->dtype, dst, i))
            return false;
        advance(in, n->n_in, index, &y->shape);
    }
    return true;
}
