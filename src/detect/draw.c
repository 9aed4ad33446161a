/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boxes with names and scores on a picture. Each class has a colour of its own; lines have a dark
 * rim, labels a filled ground with one, so that both can be read on any picture. Labels lie over
 * all frames, the best on top, and stay inside the picture. Sizes follow the picture's.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "detect/font.h"
#include "detect/picture.h"

struct color {
    uint8_t r, g, b;
};

/* x1, y1: one past the end. May lie outside the picture. */
struct rectangle {
    int64_t x0, y0, x1, y1;
};

static const struct color dark = {16, 16, 16}, light = {255, 255, 255};

static void fill_rectangle(struct dsq_picture *p, struct rectangle r, struct color c)
{
    r.x0 = r.x0 < 0 ? 0 : r.x0;
    r.y0 = r.y0 < 0 ? 0 : r.y0;
    r.x1 = r.x1 > p->width ? p->width : r.x1;
    r.y1 = r.y1 > p->height ? p->height : r.y1;
    for (int64_t y = r.y0; y < r.y1; y++)
        for (int64_t x = r.x0; x < r.x1; x++)
            memcpy(p->rgb + (y * p->width + x) * 3, &c, 3);
}

/* The four sides of `r`, `t` thick, inwards. */
static void frame_rectangle(struct dsq_picture *p, struct rectangle r, int64_t t, struct color c)
{
    fill_rectangle(p, (struct rectangle){r.x0, r.y0, r.x1, r.y0 + t}, c);
    fill_rectangle(p, (struct rectangle){r.x0, r.y1 - t, r.x1, r.y1}, c);
    fill_rectangle(p, (struct rectangle){r.x0, r.y0, r.x0 + t, r.y1}, c);
    fill_rectangle(p, (struct rectangle){r.x1 - t, r.y0, r.x1, r.y1}, c);
}

/* Hues by the golden ratio: neighbouring labels differ, no two of the first hundreds agree. */
static struct color class_color(int32_t label)
{
    double h = 6.0 * fmod((double)label * 0.6180339887498949, 1.0);
    double rgb[3] = {fabs(h - 3.0) - 1.0, 2.0 - fabs(h - 2.0), 2.0 - fabs(h - 4.0)};
    for (int i = 0; i < 3; i++)
        rgb[i] = 40.0 + 215.0 * (rgb[i] < 0.0 ? 0.0 : rgb[i] > 1.0 ? 1.0 : rgb[i]);
    return (struct color){(uint8_t)rgb[0], (uint8_t)rgb[1], (uint8_t)rgb[2]};
}

/* Black or white, whichever stands out more (luma of ITU-R BT.601). */
static struct color text_color(struct color ground)
{
    return 299 * ground.r + 587 * ground.g + 114 * ground.b > 127500 ? dark : light;
}

/* One UTF-8 character; the font shows those outside ASCII as '?'. */
static const char *next_character(const char *text, uint32_t *character)
{
    *character = (uint8_t)*text++;
    while (((uint8_t)*text & 0xc0) == 0x80)
        text++;
    return text;
}

static int64_t text_width(const char *text, int64_t scale)
{
    uint32_t character;
    int64_t n = 0;
    while (*text) {
        text = next_character(text, &character);
        n += (DSQ_FONT_WIDTH + 1) * scale;
    }
    return n > 0 ? n - scale : 0;
}

static void draw_text(struct dsq_picture *p, const char *text, int64_t x, int64_t y, int64_t scale,
                      struct color c)
{
    uint32_t character;
    while (*text) {
        text = next_character(text, &character);
        const uint8_t *rows = dsq_font_glyph(character);
        for (int64_t i = 0; i < DSQ_FONT_HEIGHT; i++)
            for (int64_t j = 0; j < DSQ_FONT_WIDTH; j++)
                if (rows[i] >> (DSQ_FONT_WIDTH - 1 - j) & 1)
                    fill_rectangle(p,
                                   (struct rectangle){x + j * scale, y + i * scale,
                                                      x + (j + 1) * scale, y + (i + 1) * scale},
                                   c);
        x += (DSQ_FONT_WIDTH + 1) * scale;
    }
}

/* So that n pixels from v on lie within the limit; from 0 on where they are too many. */
static int64_t moved_inside(int64_t v, int64_t n, int64_t limit)
{
    v = v + n > limit ? limit - n : v;
    return v < 0 ? 0 : v;
}

static void label_text(const struct dsq_box *box, char *text, size_t bytes)
{
    if (box->name && box->name[0])
        snprintf(text, bytes, "%.100s %.2f", box->name, (double)box->score);
    else
        snprintf(text, bytes, "%d %.2f", (int)box->label, (double)box->score);
}

