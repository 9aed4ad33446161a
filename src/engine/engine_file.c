/* SPDX-License-Identifier: Apache-2.0 */
/* Engine files in memory: making, freeing, opening, saving, and what can be asked without a device.
 */
#include <jansson.h>
#include <string.h>

#include "base/settings.h"
#include "engine/engine.h"
#include "graph/check.h"

static enum dsq_status copy_profile(struct dsq_engine_file *f,
                                    const struct dsq_profile_input *profile, struct dsq_diag *d)
{
    size_t n = (size_t)f->graph->n_inputs;
    if (!profile)
        return DSQ_OK;
    DSQ_TRY(dsq_profile_check(profile, f->graph, d));
    f->profile = dsq_arena_copy(&f->arena, profile, n * sizeof *profile);
    if (!f->profile)
        return dsq_fail(d, DSQ_NOMEM, "no memory for the profile");
    for (size_t i = 0; i < n; i++)
        f->profile[i].name = f->graph->value[f->graph->input[i]].name;
    return DSQ_OK;
}

static bool copy_text(struct dsq_engine_file *f, const char *text, const char **out)
{
    *out = text ? dsq_arena_string(&f->arena, text, strlen(text)) : NULL;
    return !text || *out;
}

enum dsq_status dsq_engine_file_create(struct dsq_engine_file **out, struct dsq_graph *graph,
                                       const struct dsq_profile_input *profile,
                                       const char *task_json, const char *meta_json,
                                       const char *path, const struct dsq_allocator *a,
                                       struct dsq_diag *d)
{
    *out = NULL;
    enum dsq_status status = DSQ_OK;
    struct dsq_engine_file *f = dsq_calloc(a, 1, sizeof *f);
    if (!f) {
        dsq_graph_free(&graph);
        return dsq_fail(d, DSQ_NOMEM, "no memory for an engine file");
    }
    f->allocator = a;
    f->graph = graph;
    dsq_arena_init(&f->arena, a);
    DSQ_GUARD(dsq_graph_check(graph, true, d));
    DSQ_GUARD(copy_profile(f, profile, d));
    if (!copy_text(f, task_json, &f->task_json) || !copy_text(f, meta_json, &f->meta_json) ||
        !copy_text(f, path ? path : "engine", &f->path)) {
        status = dsq_fail(d, DSQ_NOMEM, "no memory for an engine file");
        goto fail;
    }
    *out = f;
    return DSQ_OK;
fail:
    dsq_engine_file_free(&f);
    return status;
}

void dsq_engine_file_free(struct dsq_engine_file **file)
{
    struct dsq_engine_file *f = file ? *file : NULL;
    if (!f)
        return;
    dsq_graph_free(&f->graph);
    dsq_arena_free(&f->arena);
    dsq_release(f->allocator, f->data);
    dsq_release(f->allocator, f);
    *file = NULL;
}

enum dsq_status dsq_engine_file_open(struct dsq_engine_file **out, const char *path,
                                     const struct dsq_common *common, struct dsq_diag *diag)
{
    if (!out || !path)
        return dsq_fail(diag, DSQ_ARGUMENT, "dsq_engine_file_open needs 'out' and 'path'");
    *out = NULL;
    struct dsq_common c;
    DSQ_TRY(dsq_common_read(&c, common, diag));
    void *data;
    size_t bytes;
    DSQ_TRY(dsq_file_read(path, c.allocator, &data, &bytes, diag));
    return dsq_engine_file_parse(out, data, bytes, path, c.allocator, diag);
}

enum dsq_status dsq_engine_file_open_memory(struct dsq_engine_file **out, const void *data,
                                            size_t bytes, const struct dsq_common *common,
                                            struct dsq_diag *diag)
{
    if (!out || !data)
        return dsq_fail(diag, DSQ_ARGUMENT, "dsq_engine_file_open_memory needs 'out' and 'data'");
    *out = NULL;
    struct dsq_common c;
    DSQ_TRY(dsq_common_read(&c, common, diag));
    void *copy = dsq_alloc(c.allocator, bytes);
    if (!copy)
        return dsq_fail(diag, DSQ_NOMEM, "no memory for an engine file of %zu bytes", bytes);
    memcpy(copy, data, bytes);
    return dsq_engine_file_parse(out, copy, bytes, "engine in memory", c.allocator, diag);
}

enum dsq_status dsq_engine_file_save(const struct dsq_engine_file *file, const char *path,
                                     struct dsq_diag *diag)
{
    if (!file || !path)
        return dsq_fail(diag, DSQ_ARGUMENT, "no engine file or no path to save it to");
    struct dsq_writer w;
    dsq_writer_init(&w, file->allocator);
    enum dsq_status status = dsq_engine_file_serialize(file, &w, diag);
    if (status == DSQ_OK)
        status = dsq_file_write(path, w.data, w.bytes, diag);
    dsq_writer_free(&w);
    return status;
}

/* "fallbacks" of the meta JSON: a number, or a list of names. */
static int32_t count_fallbacks(const char *meta)
{
    json_t *root = meta ? json_loads(meta, 0, NULL) : NULL;
    const json_t *f = json_object_get(root, "fallbacks");
    int32_t n = json_is_array(f) ? (int32_t)json_array_size(f) : (int32_t)json_integer_value(f);
    json_decref(root);
    return n;
}

void dsq_engine_file_precision(const struct dsq_engine_file *file, int32_t *int8_nodes,
                               int32_t *float_nodes, int32_t *fallbacks)
{
    int32_t n_int8 = 0, n_float = 0;
    const struct dsq_graph *g = file->graph;
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        if (n->op != DSQ_OP_CONV || n->shape_only)
            continue;
        /* A segment is a convolution of the model. */
        if (g->value[n->in[DSQ_CONV_W]].dtype == DSQ_S8)
            n_int8 += dsq_conv_segments(n);
        else
            n_float += dsq_conv_segments(n);
    }
    if (int8_nodes)
        *int8_nodes = n_int8;
    if (float_nodes)
        *float_nodes = n_float;
    if (fallbacks)
        *fallbacks = count_fallbacks(file->meta_json);
}

const char *dsq_engine_file_task(const struct dsq_engine_file *file)
{
    return file->task_json;
}
