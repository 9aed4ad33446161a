/* SPDX-License-Identifier: Apache-2.0 */
/* The current node's inputs, constants and outputs, for the importers. */
#include "onnx/import.h"

#include <stdarg.h>
#include <stdio.h>

enum dsq_status dsq_import_fail(struct dsq_import *im, enum dsq_status s, const char *format, ...)
{
    if (!im->diag)
        return s;
    char text[sizeof im->diag->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const Onnx__NodeProto *n = im->node;
    const char *op = n->op_type ? n->op_type : "";
    bool named = n->name && n->name[0];
    const char *label = named ? n->name : n->n_output ? n->output[0] : "";
    /* The name of a hostile file must not push the reason out of the message. */
    return dsq_fail(im->diag, s, "node %s'%.200s' (%.100s, opset %lld): %s",
                    named ? "" : "of output ", label, op, (long long)im->opset, text);
}

/* The text of a failure so far, to be put behind the node's name. */
static const char *reason(const struct dsq_import *im)
{
    return im->diag ? im->diag->text : "";
}

bool dsq_import_has_in(const struct dsq_import *im, size_t i)
{
    return i < im->node->n_input && im->node->input[i][0];
}

static enum dsq_status find_in(struct dsq_import *im, size_t i, struct dsq_import_name **e)
{
    if (!dsq_import_has_in(im, i))
        return dsq_import_fail(im, DSQ_MALFORMED, "input %zu is missing", i);
    enum dsq_status status = dsq_import_find(im, im->node->input[i], e);
    return status == DSQ_OK ? status : dsq_import_fail(im, status, "%s", reason(im));
}

enum dsq_status dsq_import_in(struct dsq_import *im, size_t i, dsq_vid *out)
{
    struct dsq_import_name *e;
    DSQ_TRY(find_in(im, i, &e));
    return dsq_import_value(im, e, out);
}

enum dsq_status dsq_import_in_or_none(struct dsq_import *im, size_t i, dsq_vid *out)
{
    *out = DSQ_NO_VALUE;
    return dsq_import_has_in(im, i) ? dsq_import_in(im, i, out) : DSQ_OK;
}

enum dsq_status dsq_import_const_in(struct dsq_import *im, size_t i, const char *what,
                                    struct dsq_import_name **root, struct dsq_onnx_tensor *t)
{
    struct dsq_import_name *e;
    DSQ_TRY(find_in(im, i, &e));
    DSQ_TRY(dsq_import_constant(im, e, root));
    if (!*root)
        DSQ_TRY(dsq_import_fold(im, e, root));
    if (!*root)
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "%s '%s' must be a constant, but the model computes it", what,
                               im->node->input[i]);
    return dsq_import_contents(im, *root, t);
}

enum dsq_status dsq_import_const_value(struct dsq_import *im, size_t i, dsq_vid *out)
{
    struct dsq_import_name *e, *root;
    DSQ_TRY(find_in(im, i, &e));
    DSQ_TRY(dsq_import_constant(im, e, &root));
    if (!root) {
        DSQ_TRY(dsq_import_fold(im, e, &root));
        return dsq_import_value(im, root, out);
    }
    /* An output that is an Identity of the constant stays a value of its own. */
    return dsq_import_value(im, e->is_output ? root : e, out);
}

enum dsq_status dsq_import_scalar_in(struct dsq_import *im, size_t i, const char *what, float *v)
{
    struct dsq_import_name *root;
    struct dsq_onnx_tensor t;
    if (!dsq_import_has_in(im, i))
        return DSQ_OK;
    DSQ_TRY(dsq_import_const_in(im, i, what, &root, &t));
    if (t.dtype != DSQ_F32 || t.elements != 1)
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "%s '%s' must be one float, it is %zu of type %s", what,
                               im->node->input[i], t.elements, dsq_dtype_name(t.dtype));
    *v = *(const float *)t.data;
    return DSQ_OK;
}

static const char *inner_name(struct dsq_import *im, const char *what)
{
    const char *base = dsq_arena_printf(&im->scratch, "%s.%s", im->node->output[0], what);
    return base ? dsq_import_fresh_name(im, base) : NULL;
}

static enum dsq_status new_constant(struct dsq_import *im, const char *what, enum dsq_dtype type,
                                    int32_t rank, const void *v, size_t n, dsq_vid *out)
{
    struct dsq_shape shape = {.rank = rank, .dim = {(int64_t)n}};
    const char *name = inner_name(im, what);
    if (!name)
        return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
    return dsq_graph_add_const(im->graph, name, type, &shape, v, n * dsq_dtype_bytes(type), out,
                               im->diag);
}