/* The nearest pixel edge; what is not a number, or far away, ends at the picture's border. */
static int64_t pixel_edge(float v, int32_t limit)
{
    return !(v > -1.0f) ? -1 : v > (float)limit + 1.0f ? limit + 1 : (int64_t)lrintf(v);
}

static struct rectangle box_edges(const struct dsq_picture *p, const struct dsq_box *box)
{
    return (struct rectangle){pixel_edge(box->x0, p->width), pixel_edge(box->y0, p->height),
                              pixel_edge(box->x1, p->width), pixel_edge(box->y1, p->height)};
}

static struct rectangle grown(struct rectangle r, int64_t by)
{
    return (struct rectangle){r.x0 - by, r.y0 - by, r.x1 + by, r.y1 + by};
}

static int64_t rim_width(int64_t scale)
{
    return (scale + 1) / 2;
}

static void draw_frame(struct dsq_picture *p, const struct dsq_box *box, int64_t scale)
{
    struct rectangle r = box_edges(p, box);
    int64_t rim = rim_width(scale);
    frame_rectangle(p, grown(r, rim), scale + 2 * rim, dark);
    frame_rectangle(p, r, scale, class_color(box->label));
}

/* A label, and whether it is drawn. */
struct label {
    struct rectangle at;
    bool shown;
};

enum { MOST_LOOKED_AT = 200 }; /* labels that the later ones keep clear of */

static bool overlap(struct rectangle a, struct rectangle b)
{
    return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
}

static bool is_free(struct rectangle at, const struct label *label, size_t n)
{
    for (size_t i = 0; i < n && i < MOST_LOOKED_AT; i++)
        if (label[i].shown && overlap(at, label[i].at))
            return false;
    return true;
}

/* Above the box, else in its upper corner; where a better label lies there, above to the left,
 * below the box, or beside it. All taken: the first place again. */
static struct rectangle place_label(const struct dsq_picture *p, struct rectangle box, int64_t w,
                                    int64_t h, const struct label *better, size_t n)
{
    int64_t above = box.y0 - h >= 0 ? box.y0 - h : box.y0;
    const int64_t places[][2] = {{box.x0, above},      {box.x1 - w, above}, {box.x0, box.y1},
                                 {box.x1 - w, box.y1}, {box.x1, box.y0},    {box.x0 - w, box.y0}};
    struct rectangle first = {0};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        int64_t x = moved_inside(places[i][0], w, p->width);
        int64_t y = moved_inside(places[i][1], h, p->height);
        struct rectangle at = {x, y, x + w, y + h};
        if (is_free(at, better, n))
            return at;
        first = i == 0 ? at : first;
    }
    return first;
}

static int64_t label_width(const struct dsq_box *box, int64_t scale)
{
    char text[128];
    label_text(box, text, sizeof text);
    return text_width(text, scale) + 4 * scale + 2 * rim_width(scale);
}

static int64_t label_height(int64_t scale)
{
    return (DSQ_FONT_HEIGHT + 2) * scale + 2 * rim_width(scale);
}

static void draw_label(struct dsq_picture *p, const struct dsq_box *box, struct rectangle at,
                       int64_t scale)
{
    char text[128];
    struct color ground = class_color(box->label);
    struct rectangle inside = grown(at, -rim_width(scale));
    label_text(box, text, sizeof text);
    fill_rectangle(p, at, dark);
    fill_rectangle(p, inside, ground);
    draw_text(p, text, inside.x0 + 2 * scale, inside.y0 + scale, scale, text_color(ground));
}

enum dsq_status dsq_draw(struct dsq_picture *picture, const struct dsq_detections *found,
                         float min_score, struct dsq_diag *diag)
{
    if (!picture || !found)
        return dsq_fail(diag, DSQ_ARGUMENT, "draw: a picture and detections are needed");
    int64_t side = picture->width < picture->height ? picture->width : picture->height;
    int64_t scale = side < 100 ? 1 : (side + 200) / 300;
    struct label *label = dsq_calloc(picture->allocator, found->n + 1, sizeof *label);
    if (!label)
        return dsq_fail(diag, DSQ_NOMEM, "draw: no memory for %zu labels", found->n);
    for (size_t i = 0; i < found->n; i++) { /* the best choose first */
        const struct dsq_box *box = &found->box[i];
        struct rectangle edges = grown(box_edges(picture, box), rim_width(scale));
        label[i].shown = box->score >= min_score;
        if (label[i].shown)
            label[i].at =
                place_label(picture, edges, label_width(box, scale), label_height(scale), label, i);
    }
    for (size_t i = found->n; i-- > 0;) /* and are drawn last, on top */
        if (label[i].shown)
            draw_frame(picture, &found->box[i], scale);
    for (size_t i = found->n; i-- > 0;)
        if (label[i].shown)
            draw_label(picture, &found->box[i], label[i].at, scale);
    dsq_release(picture->allocator, label);
    return DSQ_OK;
}
