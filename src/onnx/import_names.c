/* SPDX-License-Identifier: Apache-2.0 */
/* The model's tensor names: where each comes from, which are constants, and their values in the IR.
 */
#include "onnx/import.h"

#include <string.h>

/* Longest chain of Identity nodes between a constant and its reader. A cycle ends here too, and is
 * then reported by the sort as what it is. */
enum { MAX_IDENTITIES = 64 };

bool dsq_import_default_domain(const char *domain)
{
    return !domain || !domain[0] || strcmp(domain, "ai.onnx") == 0;
}

static bool node_is(const Onnx__NodeProto *n, const char *op)
{
    return n->op_type && strcmp(n->op_type, op) == 0 && dsq_import_default_domain(n->domain);
}

static bool is_constant_node(const Onnx__NodeProto *n)
{
    return node_is(n, "Constant");
}

/* ---- the table ---- */

/* FNV-1a (Fowler, Noll, Vo). */
static size_t hash(const char *s)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

/* The slot that has the name, or the free one where it belongs. */
static struct dsq_import_name *locate(const struct dsq_import_names *t, const char *name)
{
    size_t i = hash(name) & (t->capacity - 1);
    while (t->slot[i].name && strcmp(t->slot[i].name, name) != 0)
        i = (i + 1) & (t->capacity - 1);
    return &t->slot[i];
}

struct dsq_import_name *dsq_import_names_find(const struct dsq_import *im, const char *name)
{
    struct dsq_import_name *e = locate(&im->names, name);
    return e->name ? e : NULL;
}

static enum dsq_status create_table(struct dsq_import *im)
{
    const Onnx__GraphProto *g = im->proto;
    size_t n = g->n_input + g->n_initializer, capacity = 64;
    for (size_t i = 0; i < g->n_node; i++)
        n += g->node[i]->n_output;
    while (capacity < 2 * n)
        capacity *= 2;
    im->names.capacity = capacity;
    im->names.slot = dsq_arena_calloc(&im->scratch, capacity, sizeof *im->names.slot);
    return im->names.slot ? DSQ_OK : dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
}

static struct dsq_import_name *insert(struct dsq_import *im, const char *name, bool *fresh)
{
    struct dsq_import_name *e = locate(&im->names, name);
    *fresh = !e->name;
    if (*fresh) {
        *e = (struct dsq_import_name){
            .name = name, .producer_index = -1, .value = DSQ_NO_VALUE, .conv_weight = DSQ_NO_VALUE};
        im->names.n++;
    }
    return e;
}

/* ---- registering ---- */

static enum dsq_status add_inputs(struct dsq_import *im)
{
    for (size_t i = 0; i < im->proto->n_input; i++) {
        const Onnx__ValueInfoProto *v = im->proto->input[i];
        if (!v->name || !v->name[0])
            return dsq_fail(im->diag, DSQ_MALFORMED, "graph input %zu has no name", i);
        bool fresh;
        insert(im, v->name, &fresh)->input = v;
        if (!fresh)
            return dsq_fail(im->diag, DSQ_MALFORMED, "two graph inputs are named '%s'", v->name);
    }
    return DSQ_OK;
}

/* An initializer under a graph input's name is that input's default: a constant here. */
static enum dsq_status add_initializers(struct dsq_import *im)
{
    for (size_t i = 0; i < im->proto->n_initializer; i++) {
        const Onnx__TensorProto *t = im->proto->initializer[i];
        if (!t->name || !t->name[0])
            return dsq_fail(im->diag, DSQ_MALFORMED, "initializer %zu has no name", i);
        bool fresh;
        struct dsq_import_name *e = insert(im, t->name, &fresh);
        if (e->tensor)
            return dsq_fail(im->diag, DSQ_MALFORMED, "two initializers are named '%s'", t->name);
        e->tensor = t;
        DSQ_TRY(dsq_onnx_tensor_check(t, t->name, im->diag));
    }
    return DSQ_OK;
}

