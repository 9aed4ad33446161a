/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsq_detect: a picture in, boxes out. What it needs beside the context (the parsed task, the
 * prepared input) is made at the first picture, attached to the context and used again.
 */
#include <dsq/dsq.h>

#include "base/memory.h"
#include "base/settings.h"
#include "detect/decode.h"
#include "detect/prepare.h"
#include "engine/engine.h"

struct detector {
    const struct dsq_allocator *allocator;
    struct dsq_task *task;
    float *input; /* [H][W][3] */
    size_t input_bytes;
    int32_t n_outputs;
    struct dsq_tensor *output;
    const char **name;
};

static void detector_free(void *user)
{
    struct detector *t = user;
    if (!t)
        return;
    const struct dsq_allocator *a = t->allocator;
    dsq_task_free(&t->task);
    dsq_release(a, t->input);
    dsq_release(a, t->output);
    dsq_release(a, t->name);
    dsq_release(a, t);
}

/* Outputs in NHWC, the order that the kernels write and the decoders read. */
static enum dsq_status bind_outputs(struct detector *t, struct dsq_context *c, struct dsq_diag *d)
{
    const struct dsq_engine *engine = dsq_context_engine(c);
    for (int32_t i = 0; i < t->n_outputs; i++) {
        struct dsq_io_info info;
        DSQ_TRY(dsq_engine_output_info(engine, i, &info));
        t->name[i] = info.name;
        struct dsq_tensor wish = {.layout = info.rank == 4 ? DSQ_NHWC : DSQ_NCHW};
        DSQ_TRY(dsq_context_set_output(c, i, &wish, d));
    }
    return DSQ_OK;
}

static enum dsq_status detector_create(struct detector **out, struct dsq_context *c,
                                       struct dsq_diag *d)
{
    const struct dsq_engine *engine = dsq_context_engine(c);
    const struct dsq_engine_file *file = engine->file;
    if (!file->task_json)
        return dsq_task_missing(file->path, d);
    if (dsq_engine_inputs(engine) != 1)
        return dsq_fail(d, DSQ_UNSUPPORTED, "%s has %d inputs; detection needs exactly one",
                        file->path, (int)dsq_engine_inputs(engine));
    const struct dsq_allocator *a = engine->allocator;
    struct detector *t = dsq_calloc(a, 1, sizeof *t);
    if (!t)
        return dsq_fail(d, DSQ_NOMEM, "no memory for detection");
    enum dsq_status status;
    t->allocator = a;
    t->n_outputs = dsq_engine_outputs(engine);
    t->output = dsq_calloc(a, (size_t)t->n_outputs, sizeof *t->output);
    t->name = dsq_calloc(a, (size_t)t->n_outputs, sizeof *t->name);
    if (!t->output || !t->name) {
        status = dsq_fail(d, DSQ_NOMEM, "no memory for detection");
        goto fail;
    }
    DSQ_GUARD(dsq_task_parse(&t->task, file->task_json, NULL, 0, a, d));
    *out = t;
    return DSQ_OK;
fail:
    detector_free(t);
    return status;
}

static enum dsq_status grow_input(struct detector *t, size_t bytes, struct dsq_diag *d)
{
    if (bytes <= t->input_bytes)
        return DSQ_OK;
    dsq_release(t->allocator, t->input);
    t->input_bytes = 0;
    t->input = dsq_alloc(t->allocator, bytes);
    if (!t->input)
        return dsq_fail(d, DSQ_NOMEM, "no memory for a prepared picture of %zu bytes", bytes);
    t->input_bytes = bytes;
    return DSQ_OK;
}

/* The context's detector; made when there is none yet. */
static enum dsq_status find_detector(struct detector **t, struct dsq_context *context,
                                     struct dsq_diag *d)
{
    *t = dsq_context_attached(context);
    if (*t)
        return DSQ_OK;
    DSQ_TRY(detector_create(t, context, d));
    dsq_context_attach(context, *t, detector_free);
    return DSQ_OK;
}

static enum dsq_status prepare(struct detector *t, const struct dsq_picture *picture,
                               struct dsq_prepared_size *ps, struct dsq_tensor *input,
                               struct dsq_diag *d)
{
    int32_t w = dsq_picture_width(picture), h = dsq_picture_height(picture);
    DSQ_TRY(dsq_prepare_size(t->task, w, h, ps, d));
    size_t pixels = (size_t)ps->width * (size_t)ps->height; /* prepare_size bounds it */
    DSQ_TRY(grow_input(t, pixels * 3 * sizeof(float), d));
    DSQ_TRY(dsq_prepare(t->task, picture, ps, t->input, DSQ_NHWC, d));
    *input = (struct dsq_tensor){
        .dtype = DSQ_F32,
        .layout = DSQ_NHWC,
        .rank = 4,
        .dims = {1, 3, ps->height, ps->width},
        .data = t->input,
    };
    return DSQ_OK;
}

enum dsq_status dsq_prepare_input(struct dsq_context *context, const struct dsq_picture *picture,
                                  struct dsq_tensor *input, struct dsq_diag *diag)
{
    struct detector *t;
    struct dsq_prepared_size ps;
    if (!context || !picture || !input)
        return dsq_fail(diag, DSQ_ARGUMENT,
                        "dsq_prepare_input needs a context, a picture and a tensor to fill");
    DSQ_TRY(find_detector(&t, context, diag));
    return prepare(t, picture, &ps, input, diag);
}

enum dsq_status dsq_detect(struct dsq_context *context, const struct dsq_picture *picture,
                           struct dsq_detections *found, struct dsq_diag *diag)
{
    struct detector *t;
    struct dsq_prepared_size ps;
    struct dsq_tensor input;
    if (!context || !picture || !found)
        return dsq_fail(diag, DSQ_ARGUMENT, "dsq_detect needs a context, a picture and a list");
    found->n = 0;
    DSQ_TRY(find_detector(&t, context, diag));
    DSQ_TRY(dsq_task_decodes(t->task, diag));
    DSQ_TRY(prepare(t, picture, &ps, &input, diag));
    DSQ_TRY(dsq_context_set_input(context, 0, &input, diag));
    DSQ_TRY(bind_outputs(t, context, diag));
    DSQ_TRY(dsq_context_run(context, diag));
    for (int32_t i = 0; i < t->n_outputs; i++)
        DSQ_TRY(dsq_context_output(context, i, &t->output[i], diag));
    return dsq_decode(t->task, t->output, t->name, t->n_outputs, 0, &ps, found, diag);
}
