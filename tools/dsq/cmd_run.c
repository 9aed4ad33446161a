/* SPDX-License-Identifier: Apache-2.0 */
/* dsq run: raw tensors in, every output as a numpy file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "json.h"
#include "table.h"
#include "tool.h"

/* Whether "NAME=FILE" names this input. Names may hold '=' themselves. */
static bool is_named(const char *item, const char *name)
{
    size_t length = strlen(name);
    return strncmp(item, name, length) == 0 && item[length] == '=';
}

/* Which input "NAME=FILE" names; *file is FILE. A lone FILE will do where there is one input. -1,
 * having said why, when there is none of that name. */
static int32_t find_input(struct tool *t, const struct dsq_engine *engine, const char *item,
                          const char **file)
{
    int32_t n = dsq_engine_inputs(engine);
    struct dsq_io_info info;
    for (int32_t i = 0; i < n; i++)
        if (dsq_engine_input_info(engine, i, &info) == DSQ_OK && is_named(item, info.name)) {
            *file = item + strlen(info.name) + 1;
            return i;
        }
    const char *equals = strchr(item, '=');
    *file = item;
    if (!equals && n == 1)
        return 0;
    if (!equals)
        tool_fail_text(t, "--input=%s: expected NAME=FILE.npy, as there are %d inputs", item, n);
    else
        tool_fail_text(t, "no input is named '%.*s'", (int)(equals - item), item);
    for (int32_t i = 0; i < n; i++)
        if (dsq_engine_input_info(engine, i, &info) == DSQ_OK)
            fprintf(stderr, "  input: %s\n", info.name);
    return -1;
}

/* Read the files into `tensor` (one an input, zero-filled before) and bind them. */
static int bind_inputs(struct tool *t, const struct tool_engine *e, const struct opt_list *inputs,
                       struct dsq_tensor *tensor)
{
    for (int k = 0; k < inputs->n; k++) {
        const char *file;
        int32_t i = find_input(t, e->engine, inputs->item[k], &file);
        if (i < 0)
            return EXIT_USAGE;
        if (tensor[i].data)
            return opt_usage_error(t->command, "--input=%s: this input was given before",
                                   inputs->item[k]);
        if (dsq_npy_read(&tensor[i], file, NULL, &t->diag) != DSQ_OK)
            return tool_fail(t);
        if (dsq_context_set_input(e->context, i, &tensor[i], &t->diag) != DSQ_OK)
            return tool_fail_text(t, "%s: %s", file, t->diag.text);
    }
    for (int32_t i = 0; i < dsq_engine_inputs(e->engine); i++) {
        struct dsq_io_info info;
        if (dsq_engine_input_info(e->engine, i, &info) == DSQ_OK && !tensor[i].data)
            return opt_usage_error(t->command, "input '%s' is missing: --input=%s=FILE.npy",
                                   info.name, info.name);
    }
    return EXIT_OK;
}

/* DIR/NAME.npy; characters of ONNX names that make no file name become '_'. */
static void output_path(char *path, size_t bytes, const char *folder, const char *name)
{
    int n = snprintf(path, bytes, "%s/", folder);
    snprintf(path + n, bytes - (size_t)n, "%s.npy", name);
    for (char *p = path + n; *p; p++)
        if (*p == '/' || (*p == '.' && p == path + n))
            *p = '_';
}

/* Two names that differ only in such characters must not become one file. */
static bool names_collide(struct tool *t, const struct dsq_engine *engine)
{
    struct dsq_io_info a, b;
    char first[1024], second[1024];
    int32_t n = dsq_engine_outputs(engine);
    for (int32_t i = 0; i < n; i++)
        for (int32_t k = 0; k < i; k++) {
            if (dsq_engine_output_info(engine, i, &a) != DSQ_OK ||
                dsq_engine_output_info(engine, k, &b) != DSQ_OK)
                continue;
            output_path(first, sizeof first, "", a.name);
            output_path(second, sizeof second, "", b.name);
            if (strcmp(first, second) == 0) {
                tool_fail_text(t, "outputs '%s' and '%s' would be the same file", a.name, b.name);
                return true;
            }
        }
    return false;
}