static enum dsq_status add_node_outputs(struct dsq_import *im, size_t index)
{
    im->node = im->proto->node[index];
    for (size_t i = 0; i < im->node->n_output; i++) {
        const char *name = im->node->output[i];
        if (!name[0])
            continue;
        bool fresh;
        struct dsq_import_name *e = insert(im, name, &fresh);
        if (!fresh)
            return dsq_import_fail(
                im, DSQ_MALFORMED,
                "makes tensor '%s', which another node, input or initializer makes", name);
        e->producer = im->node;
        e->producer_index = (int32_t)index;
    }
    return DSQ_OK;
}

/* Has it weights in input 1 that the graph keeps in the convolution's order, if they are constant?
 */
static bool has_weights(const Onnx__NodeProto *n)
{
    return node_is(n, "Conv") || node_is(n, "ConvTranspose") || node_is(n, "Gemm") ||
           node_is(n, "MatMul");
}

static enum dsq_status mark_conv_weight(struct dsq_import *im, const Onnx__NodeProto *n)
{
    struct dsq_import_name *e, *root;
    if (!has_weights(n) || n->n_input < 2 || !(e = dsq_import_names_find(im, n->input[1])))
        return DSQ_OK;
    DSQ_TRY(dsq_import_constant(im, e, &root));
    if (root)
        root->is_conv_weight = true;
    return DSQ_OK;
}

static void mark_readers(struct dsq_import *im, const Onnx__NodeProto *n)
{
    for (size_t i = node_is(n, "DequantizeLinear"); i < n->n_input; i++) {
        struct dsq_import_name *e = dsq_import_names_find(im, n->input[i]);
        if (e)
            e->has_other_reader = true;
    }
}

enum dsq_status dsq_import_names_fill(struct dsq_import *im)
{
    if (im->proto->n_node > INT32_MAX / 2)
        return dsq_fail(im->diag, DSQ_UNSUPPORTED, "%zu nodes are too many", im->proto->n_node);
    DSQ_TRY(create_table(im));
    DSQ_TRY(add_inputs(im));
    DSQ_TRY(add_initializers(im));
    for (size_t i = 0; i < im->proto->n_node; i++)
        DSQ_TRY(add_node_outputs(im, i));
    for (size_t i = 0; i < im->proto->n_node; i++) {
        DSQ_TRY(mark_conv_weight(im, im->proto->node[i]));
        mark_readers(im, im->proto->node[i]);
    }
    return DSQ_OK;
}

/* ---- constants ---- */

/* The forms of a Constant node that are no tensor. */
#define ATTR(NAME) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##NAME
#define DATA(NAME) ONNX__TENSOR_PROTO__DATA_TYPE__##NAME

/* Wrap the numbers of an attribute into a tensor; false for other attributes. */
static bool wrap_numbers(const Onnx__AttributeProto *a, Onnx__TensorProto *t)
{
    const char *kind = a->name ? a->name : "";
    int type = (int)a->type;
    if (strcmp(kind, "value_int") == 0 && type == ATTR(INT)) {
        t->data_type = DATA(INT64);
        t->n_int64_data = 1;
        t->int64_data = (int64_t *)&a->i;
    } else if (strcmp(kind, "value_ints") == 0 && type == ATTR(INTS)) {
        t->data_type = DATA(INT64);
        t->n_dims = 1;
        t->n_int64_data = a->n_ints;
        t->int64_data = a->ints;
    } else if (strcmp(kind, "value_float") == 0 && type == ATTR(FLOAT)) {
        t->data_type = DATA(FLOAT);
        t->n_float_data = 1;
        t->float_data = (float *)&a->f;
    } else if (strcmp(kind, "value_floats") == 0 && type == ATTR(FLOATS)) {
        t->data_type = DATA(FLOAT);
        t->n_dims = 1;
        t->n_float_data = a->n_floats;
        t->float_data = a->floats;
    } else {
        return false;
    }
    *t->dims = (int64_t)(t->n_int64_data + t->n_float_data);
    return true;
}

