/* SPDX-License-Identifier: Apache-2.0 */
/* Timing and printing layers. */
#include "bench_layers.h"

#include <stdlib.h>
#include <string.h>

#include "table.h"

enum { RUNS = 10 };

double *layers_time(struct tool *t, const struct tool_engine *e)
{
    size_t n = (size_t)dsq_engine_layers(e->engine);
    double *ms = tool_realloc(NULL, (n + 1) * sizeof *ms);
    enum dsq_status status = DSQ_OK;
    memset(ms, 0, (n + 1) * sizeof *ms);
    dsq_context_time_layers(e->context, ms);
    for (int i = 0; i < RUNS && status == DSQ_OK; i++)
        status = dsq_context_run(e->context, &t->diag);
    dsq_context_time_layers(e->context, NULL);
    for (size_t i = 0; i < n; i++)
        ms[i] *= 1e3 / RUNS;
    if (status == DSQ_OK)
        return ms;
    free(ms);
    return NULL;
}

/* A layer and its time. */
struct timed {
    int32_t layer;
    double ms;
};

static int slowest_first(const void *x, const void *y)
{
    const struct timed *a = x, *b = y;
    if (a->ms != b->ms)
        return a->ms > b->ms ? -1 : 1;
    return (a->layer > b->layer) - (a->layer < b->layer);
}

/* The layers that take time, and their sum. To be freed. */
static struct timed *sort_layers(const struct tool_engine *e, const double *ms, int32_t *n,
                                 double *sum)
{
    int32_t all = dsq_engine_layers(e->engine);
    struct timed *timed = tool_realloc(NULL, ((size_t)all + 1) * sizeof *timed);
    *n = 0;
    *sum = 0;
    for (int32_t i = 0; i < all; i++) {
        *sum += ms[i];
        if (ms[i] > 0)
            timed[(*n)++] = (struct timed){i, ms[i]};
    }
    qsort(timed, (size_t)*n, sizeof *timed, slowest_first);
    return timed;
}

static struct dsq_layer_info info_of(const struct tool_engine *e, int32_t i)
{
    struct dsq_layer_info none = {
        .name = "", .output = "", .op = "", .precision = "", .kernel = "", .why = ""};
    struct dsq_layer_info info = {.size = sizeof info};
    return dsq_engine_layer_info(e->engine, i, &info) == DSQ_OK ? info : none;
}

void layers_print(const struct tool_engine *e, const double *ms)
{
    static const struct table_column columns[] = {{"ms", true},     {"share %", true},
                                                  {"op", false},    {"precision", false},
                                                  {"layer", false}, {"kernel", false}};
    struct table table;
    int32_t n;
    double sum;
    struct timed *timed = sort_layers(e, ms, &n, &sum);
    table_init(&table, columns, 6);
    for (int32_t i = 0; i < n; i++) {
        struct dsq_layer_info info = info_of(e, timed[i].layer);
        table_number(&table, timed[i].ms, 3);
        table_number(&table, 100 * timed[i].ms / sum, 1);
        table_cell(&table, "%s", info.op);
        table_cell(&table, "%s", info.precision);
        table_cell(&table, "%s", info.name[0] ? info.name : info.output);
        table_cell(&table, "%s", info.kernel);
    }
    table_print(&table);
    table_free(&table);
    free(timed);
}

void layers_print_json(struct tool_json *j, const struct tool_engine *e, const double *ms)
{
    int32_t n;
    double sum;
    struct timed *timed = sort_layers(e, ms, &n, &sum);
    tool_json_list(j, "layers");
    for (int32_t i = 0; i < n; i++) {
        struct dsq_layer_info info = info_of(e, timed[i].layer);
        tool_json_object(j, NULL);
        tool_json_text(j, "name", info.name);
        tool_json_text(j, "output", info.output);
        tool_json_text(j, "op", info.op);
        tool_json_text(j, "precision", info.precision);
        tool_json_text(j, "kernel", info.kernel);
        tool_json_number(j, "ms", timed[i].ms);
        tool_json_number(j, "share", timed[i].ms / sum);
        tool_json_end(j);
    }
    tool_json_end(j);
    free(timed);
}
