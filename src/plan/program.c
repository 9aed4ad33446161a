/* SPDX-License-Identifier: Apache-2.0 */
/* What runs and where values live, independent of shapes; see program.h. */
#include "plan/program.h"

#include <string.h>

struct analysis {
    struct dsq_program *p;
    const struct dsq_graph *g;
    int32_t *producer;  /* by value: step, or -1 */
    int32_t *n_reads;   /* by value: inputs of steps */
    int32_t *n_outputs; /* by value: times it is a graph output */
    bool *read_dense;   /* by value: some step reads it that can read dense memory only */
    uint32_t *memory;   /* by step: enum dsq_memory_flag */
};

static bool make_arrays(struct analysis *a, struct dsq_arena *arena)
{
    struct dsq_program *p = a->p;
    size_t n_values = (size_t)a->g->n_values, n_nodes = (size_t)a->g->n_nodes;
    p->step = dsq_arena_calloc(arena, n_nodes, sizeof *p->step);
    p->place = dsq_arena_calloc(arena, n_values, sizeof *p->place);
    p->slot = dsq_arena_calloc(arena, n_values, sizeof *p->slot);
    p->first = dsq_arena_calloc(arena, n_values, sizeof *p->first);
    p->last = dsq_arena_calloc(arena, n_values, sizeof *p->last);
    p->staged = dsq_arena_calloc(arena, (size_t)a->g->n_inputs, sizeof *p->staged);
    p->host = dsq_arena_calloc(arena, n_values, sizeof *p->host);
    a->producer = dsq_arena_calloc(arena, n_values, sizeof *a->producer);
    a->n_reads = dsq_arena_calloc(arena, n_values, sizeof *a->n_reads);
    a->n_outputs = dsq_arena_calloc(arena, n_values, sizeof *a->n_outputs);
    a->read_dense = dsq_arena_calloc(arena, n_values, sizeof *a->read_dense);
    a->memory = dsq_arena_calloc(arena, n_nodes, sizeof *a->memory);
    return p->step && p->place && p->slot && p->first && p->last && p->staged && p->host &&
           a->producer && a->n_reads && a->n_outputs && a->read_dense && a->memory;
}

/* Steps, who makes and who reads each value, and the plain places: constants, inputs, the arena. */
static void scan_steps(struct analysis *a, const struct dsq_sizes *sizes)
{
    struct dsq_program *p = a->p;
    for (dsq_vid v = 0; v < a->g->n_values; v++) {
        a->producer[v] = -1;
        p->place[v] = a->g->value[v].data ? DSQ_PLACE_CONST : DSQ_PLACE_NONE;
    }
    for (int32_t i = 0; i < a->g->n_nodes; i++) {
        const struct dsq_node *n = &a->g->node[i];
        if (n->shape_only || n->n_out == 0 || dsq_node_on_host(a->g, sizes, i))
            continue;
        int32_t step = p->n_steps++;
        p->step[step] = i;
        a->memory[step] = p->backend->memory(a->g, i);
        for (int32_t k = 0; k < n->n_out; k++) {
            p->place[n->out[k]] = DSQ_PLACE_ARENA;
            p->first[n->out[k]] = p->last[n->out[k]] = step;
            a->producer[n->out[k]] = step;
        }
        for (int32_t k = 0; k < n->n_in; k++)
            if (n->in[k] != DSQ_NO_VALUE) {
                a->n_reads[n->in[k]]++;
                a->read_dense[n->in[k]] |=
                    !(a->memory[step] & (DSQ_MEM_READS_ANY | DSQ_MEM_READS_PIXELS));
                p->last[n->in[k]] = step;
            }
    }
    for (int32_t i = 0; i < a->g->n_outputs; i++) {
        a->n_outputs[a->g->output[i]]++;
        p->last[a->g->output[i]] = p->n_steps;
    }
}

