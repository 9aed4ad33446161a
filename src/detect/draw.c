/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boxes with names and scores on a picture. Each class has a colour of its own; lines have a dark
 * rim and labels a filled ground, so that both can be read on any picture. Sizes follow the
 * picture's.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* Above the box; below its upper edge where there is no room; moved left to end in the picture. */
static void draw_label(struct dsq_picture *p, const struct dsq_box *box, struct rectangle at,
                       int64_t scale, struct color ground)
{
    char text[128];
    if (box->name && box->name[0])
        snprintf(text, sizeof text, "%.100s %.2f", box->name, (double)box->score);
    else
        snprintf(text, sizeof text, "%d %.2f", (int)box->label, (double)box->score);
    int64_t margin = scale, w = text_width(text, scale) + 2 * margin;
    int64_t h = DSQ_FONT_HEIGHT * scale + 2 * margin;
    int64_t x = at.x0 + w > p->width ? p->width - w : at.x0;
    int64_t y = at.y0 - h >= 0 ? at.y0 - h : at.y0;
    x = x < 0 ? 0 : x;
    fill_rectangle(p, (struct rectangle){x, y, x + w, y + h}, ground);
    draw_text(p, text, x + margin, y + margin, scale, text_color(ground));
}

/* The nearest pixel edge; what is not a number, or far away, ends at the picture's border. */
static int64_t pixel_edge(float v, int32_t limit)
{
    return !(v > -1.0f) ? -1 : v > (float)limit + 1.0f ? limit + 1 : (int64_t)lrintf(v);
}

static void draw_box(struct dsq_picture *p, const struct dsq_box *box, int64_t scale)
{
    struct rectangle r = {pixel_edge(box->x0, p->width), pixel_edge(box->y0, p->height),
                          pixel_edge(box->x1, p->width), pixel_edge(box->y1, p->height)};
    struct color c = class_color(box->label);
    int64_t rim = (scale + 1) / 2;
    struct rectangle outer = {r.x0 - rim, r.y0 - rim, r.x1 + rim, r.y1 + rim};
    frame_rectangle(p, outer, scale + 2 * rim, dark);
    frame_rectangle(p, r, scale, c);
    draw_label(p, box, outer, scale, c);
}

enum dsq_status dsq_draw(struct dsq_picture *picture, const struct dsq_detections *found,
                         float min_score, struct dsq_diag *diag)
{
    if (!picture || !found)
        return dsq_fail(diag, DSQ_ARGUMENT, "draw: a picture and detections are needed");
    int32_t w = picture->width, h = picture->height;
    int64_t scale = ((w < h ? w : h) + 200) / 300;
    scale = scale < 1 ? 1 : scale;
    for (size_t i = found->n; i-- > 0;) /* the best last, on top */
        if (found->box[i].score >= min_score)
            draw_box(picture, &found->box[i], scale);
    return DSQ_OK;
}
