/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks from JSON text, presets and files, and back to canonical JSON. The fields themselves are in
 * task_fields.c, the presets' texts in presets.c.
 */
#include "detect/task.h"

#include <dsq/dsq.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "detect/task_fields.h"

#define MAX_TASK_BYTES ((size_t)16 << 20)

/* A decimal number of 1 to 7 digits without sign, at least 1, and what follows it. */
static bool parse_side(const char **text, int32_t *out)
{
    int32_t v = 0;
    int digits = 0;
    for (; **text >= '0' && **text <= '9' && digits < 8; digits++, (*text)++)
        v = v * 10 + (**text - '0');
    *out = v;
    return digits > 0 && digits < 8 && v > 0;
}

bool dsq_task_resize_parse(const char *text, struct dsq_task_resize *out)
{
    static const struct {
        const char *prefix;
        enum dsq_resize_rule rule;
        char between;
    } rules[] = {{"stretch:", DSQ_RESIZE_STRETCH, 'x'},
                 {"fit:", DSQ_RESIZE_FIT, 'x'},
                 {"short:", DSQ_RESIZE_SHORT, ','}};
    struct dsq_task_resize r = {.rule = DSQ_RESIZE_NONE};
    if (strcmp(text, "none") == 0) {
        *out = r;
        return true;
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        size_t n = strlen(rules[i].prefix);
        if (strncmp(text, rules[i].prefix, n) != 0)
            continue;
        const char *at = text + n;
        r.rule = rules[i].rule;
        if (!parse_side(&at, &r.a) || *at++ != rules[i].between || !parse_side(&at, &r.b) || *at)
            return false;
        *out = r;
        return true;
    }
    return false;
}

void dsq_task_resize_format(const struct dsq_task_resize *resize, char *text, size_t bytes)
{
    if (resize->rule == DSQ_RESIZE_STRETCH)
        snprintf(text, bytes, "stretch:%dx%d", (int)resize->a, (int)resize->b);
    else if (resize->rule == DSQ_RESIZE_FIT)
        snprintf(text, bytes, "fit:%dx%d", (int)resize->a, (int)resize->b);
    else if (resize->rule == DSQ_RESIZE_SHORT)
        snprintf(text, bytes, "short:%d,%d", (int)resize->a, (int)resize->b);
    else
        snprintf(text, bytes, "none");
}

/* ---- reading ---- */

static enum dsq_status load_json(json_t **out, const char *text, size_t bytes, struct dsq_diag *d)
{
    json_error_t error;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return dsq_fail(d, DSQ_MALFORMED, "line %d, column %d: %s", error.line, error.column,
                        error.text);
    if (!json_is_object(root)) {
        json_decref(root);
        return dsq_fail(d, DSQ_MALFORMED, "expected a JSON object");
    }
    *out = root;
    return DSQ_OK;
}

struct preset_list {
    char text[256];
};

static struct preset_list list_presets(void)
{
    struct preset_list list = {""};
    for (int32_t i = 0; dsq_task_preset(i); i++) {
        size_t used = strlen(list.text);
        snprintf(list.text + used, sizeof list.text - used, "%s%s", i ? ", " : "",
                 dsq_task_preset(i));
    }
    return list;
}

static enum dsq_status unknown_preset(const char *name, const char *more, struct dsq_diag *d)
{
    return dsq_fail(d, DSQ_ARGUMENT, "'%.200s' is no preset%s; presets: %s", name, more,
                    list_presets().text);
}

enum dsq_status dsq_task_missing(const char *path, struct dsq_diag *d)
{
    return dsq_fail(d, DSQ_UNSUPPORTED,
                    "%s carries no task, so pictures cannot be prepared or boxes decoded; give a "
                    "JSON file or one of: %s",
                    path, list_presets().text);
}

/* Set the fields that the object has; mark them in `seen`. "preset" is the caller's. */
static enum dsq_status read_fields(struct dsq_task *task, json_t *root, bool *seen,
                                   struct dsq_diag *d)
{
    size_t n_fields;
    const struct dsq_task_field *fields = dsq_task_fields(&n_fields);
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        const struct dsq_task_field *field = dsq_task_field_find(key);
        if (field) {
            DSQ_TRY(dsq_task_field_read(task, field, value, d));
            seen[field - fields] = true;
        } else if (strcmp(key, "preset") != 0) {
            return dsq_fail(d, DSQ_MALFORMED, "unknown field '%.200s'", key);
        }
    }
    return DSQ_OK;
}

