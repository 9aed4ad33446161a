/* SPDX-License-Identifier: Apache-2.0 */
/* Import, passes, engine file; and which task a model goes with. */
#include "api/compile.h"

#include <stdio.h>
#include <string.h>

#include "api/profile.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "base/settings.h"
#include "detect/task.h"
#include "pass/pass.h"

/* One summary line, not a wall of warnings: `inspect` lists the tensors. */
static enum dsq_status report_fallbacks(const struct dsq_pass_report *r, const struct dsq_compile *c,
                                        struct dsq_diag *d)
{
    if (r->n_fallbacks == 0)
        return DSQ_OK;
    const struct dsq_pass_fallback *first = &r->fallback[0];
    if (c->common->strict)
        return dsq_fail(d, DSQ_UNSUPPORTED, "%s: %d layers run in float, first '%s': %s", c->name,
                        (int)r->n_fallbacks, first->node, first->reason);
    dsq_log_text(c->common->log, DSQ_LOG_WARNING,
                 "%d layers run in float, first '%s': %s (dsq inspect lists them)",
                 (int)r->n_fallbacks, first->node, first->reason);
    return DSQ_OK;
}

static void write_json_string(struct dsq_writer *w, const char *text)
{
    dsq_write_text(w, "\"");
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            dsq_write_format(w, "\\%c", c);
        else if (c < 0x20)
            dsq_write_format(w, "\\u%04x", c);
        else
            dsq_write_bytes(w, text, 1);
    }
    dsq_write_text(w, "\"");
}

/* META: where the engine came from and what fell back to float, for inspect. */
static void write_meta(struct dsq_writer *w, const struct dsq_compile *c,
                       const struct dsq_pass_report *r)
{
    const char *slash = strrchr(c->name, '/');
    dsq_write_text(w, "{\"model\": ");
    write_json_string(w, slash ? slash + 1 : c->name);
    dsq_write_text(w, ", \"dsq\": ");
    write_json_string(w, dsq_version());
    dsq_write_text(w, ", \"fallbacks\": [");
    for (int32_t i = 0; i < r->n_fallbacks; i++) {
        dsq_write_text(w, i ? ", {\"name\": " : "{\"name\": ");
        write_json_string(w, r->fallback[i].output);
        dsq_write_text(w, ", \"reason\": ");
        write_json_string(w, r->fallback[i].reason);
        dsq_write_text(w, "}");
    }
    dsq_write_text(w, "]}");
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
    DSQ_TRY(dsq_passes_run(g, &s, &report, d));
    DSQ_TRY(report_fallbacks(&report, c, d));
    write_meta(meta, c, &report);
    return meta->failed ? dsq_fail(d, DSQ_NOMEM, "%s: out of memory", c->name) : DSQ_OK;
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
    DSQ_GUARD(dsq_onnx_to_graph(model, &g, d));
    DSQ_GUARD(dsq_profile_from_shapes(g, c->min_shapes, c->opt_shapes, c->max_shapes, &arena, &profile, d));
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

enum dsq_status dsq_find_task(const struct dsq_onnx *model, const char *task, const char *resize,
                              int32_t pad, const struct dsq_allocator *a, char **json,
                              struct dsq_diag *d)
{
    *json = NULL;
    if (!task)
        task = dsq_onnx_metadata(model, DSQ_KEY_TASK);
    if (!task) {
        if (resize || pad > 0)
            return dsq_fail(d, DSQ_ARGUMENT, "a resize rule or padding was given, but no task (--task)");
        return DSQ_OK;
    }
    struct dsq_task *parsed = NULL;
    DSQ_TRY(dsq_task_parse(&parsed, task, resize, pad, a, d));
    enum dsq_status status = dsq_task_to_json(parsed, json, a, d);
    dsq_task_free(&parsed);
    return status;
}

enum dsq_status dsq_fail_without_task(const char *path, struct dsq_diag *d)
{
    char names[256] = "";
    for (int32_t i = 0; dsq_task_preset(i); i++) {
        size_t at = strlen(names);
        snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", dsq_task_preset(i));
    }
    return dsq_fail(d, DSQ_UNSUPPORTED,
                    "%s carries no task, so pictures cannot be prepared or boxes decoded; give a JSON "
                    "file or one of: %s", path, names);
}
