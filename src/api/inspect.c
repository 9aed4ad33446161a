/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsq_inspect: what is in this file? One JSON description is made for a model or an engine, by
 * inspect_files.c for anything else; inspect_text.c prints it for people.
 */
#include "api/inspect.h"

#include <dsq/dsq.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/compile.h"
#include "api/json_text.h"
#include "api/layers.h"
#include "base/bytes.h"
#include "base/settings.h"
#include "engine/engine.h"
#include "graph/infer.h"
#include "onnx/onnx.h"
#include "quant/decisions.h"

static json_t *describe_shape(const struct dsq_graph *g, const struct dsq_shape *s)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < s->rank; i++) {
        if (dsq_dim_is_number(s->dim[i])) {
            json_array_append_new(list, json_integer(s->dim[i]));
            continue;
        }
        struct dsq_writer w;
        dsq_writer_init(&w, g->arena.allocator);
        dsq_dim_print(&g->dims, s->dim[i], &w);
        json_array_append_new(list, dsq_json_text(w.data ? w.data : "?"));
        dsq_writer_free(&w);
    }
    return list;
}

static json_t *describe_value(const struct dsq_graph *g, dsq_vid id)
{
    const struct dsq_value *v = &g->value[id];
    json_t *o = json_object();
    json_object_set_new(o, "name", dsq_json_text(v->name));
    json_object_set_new(o, "dtype", json_string(dsq_dtype_name(v->dtype)));
    json_object_set_new(o, "shape", describe_shape(g, &v->shape));
    if (v->q.scale > 0)
        json_object_set_new(o, "scale", json_real((double)v->q.scale));
    return o;
}

static json_t *describe_bound(const int64_t *dims, int32_t rank)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < rank; i++)
        json_array_append_new(list, json_integer(dims[i]));
    return list;
}

static void describe_io(json_t *o, const struct dsq_graph *g,
                        const struct dsq_profile_input *profile)
{
    json_t *inputs = json_array(), *outputs = json_array();
    for (int32_t i = 0; i < g->n_inputs; i++) {
        json_t *input = describe_value(g, g->input[i]);
        if (profile) {
            json_object_set_new(input, "min", describe_bound(profile[i].min, profile[i].rank));
            json_object_set_new(input, "opt", describe_bound(profile[i].opt, profile[i].rank));
            json_object_set_new(input, "max", describe_bound(profile[i].max, profile[i].rank));
        }
        json_array_append_new(inputs, input);
    }
    for (int32_t i = 0; i < g->n_outputs; i++)
        json_array_append_new(outputs, describe_value(g, g->output[i]));
    json_object_set_new(o, "inputs", inputs);
    json_object_set_new(o, "outputs", outputs);
}

static json_t *describe_node(const struct dsq_graph *g, int32_t i, const struct dsq_engine *engine)
{
    const struct dsq_node *n = &g->node[i];
    json_t *o = json_object();
    json_object_set_new(o, "name", dsq_json_text(n->name));
    json_object_set_new(o, "op", json_string(dsq_op_info(n->op)->name));
    json_object_set_new(o, "precision", json_string(dsq_node_precision(g, n)));
    if (n->op == DSQ_OP_CONV && n->n_out > 1)
        json_object_set_new(o, "segments", json_integer(n->n_out));
    json_t *outputs = json_array();
    for (int32_t k = 0; k < n->n_out; k++)
        json_array_append_new(outputs, describe_value(g, n->out[k]));
    json_object_set_new(o, "outputs", outputs);
    struct dsq_kernel_info info;
    if (engine) {
        dsq_engine_node_kernel(engine, i, &info);
        json_object_set_new(o, "kernel", json_string(info.kernel));
        json_object_set_new(o, "why", json_string(info.why));
    }
    return o;
}

/* Everything that runs on data; what only computes sizes is no layer. */
static void describe_layers(json_t *o, const struct dsq_graph *g, const struct dsq_engine *engine)
{
    json_t *layers = json_array();
    struct dsq_arena scratch;
    struct dsq_sizes sizes;
    dsq_arena_init(&scratch, g->arena.allocator);
    bool known = dsq_sizes_create(&sizes, g, &scratch, NULL) == DSQ_OK;
    for (int32_t i = 0; known && i < g->n_nodes; i++)
        if (!g->node[i].shape_only && g->node[i].n_in > 0 && !dsq_node_on_host(g, &sizes, i))
            json_array_append_new(layers, describe_node(g, i, engine));
    json_object_set_new(o, "layers", layers);
    dsq_arena_free(&scratch);
}

