/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsq_quantize: run the float engine over pictures, turn what it saw into ranges, decide what is
 * INT8, and write the model with those decisions and the JSON of ranges.
 */
#define _POSIX_C_SOURCE 200809L
#include <dsq/dsq.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/compile.h"
#include "base/parallel.h"
#include "base/settings.h"
#include "calib/calibrate.h"
#include "calib/sensitivity.h"
#include "pass/pass.h"
#include "quant/methods.h"
#include "quant/placement.h"
#include "quant/weights.h"

/* Everything one call makes; freed in one place. */
struct job {
    const struct dsq_quantize_settings *s;
    struct dsq_common common;
    enum dsq_method method;
    struct dsq_onnx *model;
    struct dsq_graph *graph; /* after the float passes: what placement looks at */
    struct dsq_arena arena;
    char *task_json;
    struct dsq_task *task;
    struct dsq_engine_file *engine; /* FP32 */
    struct dsq_calibration *calibration;
    struct dsq_ranges *ranges;
    struct dsq_decisions *decisions;
    struct dsq_writer quant_json;
    struct dsq_quantize_result result;
};

static void job_free(struct job *j)
{
    dsq_writer_free(&j->quant_json);
    dsq_decisions_free(&j->decisions);
    dsq_ranges_free(&j->ranges);
    dsq_calibration_free(&j->calibration);
    dsq_engine_file_free(&j->engine);
    dsq_task_free(&j->task);
    dsq_release(j->common.allocator, j->task_json);
    dsq_arena_free(&j->arena);
    dsq_graph_free(&j->graph);
    dsq_onnx_free(&j->model);
}

static bool is_auto(const struct job *j)
{
    return !j->s->method || strcmp(j->s->method, "auto") == 0;
}

static enum dsq_status find_method(struct job *j, struct dsq_diag *d)
{
    j->method = dsq_method_default();
    if (is_auto(j) || dsq_method_find(j->s->method, &j->method))
        return DSQ_OK;
    char names[128] = "auto";
    for (int i = 0; dsq_method_name(i); i++) {
        size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, ", %s", dsq_method_name(i));
    }
    return dsq_fail(d, DSQ_ARGUMENT, "method '%s' is unknown; there are: %s", j->s->method, names);
}

/* OUT/NAME.onnx and OUT/NAME.json. The model itself must not be overwritten. */
static enum dsq_status find_paths(struct job *j, const char *model, struct dsq_diag *d)
{
    const char *dir = j->s->out_dir ? j->s->out_dir : ".";
    const char *slash = strrchr(model, '/');
    const char *name = slash ? slash + 1 : model;
    size_t n = strlen(name);
    if (n > 5 && strcmp(name + n - 5, ".onnx") == 0)
        n -= 5;
    struct dsq_quantize_result *r = &j->result;
    int a = snprintf(r->onnx_path, sizeof r->onnx_path, "%s/%.*s.onnx", dir, (int)n, name);
    int b = snprintf(r->json_path, sizeof r->json_path, "%s/%.*s.json", dir, (int)n, name);
    if (a < 0 || b < 0 || (size_t)a >= sizeof r->onnx_path || (size_t)b >= sizeof r->json_path)
        return dsq_fail(d, DSQ_ARGUMENT, "%s/%.*s.onnx: the name is too long", dir, (int)n, name);
    struct stat in, out;
    if (stat(model, &in) == 0 && stat(r->onnx_path, &out) == 0 && in.st_dev == out.st_dev &&
        in.st_ino == out.st_ino)
        return dsq_fail(d, DSQ_ARGUMENT, "%s would overwrite the model itself; give another folder",
                        r->onnx_path);
    return DSQ_OK;
}

/* In float they do what they do; as integers they have no meaning. Said before the long work. */
static enum dsq_status check_weights(const struct dsq_graph *g, struct dsq_diag *d)
{
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        if (n->op != DSQ_OP_CONV || n->shape_only || g->value[n->in[DSQ_CONV_W]].dtype != DSQ_F32)
            continue;
        const struct dsq_value *w = &g->value[n->in[DSQ_CONV_W]];
        const float *v = w->data;
        for (size_t k = 0; k < w->bytes / sizeof *v; k++)
            if (!isfinite(v[k]))
                return dsq_fail(d, DSQ_MALFORMED,
                                "weights '%s': element %zu is %f; only numbers can be quantized",
                                w->name, k, (double)v[k]);
    }
    return DSQ_OK;
}

