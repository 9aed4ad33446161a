/* SPDX-License-Identifier: Apache-2.0 */
/* dsq eval: COCO's numbers and the speed of engines, or the numbers of any tool's detections. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "json.h"
#include "table.h"
#include "tool.h"

struct row {
    const char *model;
    struct dsq_eval_result result;
};

/* A speed that was not measured is 0 in the result. */
static double speed(double v)
{
    return v > 0 ? v : (double)NAN;
}

static void print_json(const struct row *row, int n)
{
    struct tool_json j = {0};
    tool_json_list(&j, NULL);
    for (int i = 0; i < n; i++) {
        const struct dsq_eval_result *r = &row[i].result;
        const struct {
            const char *key;
            double value;
        } numbers[] = {{"AP", r->ap},        {"AP50", r->ap50},     {"AP75", r->ap75},
                       {"APs", r->ap_small}, {"APm", r->ap_medium}, {"APl", r->ap_large},
                       {"AR1", r->ar1},      {"AR10", r->ar10},     {"AR100", r->ar100},
                       {"ARs", r->ar_small}, {"ARm", r->ar_medium}, {"ARl", r->ar_large}};
        bool timed = r->fps_total > 0;
        tool_json_object(&j, NULL);
        tool_json_text(&j, "engine", row[i].model);
        tool_json_text(&j, "precision", r->precision);
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
            tool_json_number(&j, numbers[k].key, numbers[k].value);
        tool_json_integer(&j, "images", r->images);
        tool_json_number(&j, "fps_network", speed(r->fps_network));
        tool_json_number(&j, "fps_total", speed(r->fps_total));
        tool_json_number(&j, "ms_pre", timed ? r->ms_pre : (double)NAN);
        tool_json_number(&j, "ms_network", timed ? r->ms_network : (double)NAN);
        tool_json_number(&j, "ms_post", timed ? r->ms_post : (double)NAN);
        tool_json_end(&j);
    }
    tool_json_end(&j);
}

static void print_table(const struct row *row, int n)
{
    static const struct table_column columns[] = {
        {"model", false}, {"precision", false}, {"mAP", true},     {"AP50", true},
        {"AP75", true},   {"S", true},          {"M", true},       {"L", true},
        {"input", false}, {"FPS net", true},    {"FPS all", true}, {"ms pre", true},
        {"ms net", true}, {"ms post", true}};
    struct table table;
    table_init(&table, columns, 14);
    for (int i = 0; i < n; i++) {
        const struct dsq_eval_result *r = &row[i].result;
        const double ap[] = {r->ap, r->ap50, r->ap75, r->ap_small, r->ap_medium, r->ap_large};
        bool timed = r->fps_total > 0;
        table_cell(&table, "%s", row[i].model);
        table_cell(&table, "%s", r->precision[0] ? r->precision : "-");
        for (int k = 0; k < 6; k++)
            table_number(&table, ap[k], 4);
        table_cell(&table, "%s", r->input_size[0] ? r->input_size : "-");
        table_number(&table, speed(r->fps_network), 2);
        table_number(&table, speed(r->fps_total), 2);
        table_number(&table, timed ? r->ms_pre : (double)NAN, 2);
        table_number(&table, timed ? r->ms_network : (double)NAN, 2);
        table_number(&table, timed ? r->ms_post : (double)NAN, 2);
    }
    table_print(&table);
    table_free(&table);
}

static int eval_engine(struct tool *t, const char *path, const struct dsq_eval_settings *s,
                       struct dsq_eval_result *result)
{
    struct dsq_engine_file *file = NULL;
    int code = EXIT_OK;
    if (tool_open_file(t, path, &file) != DSQ_OK ||
        dsq_eval_engine(file, s, result, &t->diag) != DSQ_OK)
        code = tool_fail(t);
    dsq_engine_file_free(&file);
    return code;
}

