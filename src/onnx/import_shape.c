/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that move elements or compute sizes: Concat, Shape, Gather, Slice, Reshape and their
 * like. */
#include "graph/infer.h"
#include "onnx/import.h"

enum { MAX_AXES = DSQ_MAX_RANK };

static enum dsq_status emit_with_axis(struct dsq_import *im, int64_t otherwise, size_t n_in)
{
    struct dsq_axis_attr attr;
    enum dsq_status status = DSQ_OK;
    DSQ_TRY(dsq_import_int(im, "axis", otherwise, &attr.axis));
    dsq_vid *in = dsq_arena_calloc(&im->scratch, n_in, sizeof *in);
    if (!in)
        return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
    for (size_t i = 0; i < n_in && status == DSQ_OK; i++)
        status = dsq_import_in(im, i, &in[i]);
    return status == DSQ_OK ? dsq_import_emit(im, im->op->op, (int32_t)n_in, in, &attr) : status;
}

enum dsq_status dsq_import_concat(struct dsq_import *im)
{
    if (!dsq_import_has_attr(im, "axis"))
        return dsq_import_fail(im, DSQ_MALFORMED, "has no axis");
    return emit_with_axis(im, 0, im->node->n_input);
}

enum dsq_status dsq_import_gather(struct dsq_import *im)
{
    return emit_with_axis(im, 0, 2);
}

enum dsq_status dsq_import_flatten(struct dsq_import *im)
{
    return emit_with_axis(im, 1, 1);
}

enum dsq_status dsq_import_reshape(struct dsq_import *im)
{
    struct dsq_reshape_attr attr;
    dsq_vid in[2];
    DSQ_TRY(dsq_import_int(im, "allowzero", 0, &attr.allow_zero));
    attr.allow_zero = attr.allow_zero != 0;
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    DSQ_TRY(dsq_import_in(im, 1, &in[1]));
    return dsq_import_emit(im, im->op->op, 2, in, &attr);
}

enum dsq_status dsq_import_transpose(struct dsq_import *im)
{
    struct dsq_perm_attr attr = {0};
    size_t n;
    unsigned seen = 0;
    dsq_vid x;
    DSQ_TRY(dsq_import_ints(im, "perm", DSQ_MAX_RANK, attr.perm, &n));
    for (size_t i = 0; i < n; i++) {
        if (attr.perm[i] < 0 || attr.perm[i] >= (int64_t)n || seen >> attr.perm[i] & 1)
            return dsq_import_fail(im, DSQ_MALFORMED, "perm is no permutation of %zu axes", n);
        seen |= 1u << attr.perm[i];
    }
    attr.n = (int64_t)n;
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, im->op->op, 1, &x, &attr);
}

/* Opset 15 cuts a part out of the shape: that is a slice of it. */
enum dsq_status dsq_import_shape(struct dsq_import *im)
{
    static const int64_t axis = 0;
    dsq_vid in[4];
    int64_t start, end;
    dsq_vid x;
    DSQ_TRY(dsq_import_int(im, "start", 0, &start));
    DSQ_TRY(dsq_import_int(im, "end", INT64_MAX, &end));
    DSQ_TRY(dsq_import_in(im, 0, &x));
    if (start == 0 && end == INT64_MAX)
        return dsq_import_emit(im, im->op->op, 1, &x, NULL);
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_SHAPE, "shape", 1, &x, NULL, &in[0]));
    DSQ_TRY(dsq_import_new_ints(im, "start", &start, 1, &in[1]));
    DSQ_TRY(dsq_import_new_ints(im, "end", &end, 1, &in[2]));
    DSQ_TRY(dsq_import_new_ints(im, "axis", &axis, 1, &in[3]));
    return dsq_import_emit(im, DSQ_OP_SLICE, 4, in, NULL);
}

