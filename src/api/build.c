/* SPDX-License-Identifier: Apache-2.0 */
/* dsq_engine_file_build: the ONNX model, its ranges, its profile and its task become an engine
 * file. */
#include <dsq/dsq.h>

#include "api/compile.h"
#include "base/memory.h"
#include "base/settings.h"

/* Decisions: the model's own (dsq.quant). Ranges: those of the file if there is one, else the
 * model's. */
static enum dsq_status read_quantization(const struct dsq_onnx *model,
                                         const struct dsq_build_settings *s,
                                         const struct dsq_common *common,
                                         struct dsq_decisions **decisions,
                                         struct dsq_ranges **ranges, struct dsq_diag *d)
{
    const char *own = s->float_only ? NULL : dsq_onnx_metadata(model, DSQ_DECISIONS_KEY);
    if (own)
        DSQ_TRY(dsq_decisions_parse(decisions, own, common->allocator, d));
    return s->quant ? dsq_ranges_read_json(ranges, s->quant, common->allocator, d) : DSQ_OK;
}

static enum dsq_status build(struct dsq_engine_file **out, const char *path,
                             const struct dsq_build_settings *s, const struct dsq_common *common,
                             struct dsq_diag *d)
{
    enum dsq_status status;
    struct dsq_onnx *model = NULL;
    struct dsq_decisions *decisions = NULL;
    struct dsq_ranges *ranges = NULL;
    char *task = NULL;
    DSQ_GUARD(dsq_onnx_read(&model, path, common->allocator, d));
    DSQ_GUARD(read_quantization(model, s, common, &decisions, &ranges, d));
    DSQ_GUARD(dsq_find_task(model, path, s->task, s->resize, s->pad, common->allocator, &task, d));
    struct dsq_compile c = {
        .common = common,
        .ranges = ranges      ? ranges
                  : decisions ? dsq_decisions_ranges(decisions)
                              : NULL,
        .decisions = decisions,
        .min_shapes = s->min_shapes,
        .opt_shapes = s->opt_shapes,
        .max_shapes = s->max_shapes,
        .task_json = task,
        .dump_after = s->dump_after,
        .outputs = s->outputs,
        .free_sizes = s->free_sizes,
        .name = path,
    };
    DSQ_GUARD(dsq_compile(out, model, &c, d));
fail:
    dsq_release(common->allocator, task);
    dsq_ranges_free(&ranges);
    dsq_decisions_free(&decisions);
    dsq_onnx_free(&model);
    return status;
}

enum dsq_status dsq_engine_file_build(struct dsq_engine_file **out, const char *model,
                                      const struct dsq_build_settings *settings,
                                      struct dsq_diag *diag)
{
    if (!out || !model)
        return dsq_fail(diag, DSQ_ARGUMENT, "dsq_engine_file_build needs 'out' and 'model'");
    *out = NULL;
    struct dsq_build_settings s = {.size = sizeof s};
    struct dsq_common common;
    DSQ_TRY(dsq_settings_read(&s, sizeof s, settings, "struct dsq_build_settings", diag));
    DSQ_TRY(dsq_common_read(&common, s.common, diag));
    if (s.float_only && s.quant)
        return dsq_fail(diag, DSQ_ARGUMENT, "FP32 was asked for, and ranges (%s) too: choose one",
                        s.quant);
    return build(out, model, &s, &common, diag);
}