static enum dsq_status read_preset(struct dsq_task *task, const json_t *name, bool *seen,
                                   struct dsq_diag *d)
{
    if (!json_is_string(name))
        return dsq_fail(d, DSQ_MALFORMED, "field 'preset': expected a string");
    const char *text = dsq_task_preset_json(json_string_value(name));
    if (!text)
        return unknown_preset(json_string_value(name), "", d);
    json_t *root = NULL;
    DSQ_TRY(load_json(&root, text, strlen(text), d));
    enum dsq_status status = read_fields(task, root, seen, d);
    json_decref(root);
    return status;
}

int32_t dsq_task_levels(const struct dsq_task *task)
{
    if (task->family == DSQ_FAMILY_RETINANET)
        return task->anchor_base_sizes.n;
    return task->family == DSQ_FAMILY_RAW ? 0 : task->strides.n;
}

enum dsq_status dsq_task_decodes(const struct dsq_task *task, struct dsq_diag *d)
{
    if (task->family != DSQ_FAMILY_RAW)
        return DSQ_OK;
    return dsq_fail(d, DSQ_UNSUPPORTED,
                    "the task '%s' only prepares pictures: its family \"raw\" has no boxes to "
                    "detect or judge (a model's plain outputs come from 'dsq run')",
                    task->name);
}

static enum dsq_status check_names(const char *field, const struct dsq_task_names *names,
                                   int32_t levels, struct dsq_diag *d)
{
    if (names->n == 0 || names->n == levels)
        return DSQ_OK;
    return dsq_fail(d, DSQ_MALFORMED, "field '%s': %d names for %d levels", field, (int)names->n,
                    (int)levels);
}

/* What no field alone can tell. */
static enum dsq_status check_task(const struct dsq_task *task, struct dsq_diag *d)
{
    int32_t levels = dsq_task_levels(task);
    if (task->family == DSQ_FAMILY_RAW)
        return DSQ_OK;
    if (task->stride_rule == DSQ_STRIDE_FIXED && task->strides.n != levels)
        return dsq_fail(d, DSQ_MALFORMED,
                        "field 'strides': %d numbers for the %d levels of "
                        "anchor_base_sizes",
                        (int)task->strides.n, (int)levels);
    if (task->score_activation == DSQ_SCORE_SOFTMAX && task->family != DSQ_FAMILY_RETINANET)
        return dsq_fail(d, DSQ_MALFORMED,
                        "field 'score_activation': no \"softmax\" in family \"%s\"",
                        dsq_task_family_name(task->family));
    if ((task->score_outputs.n > 0) != (task->box_outputs.n > 0))
        return dsq_fail(d, DSQ_MALFORMED,
                        "score_outputs and box_outputs go together: name both or "
                        "none");
    if (task->outputs.n > 0 && task->score_outputs.n > 0)
        return dsq_fail(d, DSQ_MALFORMED,
                        "name the outputs either in outputs or in score_outputs and box_outputs");
    DSQ_TRY(check_names("score_outputs", &task->score_outputs, levels, d));
    DSQ_TRY(check_names("box_outputs", &task->box_outputs, levels, d));
    if (task->outputs.n == 1) /* one list of all levels' cells */
        return DSQ_OK;
    return check_names("outputs", &task->outputs, task->family == DSQ_FAMILY_YOLOX ? levels : 1, d);
}

/* Every field that the family uses is there, and the user's own object has no other. */
static enum dsq_status check_fields(const struct dsq_task *task, const bool *inherited,
                                    const bool *own, struct dsq_diag *d)
{
    size_t n;
    const struct dsq_task_field *fields = dsq_task_fields(&n);
    for (size_t i = 0; i < n; i++) {
        bool used = dsq_task_field_used(&fields[i], task->family);
        if (own[i] && !used)
            return dsq_fail(d, DSQ_MALFORMED, "field '%s' means nothing to family \"%s\"",
                            fields[i].name, dsq_task_family_name(task->family));
        if (used && !own[i] && !inherited[i] && !fields[i].optional)
            return dsq_fail(d, DSQ_MALFORMED,
                            "field '%s' is missing; start from a \"preset\" to "
                            "inherit it",
                            fields[i].name);
    }
    return DSQ_OK;
}

static enum dsq_status read_task(struct dsq_task *task, json_t *root, struct dsq_diag *d)
{
    bool inherited[64] = {false}, own[64] = {false};
    task->name = "";
    const json_t *preset = json_object_get(root, "preset");
    if (preset)
        DSQ_TRY(read_preset(task, preset, inherited, d));
    DSQ_TRY(read_fields(task, root, own, d));
    if (!preset && !json_object_get(root, "family")) /* decides about all the others */
        return dsq_fail(d, DSQ_MALFORMED,
                        "field 'family' is missing; start from a \"preset\" to inherit it");
    DSQ_TRY(check_fields(task, inherited, own, d));
    return check_task(task, d);
}