enum dsq_status dsq_import_new_ints(struct dsq_import *im, const char *what, const int64_t *v,
                                    size_t n, dsq_vid *out)
{
    return new_constant(im, what, DSQ_S64, 1, v, n, out);
}

enum dsq_status dsq_import_new_floats(struct dsq_import *im, const char *what, const float *v,
                                      size_t n, dsq_vid *out)
{
    return new_constant(im, what, DSQ_F32, 1, v, n, out);
}

enum dsq_status dsq_import_new_scalar(struct dsq_import *im, const char *what, enum dsq_dtype type,
                                      const void *v, dsq_vid *out)
{
    return new_constant(im, what, type, 0, v, 1, out);
}

enum dsq_status dsq_import_emit(struct dsq_import *im, enum dsq_op op, int32_t n_in,
                                const dsq_vid *in, const void *attr)
{
    dsq_vid out;
    int32_t index;
    struct dsq_import_name *e = dsq_import_names_find(im, im->node->output[0]);
    DSQ_TRY(dsq_import_value(im, e, &out));
    return dsq_graph_add_node(im->graph, op, im->node->name ? im->node->name : "", n_in, in, 1,
                              &out, attr, &index, im->diag);
}

/* A value for output i of the current node, which may have no name. */
static enum dsq_status out_value(struct dsq_import *im, size_t i, dsq_vid *out)
{
    static const struct dsq_shape unknown = {.rank = -1};
    const char *name = i < im->node->n_output ? im->node->output[i] : "";
    if (name[0])
        return dsq_import_value(im, dsq_import_names_find(im, name), out);
    name = dsq_import_fresh_name(im, "unused");
    if (!name)
        return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
    return dsq_graph_add_value(im->graph, name, DSQ_F32, &unknown, out, im->diag);
}

enum dsq_status dsq_import_emit_outputs(struct dsq_import *im, enum dsq_op op, int32_t n_in,
                                        const dsq_vid *in, size_t n, const void *attr)
{
    int32_t index;
    if (n == 0 || n > INT32_MAX || im->node->n_output > n)
        return dsq_import_fail(im, DSQ_MALFORMED, "%zu outputs", im->node->n_output);
    dsq_vid *out = dsq_arena_calloc(&im->scratch, n, sizeof *out);
    if (!out)
        return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++)
        DSQ_TRY(out_value(im, i, &out[i]));
    return dsq_graph_add_node(im->graph, op, im->node->name ? im->node->name : "", n_in, in,
                              (int32_t)n, out, attr, &index, im->diag);
}

enum dsq_status dsq_import_emit_inner(struct dsq_import *im, enum dsq_op op, const char *what,
                                      int32_t n_in, const dsq_vid *in, const void *attr,
                                      dsq_vid *out)
{
    static const struct dsq_shape unknown = {.rank = -1};
    int32_t index;
    dsq_vid made; /* `out` may be one of `in` */
    const char *name = inner_name(im, what);
    if (!name)
        return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
    DSQ_TRY(dsq_graph_add_value(im->graph, name, DSQ_F32, &unknown, &made, im->diag));
    DSQ_TRY(dsq_graph_add_node(im->graph, op, im->node->name ? im->node->name : "", n_in, in, 1,
                               &made, attr, &index, im->diag));
    *out = made;
    return DSQ_OK;
}

enum dsq_status dsq_import_emit_picture(struct dsq_import *im, enum dsq_op op, int32_t n_in,
                                        dsq_vid *in, const void *attr, const int64_t *axes,
                                        size_t n_axes)
{
    dsq_vid picture[2] = {in[0]};
    if (!n_axes)
        return dsq_import_emit(im, op, n_in, in, attr);
    DSQ_TRY(dsq_import_new_ints(im, "axes", axes, n_axes, &picture[1]));
    DSQ_TRY(dsq_import_emit_inner(im, DSQ_OP_UNSQUEEZE, "x", 2, picture, NULL, &in[0]));
    DSQ_TRY(dsq_import_emit_inner(im, op, "picture", n_in, in, attr, &picture[0]));
    return dsq_import_emit(im, DSQ_OP_SQUEEZE, 2, picture, NULL);
}
