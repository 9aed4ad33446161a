/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Import from end to end: opset, names, the nodes that the outputs need, inputs, nodes one by one,
 * outputs; then the graph sorts, infers and checks itself. What one operator means is in
 * import_*.c.
 */
#include "onnx/import.h"

#include "graph/check.h"
#include "graph/infer.h"

#include <string.h>

static const struct dsq_import_op ops[] = {
#define ONNX(NAME, FIRST, LAST, IN_MIN, IN_MAX, N_OUT, IMPORTER, OP)                               \
    {#NAME, FIRST, LAST, IN_MIN, IN_MAX, N_OUT, dsq_import_##IMPORTER, DSQ_OP_##OP},
#include "onnx/onnx_ops.def"
#undef ONNX
};
enum { N_OPS = sizeof ops / sizeof ops[0] };

static enum dsq_status no_memory(struct dsq_import *im)
{
    return dsq_fail(im->diag, DSQ_NOMEM, "out of memory");
}

/* ---- which operators ---- */

static bool is_op(const Onnx__NodeProto *n, const struct dsq_import_op *op)
{
    return n->op_type && strcmp(n->op_type, op->name) == 0 && dsq_import_default_domain(n->domain);
}

const struct dsq_import_op *dsq_import_op_find(const struct dsq_import *im,
                                               const Onnx__NodeProto *n)
{
    for (size_t i = 0; i < N_OPS; i++)
        if (is_op(n, &ops[i]) && im->opset >= ops[i].first && im->opset <= ops[i].last)
            return &ops[i];
    return NULL;
}

/* Operators whose output sizes depend on data: signs of post-processing inside the model. */
static bool is_postprocessing(const char *op)
{
    static const char *const names[] = {
        "NonMaxSuppression", "NonZero",          "Loop",     "If", "Scan", "TopK", "Unique",
        "RoiAlign",          "EfficientNMS_TRT", "ScatterND"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(op, names[i]) == 0)
            return true;
    return false;
}

/* Operators of other needed nodes that are missing too, so that nobody learns of them one by one.
 */
static void list_missing(struct dsq_import *im, const bool *needed, struct dsq_writer *w)
{
    enum { MAX_LISTED = 16 };
    const char *seen[MAX_LISTED] = {im->node->op_type ? im->node->op_type : ""};
    size_t n = 1;
    for (size_t i = 0; i < im->proto->n_node && n < MAX_LISTED; i++) {
        const Onnx__NodeProto *node = im->proto->node[i];
        bool listed = !needed[i] || !node->op_type || dsq_import_op_find(im, node);
        for (size_t k = 0; k < n && !listed; k++)
            listed = strcmp(seen[k], node->op_type) == 0;
        if (listed)
            continue;
        dsq_write_format(w, "%s%.40s", n == 1 ? " (nor are " : ", ", node->op_type);
        seen[n++] = node->op_type;
    }
    if (n > 1)
        dsq_write_text(w, ")");
}

/* The operator is known, but not in the form of this opset, or it is not ONNX's own. */
static enum dsq_status fail_form(struct dsq_import *im, const Onnx__NodeProto *n)
{
    int32_t first = INT32_MAX, last = 0;
    if (!dsq_import_default_domain(n->domain))
        return dsq_import_fail(
            im, DSQ_UNSUPPORTED,
            "not supported; its domain is '%.100s', only ONNX's own operators are", n->domain);
    for (size_t i = 0; i < N_OPS; i++) {
        if (is_op(n, &ops[i])) {
            first = ops[i].first < first ? ops[i].first : first;
            last = ops[i].last > last ? ops[i].last : last;
        }
    }
    return last ? dsq_import_fail(im, DSQ_UNSUPPORTED, "not supported; supported at opset %d to %d",
                                  (int)first, (int)last)
                : DSQ_OK;
}

static enum dsq_status fail_unsupported(struct dsq_import *im, const bool *needed)
{
    DSQ_TRY(fail_form(im, im->node));
    struct dsq_writer w;
    dsq_writer_init(&w, im->model->allocator);
    dsq_write_text(&w, "");
    list_missing(im, needed, &w);
    if (im->node->op_type && is_postprocessing(im->node->op_type))
        dsq_write_text(&w,
                       "; if this is post-processing, cut it off: name the tensors before it as "
                       "outputs (--outputs=a,b)");
    enum dsq_status status =
        dsq_import_fail(im, DSQ_UNSUPPORTED, "not supported%s", w.failed ? "" : w.data);
    dsq_writer_free(&w);
    return status;
}

/* ---- opset and outputs ---- */

static enum dsq_status read_opset(struct dsq_import *im)
{
    const Onnx__ModelProto *m = im->model->proto;
    bool found = false;
    for (size_t i = 0; i < m->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *o = m->opset_import[i];
        if (!dsq_import_default_domain(o->domain))
            continue; /* a node of that domain is what would matter */
        if (found && o->version != im->opset)
            return dsq_fail(im->diag, DSQ_MALFORMED, "opsets %lld and %lld at once",
                            (long long)im->opset, (long long)o->version);
        im->opset = o->version;
        found = true;
    }
    if (!found)
        return dsq_fail(im->diag, DSQ_MALFORMED, "no opset for ONNX's own operators");
    if (im->opset < DSQ_ONNX_OPSET_MIN || im->opset > DSQ_ONNX_OPSET_MAX)
        return dsq_fail(im->diag, DSQ_UNSUPPORTED,
                        "opset %lld is not supported; supported are %d to %d", (long long)im->opset,
                        DSQ_ONNX_OPSET_MIN, DSQ_ONNX_OPSET_MAX);
    if (im->proto->n_sparse_initializer)
        return dsq_fail(im->diag, DSQ_UNSUPPORTED, "sparse initializers are not supported");
    return DSQ_OK;
}

/* The tensors to compute: as asked for, or as the model says. */
struct wanted {
    struct dsq_import_name **name;
    size_t n;
};

static enum dsq_status find_outputs(struct dsq_import *im, const char *const *outputs, size_t n,
                                    struct wanted *w)
{
    w->n = n ? n : im->proto->n_output;
    if (!w->n)
        return dsq_fail(im->diag, DSQ_MALFORMED, "the graph has no outputs");
    w->name = dsq_arena_calloc(&im->scratch, w->n, sizeof *w->name);
    if (!w->name)
        return no_memory(im);
    for (size_t i = 0; i < w->n; i++) {
        const char *name = n ? outputs[i] : im->proto->output[i]->name;
        enum dsq_status status = dsq_import_find(im, name ? name : "", &w->name[i]);
        if (status != DSQ_OK)
            return dsq_fail_in(im->diag, status, "output %zu", i);
        if (w->name[i]->is_output)
            return dsq_fail(im->diag, DSQ_MALFORMED, "output '%s' is listed twice", name);
        w->name[i]->is_output = true;
    }
    return DSQ_OK;
}

/* ---- which nodes ---- */

struct need {
    bool *node;     /* by index */
    int32_t *stack; /* nodes whose inputs are still to be looked at */
    size_t n;
};

static void need_tensor(struct need *need, const struct dsq_import_name *e)
{
    if (!e || e->producer_index < 0 || need->node[e->producer_index])
        return;
    need->node[e->producer_index] = true;
    need->stack[need->n++] = e->producer_index;
}

static enum dsq_status find_needed(struct dsq_import *im, const struct wanted *w, struct need *need)
{
    size_t n_node = im->proto->n_node;
    need->node = dsq_arena_calloc(&im->scratch, n_node, sizeof *need->node);
    need->stack = dsq_arena_calloc(&im->scratch, n_node, sizeof *need->stack);
    if (!need->node || !need->stack)
        return no_memory(im);
    for (size_t i = 0; i < w->n; i++)
        need_tensor(need, w->name[i]);
    while (need->n) {
        const Onnx__NodeProto *n = im->proto->node[need->stack[--need->n]];
        for (size_t i = 0; i < n->n_input; i++)
            need_tensor(need, dsq_import_names_find(im, n->input[i]));
    }
    return DSQ_OK;
}

/* ---- nodes ---- */

static enum dsq_status import_node(struct dsq_import *im)
{
    const Onnx__NodeProto *n = im->node;
    size_t n_in = n->n_input;
    im->attributes_read = 0;
    while (n_in && !n->input[n_in - 1][0])
        n_in--; /* absent inputs at the end */
    if (n_in < im->op->in_min)
        return dsq_import_fail(im, DSQ_MALFORMED, "%zu inputs, expected at least %zu", n_in,
                               im->op->in_min);
    if (n_in > im->op->in_max)
        return dsq_import_fail(im, DSQ_MALFORMED, "%zu inputs, expected at most %zu", n_in,
                               im->op->in_max);
    for (size_t i = 0; i < im->op->n_out && im->op->n_out != SIZE_MAX; i++)
        if (i >= n->n_output || !n->output[i][0])
            return dsq_import_fail(im, DSQ_MALFORMED, "output %zu has no name", i);
    DSQ_TRY(im->op->import(im));
    return dsq_import_attributes_done(im);
}

/* Unsupported operators are reported before anything is made of the others. */
static enum dsq_status import_nodes(struct dsq_import *im, const struct need *need)
{
    for (int step = 0; step < 2; step++) {
        for (size_t i = 0; i < im->proto->n_node; i++) {
            if (!need->node[i])
                continue;
            im->node = im->proto->node[i];
            im->op = dsq_import_op_find(im, im->node);
            if (!im->op)
                return fail_unsupported(im, need->node);
            if (step == 1)
                DSQ_TRY(import_node(im));
        }
    }
    return DSQ_OK;
}

static enum dsq_status import_graph(struct dsq_import *im, const struct wanted *w)
{
    struct need need = {0};
    int32_t n_input = 0;
    dsq_vid *input = dsq_arena_calloc(&im->scratch, im->proto->n_input, sizeof *input);
    dsq_vid *output = dsq_arena_calloc(&im->scratch, w->n, sizeof *output);
    if (!input || !output)
        return no_memory(im);
    DSQ_TRY(find_needed(im, w, &need));
    DSQ_TRY(dsq_import_inputs(im, input, &n_input));
    DSQ_TRY(import_nodes(im, &need));
    for (size_t i = 0; i < w->n; i++)
        DSQ_TRY(dsq_import_value(im, w->name[i], &output[i]));
    return dsq_graph_set_io(im->graph, input, n_input, output, (int32_t)w->n, im->diag);
}

/* ---- all of it ---- */

static enum dsq_status check_freed(struct dsq_import *im)
{
    if (!im->n_freed)
        return DSQ_OK;
    enum dsq_status status = dsq_graph_check_freed(im->graph, im->freed, im->n_freed, im->diag);
    return status == DSQ_OK ? status
                            : dsq_fail_in(im->diag, status, "at sizes other than the header's");
}

enum dsq_status dsq_onnx_to_graph_at(const struct dsq_onnx *m, const struct dsq_onnx_options *o,
                                     struct dsq_graph **out, struct dsq_diag *d)
{
    struct dsq_diag local; /* texts are put together in it, so there must be one */
    struct dsq_import im = {
        .model = m, .proto = m->proto->graph, .diag = d ? d : &local, .options = o};
    struct wanted w = {0};
    enum dsq_status status;
    *out = NULL;
    d = im.diag;
    dsq_arena_init(&im.scratch, m->allocator);
    DSQ_GUARD(dsq_graph_create(&im.graph, im.proto->name ? im.proto->name : "", m->allocator, d));
    DSQ_GUARD(read_opset(&im));
    DSQ_GUARD(dsq_import_names_fill(&im));
    DSQ_GUARD(find_outputs(&im, o->outputs, o->n_outputs, &w));
    DSQ_GUARD(import_graph(&im, &w));
    DSQ_GUARD(dsq_graph_compact(im.graph, d)); /* files need not be in order */
    DSQ_GUARD(dsq_graph_infer(im.graph, d));
    DSQ_GUARD(dsq_graph_check(im.graph, false, d));
    DSQ_GUARD(dsq_graph_check_sizes(im.graph, d));
    DSQ_GUARD(check_freed(&im));
    *out = im.graph;
    im.graph = NULL;
fail:
    dsq_graph_free(&im.graph);
    dsq_arena_free(&im.scratch);
    return status == DSQ_OK ? status : dsq_fail_in(d, status, "%s", m->name);
}

enum dsq_status dsq_onnx_to_graph(const struct dsq_onnx *m, struct dsq_graph **out,
                                  struct dsq_diag *d)
{
    static const struct dsq_onnx_options all = {.n_outputs = 0};
    return dsq_onnx_to_graph_at(m, &all, out, d);
}