static void describe_task(json_t *o, const char *task)
{
    json_object_set_new(o, "task", task ? json_loads(task, 0, NULL) : json_null());
}

/* What the builder noted. An engine of any origin may say anything there: only what is known, and
 * is of the type that it should be, is taken over. */
static void describe_meta(json_t *o, const char *text)
{
    json_t *meta = text ? json_loads(text, 0, NULL) : NULL;
    json_t *model = json_object_get(meta, "model"), *version = json_object_get(meta, "dsq");
    json_t *fallbacks = json_object_get(meta, "fallbacks");
    if (json_is_string(model))
        json_object_set(o, "model", model);
    if (json_is_string(version))
        json_object_set(o, "dsq", version);
    if (json_is_array(fallbacks))
        json_object_set(o, "fallbacks", fallbacks);
    json_decref(meta);
}

/* ---- the kinds of files ---- */

enum dsq_status dsq_describe_engine(const struct dsq_engine_file *file,
                                    const struct dsq_common *common, json_t *o, struct dsq_diag *d)
{
    struct dsq_engine *engine = NULL;
    struct dsq_engine_settings s = {.size = sizeof s, .common = common};
    DSQ_TRY(dsq_engine_load(&engine, file, &s, d));
    int32_t int8_nodes, float_nodes, fallbacks;
    dsq_engine_file_precision(file, &int8_nodes, &float_nodes, &fallbacks);
    json_object_set_new(o, "kind", json_string("engine"));
    json_object_set_new(o, "convolutions_int8", json_integer(int8_nodes));
    json_object_set_new(o, "convolutions_fp32", json_integer(float_nodes));
    describe_io(o, file->graph, file->profile);
    describe_task(o, file->task_json);
    describe_meta(o, file->meta_json);
    describe_layers(o, file->graph, engine);
    dsq_engine_free(&engine);
    return DSQ_OK;
}

/* Why the model cannot be imported, and every node whose operator is not supported. */
static void describe_refusal(json_t *o, const struct dsq_onnx *model, const char *reason)
{
    json_t *nodes = json_array();
    int64_t opset = dsq_onnx_opset(model);
    for (size_t i = 0; i < dsq_onnx_nodes(model); i++) {
        struct dsq_onnx_node n = dsq_onnx_node_at(model, i);
        char why[96];
        if (n.supported)
            continue;
        if (*n.domain && strcmp(n.domain, "ai.onnx") != 0)
            snprintf(why, sizeof why, "domain '%.60s' is not ONNX's own", n.domain);
        else
            snprintf(why, sizeof why, "not supported at opset %lld", (long long)opset);
        json_t *node = json_object();
        json_object_set_new(node, "name", dsq_json_text(n.name));
        json_object_set_new(node, "op", dsq_json_text(n.op));
        json_object_set_new(node, "output", dsq_json_text(n.output));
        json_object_set_new(node, "reason", dsq_json_text(why));
        json_array_append_new(nodes, node);
    }
    json_object_set_new(o, "refused", dsq_json_text(reason));
    json_object_set_new(o, "unsupported", nodes);
}

static enum dsq_status describe_model(const char *path, const struct dsq_common *common, json_t *o,
                                      struct dsq_diag *d)
{
    struct dsq_onnx *model = NULL;
    struct dsq_graph *g = NULL;
    struct dsq_diag why = {0};
    enum dsq_status status = dsq_onnx_read(&model, path, common->allocator, d);
    if (status != DSQ_OK)
        return status == DSQ_MALFORMED
                   ? dsq_fail_in(d, status, "of no kind that dsq knows; as a model")
                   : status;
    json_object_set_new(o, "kind", json_string("model"));
    json_object_set_new(o, "opset", json_integer(dsq_onnx_opset(model)));
    json_object_set_new(o, "nodes", json_integer((json_int_t)dsq_onnx_nodes(model)));
    json_object_set_new(o, "quantized", json_boolean(dsq_onnx_metadata(model, DSQ_DECISIONS_KEY)));
    describe_task(o, dsq_onnx_metadata(model, DSQ_KEY_TASK));
    status = dsq_onnx_to_graph(model, &g, &why);
    if (status == DSQ_OK) {
        describe_io(o, g, NULL);
        describe_layers(o, g, NULL);
    } else if (status == DSQ_UNSUPPORTED) {
        describe_refusal(o, model, why.text);
        status = DSQ_OK;
    } else {
        dsq_fail(d, status, "%s", why.text);
    }
    dsq_graph_free(&g);
    dsq_onnx_free(&model);
    return status;
}

