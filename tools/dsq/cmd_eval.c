/* SPDX-License-Identifier: Apache-2.0 */
/* dsq eval: COCO's numbers and the speed of engines, or the numbers of any tool's detections. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "eval_rows.h"
#include "tool.h"

enum { USUAL_RESAMPLES = 1000 };

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

/* What is to be judged: engines, or files of detections. */
struct subjects {
    char **engine;
    const struct opt_list *detections;
    int n;
};

static int judge_one(struct tool *t, const struct subjects *subjects, int i,
                     const struct dsq_eval_settings *settings, const struct eval_view *view,
                     struct eval_row *row)
{
    struct dsq_eval_settings s = *settings;
    bool detections = subjects->detections->n > 0;
    const char *path = detections ? subjects->detections->item[i] : subjects->engine[i];
    *row = (struct eval_row){
        .model = path, .result.size = sizeof row->result, .interval.size = sizeof row->interval};
    if (view->per_class || view->resamples)
        s.judgement = &row->judgement;
    if (!detections)
        return eval_engine(t, path, &s, &row->result);
    return dsq_eval_detections(path, &s, &row->result, &t->diag) == DSQ_OK ? EXIT_OK : tool_fail(t);
}

static int find_intervals(struct tool *t, struct eval_row *row, int n, const struct eval_view *view)
{
    const struct dsq_interval_settings s = {.size = sizeof s,
                                            .resamples = view->resamples,
                                            .confidence = EVAL_CONFIDENCE / 100.0,
                                            .seed = (uint64_t)view->seed};
    for (int i = 0; i < n; i++)
        if (dsq_judgement_interval(row[i].judgement, i ? row[0].judgement : NULL, &s,
                                   &row[i].interval, &t->diag) != DSQ_OK)
            return tool_fail(t);
    return EXIT_OK;
}

/* Judge them all; what was done before a failure is still printed. */
static int eval_all(struct tool *t, const struct subjects *subjects,
                    const struct dsq_eval_settings *s, const struct eval_view *view)
{
    int n = 0, code = EXIT_OK;
    struct eval_row *row = tool_realloc(NULL, (size_t)subjects->n * sizeof *row);
    while (n < subjects->n && code == EXIT_OK) {
        code = judge_one(t, subjects, n, s, view, &row[n]);
        n += code == EXIT_OK;
    }
    int failed = n > 0 && view->resamples ? find_intervals(t, row, n, view) : EXIT_OK;
    if (n > 0 && failed == EXIT_OK)
        (t->json ? eval_print_json : eval_print_tables)(row, n, view);
    for (int i = 0; i < n; i++)
        dsq_judgement_free(&row[i].judgement);
    free(row);
    return code != EXIT_OK ? code : failed;
}

static int check_options(const struct tool *t, bool detections, int n_engines,
                         const struct dsq_eval_settings *s, const struct eval_view *view)
{
    if (!detections && n_engines == 0)
        return opt_usage_error(t->command, "expected an engine or --detections=FILE");
    if (detections && n_engines)
        return opt_usage_error(t->command, "expected engines or --detections, not both");
    if (!s->annotations)
        return opt_usage_error(t->command, "expected --annotations=FILE");
    if (!detections && !s->images)
        return opt_usage_error(t->command, "expected --images=DIR");
    if (view->resamples == 1)
        return opt_usage_error(t->command, "--interval: expected at least 2 resamples");
    if (s->save_detections && (detections || n_engines != 1))
        return opt_usage_error(t->command, "--save-detections: expected exactly one engine");
    return EXIT_OK;
}

int cmd_eval(int argc, char **argv)
{
    struct tool t = {.command = argv[0]};
    struct dsq_eval_settings s = {.size = sizeof s, .common = &t.common};
    struct opt_list detections = {.n = 0};
    struct eval_view view = {.seed = 1};
    const char *match = NULL;
    const struct opt options[] = {
        {"images", 0, OPT_TEXT, &s.images, "DIR", "the pictures that the annotations name"},
        {"annotations", 0, OPT_TEXT, &s.annotations, "FILE", "COCO's instances JSON"},
        {"detections", 0, OPT_LIST, &detections, "FILE",
         "judge these detections (COCO's results JSON) in place of engines;\n"
         "may be given several times"},
        {"save-detections", 0, OPT_TEXT, &s.save_detections, "FILE",
         "write what the engine found, as COCO's results JSON"},
        {"per-class", 0, OPT_FLAG, &view.per_class, NULL, "each class's own numbers too"},
        {"interval", 0, OPT_MAYBE, &view.resamples, "N",
         "the 90 % interval of mAP, and of its change from the first row,\n"
         "from N random choices of the pictures [1000 of them]"},
        {"seed", 0, OPT_COUNT, &view.seed, "N", "of the random choices [1]"},
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
    if (view.resamples < 0) /* --interval alone */
        view.resamples = USUAL_RESAMPLES;
    if ((code = check_options(&t, detections.n > 0, n, &s, &view)) != EXIT_OK)
        return code;
    s.match_by_order = match && strcmp(match, "order") == 0;
    if (match && !s.match_by_order && strcmp(match, "name") != 0)
        return opt_usage_error(t.command, "--match: '%s' is neither name nor order", match);
    if ((code = tool_start(&t, false)) != EXIT_OK)
        return code;
    const struct subjects subjects = {argv + 1, &detections, detections.n > 0 ? detections.n : n};
    return eval_all(&t, &subjects, &s, &view);
}