enum dsq_status dsq_import_slice_attributes(struct dsq_import *im)
{
    int64_t starts[MAX_AXES], ends[MAX_AXES], axes[MAX_AXES];
    size_t n, n_ends, n_axes;
    dsq_vid in[4];
    DSQ_TRY(dsq_import_ints(im, "starts", MAX_AXES, starts, &n));
    DSQ_TRY(dsq_import_ints(im, "ends", MAX_AXES, ends, &n_ends));
    DSQ_TRY(dsq_import_ints(im, "axes", MAX_AXES, axes, &n_axes));
    if (!n || n_ends != n || (n_axes && n_axes != n))
        return dsq_import_fail(im, DSQ_MALFORMED, "starts, ends and axes differ in number");
    for (size_t i = n_axes; i < n; i++)
        axes[i] = (int64_t)i;
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    DSQ_TRY(dsq_import_new_ints(im, "starts", starts, n, &in[1]));
    DSQ_TRY(dsq_import_new_ints(im, "ends", ends, n, &in[2]));
    DSQ_TRY(dsq_import_new_ints(im, "axes", axes, n, &in[3]));
    return dsq_import_emit(im, im->op->op, 4, in, NULL);
}

enum dsq_status dsq_import_slice_inputs(struct dsq_import *im)
{
    dsq_vid in[5];
    for (size_t i = 0; i < 3; i++)
        DSQ_TRY(dsq_import_in(im, i, &in[i]));
    for (size_t i = 3; i < 5; i++)
        DSQ_TRY(dsq_import_in_or_none(im, i, &in[i]));
    return dsq_import_emit(im, im->op->op, 5, in, NULL);
}

/* In equal parts unless `sizes` says otherwise. */
static enum dsq_status emit_split(struct dsq_import *im, dsq_vid sizes, bool uneven)
{
    struct dsq_split_attr attr = {.uneven = uneven};
    dsq_vid in[2] = {DSQ_NO_VALUE, sizes};
    DSQ_TRY(dsq_import_int(im, "axis", 0, &attr.axis));
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    return dsq_import_emit_outputs(im, im->op->op, sizes == DSQ_NO_VALUE ? 1 : 2, in,
                                   im->node->n_output, &attr);
}

enum dsq_status dsq_import_split_attribute(struct dsq_import *im)
{
    int64_t sizes[DSQ_HOST_ELEMENTS];
    size_t n;
    dsq_vid v = DSQ_NO_VALUE;
    DSQ_TRY(dsq_import_ints(im, "split", DSQ_HOST_ELEMENTS, sizes, &n));
    if (n)
        DSQ_TRY(dsq_import_new_ints(im, "split", sizes, n, &v));
    return emit_split(im, v, false);
}

/* Opset 18 says how many parts there are, of which the last may be smaller. */
enum dsq_status dsq_import_split_input(struct dsq_import *im)
{
    const int64_t n_output = (int64_t)im->node->n_output;
    int64_t n = n_output;
    dsq_vid v;
    DSQ_TRY(dsq_import_in_or_none(im, 1, &v));
    if (im->opset >= 18)
        DSQ_TRY(dsq_import_int(im, "num_outputs", n_output, &n));
    if (n != n_output)
        return dsq_import_fail(im, DSQ_MALFORMED, "num_outputs is %lld, but it has %lld outputs",
                               (long long)n, (long long)n_output);
    return emit_split(im, v, im->opset >= 18);
}

/* Squeeze and Unsqueeze; the IR's axes are always an input. */
static enum dsq_status emit_squeeze(struct dsq_import *im, dsq_vid axes)
{
    dsq_vid in[2] = {DSQ_NO_VALUE, axes};
    if (axes == DSQ_NO_VALUE && im->op->op == DSQ_OP_UNSQUEEZE)
        return dsq_import_fail(im, DSQ_MALFORMED, "has no axes");
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    return dsq_import_emit(im, im->op->op, axes == DSQ_NO_VALUE ? 1 : 2, in, NULL);
}

enum dsq_status dsq_import_squeeze_attribute(struct dsq_import *im)
{
    int64_t axes[MAX_AXES];
    size_t n;
    dsq_vid v = DSQ_NO_VALUE;
    DSQ_TRY(dsq_import_ints(im, "axes", MAX_AXES, axes, &n));
    if (n)
        DSQ_TRY(dsq_import_new_ints(im, "axes", axes, n, &v));
    return emit_squeeze(im, v);
}

enum dsq_status dsq_import_squeeze_input(struct dsq_import *im)
{
    dsq_vid axes;
    DSQ_TRY(dsq_import_in_or_none(im, 1, &axes));
    return emit_squeeze(im, axes);
}