/* What a file seems to be, by how it begins. */
enum kind { KIND_ENGINE, KIND_JSON, KIND_TENSOR, KIND_PICTURE, KIND_MODEL };
static enum dsq_status find_kind(const char *path, enum kind *kind, struct dsq_diag *d)
{
    char start[256];
    FILE *f = fopen(path, "rb");
    if (!f)
        return dsq_fail(d, DSQ_IO, "%s: %s", path, strerror(errno));
    size_t n = fread(start, 1, sizeof start - 1, f);
    fclose(f);
    start[n] = 0;
    const char *first = start + strspn(start, " \t\r\n");
    *kind = dsq_engine_file_is_engine(start, n)          ? KIND_ENGINE
            : *first == '{' || *first == '['             ? KIND_JSON
            : memcmp(start, "\x93NUMPY", 6) == 0         ? KIND_TENSOR
            : memcmp(start, "\xff\xd8\xff", 3) == 0      ? KIND_PICTURE
            : memcmp(start, "\x89PNG\r\n\x1a\n", 8) == 0 ? KIND_PICTURE
                                                         : KIND_MODEL;
    return DSQ_OK;
}

static enum dsq_status describe_bytes(enum kind kind, const char *path,
                                      const struct dsq_common *common, json_t *o,
                                      struct dsq_diag *d)
{
    void *data = NULL;
    size_t bytes = 0;
    DSQ_TRY(dsq_file_read(path, common->allocator, &data, &bytes, d));
    enum dsq_status status = kind == KIND_PICTURE
                                 ? dsq_describe_picture(path, data, bytes, o, common, d)
                                 : dsq_describe_json_file(path, data, bytes, o, common, d);
    dsq_release(common->allocator, data);
    return status;
}

static enum dsq_status describe_file(const char *path, const struct dsq_common *common, json_t *o,
                                     struct dsq_diag *d)
{
    enum kind kind;
    DSQ_TRY(find_kind(path, &kind, d));
    if (kind == KIND_JSON || kind == KIND_PICTURE)
        return describe_bytes(kind, path, common, o, d);
    if (kind == KIND_TENSOR)
        return dsq_describe_tensor(path, o, common, d);
    if (kind == KIND_MODEL)
        return describe_model(path, common, o, d);
    struct dsq_engine_file *file = NULL;
    DSQ_TRY(dsq_engine_file_open(&file, path, common, d));
    enum dsq_status status = dsq_describe_engine(file, common, o, d);
    dsq_engine_file_free(&file);
    return status;
}

enum dsq_status dsq_inspect(const char *path, bool json, const struct dsq_common *common,
                            dsq_write_fn *write, void *user, struct dsq_diag *diag)
{
    struct dsq_common c;
    if (!path || !write)
        return dsq_fail(diag, DSQ_ARGUMENT,
                        "dsq_inspect needs a path and a function to write with");
    DSQ_TRY(dsq_common_read(&c, common, diag));
    struct dsq_writer w;
    dsq_writer_init(&w, c.allocator);
    json_t *o = json_object();
    json_object_set_new(o, "file", dsq_json_text(path));
    enum dsq_status status = describe_file(path, &c, o, diag);
    if (status == DSQ_OK) {
        if (json)
            dsq_describe_json(o, &w);
        else
            dsq_describe_text(o, &w);
        if (w.failed)
            status = dsq_fail(diag, DSQ_NOMEM, "%s: out of memory", path);
        else
            write(user, w.data, w.bytes);
    }
    json_decref(o);
    dsq_writer_free(&w);
    return status;
}