/* Judge them all; what was done before a failure is still printed. */
static int eval_all(struct tool *t, const char *detections, char **engines, int n_engines,
                    const struct dsq_eval_settings *s)
{
    int total = detections ? 1 : n_engines, n = 0, code = EXIT_OK;
    struct row *row = tool_realloc(NULL, (size_t)total * sizeof *row);
    while (n < total && code == EXIT_OK) {
        row[n] = (struct row){.model = detections ? detections : engines[n],
                              .result.size = sizeof row[n].result};
        if (!detections)
            code = eval_engine(t, engines[n], s, &row[n].result);
        else if (dsq_eval_detections(detections, s, &row[n].result, &t->diag) != DSQ_OK)
            code = tool_fail(t);
        n += code == EXIT_OK;
    }
    if (n > 0 && t->json)
        print_json(row, n);
    else if (n > 0)
        print_table(row, n);
    free(row);
    return code;
}

static int check_options(const struct tool *t, const char *detections, int n_engines,
                         const struct dsq_eval_settings *s)
{
    if (!detections && n_engines == 0)
        return opt_usage_error(t->command, "expected an engine or --detections=FILE");
    if (detections && n_engines)
        return opt_usage_error(t->command, "expected engines or --detections, not both");
    if (!s->annotations)
        return opt_usage_error(t->command, "expected --annotations=FILE");
    if (!detections && !s->images)
        return opt_usage_error(t->command, "expected --images=DIR");
    if (s->save_detections && (detections || n_engines != 1))
        return opt_usage_error(t->command, "--save-detections: expected exactly one engine");
    return EXIT_OK;
}

int cmd_eval(int argc, char **argv)
{
    struct tool t = {.command = argv[0]};
    struct dsq_eval_settings s = {.size = sizeof s, .common = &t.common};
    const char *detections = NULL, *match = NULL;
    const struct opt options[] = {
        {"images", 0, OPT_TEXT, &s.images, "DIR", "the pictures that the annotations name"},
        {"annotations", 0, OPT_TEXT, &s.annotations, "FILE", "COCO's instances JSON"},
        {"detections", 0, OPT_TEXT, &detections, "FILE",
         "judge these detections (COCO's results JSON) in place of engines"},
        {"save-detections", 0, OPT_TEXT, &s.save_detections, "FILE",
         "write what the engine found, as COCO's results JSON"},
        {"task", 0, OPT_TEXT, &s.task, "T",
         "how to prepare pictures and decode outputs: a preset's name or a\n"
         "JSON file [the engine's own]"},
        {"resize", 0, OPT_TEXT, &s.resize, "R",
         "none, stretch:HxW, fit:HxW or short:S,MAX [the task's]"},
        {"pad", 0, OPT_COUNT, &s.pad, "N", "pad pictures to a multiple of N [the task's]"},
        {"match", 0, OPT_TEXT, &match, "HOW",
         "match classes to categories by name or order [name]"},
        {"skip-missing", 0, OPT_FLAG, &s.skip_missing, NULL,
         "leave out annotated pictures that are not on disk"},
        TOOL_JSON_OPTION(&t),
        TOOL_COMMON_OPTIONS(&t),
        {0},
    };
    const struct opt_command command = {
        .usage = "eval ENGINE|MODEL.onnx... --images=DIR --annotations=FILE [options]\n"
                 "       dsq eval --detections=FILE --annotations=FILE [options]",
        .about = "Measure COCO mAP (pycocotools' twelve numbers) and speed; one row an engine.",
        .options = options,
        .min_args = 0,
        .max_args = INT32_MAX,
        .args = "engines",
    };
    int code, n = opt_parse(&command, argc, argv, &code);
    if (n < 0)
        return code;
    if ((code = check_options(&t, detections, n, &s)) != EXIT_OK)
        return code;
    s.match_by_order = match && strcmp(match, "order") == 0;
    if (match && !s.match_by_order && strcmp(match, "name") != 0)
        return opt_usage_error(t.command, "--match: '%s' is neither name nor order", match);
    if ((code = tool_start(&t, false)) != EXIT_OK)
        return code;
    return eval_all(&t, detections, argv + 1, n, &s);
}