/* Find the tensor of a Constant node. */
static enum dsq_status constant_tensor(struct dsq_import *im, struct dsq_import_name *e)
{
    const Onnx__NodeProto *n = e->producer;
    const Onnx__AttributeProto *a = n->n_attribute == 1 ? n->attribute[0] : NULL;
    if (a && a->t && a->name && strcmp(a->name, "value") == 0) {
        e->tensor = a->t;
        return DSQ_OK;
    }
    Onnx__TensorProto *t = dsq_arena_alloc(&im->scratch, sizeof *t);
    int64_t *length = dsq_arena_alloc(&im->scratch, sizeof *length);
    if (!t || !length)
        return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
    *t = (Onnx__TensorProto)ONNX__TENSOR_PROTO__INIT;
    t->dims = length;
    e->tensor = t;
    if (a && wrap_numbers(a, t))
        return DSQ_OK;
    e->tensor = NULL;
    im->node = n;
    return dsq_import_fail(im, DSQ_UNSUPPORTED,
                           "needs one attribute: value, value_int(s) or value_float(s)");
}

enum dsq_status dsq_import_constant(struct dsq_import *im, struct dsq_import_name *e,
                                    struct dsq_import_name **root)
{
    const Onnx__NodeProto *current = im->node;
    enum dsq_status status = DSQ_OK;
    *root = NULL;
    for (int i = 0; i < MAX_IDENTITIES && e; i++) {
        if (!e->tensor && e->producer && is_constant_node(e->producer))
            DSQ_GUARD(constant_tensor(im, e));
        if (e->tensor || e->contents) {
            *root = e;
            break;
        }
        if (!e->producer || !node_is(e->producer, "Identity") || e->producer->n_input != 1)
            break;
        e = dsq_import_names_find(im, e->producer->input[0]);
    }
fail:
    im->node = current;
    return status;
}

enum dsq_status dsq_import_contents(struct dsq_import *im, struct dsq_import_name *root,
                                    struct dsq_onnx_tensor *t)
{
    if (!root->contents) {
        DSQ_TRY(dsq_onnx_tensor_read(root->tensor, root->name, &im->scratch, t, im->diag));
        root->contents = dsq_arena_copy(&im->scratch, t, sizeof *t);
        if (!root->contents)
            return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
    }
    *t = *root->contents;
    return DSQ_OK;
}

/* ---- values ---- */

enum dsq_status dsq_import_find(struct dsq_import *im, const char *name, struct dsq_import_name **e)
{
    *e = dsq_import_names_find(im, name);
    if (!*e)
        return dsq_fail(im->diag, DSQ_MALFORMED,
                        "tensor '%s' is no graph input, no initializer and no node's output", name);
    const Onnx__NodeProto *n = (*e)->producer;
    const struct dsq_import_op *op = n ? dsq_import_op_find(im, n) : NULL;
    for (size_t i = op ? op->n_out : SIZE_MAX; n && i < n->n_output; i++)
        if (strcmp(n->output[i], name) == 0)
            return dsq_fail(im->diag, DSQ_UNSUPPORTED,
                            "tensor '%s' is output %zu of %s, not supported", name, i, op->name);
    return DSQ_OK;
}

const char *dsq_import_fresh_name(struct dsq_import *im, const char *base)
{
    const char *name = base;
    for (int i = 1; name; i++) {
        if (!dsq_import_names_find(im, name) &&
            dsq_graph_find(im->graph, name, NULL) == DSQ_NO_VALUE)
            return name;
        name = dsq_arena_printf(&im->scratch, "%s~%d", base, i);
    }
    return NULL;
}

static enum dsq_status add_constant(struct dsq_import *im, struct dsq_import_name *e)
{
    struct dsq_onnx_tensor t;
    DSQ_TRY(dsq_import_contents(im, e, &t));
    /* The convolutions' form of it has the name. */
    const char *name = e->is_conv_weight ? dsq_import_fresh_name(im, e->name) : e->name;
    if (!name)
        return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
    return dsq_graph_add_const(im->graph, name, t.dtype, &t.shape, t.data, t.bytes, &e->value,
                               im->diag);
}

/* The name of an Identity of a constant becomes another name of the constant. */
static enum dsq_status fold_name(struct dsq_import *im, struct dsq_import_name *e, dsq_vid into)
{
    static const struct dsq_shape unknown = {.rank = -1};
    dsq_vid from;
    if (e->folded)
        return DSQ_OK;
    e->folded = true;
    DSQ_TRY(dsq_graph_add_value(im->graph, e->name, DSQ_F32, &unknown, &from, im->diag));
    return dsq_graph_add_alias(im->graph, into, from, im->diag);
}