static enum dsq_status prepare(struct job *j, const char *model, struct dsq_diag *d)
{
    const struct dsq_allocator *a = j->common.allocator;
    DSQ_TRY(find_method(j, d));
    DSQ_TRY(find_paths(j, model, d));
    DSQ_TRY(dsq_onnx_read(&j->model, model, a, d));
    DSQ_TRY(
        dsq_find_task(j->model, model, j->s->task, j->s->resize, j->s->pad, a, &j->task_json, d));
    if (!j->task_json && j->s->images)
        return dsq_task_missing(model, d);
    if (j->task_json)
        DSQ_TRY(dsq_task_parse(&j->task, j->task_json, NULL, 0, a, d));
    DSQ_TRY(dsq_import_freely(&j->graph, j->model, j->s->outputs, a, d));
    DSQ_TRY(dsq_passes_run_float_part(j->graph, NULL, NULL, d));
    enum dsq_status status = check_weights(j->graph, d);
    if (status != DSQ_OK)
        return dsq_fail_in(d, status, "%s", model);
    struct dsq_compile c = {
        .common = &j->common,
        .task_json = j->task_json,
        .name = model,
        .outputs = j->s->outputs,
        .free_sizes = true,
    };
    return dsq_compile(&j->engine, j->model, &c, d);
}

static enum dsq_status calibrate(struct job *j, struct dsq_diag *d)
{
    const char **wanted;
    size_t n_wanted;
    DSQ_TRY(dsq_place_observed(j->graph, &wanted, &n_wanted, &j->arena, d));
    struct dsq_calibrate_settings s = {
        .common = &j->common,
        .task = j->task,
        .images = j->s->images,
        .tensors = j->s->tensors,
        .wanted = wanted,
        .n_wanted = n_wanted,
    };
    return dsq_calibrate(&j->calibration, j->engine, &s, d);
}

/* An INT8 engine with these decisions, quietly. */
static enum dsq_status compile_with(void *user, const struct dsq_decisions *decisions,
                                    struct dsq_engine_file **out, struct dsq_diag *d)
{
    const struct job *j = user;
    struct dsq_common quiet = j->common;
    quiet.log = NULL;
    quiet.strict = false;
    struct dsq_compile c = {
        .common = &quiet,
        .ranges = j->ranges,
        .decisions = decisions,
        .name = "the model",
        .outputs = j->s->outputs,
    };
    return dsq_compile(out, j->model, &c, d);
}

static struct dsq_sensitivity_settings sensitivity(struct job *j)
{
    return (struct dsq_sensitivity_settings){
        .common = &j->common,
        .task = j->task,
        .images = j->s->images,
        .tensors = j->s->tensors,
        .graph = j->graph,
        .ranges = j->ranges,
        .compile = compile_with,
        .user = j,
    };
}

/* Another method's ranges, and what they do to the outputs, which replace the present ones only if
 * a quarter of the error at least goes away: small differences say little about detections. */
static enum dsq_status try_method(struct job *j, enum dsq_method method, double *noise,
                                  struct dsq_diag *d)
{
    struct dsq_ranges *best = j->ranges;
    double other;
    enum dsq_status status = dsq_calibration_ranges(j->calibration, method, &j->ranges, d);
    if (status == DSQ_OK) {
        const struct dsq_sensitivity_settings s = sensitivity(j);
        status = dsq_int8_noise(&other, j->engine, &s, d);
    }
    if (status == DSQ_OK && other < 0.75 * *noise) {
        dsq_ranges_free(&best);
        *noise = other;
        j->method = method;
        return DSQ_OK;
    }
    dsq_ranges_free(&j->ranges);
    j->ranges = best;
    return status;
}

/* The ranges of the method asked for; by default of kl, or of mse where that is clearly better. */
static enum dsq_status find_ranges(struct job *j, struct dsq_diag *d)
{
    DSQ_TRY(dsq_calibration_ranges(j->calibration, j->method, &j->ranges, d));
    if (!is_auto(j))
        return DSQ_OK;
    double noise;
    const struct dsq_sensitivity_settings s = sensitivity(j);
    DSQ_TRY(dsq_int8_noise(&noise, j->engine, &s, d));
    DSQ_TRY(try_method(j, DSQ_METHOD_MSE, &noise, d));
    dsq_log_text(j->common.log, DSQ_LOG_INFO, "ranges by method %s",
                 dsq_method_name((int)j->method));
    return DSQ_OK;
}

/* Convolutions that cost the outputs too much in INT8. */
static enum dsq_status choose_float(struct job *j, struct dsq_diag *d)
{
    const struct dsq_sensitivity_settings s = sensitivity(j);
    struct dsq_sensitivity r;
    DSQ_TRY(dsq_decisions_create(&j->decisions, j->common.allocator, d));
    DSQ_TRY(dsq_choose_float(j->decisions, &r, j->engine, &s, d));
    if (r.n_float)
        dsq_log_text(j->common.log, DSQ_LOG_INFO,
                     "%d sensitive convolutions stay in float, %.1f %% of the multiplications: "
                     "signal to noise %.1f dB, up from %.1f",
                     (int)r.n_float, 100.0 * r.float_share, -10.0 * log10(r.noise),
                     -10.0 * log10(r.noise_int8));
    return DSQ_OK;
}

