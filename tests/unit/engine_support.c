/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs, runs and captured tensors; the reference is in engine_reference.c. */
#include "engine_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/text.h"

/* splitmix64 (Steele, Lea, Flood, 2014) */
uint32_t random_u32(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ z >> 31) >> 32);
}

float random_float(uint64_t *state)
{
    return (float)random_u32(state) / 2147483648.0f - 1.0f;
}

struct dsq_graph *graph_of(const char *text)
{
    struct dsq_graph *g = NULL;
    assert_ok(dsq_graph_parse(&g, text, strlen(text), NULL, 0, false, NULL, diag));
    return g;
}

dsq_vid add_value(struct dsq_graph *g, enum dsq_dtype t, enum dsq_layout layout,
                  const struct dsq_shape *shape, const struct dsq_quant *q)
{
    char name[32];
    dsq_vid v = DSQ_NO_VALUE;
    snprintf(name, sizeof name, "v%d", (int)g->n_values);
    assert_ok(dsq_graph_add_value(g, name, t, shape, &v, diag));
    g->value[v].layout = layout;
    if (q)
        g->value[v].q = *q;
    return v;
}

dsq_vid add_const(struct dsq_graph *g, enum dsq_dtype t, const struct dsq_shape *shape,
                  const void *data, size_t bytes)
{
    char name[32];
    dsq_vid v = DSQ_NO_VALUE;
    snprintf(name, sizeof name, "c%d", (int)g->n_values);
    assert_ok(dsq_graph_add_const(g, name, t, shape, data, bytes, &v, diag));
    return v;
}

void add_node(struct dsq_graph *g, enum dsq_op op, const dsq_vid *in, int32_t n_in,
              const dsq_vid *out, int32_t n_out, const void *attr)
{
    char name[32];
    int32_t index;
    snprintf(name, sizeof name, "n%d", (int)g->n_nodes);
    assert_ok(dsq_graph_add_node(g, op, name, n_in, in, n_out, out, attr, &index, diag));
}

struct dsq_quant quant_of(float scale, int32_t zero, int32_t qmin, int32_t qmax)
{
    return (struct dsq_quant){scale, 1.0f / scale, zero, qmin, qmax};
}

struct dsq_engine_file *file_of(struct dsq_graph *g, const struct dsq_profile_input *profile)
{
    struct dsq_engine_file *made = NULL, *read = NULL;
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    assert_ok(dsq_engine_file_create(&made, g, profile, NULL, NULL, "test", NULL, diag));
    assert_ok(dsq_engine_file_serialize(made, &w, diag));
    assert_ok(dsq_engine_file_open_memory(&read, w.data, w.bytes, NULL, diag));
    dsq_writer_free(&w);
    dsq_engine_file_free(&made);
    return read;
}

/* ---- runs ---- */

static void capture(void *user, const char *node, const char *tensor, const struct dsq_tensor *t)
{
    (void)node;
    struct run *r = user;
    dsq_vid v = dsq_graph_find(r->graph, tensor, NULL);
    assert_true(v >= 0);
    struct captured *c = &r->value[v];
    free(c->data);
    *c = (struct captured){.there = true, .dtype = t->dtype, .rank = t->rank, .n = 1};
    for (int32_t i = 0; i < t->rank; i++) {
        c->dims[i] = t->dims[i];
        c->n *= (size_t)t->dims[i];
    }
    size_t e = dsq_dtype_bytes(t->dtype);
    c->data = malloc(c->n * e + 1);
    for (size_t i = 0; i < c->n; i++) {
        size_t rest = i;
        int64_t at = 0;
        for (int32_t k = t->rank - 1; k >= 0; k--) {
            at += (int64_t)(rest % (size_t)t->dims[k]) * t->strides[k];
            rest /= (size_t)t->dims[k];
        }
        memcpy((char *)c->data + i * e, (const char *)t->data + at, e);
    }
}

void run_open(struct run *r, const struct dsq_engine_file *f, const char *level, int threads)
{
    struct dsq_common common = {.size = sizeof common, .threads = threads, .cpu_level = level};
    struct dsq_engine_settings es = {.size = sizeof es, .common = &common};
    struct dsq_context_settings cs = {.size = sizeof cs, .common = &common};
    *r = (struct run){.graph = f->graph};
    r->value = calloc((size_t)f->graph->n_values, sizeof *r->value);
    assert_ok(dsq_engine_load(&r->engine, f, &es, diag));
    assert_ok(dsq_context_create(&r->context, r->engine, &cs, diag));
    dsq_context_on_tensor(r->context, capture, r);
}

void run_once(struct run *r)
{
    assert_ok(dsq_context_run(r->context, diag));
}

void run_close(struct run *r)
{
    dsq_context_free(&r->context);
    dsq_engine_free(&r->engine);
    for (int32_t v = 0; v < r->graph->n_values; v++)
        free(r->value[v].data);
    free(r->value);
}

void assert_same_run(const struct run *a, const struct run *b)
{
    for (int32_t v = 0; v < a->graph->n_values; v++) {
        const struct captured *x = &a->value[v], *y = &b->value[v];
        assert_int_equal(x->there, y->there);
        if (!x->there)
            continue;
        assert_int_equal(x->n, y->n);
        if (memcmp(x->data, y->data, x->n * dsq_dtype_bytes(x->dtype)) != 0)
            fail_msg("value '%s' differs", a->graph->value[v].name);
    }
}