enum dsq_status dsq_import_value(struct dsq_import *im, struct dsq_import_name *e, dsq_vid *out)
{
    static const struct dsq_shape unknown = {.rank = -1};
    struct dsq_import_name *root = NULL;
    if (e->value == DSQ_NO_VALUE) {
        DSQ_TRY(dsq_import_constant(im, e, &root));
        if (root == e) {
            DSQ_TRY(add_constant(im, e));
        } else if (root && !e->is_output) {
            DSQ_TRY(dsq_import_value(im, root, &e->value));
            DSQ_TRY(fold_name(im, e, e->value));
        } else {
            DSQ_TRY(
                dsq_graph_add_value(im->graph, e->name, DSQ_F32, &unknown, &e->value, im->diag));
        }
    }
    *out = e->value;
    return DSQ_OK;
}

/* To [O][taps][I/group], from [O][I/group][taps] or, in_first, from [I][O/group][taps]. */
static void to_ohwi(const float *src, float *dst, const struct dsq_conv_form *f)
{
    const size_t taps = (size_t)(f->kernel[0] * f->kernel[1]), group_in = (size_t)f->group_in;
    const size_t group_out = (size_t)(f->out_channels / f->groups);
    for (size_t o = 0; o < (size_t)f->out_channels; o++) {
        const size_t group = o / group_out, in_group = o % group_out;
        for (size_t t = 0; t < taps; t++)
            for (size_t i = 0; i < group_in; i++)
                *dst++ = f->in_first
                             ? src[((group * group_in + i) * group_out + in_group) * taps + t]
                             : src[(o * group_in + i) * taps + t];
    }
}

static enum dsq_status add_conv_weight(struct dsq_import *im, struct dsq_import_name *root,
                                       const struct dsq_conv_form *form)
{
    struct dsq_onnx_tensor t;
    DSQ_TRY(dsq_import_contents(im, root, &t));
    struct dsq_shape ohwi = {
        .rank = 4, .dim = {form->out_channels, form->kernel[0], form->kernel[1], form->group_in}};
    /* A second form of it, or one that a value has taken the name of, is named after it. */
    const char *name = dsq_graph_find(im->graph, root->name, NULL) == DSQ_NO_VALUE
                           ? root->name
                           : dsq_import_fresh_name(im, root->name);
    float *dst = dsq_alloc(im->model->allocator, t.bytes);
    if (!dst || !name) {
        dsq_release(im->model->allocator, dst);
        return dsq_fail(im->diag, DSQ_NOMEM, "tensor '%s': out of memory", root->name);
    }
    to_ohwi(t.data, dst, form);
    enum dsq_status status = dsq_graph_add_const(im->graph, name, DSQ_F32, &ohwi, dst, t.bytes,
                                                 &root->conv_weight, im->diag);
    root->conv_form = *form;
    dsq_release(im->model->allocator, dst);
    return status;
}

static bool same_form(const struct dsq_conv_form *a, const struct dsq_conv_form *b)
{
    return a->in_first == b->in_first && a->groups == b->groups &&
           a->out_channels == b->out_channels && a->group_in == b->group_in &&
           a->kernel[0] == b->kernel[0] && a->kernel[1] == b->kernel[1];
}

enum dsq_status dsq_import_conv_weight(struct dsq_import *im, size_t i,
                                       const struct dsq_conv_form *form, dsq_vid *out)
{
    struct dsq_import_name *e = dsq_import_names_find(im, im->node->input[i]), *root;
    DSQ_TRY(dsq_import_constant(im, e, &root));
    bool moved = !root; /* computed from constants, under a name of its own */
    if (moved)
        DSQ_TRY(dsq_import_fold(im, e, &root));
    if (root->conv_weight == DSQ_NO_VALUE || !same_form(&root->conv_form, form))
        DSQ_TRY(add_conv_weight(im, root, form));
    *out = root->conv_weight;
    return moved || e == root || e->is_output ? DSQ_OK : fold_name(im, e, *out);
}
