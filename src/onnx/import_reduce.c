/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that look at whole axes: the Reduce family, ArgMax and ArgMin, TopK, Softmax, Size. */
#include <string.h>

#include "onnx/import.h"

/* Which of the Reduce family the node is. */
static int64_t reduce_kind(const struct dsq_import *im)
{
    static const char *const names[] = {
        [DSQ_REDUCE_SUM] = "Sum",        [DSQ_REDUCE_MEAN] = "Mean",
        [DSQ_REDUCE_MAX] = "Max",        [DSQ_REDUCE_MIN] = "Min",
        [DSQ_REDUCE_PROD] = "Prod",      [DSQ_REDUCE_L1] = "L1",
        [DSQ_REDUCE_L2] = "L2",          [DSQ_REDUCE_SUM_SQUARE] = "SumSquare",
        [DSQ_REDUCE_LOG_SUM] = "LogSum", [DSQ_REDUCE_LOG_SUM_EXP] = "LogSumExp",
    };
    int64_t kind = 0;
    while (strcmp(im->op->name + strlen("Reduce"), names[kind]) != 0)
        kind++;
    return kind;
}

enum dsq_status dsq_import_reduce_attribute(struct dsq_import *im)
{
    struct dsq_reduce_attr attr = {.kind = reduce_kind(im)};
    int64_t axes[DSQ_MAX_RANK];
    size_t n;
    dsq_vid in[2];
    DSQ_TRY(dsq_import_int(im, "keepdims", 1, &attr.keepdims));
    DSQ_TRY(dsq_import_ints(im, "axes", DSQ_MAX_RANK, axes, &n));
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    if (n)
        DSQ_TRY(dsq_import_new_ints(im, "axes", axes, n, &in[1]));
    return dsq_import_emit(im, im->op->op, n ? 2 : 1, in, &attr);
}

enum dsq_status dsq_import_reduce_input(struct dsq_import *im)
{
    struct dsq_reduce_attr attr = {.kind = reduce_kind(im)};
    dsq_vid in[2];
    DSQ_TRY(dsq_import_int(im, "keepdims", 1, &attr.keepdims));
    DSQ_TRY(dsq_import_int(im, "noop_with_empty_axes", 0, &attr.noop));
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    DSQ_TRY(dsq_import_in_or_none(im, 1, &in[1]));
    return dsq_import_emit(im, im->op->op, 2, in, &attr);
}

/* The product of the shape. */
enum dsq_status dsq_import_size(struct dsq_import *im)
{
    static const struct dsq_reduce_attr product = {.kind = DSQ_REDUCE_PROD};
    dsq_vid x, shape;
    DSQ_TRY(dsq_import_in(im, 0, &x));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_SHAPE, "shape", 1, &x, NULL, &shape));
    return dsq_import_emit(im, DSQ_OP_REDUCE, 1, &shape, &product);
}

enum dsq_status dsq_import_arg(struct dsq_import *im)
{
    struct dsq_arg_attr attr;
    dsq_vid x;
    DSQ_TRY(dsq_import_int(im, "axis", 0, &attr.axis));
    DSQ_TRY(dsq_import_int(im, "keepdims", 1, &attr.keepdims));
    DSQ_TRY(dsq_import_int(im, "select_last_index", 0, &attr.last));
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, im->op->op, 1, &x, &attr);
}

static enum dsq_status emit_topk(struct dsq_import *im, dsq_vid k)
{
    struct dsq_topk_attr attr;
    dsq_vid in[2] = {DSQ_NO_VALUE, k};
    DSQ_TRY(dsq_import_int(im, "axis", -1, &attr.axis));
    DSQ_TRY(dsq_import_int(im, "largest", 1, &attr.largest));
    dsq_import_ignore(im, "sorted"); /* in any order is in this order too */
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    return dsq_import_emit_outputs(im, im->op->op, 2, in, 2, &attr);
}

enum dsq_status dsq_import_topk_attribute(struct dsq_import *im)
{
    int64_t k;
    dsq_vid v;
    if (!dsq_import_has_attr(im, "k"))
        return dsq_import_fail(im, DSQ_MALFORMED, "has no k");
    DSQ_TRY(dsq_import_int(im, "k", 0, &k));
    DSQ_TRY(dsq_import_new_ints(im, "k", &k, 1, &v));
    return emit_topk(im, v);
}

enum dsq_status dsq_import_topk_input(struct dsq_import *im)
{
    dsq_vid v;
    DSQ_TRY(dsq_import_in(im, 1, &v));
    return emit_topk(im, v);
}

/* Before opset 13 over everything from the axis on. */
enum dsq_status dsq_import_softmax(struct dsq_import *im)
{
    struct dsq_softmax_attr attr = {.flat = im->opset < 13};
    dsq_vid x;
    DSQ_TRY(dsq_import_int(im, "axis", attr.flat ? 1 : -1, &attr.axis));
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, im->op->op, 1, &x, &attr);
}