static enum dsq_status parse_text(struct dsq_task *task, const char *text, size_t bytes,
                                  struct dsq_diag *d)
{
    json_t *root = NULL;
    DSQ_TRY(load_json(&root, text, bytes, d));
    enum dsq_status status = read_task(task, root, d);
    json_decref(root);
    return status;
}

static enum dsq_status parse_file(struct dsq_task *task, const char *path,
                                  const struct dsq_allocator *a, struct dsq_diag *d)
{
    void *data = NULL;
    size_t bytes = 0;
    enum dsq_status status = dsq_file_read(path, a, &data, &bytes, d);
    if (status == DSQ_IO && !strpbrk(path, "/."))
        return unknown_preset(path, " and no file", d);
    if (status != DSQ_OK)
        return status;
    if (bytes > MAX_TASK_BYTES)
        status = dsq_fail(d, DSQ_MALFORMED, "%zu bytes are no task", bytes);
    else
        status = parse_text(task, data, bytes, d);
    dsq_release(a, data);
    return status == DSQ_OK ? DSQ_OK : dsq_fail_in(d, status, "%s", path);
}

static enum dsq_status override(struct dsq_task *task, const char *resize, int32_t pad,
                                struct dsq_diag *d)
{
    if (resize && !dsq_task_resize_parse(resize, &task->resize))
        return dsq_fail(d, DSQ_ARGUMENT,
                        "resize '%.100s': expected none, stretch:HxW, fit:HxW or "
                        "short:S,MAX",
                        resize);
    if (pad < 0 || pad > 4096)
        return dsq_fail(d, DSQ_ARGUMENT, "pad %d: expected 1 to 4096", (int)pad);
    if (pad > 0)
        task->pad = pad;
    return DSQ_OK;
}

enum dsq_status dsq_task_parse(struct dsq_task **out, const char *text, const char *resize,
                               int32_t pad, const struct dsq_allocator *a, struct dsq_diag *d)
{
    enum dsq_status status;
    struct dsq_task *task = dsq_calloc(a, 1, sizeof *task);
    if (!task)
        return dsq_fail(d, DSQ_NOMEM, "out of memory");
    dsq_arena_init(&task->arena, a);
    const char *preset = dsq_task_preset_json(text);
    const char *start = text + strspn(text, " \t\r\n");
    if (preset) {
        DSQ_GUARD(parse_text(task, preset, strlen(preset), d));
    } else if (*start == '{') {
        status = parse_text(task, text, strlen(text), d);
        if (status != DSQ_OK) {
            dsq_fail_in(d, status, "task");
            goto fail;
        }
    } else {
        DSQ_GUARD(parse_file(task, text, a, d));
    }
    DSQ_GUARD(override(task, resize, pad, d));
    *out = task;
    return DSQ_OK;
fail:
    dsq_task_free(&task);
    return status;
}

void dsq_task_free(struct dsq_task **task)
{
    if (!*task)
        return;
    const struct dsq_allocator *a = (*task)->arena.allocator;
    dsq_arena_free(&(*task)->arena);
    dsq_release(a, *task);
    *task = NULL;
}

/* ---- writing ---- */

static int append_text(const char *buffer, size_t size, void *writer)
{
    dsq_write_bytes(writer, buffer, size);
    return 0;
}

enum dsq_status dsq_task_to_json(const struct dsq_task *task, char **text,
                                 const struct dsq_allocator *a, struct dsq_diag *d)
{
    size_t n;
    const struct dsq_task_field *fields = dsq_task_fields(&n);
    struct dsq_writer w;
    dsq_writer_init(&w, a);
    json_t *root = json_object();
    bool ok = root != NULL;
    for (size_t i = 0; ok && i < n; i++)
        if (dsq_task_field_used(&fields[i], task->family))
            ok = json_object_set_new(root, fields[i].name,
                                     dsq_task_field_write(task, &fields[i])) == 0;
    ok = ok &&
         json_dump_callback(root, append_text, &w, JSON_COMPACT | JSON_REAL_PRECISION(17)) == 0;
    json_decref(root);
    if (!ok || w.failed || !w.data) {
        dsq_writer_free(&w);
        return dsq_fail(d, DSQ_NOMEM, "task: out of memory");
    }
    *text = w.data;
    return DSQ_OK;
}

const char *dsq_task_class_name(const struct dsq_task *task, int32_t label)
{
    return label >= 0 && label < task->classes.n ? task->classes.v[label] : "";
}
