/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Printing a graph. The order (inputs, constants, nodes, outputs) and the choice of which constants
 * stand in the text depend on the graph alone, so that print -> parse -> print gives the same text.
 */
#include "graph/text.h"

#include <math.h>
#include <string.h>

#include "graph/token.h"

enum { INLINE_ELEMENTS = 16, BLOB_ALIGNMENT = 64 };

/* What the blob holds already. */
struct stored {
    const struct dsq_value *value;
    uint32_t crc;
    size_t offset;
};

struct printer {
    const struct dsq_graph *g;
    struct dsq_writer *w, *blob;
    struct dsq_arena scratch;
    struct stored *stored;
    int32_t n_stored;
};

/* ---- values ---- */

static void print_name(struct dsq_writer *w, const char *name)
{
    dsq_write_text(w, "%");
    if (dsq_token_is_name(name))
        dsq_write_text(w, name);
    else
        dsq_token_write_quoted(w, name);
}

static void print_value_name(struct printer *p, dsq_vid v)
{
    if (v < 0 || v >= p->g->n_values)
        dsq_write_text(p->w, "_");
    else
        print_name(p->w, p->g->value[v].name);
}

static void print_quant(struct dsq_writer *w, const struct dsq_quant *q)
{
    if (q->scale == 0)
        return;
    dsq_write_text(w, " scale=");
    dsq_token_write_float(w, (double)q->scale);
    if (q->inv_scale != 1.0f / q->scale) {
        dsq_write_text(w, " inv=");
        dsq_token_write_float(w, (double)q->inv_scale);
    }
    dsq_write_format(w, " zp=%d q=%d..%d", (int)q->zero_point, (int)q->qmin, (int)q->qmax);
}

/* %name type shape layout quantization aliases */
static void print_value(struct printer *p, dsq_vid id)
{
    const struct dsq_value *v = &p->g->value[id];
    print_name(p->w, v->name);
    dsq_write_format(p->w, " %s ", dsq_dtype_name(v->dtype));
    dsq_shape_print(&p->g->dims, &v->shape, p->w);
    if (!v->data || v->layout != DSQ_NCHW)
        dsq_write_format(p->w, " %s", dsq_layout_names[v->layout == DSQ_NHWC]);
    print_quant(p->w, &v->q);
    for (int32_t i = 0; i < v->n_aliases; i++) {
        dsq_write_text(p->w, i ? "," : " alias=");
        dsq_token_write_quoted(p->w, v->alias[i]);
    }
}

/* ---- constants ---- */

static int64_t read_int(const struct dsq_value *v, size_t i)
{
    const uint8_t *at = (const uint8_t *)v->data + i * dsq_dtype_bytes(v->dtype);
    int32_t narrow;
    int64_t wide;
    switch (v->dtype) {
    case DSQ_S8:
        return (int8_t)*at;
    case DSQ_S32:
        memcpy(&narrow, at, sizeof narrow);
        return narrow;
    case DSQ_S64:
        memcpy(&wide, at, sizeof wide);
        return wide;
    default:
        return *at;
    }
}

static bool is_float(enum dsq_dtype t)
{
    return t == DSQ_F32 || t == DSQ_F64;
}

static double read_float(const struct dsq_value *v)
{
    float narrow;
    double wide;
    if (v->dtype == DSQ_F64) {
        memcpy(&wide, v->data, sizeof wide);
        return wide;
    }
    memcpy(&narrow, v->data, sizeof narrow);
    return (double)narrow;
}

/* A NaN goes to the blob with all its bits, as does a bool byte that is neither 0 nor 1. */
static bool fits_inline(const struct dsq_value *v)
{
    size_t n = v->bytes / dsq_dtype_bytes(v->dtype);
    if (is_float(v->dtype))
        return n == 1 && isfinite(read_float(v));
    for (size_t i = 0; v->dtype == DSQ_BOOL && i < n && i < INLINE_ELEMENTS; i++)
        if (read_int(v, i) > 1)
            return false;
    return n <= INLINE_ELEMENTS;
}

static void print_inline(struct dsq_writer *w, const struct dsq_value *v)
{
    size_t n = v->bytes / dsq_dtype_bytes(v->dtype);
    dsq_write_text(w, " {");
    if (is_float(v->dtype))
        dsq_token_write_float(w, read_float(v));
    for (size_t i = 0; !is_float(v->dtype) && i < n; i++)
        dsq_write_format(w, "%s%lld", i ? ", " : "", (long long)read_int(v, i));
    dsq_write_text(w, "}");
}

/* Where the blob has these bytes, stored now or before. */
static size_t store(struct printer *p, const struct dsq_value *v)
{
    struct stored s = {v, dsq_checksum(v->data, v->bytes), 0};
    if (!v->bytes)
        return 0;
    for (int32_t i = 0; i < p->n_stored; i++) {
        const struct stored *o = &p->stored[i];
        if (o->crc == s.crc && o->value->bytes == v->bytes &&
            memcmp(o->value->data, v->data, v->bytes) == 0)
            return o->offset;
    }
    s.offset = dsq_align_up(p->blob->bytes, BLOB_ALIGNMENT);
    dsq_write_zeros(p->blob, s.offset - p->blob->bytes);
    dsq_write_bytes(p->blob, v->data, v->bytes);
    p->stored[p->n_stored++] = s;
    return s.offset;
}

static void print_consts(struct printer *p)
{
    for (dsq_vid id = 0; id < p->g->n_values; id++) {
        const struct dsq_value *v = &p->g->value[id];
        if (!v->data)
            continue;
        dsq_write_text(p->w, "const ");
        print_value(p, id);
        if (fits_inline(v))
            print_inline(p->w, v);
        else if (p->blob)
            dsq_write_format(p->w, " @%zu:%zu", store(p, v), v->bytes);
        else
            dsq_write_text(p->w, " @-");
        dsq_write_text(p->w, "\n");
    }
}