/* Write output i to DIR/NAME.npy, and say so in the JSON list or the table. */
static int write_output(struct tool *t, const struct tool_engine *e, int32_t i, const char *folder,
                        struct tool_json *j, struct table *table)
{
    struct dsq_io_info info;
    struct dsq_tensor tensor;
    char path[4096], text[128];
    if (dsq_engine_output_info(e->engine, i, &info) != DSQ_OK)
        return tool_fail_text(t, "output %d does not exist", i);
    output_path(path, sizeof path, folder, info.name);
    if (dsq_context_output(e->context, i, &tensor, &t->diag) != DSQ_OK ||
        dsq_npy_write(&tensor, path, &t->diag) != DSQ_OK)
        return tool_fail(t);
    const char *type = dsq_dtype_name(tensor.dtype);
    const char *shape = tool_shape_text(tensor.dims, tensor.rank, text);
    if (!t->json) {
        table_cell(table, "%s", info.name);
        table_cell(table, "%s", type);
        table_cell(table, "%s", shape);
        table_cell(table, "%s", path);
        return EXIT_OK;
    }
    tool_json_object(j, NULL);
    tool_json_text(j, "output", info.name);
    tool_json_text(j, "type", type);
    tool_json_text(j, "shape", shape);
    tool_json_text(j, "file", path);
    tool_json_end(j);
    return EXIT_OK;
}

static int write_outputs(struct tool *t, const struct tool_engine *e, const char *folder)
{
    static const struct table_column columns[] = {
        {"output", false}, {"type", false}, {"shape", false}, {"file", false}};
    struct table table;
    struct tool_json j = {0};
    int code = EXIT_OK;
    table_init(&table, columns, 4);
    if (t->json)
        tool_json_list(&j, NULL);
    for (int32_t i = 0; i < dsq_engine_outputs(e->engine) && code == EXIT_OK; i++)
        code = write_output(t, e, i, folder, &j, &table);
    if (t->json)
        tool_json_end(&j);
    else
        table_print(&table);
    table_free(&table);
    return code;
}

static int run(struct tool *t, const char *path, const struct opt_list *inputs, const char *folder)
{
    struct tool_engine e;
    if (tool_open(t, path, &e) != DSQ_OK)
        return tool_fail(t);
    int32_t n = dsq_engine_inputs(e.engine);
    struct dsq_tensor *tensor = tool_realloc(NULL, ((size_t)n + 1) * sizeof *tensor);
    memset(tensor, 0, ((size_t)n + 1) * sizeof *tensor);
    int code = bind_inputs(t, &e, inputs, tensor);
    if (code == EXIT_OK && dsq_context_run(e.context, &t->diag) != DSQ_OK)
        code = tool_fail(t);
    if (code == EXIT_OK && (names_collide(t, e.engine) || !tool_make_folder(t, folder)))
        code = EXIT_FAILED;
    if (code == EXIT_OK)
        code = write_outputs(t, &e, folder);
    for (int32_t i = 0; i < n; i++)
        dsq_npy_free(&tensor[i], NULL);
    free(tensor);
    tool_close(&e);
    return code;
}

int cmd_run(int argc, char **argv)
{
    struct tool t = {.command = argv[0]};
    struct opt_list inputs = {.n = 0};
    const char *folder = NULL;
    const struct opt options[] = {
        {"input", 'i', OPT_LIST, &inputs, "NAME=FILE",
         "an input's numpy file (.npy); one for each input"},
        {"output-dir", 0, OPT_TEXT, &folder, "DIR", "where each output goes, as NAME.npy"},
        TOOL_JSON_OPTION(&t),
        TOOL_COMMON_OPTIONS(&t),
        {0},
    };
    const struct opt_command command = {
        .usage = "run ENGINE|MODEL.onnx --input=NAME=FILE.npy ... --output-dir=DIR",
        .about = "Run raw tensors through an engine, or a model compiled in memory, and write "
                 "every output in numpy's format. No preparation, no decoding.",
        .options = options,
        .min_args = 1,
        .max_args = 1,
        .args = "an engine or a model: dsq run ENGINE",
    };
    int code;
    if (opt_parse(&command, argc, argv, &code) < 0)
        return code;
    if (!folder)
        return opt_usage_error(t.command, "expected --output-dir=DIR");
    if ((code = tool_start(&t, true)) != EXIT_OK)
        return code;
    return run(&t, argv[1], &inputs, folder);
}
