/* SPDX-License-Identifier: Apache-2.0 */
/* dsq build: compile a model into an engine file. */
#include <stdio.h>

#include "commands.h"
#include "json.h"
#include "tool.h"

static void print_result(const struct tool *t, const char *path, const struct dsq_engine_file *file)
{
    int32_t int8_nodes, float_nodes, fallbacks;
    dsq_engine_file_precision(file, &int8_nodes, &float_nodes, &fallbacks);
    if (!t->json) {
        printf("%s: %d convolutions in INT8, %d in float", path, int8_nodes, float_nodes);
        if (fallbacks)
            printf(" (%d of them for want of a range: see dsq inspect)", fallbacks);
        putchar('\n');
        return;
    }
    struct tool_json j = {0};
    tool_json_object(&j, NULL);
    tool_json_text(&j, "engine", path);
    tool_json_integer(&j, "int8_nodes", int8_nodes);
    tool_json_integer(&j, "float_nodes", float_nodes);
    tool_json_integer(&j, "fallbacks", fallbacks);
    tool_json_end(&j);
}

/* What the library cannot know was contradictory on the command line. */
static int check_options(const struct tool *t, const struct dsq_build_settings *s, const char *out)
{
    int shapes = !!s->min_shapes + !!s->opt_shapes + !!s->max_shapes;
    if (!out)
        return opt_usage_error(t->command, "expected the file to write: -o FILE.engine");
    if (shapes != 0 && shapes != 3)
        return opt_usage_error(t->command, "expected all of --minShapes, --optShapes and "
                                           "--maxShapes, or none");
    if (s->float_only && s->quant)
        return opt_usage_error(t->command, "--fp32 and --quant contradict each other");
    return EXIT_OK;
}

int cmd_build(int argc, char **argv)
{
    struct tool t = {.command = argv[0]};
    struct dsq_build_settings s = {.size = sizeof s, .common = &t.common};
    const char *out = NULL;
    const struct opt options[] = {
        {"output", 'o', OPT_TEXT, &out, "FILE", "the engine file to write"},
        {"quant", 0, OPT_TEXT, &s.quant, "FILE",
         "NAME.json with ranges: build INT8 [what the model carries, else FP32]"},
        {"fp32", 0, OPT_FLAG, &s.float_only, NULL, "build FP32 whatever the model carries"},
        {"minShapes", 0, OPT_TEXT, &s.min_shapes, "SHAPES",
         "the smallest inputs: input:1x3x320x320,other:1x8"},
        {"optShapes", 0, OPT_TEXT, &s.opt_shapes, "SHAPES", "the usual inputs"},
        {"maxShapes", 0, OPT_TEXT, &s.max_shapes, "SHAPES", "the largest inputs"},
        {"outputs", 0, OPT_TEXT, &s.outputs, "A,B",
         "cut the model at these tensors, in place of its own outputs"},
        {"task", 0, OPT_TEXT, &s.task, "T",
         "how to prepare pictures and decode outputs: a preset's name or a\n"
         "JSON file [the model's own]"},
        {"resize", 0, OPT_TEXT, &s.resize, "R",
         "none, stretch:HxW, fit:HxW or short:S,MAX [the task's]"},
        {"pad", 0, OPT_COUNT, &s.pad, "N", "pad pictures to a multiple of N [the task's]"},
        {"dump-after", 0, OPT_TEXT, &s.dump_after, "PASS",
         "print the graph after this pass (all: after each), on stderr"},
        TOOL_JSON_OPTION(&t),
        TOOL_COMMON_OPTIONS(&t),
        {0},
    };
    const struct opt_command command = {
        .usage = "build MODEL.onnx -o FILE.engine [options]",
        .about = "Compile a model into one engine file, which runs on any machine and at any input "
                 "size between the smallest and the largest shapes; at any size at all when no "
                 "shapes are given.",
        .options = options,
        .min_args = 1,
        .max_args = 1,
        .args = "a model: dsq build MODEL.onnx -o FILE.engine",
    };
    int code;
    if (opt_parse(&command, argc, argv, &code) < 0)
        return code;
    if ((code = check_options(&t, &s, out)) != EXIT_OK || (code = tool_start(&t, false)) != EXIT_OK)
        return code;
    struct dsq_engine_file *file = NULL;
    if (dsq_engine_file_build(&file, argv[1], &s, &t.diag) != DSQ_OK ||
        dsq_engine_file_save(file, out, &t.diag) != DSQ_OK)
        code = tool_fail(&t);
    else
        print_result(&t, out, file);
    dsq_engine_file_free(&file);
    return code;
}
