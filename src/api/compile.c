/* SPDX-License-Identifier: Apache-2.0 */
/* Import, passes, engine file; and which task a model goes with. */
#include "api/compile.h"

#include <string.h>

#include "api/json_text.h"
#include "api/profile.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/settings.h"
#include "detect/task.h"
#include "pass/pass.h"

/* One summary line, not a wall of warnings: `inspect` lists the tensors. */
static enum dsq_status report_fallbacks(const struct dsq_pass_report *r,
                                        const struct dsq_compile *c, struct dsq_diag *d)
{
    if (r->n_fallbacks == 0)
        return DSQ_OK;
    const struct dsq_pass_fallback *first = &r->fallback[0];
    return dsq_warn(c->common, d, DSQ_UNSUPPORTED, "%d layers run in float, first %s: %s%s",
                    (int)r->n_fallbacks, first->node, first->reason,
                    c->common->strict ? "" : " (dsq inspect lists them)");
}

/* Ranges of tensors that the model does not have: of another model, or of one exported anew. */
static enum dsq_status warn_unknown(const struct dsq_graph *g, const struct dsq_compile *c,
                                    struct dsq_diag *d)
{
    size_t n = c->ranges ? dsq_ranges_count(c->ranges) : 0, n_unknown = 0;
    const char *first = "";
    for (size_t i = n; i-- > 0;)
        if (dsq_graph_find(g, dsq_ranges_name(c->ranges, i), NULL) == DSQ_NO_VALUE) {
            first = dsq_ranges_name(c->ranges, i);
            n_unknown++;
        }
    if (n_unknown == 0)
        return DSQ_OK;
    return dsq_warn(c->common, d, DSQ_ARGUMENT,
                    "%zu of %zu ranges are of tensors that the model does not have, first '%s'",
                    n_unknown, n, first);
}

static int append(const char *text, size_t bytes, void *writer)
{
    dsq_write_bytes(writer, text, bytes);
    return 0;
}

static json_t *list_fallbacks(const struct dsq_pass_report *r)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < r->n_fallbacks; i++)
        json_array_append_new(list, json_pack("{s:o*, s:o*}", "name",
                                              dsq_json_text(r->fallback[i].output), "reason",
                                              dsq_json_text(r->fallback[i].reason)));
    return list;
}

/* META: where the engine came from and what fell back to float, for inspect. */
static enum dsq_status write_meta(struct dsq_writer *w, const struct dsq_compile *c,
                                  const struct dsq_pass_report *r, struct dsq_diag *d)
{
    const char *slash = strrchr(c->name, '/');
    json_t *meta =
        json_pack("{s:o*, s:s, s:o*}", "model", dsq_json_text(slash ? slash + 1 : c->name), "dsq",
                  dsq_version(), "fallbacks", list_fallbacks(r));
    bool ok = meta && json_dump_callback(meta, append, w, JSON_COMPACT) == 0 && !w->failed;
    json_decref(meta);
    return ok ? DSQ_OK : dsq_fail(d, DSQ_NOMEM, "out of memory");
}

static enum dsq_status run_passes(struct dsq_graph *g, const struct dsq_compile *c,
                                  struct dsq_writer *meta, struct dsq_diag *d)
{
    struct dsq_pass_settings s = {
        .ranges = c->ranges,
        .decisions = c->decisions,
        .dump_after = c->dump_after,
        .log = c->common->log,
    };
    struct dsq_pass_report report = {0};
    DSQ_TRY(warn_unknown(g, c, d));
    DSQ_TRY(dsq_passes_run(g, &s, &report, d));
    DSQ_TRY(report_fallbacks(&report, c, d));
    return write_meta(meta, c, &report, d);
}

enum dsq_status dsq_compile(struct dsq_engine_file **out, const struct dsq_onnx *model,
                            const struct dsq_compile *c, struct dsq_diag *d)
{
    enum dsq_status status;
    const struct dsq_allocator *a = c->common->allocator;
    struct dsq_graph *g = NULL;
    struct dsq_arena arena;
    struct dsq_writer meta;
    struct dsq_profile_input *profile = NULL;
    dsq_arena_init(&arena, a);
    dsq_writer_init(&meta, a);
    DSQ_GUARD(dsq_import_for_profile(&g, model, c, &arena, &profile, d));
    status = run_passes(g, c, &meta, d);
    if (status != DSQ_OK) {
        dsq_fail_in(d, status, "%s", c->name);
        goto fail;
    }
    struct dsq_graph *given = g;
    g = NULL; /* the engine file owns it from here on, whatever happens */
    DSQ_GUARD(dsq_engine_file_create(out, given, profile, c->task_json, meta.data, c->name, a, d));
fail:
    dsq_graph_free(&g);
    dsq_writer_free(&meta);
    dsq_arena_free(&arena);
    return status;
}

enum dsq_status dsq_find_task(const struct dsq_onnx *model, const char *path, const char *task,
                              const char *resize, int32_t pad, const struct dsq_allocator *a,
                              char **json, struct dsq_diag *d)
{
    *json = NULL;
    const char *own = task ? NULL : dsq_onnx_metadata(model, DSQ_KEY_TASK);
    if (!task && !own) {
        if (resize || pad > 0)
            return dsq_fail(d, DSQ_ARGUMENT,
                            "a resize rule or padding was given, but no task (--task)");
        return DSQ_OK;
    }
    struct dsq_task *parsed = NULL;
    enum dsq_status status = dsq_task_parse(&parsed, task ? task : own, resize, pad, a, d);
    if (status == DSQ_OK)
        status = dsq_task_to_json(parsed, json, a, d);
    dsq_task_free(&parsed);
    return status == DSQ_OK || task ? status : dsq_fail_in(d, status, "%s: its own", path);
}
