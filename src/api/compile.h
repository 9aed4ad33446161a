/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an ONNX model to an engine file in memory: what dsq_engine_file_build and dsq_quantize
 * share.
 */
#ifndef DSQ_API_COMPILE_H
#define DSQ_API_COMPILE_H

#include <dsq/dsq.h>

#include "engine/file.h"
#include "onnx/onnx.h"
#include "quant/decisions.h"
#include "quant/ranges.h"

/* The metadata key of the task in an ONNX model; decisions.h names that of the quantization. */
#define DSQ_KEY_TASK "dsq.task"

struct dsq_compile {
    const struct dsq_common *common;
    const struct dsq_ranges *ranges;       /* NULL: FP32 */
    const struct dsq_decisions *decisions; /* or NULL */
    const char *min_shapes, *opt_shapes, *max_shapes;
    const char *task_json; /* canonical, or NULL */
    const char *dump_after;
    const char *outputs; /* "a,b" or NULL */
    bool free_sizes;     /* without a profile: dsq_import_freely */
    const char *name;    /* the model's path, for messages and the engine's META */
};

/* The model's graph, cut at the tensors that `outputs` lists ("a,b"; NULL: the model's own
 * outputs), with the sizes of its header. */
enum dsq_status dsq_import(struct dsq_graph **out, const struct dsq_onnx *model,
                           const char *outputs, const struct dsq_allocator *a,
                           struct dsq_diag *d) DSQ_MUST_CHECK;
/* The same, but heights, widths and batch that the header fixes are free, if the model provably
 * works at other sizes; the batch stays, or all of them, if not. */
enum dsq_status dsq_import_freely(struct dsq_graph **out, const struct dsq_onnx *model,
                                  const char *outputs, const struct dsq_allocator *a,
                                  struct dsq_diag *d) DSQ_MUST_CHECK;
/* As c says. A profile frees what it has other sizes for; SHAPE names the node that does not allow
 * it. *profile (in arena) is NULL without one. */
enum dsq_status dsq_import_for_profile(struct dsq_graph **g, const struct dsq_onnx *model,
                                       const struct dsq_compile *c, struct dsq_arena *arena,
                                       struct dsq_profile_input **profile,
                                       struct dsq_diag *d) DSQ_MUST_CHECK;

/* Import, run the passes, make the engine file. */
enum dsq_status dsq_compile(struct dsq_engine_file **out, const struct dsq_onnx *model,
                            const struct dsq_compile *c, struct dsq_diag *d) DSQ_MUST_CHECK;

/* The task as canonical JSON (dsq_alloc): `task` if given, else what the model (at `path`, for
 * messages) carries; then the resize and padding overrides. *json is NULL when there is none.
 * Overrides without a task are an ARGUMENT error. */
enum dsq_status dsq_find_task(const struct dsq_onnx *model, const char *path, const char *task,
                              const char *resize, int32_t pad, const struct dsq_allocator *a,
                              char **json, struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
