/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detections in COCO's results format: a list of {image_id, category_id, bbox, score}.
 *
 * A data set's worth of detections is half a million objects. The reader therefore asks jansson for
 * one object at a time, so that memory stays at the file plus 48 bytes a detection.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "eval/coco.h"
#include "eval/fields.h"

void dsq_coco_results_init(struct dsq_coco_results *results, const struct dsq_allocator *a)
{
    *results = (struct dsq_coco_results){.allocator = a};
}

void dsq_coco_results_free(struct dsq_coco_results *results)
{
    dsq_release(results->allocator, results->item);
    dsq_coco_results_init(results, results->allocator);
}

enum dsq_status dsq_coco_results_add(struct dsq_coco_results *results,
                                     const struct dsq_coco_detection *detection, struct dsq_diag *d)
{
    if (results->n == results->capacity) {
        size_t capacity = results->capacity ? results->capacity * 2 : 1024, bytes;
        struct dsq_coco_detection *grown =
            results->capacity <= SIZE_MAX / 2 && dsq_mul(capacity, sizeof *grown, &bytes)
                ? dsq_alloc(results->allocator, bytes)
                : NULL;
        if (!grown)
            return dsq_fail(d, DSQ_NOMEM, "no memory for more than %zu detections", results->n);
        if (results->n)
            memcpy(grown, results->item, results->n * sizeof *grown);
        dsq_release(results->allocator, results->item);
        results->item = grown;
        results->capacity = capacity;
    }
    results->item[results->n++] = *detection;
    return DSQ_OK;
}

/* ---- reading ---- */

/* A place in the text, kept for messages and moved on over white space and objects. */
struct cursor {
    const char *name;
    const char *at, *end;
    const char *line_start;
    int line; /* from 1 */
};

static void advance(struct cursor *c, size_t n)
{
    const char *to = c->at + n, *newline;
    while ((newline = memchr(c->at, '\n', (size_t)(to - c->at)))) {
        c->line++;
        c->at = c->line_start = newline + 1;
    }
    c->at = to;
}

/* The next character that is not white space, or 0 at the end; it is not consumed. */
static char peek(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\r' || *c->at == '\n'))
        advance(c, 1);
    return c->at < c->end ? *c->at : 0;
}

static enum dsq_status unexpected(const struct cursor *c, const char *expected, struct dsq_diag *d)
{
    return dsq_fail(d, DSQ_MALFORMED, "%s:%d:%d: expected %s", c->name, c->line,
                    (int)(c->at - c->line_start) + 1, expected);
}

static enum dsq_status bad_field(const struct cursor *c, size_t i, const char *expected,
                                 struct dsq_diag *d)
{
    return dsq_fail(d, DSQ_MALFORMED, "%s:%d: detection %zu: expected %s", c->name, c->line, i,
                    expected);
}

/* Take one object's fields. Category -1: not in the data set. */
static enum dsq_status read_fields(const struct cursor *c, const json_t *object, size_t i,
                                   const struct dsq_coco_dataset *dataset,
                                   struct dsq_coco_detection *out, struct dsq_diag *d)
{
    int64_t image, category;
    if (!dsq_coco_field_id(object, "image_id", &image))
        return bad_field(c, i, "an integer 'image_id'", d);
    if (!dsq_coco_field_id(object, "category_id", &category))
        return bad_field(c, i, "an integer 'category_id'", d);
    if (!dsq_coco_field_box(object, "bbox", out->box))
        return bad_field(c, i, "'bbox' as [x, y, width, height]", d);
    if (!dsq_coco_field_number(object, "score", &out->score))
        return bad_field(c, i, "a number 'score'", d);
    out->image = dsq_coco_image_by_id(dataset, image);
    out->category = dsq_coco_category_by_id(dataset, category);
    if (out->image < 0)
        return dsq_fail(d, DSQ_MALFORMED,
                        "%s:%d: detection %zu is on image_id %lld, which the annotations do not "
                        "list: these results are of another data set",
                        c->name, c->line, i, (long long)image);
    return DSQ_OK;
}

/* The object at the cursor, number `i`. */
static enum dsq_status read_detection(struct dsq_coco_results *results, struct cursor *c, size_t i,
                                      const struct dsq_coco_dataset *dataset, struct dsq_diag *d)
{
    json_error_t error;
    json_t *object = json_loadb(c->at, (size_t)(c->end - c->at), JSON_DISABLE_EOF_CHECK, &error);
    if (!object) {
        int before = error.line == 1 ? (int)(c->at - c->line_start) : 0;
        return dsq_fail(d, DSQ_MALFORMED, "%s:%d:%d: %s", c->name, c->line + error.line - 1,
                        before + error.column, error.text);
    }
    struct dsq_coco_detection detection;
    enum dsq_status status = read_fields(c, object, i, dataset, &detection, d);
    json_decref(object);
    if (status != DSQ_OK)
        return status;
    advance(c, (size_t)error.position);
    if (detection.category < 0) {
        results->n_strays++;
        return DSQ_OK;
    }
    return dsq_coco_results_add(results, &detection, d);
}

