/* SPDX-License-Identifier: Apache-2.0 */
/* dsq quantize: calibrate a model on pictures or tensors; writes the model and its ranges. */
#include <stdio.h>

#include "commands.h"
#include "json.h"
#include "tool.h"

static void print_result(const struct tool *t, const struct dsq_quantize_result *r)
{
    if (!t->json) {
        printf("%s\n%s\n", r->onnx_path, r->json_path);
        printf("%d pictures, %d ranges, %d convolutions in INT8, %d in float, %.1f s\n",
               r->pictures, r->tensors, r->int8_nodes, r->float_nodes, r->seconds);
        return;
    }
    struct tool_json j = {0};
    tool_json_object(&j, NULL);
    tool_json_text(&j, "onnx", r->onnx_path);
    tool_json_text(&j, "json", r->json_path);
    tool_json_integer(&j, "pictures", r->pictures);
    tool_json_integer(&j, "tensors", r->tensors);
    tool_json_integer(&j, "int8_nodes", r->int8_nodes);
    tool_json_integer(&j, "float_nodes", r->float_nodes);
    tool_json_number(&j, "seconds", r->seconds);
    tool_json_end(&j);
}

int cmd_quantize(int argc, char **argv)
{
    struct tool t = {.command = argv[0]};
    struct dsq_quantize_settings s = {.size = sizeof s, .common = &t.common};
    const struct opt options[] = {
        {"images", 0, OPT_TEXT, &s.images, "DIR",
         "calibrate on the JPEG and PNG files of this folder"},
        {"tensors", 0, OPT_TEXT, &s.tensors, "DIR",
         "calibrate on prepared inputs: the .npy files of this folder"},
        {"task", 0, OPT_TEXT, &s.task, "T",
         "how to prepare pictures and decode outputs: a preset's name or a\n"
         "JSON file [the model's own]"},
        {"method", 0, OPT_TEXT, &s.method, "M", "auto, kl, mse, minmax or percentile [auto]"},
        {"resize", 0, OPT_TEXT, &s.resize, "R",
         "none, stretch:HxW, fit:HxW or short:S,MAX [the task's]"},
        {"pad", 0, OPT_COUNT, &s.pad, "N", "pad pictures to a multiple of N [the task's]"},
        {"outputs", 0, OPT_TEXT, &s.outputs, "A,B",
         "cut the model at these tensors, in place of its own outputs"},
        {"output", 'o', OPT_TEXT, &s.out_dir, "DIR", "where NAME.onnx and NAME.json go [.]"},
        TOOL_JSON_OPTION(&t),
        TOOL_COMMON_OPTIONS(&t),
        {0},
    };
    const struct opt_command command = {
        .usage = "quantize MODEL.onnx --images=DIR [options]",
        .about =
            "Calibrate a model: watch its tensors over pictures (or prepared tensors) and write "
            "DIR/NAME.onnx, the same model with decisions in its metadata, and DIR/NAME.json, the "
            "ranges. 'dsq build' makes an engine of them. Every picture keeps its own size.",
        .options = options,
        .min_args = 1,
        .max_args = 1,
        .args = "a model: dsq quantize MODEL.onnx",
    };
    int code;
    if (opt_parse(&command, argc, argv, &code) < 0)
        return code;
    if (!s.images == !s.tensors)
        return opt_usage_error(t.command, "expected one of --images and --tensors");
    if ((code = tool_start(&t, false)) != EXIT_OK)
        return code;
    struct dsq_quantize_result result = {.size = sizeof result};
    if (dsq_quantize(argv[1], &s, &result, &t.diag) != DSQ_OK)
        return tool_fail(&t);
    print_result(&t, &result);
    return EXIT_OK;
}