/* The scales of one convolution's weights, under the constant's name. */
static enum dsq_status decide_weight(struct job *j, const struct dsq_node *conv, struct dsq_diag *d)
{
    const struct dsq_value *w = &j->graph->value[conv->in[DSQ_CONV_W]];
    const float *scale;
    size_t n;
    if (dsq_decisions_weight(j->decisions, w->name, &scale, &n))
        return DSQ_OK;
    size_t n_out = (size_t)w->shape.dim[0], total;
    if (!dsq_shape_elements(&w->shape, &total) || n_out == 0)
        return DSQ_OK;
    float *fresh = dsq_arena_calloc(&j->arena, n_out, sizeof *fresh);
    if (!fresh)
        return dsq_fail(d, DSQ_NOMEM, "'%s': no memory for its scales", w->name);
    dsq_weight_scales(w->data, n_out, total / n_out, fresh);
    return dsq_decisions_set_weight(j->decisions, w->name, fresh, n_out, d);
}

static enum dsq_status decide(struct job *j, struct dsq_diag *d)
{
    struct dsq_placement p;
    DSQ_TRY(dsq_place(j->graph, j->ranges, j->decisions, &p, &j->arena, d));
    for (int32_t i = 0; i < j->graph->n_nodes; i++) {
        const struct dsq_node *n = &j->graph->node[i];
        if (n->op != DSQ_OP_CONV || n->shape_only)
            continue;
        const char *name = j->graph->value[n->out[0]].name;
        DSQ_TRY(dsq_decisions_set_precision(
            j->decisions, name, p.node_int8[i] ? DSQ_PRECISION_INT8 : DSQ_PRECISION_FLOAT, d));
        if (p.node_int8[i])
            DSQ_TRY(decide_weight(j, n, d));
    }
    struct dsq_ranges *own = dsq_decisions_ranges(j->decisions);
    for (size_t i = 0; i < dsq_ranges_count(j->ranges); i++) {
        const char *name = dsq_ranges_name(j->ranges, i);
        double range = 0;
        if (dsq_ranges_get(j->ranges, name, &range))
            DSQ_TRY(dsq_ranges_set(own, name, range, d));
    }
    j->result.int8_nodes = p.n_int8;
    j->result.float_nodes = p.n_float;
    return dsq_decisions_to_json(j->decisions, &j->quant_json, d);
}

/* Both files or none: when the second cannot be written, the first does not stay. */
static enum dsq_status write_files(struct job *j, struct dsq_diag *d)
{
    if (j->s->out_dir)
        DSQ_TRY(dsq_make_folder(j->s->out_dir, d));
    struct dsq_onnx_meta meta[] = {{DSQ_DECISIONS_KEY, j->quant_json.data},
                                   {DSQ_KEY_TASK, j->task_json}};
    DSQ_TRY(dsq_onnx_write(j->model, j->result.onnx_path, meta, j->task_json ? 2 : 1, d));
    enum dsq_status status = dsq_ranges_write_json(j->ranges, j->result.json_path, d);
    if (status != DSQ_OK)
        unlink(j->result.onnx_path);
    return status;
}

static enum dsq_status run_job(struct job *j, const char *model, struct dsq_diag *d)
{
    DSQ_TRY(prepare(j, model, d));
    DSQ_TRY(calibrate(j, d));
    DSQ_TRY(find_ranges(j, d));
    DSQ_TRY(choose_float(j, d));
    DSQ_TRY(decide(j, d));
    return write_files(j, d);
}

enum dsq_status dsq_quantize(const char *model, const struct dsq_quantize_settings *settings,
                             struct dsq_quantize_result *result, struct dsq_diag *diag)
{
    struct dsq_quantize_settings s = {.size = sizeof s};
    DSQ_TRY(dsq_settings_read(&s, sizeof s, settings, "struct dsq_quantize_settings", diag));
    if (!model || !s.images == !s.tensors)
        return dsq_fail(diag, DSQ_ARGUMENT,
                        "quantization needs a model and one folder: of pictures "
                        "or of tensors");
    DSQ_TRY(dsq_result_check(result, "struct dsq_quantize_result", diag));
    struct job j = {.s = &s};
    DSQ_TRY(dsq_common_read(&j.common, s.common, diag));
    dsq_arena_init(&j.arena, j.common.allocator);
    dsq_writer_init(&j.quant_json, j.common.allocator);
    double start = dsq_now();
    enum dsq_status status = run_job(&j, model, diag);
    if (status == DSQ_OK) {
        j.result.pictures = dsq_calibration_inputs(j.calibration);
        j.result.tensors = (int32_t)dsq_ranges_count(j.ranges);
        j.result.seconds = dsq_now() - start;
        dsq_result_write(result, &j.result, sizeof j.result);
    }
    job_free(&j);
    return status;
}