enum dsq_status dsq_coco_results_parse(struct dsq_coco_results *results,
                                       const struct dsq_coco_dataset *dataset, const char *text,
                                       size_t bytes, const char *name, struct dsq_diag *d)
{
    struct cursor c = {name, text, text + bytes, text, 1};
    if (peek(&c) != '[')
        return unexpected(&c, "a list of detections in COCO's results format", d);
    advance(&c, 1);
    if (peek(&c) == ']') {
        advance(&c, 1);
        return peek(&c) || c.at < c.end ? unexpected(&c, "the end of the file", d) : DSQ_OK;
    }
    for (size_t i = 0;; i++) {
        if (peek(&c) != '{')
            return unexpected(
                &c, "a detection: {\"image_id\", \"category_id\", \"bbox\", \"score\"}", d);
        DSQ_TRY(read_detection(results, &c, i, dataset, d));
        char next = peek(&c);
        if (next != ',' && next != ']')
            return unexpected(&c, "',' or ']' after a detection", d);
        advance(&c, 1);
        if (next == ']')
            break;
    }
    (void)peek(&c);
    return c.at < c.end ? unexpected(&c, "the end of the file", d) : DSQ_OK;
}

enum dsq_status dsq_coco_results_read(struct dsq_coco_results *results,
                                      const struct dsq_coco_dataset *dataset, const char *path,
                                      struct dsq_diag *d)
{
    void *text;
    size_t bytes;
    DSQ_TRY(dsq_file_read(path, results->allocator, &text, &bytes, d));
    enum dsq_status status = dsq_coco_results_parse(results, dataset, text, bytes, path, d);
    dsq_release(results->allocator, text);
    return status;
}

/* ---- writing ---- */

/* 17 digits bring every double back; 9 are enough for most floats' sake of reading and are tried
 * first. */
static void write_number(struct dsq_writer *w, double v)
{
    char text[40];
    for (int digits = 9; digits <= 17; digits += 4) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    /* A program may have set a locale whose decimal point is a comma. */
    for (char *p = text; *p; p++)
        if (*p == ',')
            *p = '.';
    dsq_write_text(w, text);
}

static bool all_finite(const struct dsq_coco_detection *item)
{
    const double *b = item->box;
    return isfinite(b[0]) && isfinite(b[1]) && isfinite(b[2]) && isfinite(b[3]) &&
           isfinite(item->score);
}

static void write_detection(struct dsq_writer *w, const struct dsq_coco_dataset *dataset,
                            const struct dsq_coco_detection *item)
{
    dsq_write_format(w, "{\"image_id\": %lld, \"category_id\": %lld, \"bbox\": [",
                     (long long)dataset->image[item->image].id,
                     (long long)dataset->category[item->category].id);
    for (int i = 0; i < 4; i++) {
        if (i)
            dsq_write_text(w, ", ");
        write_number(w, item->box[i]);
    }
    dsq_write_text(w, "], \"score\": ");
    write_number(w, item->score);
    dsq_write_text(w, "}");
}

enum dsq_status dsq_coco_results_write(const struct dsq_coco_results *results,
                                       const struct dsq_coco_dataset *dataset, const char *path,
                                       struct dsq_diag *d)
{
    struct dsq_writer w;
    dsq_writer_init(&w, results->allocator);
    enum dsq_status status = DSQ_OK;
    for (size_t i = 0; i < results->n && status == DSQ_OK; i++) {
        const struct dsq_coco_detection *item = &results->item[i];
        if (!all_finite(item))
            status = dsq_fail(d, DSQ_ARGUMENT, "%s: detection %zu of image_id %lld is not finite",
                              path, i, (long long)dataset->image[item->image].id);
        dsq_write_text(&w, i ? ",\n " : "[");
        write_detection(&w, dataset, item);
    }
    dsq_write_text(&w, results->n ? "]\n" : "[]\n");
    if (status == DSQ_OK && w.failed)
        status = dsq_fail(d, DSQ_NOMEM, "%s: no memory for %zu detections", path, results->n);
    if (status == DSQ_OK)
        status = dsq_file_write(path, w.data, w.bytes, d);
    dsq_writer_free(&w);
    return status;
}