/* ---- nodes ---- */

static bool is_zero(const void *data, size_t bytes)
{
    const uint8_t *at = data;
    while (bytes && !*at) {
        at++;
        bytes--;
    }
    return bytes == 0;
}

static size_t field_bytes(const struct dsq_attr_field *f)
{
    return f->count * (f->type == DSQ_FIELD_FLOAT ? sizeof(float) : sizeof(int64_t));
}

static void print_field(struct dsq_writer *w, const struct dsq_attr_field *f, const char *data)
{
    size_t n = f->count;
    int64_t v;
    float real;
    dsq_write_format(w, "%s=", f->name);
    if (f->type == DSQ_FIELD_FLOAT) {
        for (size_t i = 0; i < n; i++) {
            memcpy(&real, data + i * sizeof real, sizeof real);
            dsq_write_text(w, i ? "," : "");
            dsq_token_write_float(w, (double)real);
        }
        return;
    }
    /* The parser takes what is not written as 0: leave out the tail of long arrays. */
    while (n > 4 && is_zero(data + (n - 1) * sizeof v, sizeof v))
        n--;
    for (size_t i = 0; i < n; i++) {
        size_t n_names = 0;
        memcpy(&v, data + i * sizeof v, sizeof v);
        while (f->names && f->names[n_names])
            n_names++;
        if (v >= 0 && (uint64_t)v < n_names)
            dsq_write_text(w, f->names[v]);
        else
            dsq_write_format(w, "%s%lld", i ? "," : "", (long long)v);
    }
}

static void print_attr(struct dsq_writer *w, const struct dsq_node *n)
{
    const struct dsq_attr_type *t = dsq_op_info(n->op)->attr;
    const char *separator = " {";
    for (size_t i = 0; i < t->n_fields; i++) {
        const char *data = (const char *)n->attr + t->fields[i].offset;
        if (is_zero(data, field_bytes(&t->fields[i])))
            continue;
        dsq_write_text(w, separator);
        print_field(w, &t->fields[i], data);
        separator = " ";
    }
    if (*separator && separator[1] == 0)
        dsq_write_text(w, "}");
}

static void print_node(struct printer *p, const struct dsq_node *n)
{
    for (int32_t k = 0; k < n->n_out; k++) {
        if (k)
            dsq_write_text(p->w, ", ");
        if (n->out[k] >= 0 && n->out[k] < p->g->n_values)
            print_value(p, n->out[k]);
        else
            dsq_write_text(p->w, "_");
    }
    dsq_write_format(p->w, " = %s%s(", n->shape_only ? "shape_only " : "",
                     dsq_op_info(n->op)->name);
    for (int32_t k = 0; k < n->n_in; k++) {
        if (k)
            dsq_write_text(p->w, ", ");
        print_value_name(p, n->in[k]);
    }
    dsq_write_text(p->w, ")");
    if (*n->name) {
        dsq_write_text(p->w, " name=");
        dsq_token_write_quoted(p->w, n->name);
    }
    print_attr(p->w, n);
    dsq_write_text(p->w, "\n");
}

/* Values that nothing produces stay visible in a dump. */
static void print_orphans(struct printer *p, const uint8_t *produced)
{
    for (dsq_vid v = 0; v < p->g->n_values; v++) {
        if (produced[v] || p->g->value[v].data)
            continue;
        dsq_write_text(p->w, "value ");
        print_value(p, v);
        dsq_write_text(p->w, "\n");
    }
}

static void mark_produced(const struct dsq_graph *g, uint8_t *produced)
{
    for (int32_t i = 0; i < g->n_inputs; i++)
        produced[g->input[i]] = 1;
    for (int32_t i = 0; i < g->n_nodes; i++)
        for (int32_t k = 0; k < g->node[i].n_out; k++)
            if (g->node[i].out[k] >= 0)
                produced[g->node[i].out[k]] = 1;
}

enum dsq_status dsq_graph_print(const struct dsq_graph *g, struct dsq_writer *text,
                                struct dsq_writer *blob, struct dsq_diag *d)
{
    struct printer p = {.g = g, .w = text, .blob = blob};
    enum dsq_status status = DSQ_OK;
    dsq_arena_init(&p.scratch, g->arena.allocator);
    p.stored = dsq_arena_calloc(&p.scratch, (size_t)g->n_values, sizeof *p.stored);
    uint8_t *produced = dsq_arena_calloc(&p.scratch, (size_t)g->n_values, 1);
    if (!p.stored || !produced) {
        status = dsq_fail(d, DSQ_NOMEM, "out of memory for the graph's text");
        goto done;
    }
    mark_produced(g, produced);
    dsq_write_text(text, "graph ");
    dsq_token_write_quoted(text, g->name);
    dsq_write_text(text, "\n");
    for (int32_t i = 0; i < g->n_inputs; i++) {
        dsq_write_text(text, "input ");
        print_value(&p, g->input[i]);
        dsq_write_text(text, "\n");
    }
    print_consts(&p);
    print_orphans(&p, produced);
    for (int32_t i = 0; i < g->n_nodes; i++)
        if (g->node[i].n_out)
            print_node(&p, &g->node[i]);
    for (int32_t i = 0; i < g->n_outputs; i++) {
        dsq_write_text(text, "output ");
        print_value_name(&p, g->output[i]);
        dsq_write_text(text, "\n");
    }
    if (text->failed || (blob && blob->failed))
        status = dsq_fail(d, DSQ_NOMEM, "out of memory for the graph's text");
done:
    dsq_arena_free(&p.scratch);
    return status;
}