static void place_inputs(struct analysis *a)
{
    struct dsq_program *p = a->p;
    for (int32_t i = 0; i < a->g->n_inputs; i++) {
        p->place[a->g->input[i]] = DSQ_PLACE_INPUT;
        p->slot[a->g->input[i]] = i;
    }
    for (int32_t s = 0; s < p->n_steps; s++) {
        const struct dsq_node *n = &a->g->node[p->step[s]];
        for (int32_t k = 0; k < n->n_in && !(a->memory[s] & DSQ_MEM_READS_ANY); k++)
            if (n->in[k] != DSQ_NO_VALUE && p->place[n->in[k]] == DSQ_PLACE_INPUT)
                p->staged[p->slot[n->in[k]]] = true;
    }
}

/* Host values that data flows from: they get memory, alive from the start. */
static void place_host_values(struct analysis *a)
{
    struct dsq_program *p = a->p;
    for (dsq_vid v = 0; v < a->g->n_values; v++) {
        if (p->place[v] != DSQ_PLACE_NONE || (a->n_reads[v] == 0 && a->n_outputs[v] == 0))
            continue;
        p->place[v] = DSQ_PLACE_ARENA;
        p->first[v] = 0;
        p->host[p->n_host++] = v;
    }
}

/* The last kernel writes the caller's memory itself where nobody else needs the value. */
static void place_outputs(struct analysis *a)
{
    struct dsq_program *p = a->p;
    for (int32_t i = 0; i < a->g->n_outputs; i++) {
        dsq_vid v = a->g->output[i];
        if (a->producer[v] < 0 || a->n_reads[v] != 0 || a->n_outputs[v] != 1 ||
            !(a->memory[a->producer[v]] & DSQ_MEM_WRITES_ANY))
            continue;
        p->place[v] = DSQ_PLACE_OUTPUT;
        p->slot[v] = i;
    }
}

static bool concat_takes_parts(const struct analysis *a, const struct dsq_node *n)
{
    const struct dsq_value *y = &a->g->value[n->out[0]];
    const struct dsq_axis_attr *axis = n->attr;
    uint8_t place = a->p->place[n->out[0]];
    return n->op == DSQ_OP_CONCAT && y->layout == DSQ_NHWC && y->shape.rank == 4 &&
           (axis->axis == 1 || axis->axis == -3) &&
           (place == DSQ_PLACE_ARENA || place == DSQ_PLACE_PART);
}

/* Producers of a concat's inputs write into its output, if they can and nobody else reads them.
 * From the last concat to the first, so that a concat into a concat works too. */
static void place_concat_parts(struct analysis *a)
{
    struct dsq_program *p = a->p;
    for (int32_t s = p->n_steps - 1; s >= 0; s--) {
        const struct dsq_node *n = &a->g->node[p->step[s]];
        if (!concat_takes_parts(a, n))
            continue;
        for (int32_t k = 0; k < n->n_in; k++) {
            dsq_vid v = n->in[k];
            if (p->place[v] != DSQ_PLACE_ARENA || a->producer[v] < 0 || a->n_reads[v] != 1 ||
                a->n_outputs[v] != 0 || a->g->value[v].layout != DSQ_NHWC ||
                !(a->memory[a->producer[v]] & DSQ_MEM_WRITES_PIXELS))
                continue;
            p->place[v] = DSQ_PLACE_PART;
            p->slot[v] = n->out[0];
        }
    }
    /* A holder is alive as soon as its first part is written. */
    for (int32_t s = 0; s < p->n_steps; s++) {
        const struct dsq_node *n = &a->g->node[p->step[s]];
        for (int32_t k = 0; k < n->n_out; k++)
            for (dsq_vid v = n->out[k]; p->place[v] == DSQ_PLACE_PART; v = p->slot[v])
                if (p->first[p->slot[v]] > p->first[v])
                    p->first[p->slot[v]] = p->first[v];
    }
}

/* ---- views ---- */

static bool is_reshaping(enum dsq_op op)
{
    return op == DSQ_OP_RESHAPE || op == DSQ_OP_FLATTEN || op == DSQ_OP_SQUEEZE ||
           op == DSQ_OP_UNSQUEEZE || op == DSQ_OP_IDENTITY;
}

/* Does value v of step n need no memory of its own? In ONNX order the arena's values are dense, so
 * that another shape is the same bytes; channels side by side are every pixel's middle. */
