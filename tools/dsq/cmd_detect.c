/* SPDX-License-Identifier: Apache-2.0 */
/* dsq detect: pictures in, boxes out, as a table, as JSON or drawn. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "json.h"
#include "table.h"
#include "tool.h"

struct detecting {
    struct tool *tool;
    struct tool_engine engine;
    struct dsq_detections found;
    char **pictures;
    int n_pictures;
    const char *draw; /* folder or NULL */
    double min_score;
    struct tool_json json;
    struct table table;
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The length of a file name without its extension. */
static int stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot != name ? (int)(dot - name) : (int)strlen(name);
}

/* COCO names its pictures by their ids (000000000139.jpg); any other has its place on the command
 * line, from 1. */
static int64_t image_id(const char *path, int i)
{
    const char *name = base_name(path);
    int n = stem_length(name);
    for (int k = 0; k < n; k++)
        if (!isdigit((unsigned char)name[k]))
            return i + 1;
    return n > 0 && n <= 18 ? strtoll(name, NULL, 10) : i + 1;
}

/* DIR/STEM.png; of several pictures of one name the later ones get a number. */
static void drawn_path(const struct detecting *c, int i, char *path, size_t bytes)
{
    const char *name = base_name(c->pictures[i]);
    int n = stem_length(name), same = 0;
    for (int k = 0; k < i; k++) {
        const char *other = base_name(c->pictures[k]);
        same += stem_length(other) == n && memcmp(name, other, (size_t)n) == 0;
    }
    if (same)
        snprintf(path, bytes, "%s/%.*s-%d.png", c->draw, n, name, same + 1);
    else
        snprintf(path, bytes, "%s/%.*s.png", c->draw, n, name);
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int draw(struct detecting *c, int i, struct dsq_picture *picture)
{
    struct tool *t = c->tool;
    char path[4096];
    drawn_path(c, i, path, sizeof path);
    if (is_same_file(path, c->pictures[i]))
        return tool_fail_text(t,
                              "%s: drawing would overwrite the picture itself: choose another "
                              "--draw folder",
                              path);
    if (dsq_draw(picture, &c->found, (float)c->min_score, &t->diag) != DSQ_OK ||
        dsq_picture_write(picture, path, &t->diag) != DSQ_OK)
        return tool_fail(t);
    return EXIT_OK;
}

static void report_json(struct detecting *c, int i, const struct dsq_box *b)
{
    const double xywh[4] = {b->x0, b->y0, (double)b->x1 - (double)b->x0,
                            (double)b->y1 - (double)b->y0};
    tool_json_object(&c->json, NULL);
    tool_json_integer(&c->json, "image_id", image_id(c->pictures[i], i));
    tool_json_integer(&c->json, "category_id", b->label + 1);
    tool_json_numbers(&c->json, "bbox", xywh, 4);
    tool_json_number(&c->json, "score", b->score);
    tool_json_text(&c->json, "file", c->pictures[i]);
    tool_json_text(&c->json, "category", b->name);
    tool_json_end(&c->json);
}

static void report_row(struct detecting *c, int i, const struct dsq_box *b)
{
    table_cell(&c->table, "%s", c->pictures[i]);
    if (b->name[0])
        table_cell(&c->table, "%s", b->name);
    else
        table_cell(&c->table, "%d", b->label);
    table_number(&c->table, b->score, 3);
    table_number(&c->table, b->x0, 1);
    table_number(&c->table, b->y0, 1);
    table_number(&c->table, b->x1, 1);
    table_number(&c->table, b->y1, 1);
}

static int detect_one(struct detecting *c, int i)
{
    struct tool *t = c->tool;
    struct dsq_picture *picture = NULL;
    int code = EXIT_OK;
    if (dsq_picture_read(&picture, c->pictures[i], true, NULL, &t->diag) != DSQ_OK ||
        dsq_detect(c->engine.context, picture, &c->found, &t->diag) != DSQ_OK)
        code = tool_fail(t);
    for (size_t k = 0; code == EXIT_OK && k < c->found.n; k++) {
        if (c->found.box[k].score < c->min_score)
            continue;
        if (t->json)
            report_json(c, i, &c->found.box[k]);
        else
            report_row(c, i, &c->found.box[k]);
    }
    if (code == EXIT_OK && c->draw)
        code = draw(c, i, picture);
    dsq_picture_free(&picture);
    return code;
}

/* All pictures: one that fails is said and does not keep the others from being looked at. */
static int detect_all(struct detecting *c)
{
    static const struct table_column columns[] = {
        {"picture", false}, {"class", false}, {"score", true}, {"x0", true},
        {"y0", true},       {"x1", true},     {"y1", true}};
    struct tool *t = c->tool;
    int code = EXIT_OK;
    table_init(&c->table, columns, 7);
    if (t->json)
        tool_json_list(&c->json, NULL);
    for (int i = 0; i < c->n_pictures; i++) {
        if (c->n_pictures > 1)
            progress_step(&t->progress, "detecting", i, c->n_pictures);
        int one = detect_one(c, i);
        code = code == EXIT_OK ? one : code;
    }
    if (c->n_pictures > 1)
        progress_step(&t->progress, "detecting", c->n_pictures, c->n_pictures);
    if (t->json)
        tool_json_end(&c->json);
    else
        table_print(&c->table);
    table_free(&c->table);
    dsq_detections_free(&c->found);
    return code;
}

int cmd_detect(int argc, char **argv)
{
    struct tool t = {.command = argv[0]};
    struct detecting c = {.tool = &t, .min_score = 0.3};
    const struct opt options[] = {
        {"draw", 0, OPT_TEXT, &c.draw, "DIR", "draw the boxes and write DIR/NAME.png"},
        {"score", 0, OPT_NUMBER, &c.min_score, "X", "leave out boxes with a lower score [0.3]"},
        {"json", 0, OPT_FLAG, &t.json, NULL,
         "print COCO's results format: image_id is the file's number or its\n"
         "place here, category_id the class's place in the model, both from 1"},
        TOOL_COMMON_OPTIONS(&t),
        {0},
    };
    const struct opt_command command = {
        .usage = "detect ENGINE|MODEL.onnx PICTURE... [options]",
        .about = "Find objects in pictures (JPEG, PNG) of any size, turned as their EXIF tags say.",
        .options = options,
        .min_args = 2,
        .max_args = INT32_MAX,
        .args = "an engine and pictures: dsq detect ENGINE PICTURE...",
    };
    int code, n = opt_parse(&command, argc, argv, &code);
    if (n < 0)
        return code;
    if ((code = tool_start(&t, true)) != EXIT_OK)
        return code;
    if (tool_open(&t, argv[1], &c.engine) != DSQ_OK)
        return tool_fail(&t);
    c.pictures = argv + 2;
    c.n_pictures = n - 1;
    code = c.draw && !tool_make_folder(&t, c.draw) ? EXIT_FAILED : detect_all(&c);
    tool_close(&c.engine);
    return code;
}
