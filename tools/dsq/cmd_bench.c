/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsq bench: time an engine, shape by shape, in one context, as a program would use it.
 *
 * The first run at a shape computes its plan and touches its memory; it is timed by itself. The
 * runs after it are the steady ones. Inputs are noise or pictures, prepared before the clock
 * starts; outputs stay in the context's memory.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_layers.h"
#include "commands.h"
#include "json.h"
#include "shapes.h"
#include "table.h"
#include "tool.h"

struct limits {
    int32_t iterations; /* 0: as many as fit into `seconds`, at least LEAST_RUNS */
    double seconds;
};
enum { LEAST_RUNS = 5, MOST_RUNS = 100000 };

struct timing {
    double first_ms, median_ms, p90_ms, p99_ms, images_per_s;
    size_t activation_bytes;
    double *layer_ms; /* or NULL */
};

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value that a share `p` of the sorted values does not exceed (nearest rank). */
static double percentile(const double *sorted, size_t n, double p)
{
    size_t rank = (size_t)ceil(p * (double)n);
    return sorted[rank ? rank - 1 : 0];
}

static double median(const double *sorted, size_t n)
{
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* Noise in the range of prepared pictures; zeros for integers, which are sizes or indices. */
static void fill(struct dsq_tensor *tensor, size_t n)
{
    uint64_t state = 1;
    memset(tensor->data, 0, n * dsq_dtype_bytes(tensor->dtype));
    if (tensor->dtype != DSQ_F32)
        return;
    float *v = tensor->data;
    for (size_t i = 0; i < n; i++)
        v[i] = (float)(random_next(&state) >> 40) * (4.0f / 16777216.0f) - 2.0f;
}

static void free_inputs(struct dsq_tensor *tensor, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        free(tensor[i].data);
    free(tensor);
}

/* The case's picture, prepared. NULL, with t->diag, when that fails. */
static struct dsq_tensor *make_picture_input(struct tool *t, const struct tool_engine *e,
                                             const struct shape_case *c)
{
    struct dsq_picture *picture = NULL;
    struct dsq_tensor input;
    enum dsq_status status = dsq_picture_read(&picture, c->picture, false, NULL, &t->diag);
    if (status == DSQ_OK)
        status = dsq_prepare_input(e->context, picture, &input, &t->diag);
    dsq_picture_free(&picture);
    if (status != DSQ_OK) {
        tool_fail(t);
        return NULL;
    }
    struct dsq_tensor *tensor = tool_realloc(NULL, sizeof *tensor);
    size_t bytes = sizeof(float);
    for (int32_t k = 0; k < input.rank; k++)
        bytes *= (size_t)input.dims[k];
    *tensor = input;
    tensor->data = tool_realloc(NULL, bytes);
    memcpy(tensor->data, input.data, bytes);
    return tensor;
}

/* Tensors of the case's shapes. NULL, having said why, when one is too large. */
static struct dsq_tensor *make_inputs(struct tool *t, const struct dsq_engine *engine,
                                      const struct shape_case *c)
{
    int32_t n = dsq_engine_inputs(engine);
    struct dsq_tensor *tensor = tool_realloc(NULL, ((size_t)n + 1) * sizeof *tensor);
    for (int32_t i = 0; i < n; i++) {
        struct dsq_io_info info;
        tensor[i] = (struct dsq_tensor){.dtype = DSQ_F32};
        if (dsq_engine_input_info(engine, i, &info) != DSQ_OK)
            continue;
        tensor[i].dtype = info.dtype;
        tensor[i].rank = info.rank;
        double elements = 1;
        for (int32_t k = 0; k < info.rank; k++)
            elements *= (double)(tensor[i].dims[k] = c->dims[i][k]);
        if (elements > 1e11) {
            tool_fail_text(t, "%s: no memory for such an input", c->text);
            free_inputs(tensor, i);
            return NULL;
        }
        /* 64 bytes more: an empty tensor has memory too. */
        tensor[i].data = tool_realloc(NULL, (size_t)elements * dsq_dtype_bytes(info.dtype) + 64);
        fill(&tensor[i], (size_t)elements);
    }
    return tensor;
}

static enum dsq_status time_first(struct tool *t, const struct tool_engine *e,
                                  const struct dsq_tensor *tensor, double *ms)
{
    double start = tool_now();
    for (int32_t i = 0; i < dsq_engine_inputs(e->engine); i++) {
        enum dsq_status status = dsq_context_set_input(e->context, i, &tensor[i], &t->diag);
        if (status != DSQ_OK)
            return status;
    }
    enum dsq_status status = dsq_context_run(e->context, &t->diag);
    *ms = (tool_now() - start) * 1e3;
    return status;
}

static enum dsq_status time_steady(struct tool *t, const struct tool_engine *e,
                                   const struct limits *limits, double images, struct timing *out)
{
    size_t n = 0, capacity = 0;
    double *ms = NULL, start = tool_now(), now = start;
    enum dsq_status status = DSQ_OK;
    while (limits->iterations
               ? n < (size_t)limits->iterations
               : n < LEAST_RUNS || (now - start < limits->seconds && n < MOST_RUNS)) {
        if (n == capacity)
            ms = tool_realloc(ms, (capacity = capacity ? capacity * 2 : 256) * sizeof *ms);
        double before = now;
        status = dsq_context_run(e->context, &t->diag);
        if (status != DSQ_OK)
            break;
        now = tool_now();
        ms[n++] = (now - before) * 1e3;
    }
    if (status == DSQ_OK) {
        qsort(ms, n, sizeof *ms, compare_doubles);
        out->median_ms = median(ms, n);
        out->p90_ms = percentile(ms, n, 0.90);
        out->p99_ms = percentile(ms, n, 0.99);
        out->images_per_s = images * (double)n / (now - start);
    }
    free(ms);
    return status;
}

static int time_case(struct tool *t, const struct tool_engine *e, const struct shape_case *c,
                     const struct limits *limits, bool layers, struct timing *out)
{
    struct dsq_tensor *tensor =
        c->picture ? make_picture_input(t, e, c) : make_inputs(t, e->engine, c);
    if (!tensor)
        return EXIT_FAILED;
    int code = EXIT_OK;
    double images = tensor[0].rank > 0 ? (double)tensor[0].dims[0] : 1;
    if (time_first(t, e, tensor, &out->first_ms) != DSQ_OK ||
        time_steady(t, e, limits, images, out) != DSQ_OK)
        code = tool_fail(t);
    out->layer_ms = code == EXIT_OK && layers ? layers_time(t, e) : NULL;
    if (code == EXIT_OK && layers && !out->layer_ms)
        code = tool_fail(t);
    out->activation_bytes = dsq_context_activation_bytes(e->context);
    free_inputs(tensor, dsq_engine_inputs(e->engine));
    return code;
}

static void print_json(const struct tool_engine *e, const struct shape_list *list,
                       const struct timing *timing, int n)
{
    struct tool_json j = {0};
    tool_json_list(&j, NULL);
    for (int i = 0; i < n; i++) {
        tool_json_object(&j, NULL);
        tool_json_text(&j, "shape", list->item[i].text);
        tool_json_number(&j, "first_ms", timing[i].first_ms);
        tool_json_number(&j, "median_ms", timing[i].median_ms);
        tool_json_number(&j, "p90_ms", timing[i].p90_ms);
        tool_json_number(&j, "p99_ms", timing[i].p99_ms);
        tool_json_number(&j, "images_per_s", timing[i].images_per_s);
        tool_json_integer(&j, "activation_bytes", (int64_t)timing[i].activation_bytes);
        if (list->item[i].picture)
            tool_json_integer(&j, "pictures", list->item[i].n_pictures);
        if (timing[i].layer_ms)
            layers_print_json(&j, e, timing[i].layer_ms);
        tool_json_end(&j);
    }
    tool_json_end(&j);
}

static void print_table(const struct tool_engine *e, const struct shape_list *list,
                        const struct timing *timing, int n)
{
    static const struct table_column columns[] = {
        {"shape", false}, {"first ms", true}, {"median ms", true},       {"p90 ms", true},
        {"p99 ms", true}, {"images/s", true}, {"activations MiB", true}, {"pictures", true}};
    struct table table;
    bool pictures = list->n > 0 && list->item[0].picture;
    table_init(&table, columns, pictures ? 8 : 7);
    for (int i = 0; i < n; i++) {
        table_cell(&table, "%s", list->item[i].text);
        table_number(&table, timing[i].first_ms, 2);
        table_number(&table, timing[i].median_ms, 2);
        table_number(&table, timing[i].p90_ms, 2);
        table_number(&table, timing[i].p99_ms, 2);
        table_number(&table, timing[i].images_per_s, 2);
        table_number(&table, (double)timing[i].activation_bytes / (1 << 20), 2);
        if (pictures)
            table_cell(&table, "%d", list->item[i].n_pictures);
    }
    table_print(&table);
    table_free(&table);
    for (int i = 0; i < n; i++)
        if (timing[i].layer_ms) {
            printf("\nlayers of %s\n", list->item[i].text);
            layers_print(e, timing[i].layer_ms);
        }
}

static int bench(struct tool *t, const struct tool_engine *e, const struct shape_list *list,
                 const struct limits *limits, bool layers)
{
    struct timing *timing = tool_realloc(NULL, ((size_t)list->n + 1) * sizeof *timing);
    int code = EXIT_OK, n = 0;
    progress_step(&t->progress, "timing", 0, list->n);
    while (n < list->n && code == EXIT_OK) {
        code = time_case(t, e, &list->item[n], limits, layers, &timing[n]);
        if (code == EXIT_OK)
            progress_step(&t->progress, "timing", ++n, list->n);
    }
    if (code == EXIT_OK && t->json)
        print_json(e, list, timing, n);
    else if (code == EXIT_OK)
        print_table(e, list, timing, n);
    for (int i = 0; i < n; i++)
        free(timing[i].layer_ms);
    free(timing);
    return code;
}

int cmd_bench(int argc, char **argv)
{
    struct tool t = {.command = argv[0]};
    const char *shapes = NULL, *images = NULL;
    bool layers = false;
    int32_t n_random = 0, seed = 1;
    struct limits limits = {0, -1};
    const struct opt options[] = {
        {"shapes", 0, OPT_TEXT, &shapes, "SHAPES",
         "input sizes: 1x3x480x640,1x3x800x1333 (several inputs:\n"
         "a:1x3x32x32+b:1x8) [the profile's usual one]"},
        {"random-shapes", 0, OPT_COUNT, &n_random, "N", "N sizes drawn from the profile"},
        {"seed", 0, OPT_COUNT, &seed, "S", "of the random sizes [1]"},
        {"images", 0, OPT_TEXT, &images, "DIR",
         "the sizes that these pictures get from the task, with them as inputs"},
        {"layers", 0, OPT_FLAG, &layers, NULL, "the time of each layer too, slowest first"},
        {"iterations", 0, OPT_COUNT, &limits.iterations, "N", "steady runs at each size"},
        {"seconds", 0, OPT_NUMBER, &limits.seconds, "X",
         "steady time at each size [2; 0.5 for random sizes and pictures]"},
        TOOL_JSON_OPTION(&t),
        TOOL_COMMON_OPTIONS(&t),
        {0},
    };
    const struct opt_command command = {
        .usage = "bench ENGINE|MODEL.onnx [options]",
        .about = "Time an engine, or a model compiled in memory, at one or many input sizes: the "
                 "first run at a size and the steady ones after it.",
        .options = options,
        .min_args = 1,
        .max_args = 1,
        .args = "an engine or a model: dsq bench ENGINE",
    };
    int code;
    if (opt_parse(&command, argc, argv, &code) < 0)
        return code;
    if ((shapes != NULL) + (n_random > 0) + (images != NULL) > 1)
        return opt_usage_error(t.command, "expected one of --shapes, --random-shapes and --images");
    if ((code = tool_start(&t, true)) != EXIT_OK)
        return code;
    if (limits.seconds < 0)
        limits.seconds = n_random || images ? 0.5 : 2;
    struct tool_engine e;
    struct shape_list list;
    if (tool_open(&t, argv[1], &e) != DSQ_OK)
        return tool_fail(&t);
    code = images ? shapes_of_pictures(&t, &e, images, &list)
                  : shapes_make(&t, e.engine, shapes, n_random, (uint64_t)seed, &list);
    if (code == EXIT_OK)
        code = bench(&t, &e, &list, &limits, layers);
    shapes_free(&list);
    tool_close(&e);
    return code;
}
