/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators by what they do with integers. Those flagged SAME_Q in ops.def pass bytes unchanged,
 * and so do those that only change the shape.
 * Functions of one number run through a table of 256 results; exp, log and the like are left out,
 * because what they make of 8-bit steps is not evenly spaced at all.
 */
#include "quant/int8_ops.h"

#include "graph/resize.h"

/* Zero is a step of every scale; other numbers to pad with need not be. */
static bool pads_with_zero(const struct dsq_graph *g, const struct dsq_node *n)
{
    const dsq_vid v = n->n_in > 2 ? n->in[2] : DSQ_NO_VALUE;
    if (v == DSQ_NO_VALUE)
        return true;
    const struct dsq_value *value = &g->value[v];
    return value->data && value->dtype == DSQ_F32 && value->bytes == sizeof(float) &&
           *(const float *)value->data == 0.0f;
}

static enum dsq_int8_kind kind_of_copying(const struct dsq_graph *g, const struct dsq_node *n)
{
    switch (n->op) {
    case DSQ_OP_PAD:
        return pads_with_zero(g, n) ? DSQ_INT8_COPIES : DSQ_INT8_NEVER;
    case DSQ_OP_CONCAT:
        return DSQ_INT8_JOINS;
    case DSQ_OP_RESIZE: /* linear: not bytes, but their weighted means, in the same scale */
        return dsq_resize_takes_integers(n->attr) ? DSQ_INT8_COPIES : DSQ_INT8_NEVER;
    default:
        return DSQ_INT8_COPIES;
    }
}

enum dsq_int8_kind dsq_int8_kind(const struct dsq_graph *g, const struct dsq_node *n)
{
    if (n->n_out == 0 || n->n_in == 0 || n->out[0] < 0 || g->value[n->out[0]].dtype != DSQ_F32)
        return DSQ_INT8_NEVER;
    if (dsq_op_info(n->op)->flags & DSQ_OPF_SAME_Q)
        return kind_of_copying(g, n);
    switch (n->op) {
    case DSQ_OP_CONV:
        return DSQ_INT8_CONV;
    case DSQ_OP_RESHAPE:
    case DSQ_OP_FLATTEN:
    case DSQ_OP_SQUEEZE:
    case DSQ_OP_UNSQUEEZE:
    case DSQ_OP_TRANSPOSE:
        return DSQ_INT8_COPIES;
    case DSQ_OP_AVGPOOL:
    case DSQ_OP_GLOBAL_AVGPOOL:
    case DSQ_OP_ADD:
    case DSQ_OP_MUL:
    case DSQ_OP_RELU:
    case DSQ_OP_CLIP:
    case DSQ_OP_LEAKY_RELU:
    case DSQ_OP_SIGMOID:
    case DSQ_OP_HARDSIGMOID:
    case DSQ_OP_HARDSWISH:
    case DSQ_OP_TANH:
    case DSQ_OP_SILU:
    case DSQ_OP_ELU:
    case DSQ_OP_GELU:
    case DSQ_OP_GELU_TANH:
    case DSQ_OP_MISH:
    case DSQ_OP_SOFTPLUS:
    case DSQ_OP_ABS:
    case DSQ_OP_NEG:
        return DSQ_INT8_COMPUTES;
    default:
        return DSQ_INT8_NEVER;
    }
}

int32_t dsq_int8_inputs(enum dsq_int8_kind kind, const struct dsq_node *n)
{
    return kind == DSQ_INT8_COPIES ? 1 : n->n_in;
}