static bool can_view(const struct analysis *a, const struct dsq_node *n, dsq_vid v)
{
    const struct dsq_value *x = &a->g->value[n->in[0]], *y = &a->g->value[v];
    const uint8_t place = a->p->place[n->in[0]];
    int64_t start;
    if (a->p->place[v] != DSQ_PLACE_ARENA || a->n_outputs[v] != 0 || x->dtype != y->dtype ||
        (place != DSQ_PLACE_ARENA && place != DSQ_PLACE_VIEW))
        return false;
    if (is_reshaping(n->op))
        return x->layout == DSQ_NCHW && y->layout == DSQ_NCHW;
    return !a->read_dense[v] && x->layout == DSQ_NHWC && y->layout == DSQ_NHWC &&
           dsq_program_channels(a->g, n, &start);
}

/* What a view shows stays alive as long as the view. */
static void place_views(struct analysis *a)
{
    struct dsq_program *p = a->p;
    for (int32_t s = 0; s < p->n_steps; s++) {
        const struct dsq_node *n = &a->g->node[p->step[s]];
        for (int32_t k = 0; k < n->n_out; k++) {
            dsq_vid v = n->out[k];
            if (n->n_in == 0 || n->in[0] == DSQ_NO_VALUE || !can_view(a, n, v))
                continue;
            p->place[v] = DSQ_PLACE_VIEW;
            p->slot[v] = n->in[0];
        }
    }
    for (dsq_vid v = 0; v < a->g->n_values; v++) {
        dsq_vid root = v;
        while (p->place[root] == DSQ_PLACE_VIEW)
            root = p->slot[root];
        if (p->last[root] < p->last[v])
            p->last[root] = p->last[v];
    }
}

/* Constant integer k of input i. */
static bool constant_at(const struct dsq_graph *g, const struct dsq_node *n, int32_t i, size_t k,
                        int64_t *out)
{
    const struct dsq_value *v = n->in[i] < 0 ? NULL : &g->value[n->in[i]];
    if (!v || !v->data || k >= v->bytes / dsq_dtype_bytes(v->dtype))
        return false;
    if (v->dtype == DSQ_S64)
        memcpy(out, (const int64_t *)v->data + k, sizeof *out);
    else if (v->dtype == DSQ_S32)
        *out = ((const int32_t *)v->data)[k];
    return v->dtype == DSQ_S64 || v->dtype == DSQ_S32;
}

bool dsq_program_channels(const struct dsq_graph *g, const struct dsq_node *n, int64_t *start)
{
    enum { STARTS = 1, AXES = 3, STEPS = 4 };
    int64_t axis, step = 1;
    *start = 0;
    if (n->op == DSQ_OP_SPLIT) {
        axis = ((const struct dsq_split_attr *)n->attr)->axis;
        return axis == 1 || axis == -3;
    }
    if (n->op != DSQ_OP_SLICE || n->n_in <= AXES || !constant_at(g, n, AXES, 0, &axis) ||
        g->value[n->in[AXES]].bytes != dsq_dtype_bytes(g->value[n->in[AXES]].dtype) ||
        !constant_at(g, n, STARTS, 0, start))
        return false;
    if (n->n_in > STEPS && n->in[STEPS] >= 0 && !constant_at(g, n, STEPS, 0, &step))
        return false;
    return (axis == 1 || axis == -3) && step == 1;
}

enum dsq_status dsq_program_create(struct dsq_program *p, const struct dsq_graph *g,
                                   const struct dsq_backend *backend, struct dsq_arena *arena,
                                   struct dsq_diag *d)
{
    *p = (struct dsq_program){.graph = g, .backend = backend};
    struct analysis a = {.p = p, .g = g};
    struct dsq_sizes sizes;
    DSQ_TRY(dsq_sizes_create(&sizes, g, arena, d));
    if (!make_arrays(&a, arena))
        return dsq_fail(d, DSQ_NOMEM, "no memory to plan graph '%s'", g->name);
    scan_steps(&a, &sizes);
    place_inputs(&a);
    place_host_values(&a);
    place_outputs(&a);
    place_concat_parts(&a);
    place_views(&a);
    return DSQ_OK;
}
