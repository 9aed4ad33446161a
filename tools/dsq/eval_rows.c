/* SPDX-License-Identifier: Apache-2.0 */
/* Printing evaluations. */
#include "eval_rows.h"

#include <math.h>
#include <stdio.h>

#include "json.h"
#include "table.h"

/* A speed that was not measured is 0 in the result. */
static double speed(double v)
{
    return v > 0 ? v : (double)NAN;
}

static struct dsq_class_result class_of(const struct eval_row *row, int32_t i)
{
    struct dsq_class_result c = {.size = sizeof c, .name = ""};
    if (dsq_judgement_class(row->judgement, i, &c) != DSQ_OK)
        c.ap = c.ap50 = c.ap75 = (double)NAN;
    return c;
}

/* ---- JSON ---- */

static void print_classes_json(struct tool_json *j, const struct eval_row *row)
{
    tool_json_list(j, "classes");
    for (int32_t i = 0; i < dsq_judgement_classes(row->judgement); i++) {
        struct dsq_class_result c = class_of(row, i);
        tool_json_object(j, NULL);
        tool_json_text(j, "category", c.name);
        tool_json_integer(j, "category_id", c.category_id);
        tool_json_integer(j, "objects", c.objects);
        tool_json_integer(j, "detections", c.detections);
        tool_json_number(j, "AP", c.ap);
        tool_json_number(j, "AP50", c.ap50);
        tool_json_number(j, "AP75", c.ap75);
        tool_json_end(j);
    }
    tool_json_end(j);
}

/* Both ends, or null. */
static void print_pair(struct tool_json *j, const char *key, double low, double high)
{
    const double pair[] = {low, high};
    if (isfinite(low))
        tool_json_numbers(j, key, pair, 2);
    else
        tool_json_null(j, key);
}

static void print_interval_json(struct tool_json *j, const struct eval_row *row,
                                const struct eval_row *first, const struct eval_view *view)
{
    const struct dsq_interval_result *i = &row->interval;
    tool_json_object(j, "interval");
    tool_json_number(j, "confidence", EVAL_CONFIDENCE / 100.0);
    tool_json_integer(j, "resamples", view->resamples);
    tool_json_integer(j, "seed", view->seed);
    print_pair(j, "AP", i->ap_low, i->ap_high);
    tool_json_number(j, "change", row == first ? (double)NAN : row->result.ap - first->result.ap);
    print_pair(j, "change_interval", i->change_low, i->change_high);
    tool_json_end(j);
}

void eval_print_json(const struct eval_row *row, int n, const struct eval_view *view)
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
        if (view->resamples)
            print_interval_json(&j, &row[i], &row[0], view);
        if (view->per_class)
            print_classes_json(&j, &row[i]);
        tool_json_end(&j);
    }
    tool_json_end(&j);
}

/* ---- tables ---- */

static void print_numbers(const struct eval_row *row, int n)
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

static void interval_cell(struct table *table, double low, double high, bool change)
{
    if (isfinite(low))
        table_cell(table, change ? "[%+.4f, %+.4f]" : "[%.4f, %.4f]", low, high);
    else
        table_cell(table, "-");
}

static void print_intervals(const struct eval_row *row, int n)
{
    static const struct table_column columns[] = {{"model", false},
                                                  {"mAP", true},
                                                  {"90 % interval", false},
                                                  {"change", true},
                                                  {"90 % interval of it", false}};
    struct table table;
    table_init(&table, columns, 5);
    for (int i = 0; i < n; i++) {
        const struct dsq_interval_result *v = &row[i].interval;
        table_cell(&table, "%s", row[i].model);
        table_number(&table, row[i].result.ap, 4);
        interval_cell(&table, v->ap_low, v->ap_high, false);
        if (i > 0 && isfinite(row[i].result.ap - row[0].result.ap))
            table_cell(&table, "%+.4f", row[i].result.ap - row[0].result.ap);
        else
            table_cell(&table, "-");
        interval_cell(&table, v->change_low, v->change_high, true);
    }
    table_print(&table);
    table_free(&table);
}

/* A class that is neither annotated nor found says nothing. */
static bool is_silent(const struct eval_row *row, int n, int32_t class_at)
{
    for (int i = 0; i < n; i++) {
        struct dsq_class_result c = class_of(&row[i], class_at);
        if (c.objects > 0 || c.detections > 0)
            return false;
    }
    return true;
}

/* A line for each class and row. */
static void print_classes(const struct eval_row *row, int n)
{
    static const struct table_column columns[] = {
        {"class", false}, {"model", false}, {"objects", true}, {"detections", true},
        {"AP", true},     {"AP50", true},   {"AP75", true}};
    struct table table;
    table_init(&table, columns, 7);
    for (int32_t k = 0; k < dsq_judgement_classes(row->judgement); k++) {
        for (int i = 0; i < n && !is_silent(row, n, k); i++) {
            struct dsq_class_result c = class_of(&row[i], k);
            table_cell(&table, "%s", c.name[0] ? c.name : "-");
            table_cell(&table, "%s", row[i].model);
            table_cell(&table, "%lld", (long long)c.objects);
            table_cell(&table, "%lld", (long long)c.detections);
            table_number(&table, c.ap, 4);
            table_number(&table, c.ap50, 4);
            table_number(&table, c.ap75, 4);
        }
    }
    table_print(&table);
    table_free(&table);
}

void eval_print_tables(const struct eval_row *row, int n, const struct eval_view *view)
{
    print_numbers(row, n);
    if (view->resamples) {
        putchar('\n');
        print_intervals(row, n);
    }
    if (view->per_class) {
        putchar('\n');
        print_classes(row, n);
    }
}
