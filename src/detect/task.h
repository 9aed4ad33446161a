/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task: how a picture is prepared for a detector and how its outputs become boxes. Data, not
 * code.
 *
 * A task is read from JSON (docs/tasks.md lists every field), from a built-in preset, or from a
 * JSON object that names a preset and changes some of its fields. It travels as canonical JSON
 * inside the ONNX model and the engine. Immutable once parsed; may be shared by threads.
 *
 * task_fields.h lists the fields once; parsing, printing and checking follow that table.
 */
#ifndef DSQ_DETECT_TASK_H
#define DSQ_DETECT_TASK_H

#include "base/memory.h"
#include "base/status.h"

#define DSQ_TASK_MAX_NUMBERS 16   /* levels, scales, ratios */
#define DSQ_TASK_MAX_NAMES 100000 /* classes, outputs */
#define DSQ_TASK_MAX_BINS 256     /* of a distance's distribution */

enum dsq_task_color { DSQ_COLOR_RGB, DSQ_COLOR_BGR };
enum dsq_task_filter { DSQ_FILTER_OPENCV_LINEAR, DSQ_FILTER_PIL_ANTIALIAS };
enum dsq_task_rounding { DSQ_SIZE_FLOOR, DSQ_SIZE_HALF_UP };
enum dsq_task_way_back { DSQ_BACK_ONE_RATIO, DSQ_BACK_PER_AXIS };
enum dsq_task_clip { DSQ_CLIP_PICTURE, DSQ_CLIP_INPUT, DSQ_CLIP_NONE };
enum dsq_task_family {
    DSQ_FAMILY_RETINANET,
    DSQ_FAMILY_NANODET,
    DSQ_FAMILY_YOLOX,
    DSQ_FAMILY_RAW, /* pictures are prepared, nothing is decoded */
};
enum dsq_task_activation { DSQ_SCORE_SIGMOID, DSQ_SCORE_NONE, DSQ_SCORE_SOFTMAX };
enum dsq_task_background { DSQ_BACKGROUND_NONE, DSQ_BACKGROUND_FIRST, DSQ_BACKGROUND_LAST };
enum dsq_task_stride { DSQ_STRIDE_FIXED, DSQ_STRIDE_GRID };
enum dsq_task_anchor_order { DSQ_RATIO_MAJOR, DSQ_SCALE_MAJOR };
enum dsq_task_anchor_rounding { DSQ_ANCHOR_EXACT, DSQ_ANCHOR_ROUND_BASE, DSQ_ANCHOR_ROUND_CORNERS };
enum dsq_task_extent { DSQ_EXTENT_EXCLUSIVE, DSQ_EXTENT_INCLUSIVE };
enum dsq_task_clamp { DSQ_CLAMP_BOTH, DSQ_CLAMP_ABOVE, DSQ_CLAMP_NONE };
enum dsq_task_classes_per_box { DSQ_CLASSES_ALL, DSQ_CLASSES_BEST };

enum dsq_resize_rule { DSQ_RESIZE_NONE, DSQ_RESIZE_STRETCH, DSQ_RESIZE_FIT, DSQ_RESIZE_SHORT };

/* stretch and fit: a = height, b = width; short: a = shorter side, b = the longer side's limit. */
struct dsq_task_resize {
    enum dsq_resize_rule rule;
    int32_t a, b;
};

struct dsq_task_numbers {
    int32_t n;
    double v[DSQ_TASK_MAX_NUMBERS];
};

struct dsq_task_names {
    int32_t n;
    const char **v;
};

/* Enumerations are int32_t so that the field table can set them; the comment names their type. */
struct dsq_task {
    struct dsq_arena arena; /* the strings */
    const char *name;       /* for people; may be "" */
    /* preparation */
    int32_t color;                     /* enum dsq_task_color: order of the input's channels */
    struct dsq_task_numbers mean, std; /* 3 each, in that order, for pixels 0..255 */
    struct dsq_task_resize resize;
    int32_t filter;        /* enum dsq_task_filter */
    int32_t size_rounding; /* enum dsq_task_rounding */
    int32_t pad;           /* sides grow right and below to a multiple of this; 1: not */
    double pad_value;
    bool pad_before_normalization; /* pad_value is a pixel, else it is what the network reads */
    int32_t way_back;              /* enum dsq_task_way_back */
    int32_t clip;                  /* enum dsq_task_clip */
    /* decoding */
    int32_t family;                      /* enum dsq_task_family */
    struct dsq_task_names score_outputs; /* one a level, finest first; none: by order */
    struct dsq_task_names box_outputs;
    struct dsq_task_names outputs;   /* scores and boxes in one; none: by order */
    int32_t score_activation;        /* enum dsq_task_activation: what still has to be applied */
    int32_t background;              /* enum dsq_task_background: a class that is none */
    int32_t stride_rule;             /* enum dsq_task_stride */
    struct dsq_task_numbers strides; /* one a level; used by "fixed" */
    struct dsq_task_numbers anchor_base_sizes, anchor_scales, anchor_ratios;
    int32_t anchor_order;                        /* enum dsq_task_anchor_order */
    double anchor_center_offset;                 /* of the stride */
    int32_t anchor_rounding;                     /* enum dsq_task_anchor_rounding */
    int32_t anchor_extent, box_extent;           /* enum dsq_task_extent */
    struct dsq_task_numbers box_means, box_stds; /* 4 each: dx dy dw dh */
    int32_t box_clamp; /* enum dsq_task_clamp: of dw, dh at |log(ratio)| */
    double box_clamp_ratio;
    int32_t distance_bins;   /* of each side's distribution */
    int32_t classes_per_box; /* enum dsq_task_classes_per_box */
    double score_threshold;
    int32_t candidates_per_level, candidates_per_picture; /* 0: no limit of the picture's own */
    double nms_threshold;
    int32_t max_detections;
    struct dsq_task_names
        classes; /* by label; none: unnamed. "" marks a label that is never reported */
};

/* `text` starting with '{' is JSON; else a preset's name; else the path of a JSON file. `resize`
 * ("none", "stretch:HxW", "fit:HxW", "short:S,MAX"; NULL: keep) replaces the resize rule, `pad` > 0
 * the padding multiple. MALFORMED names the file, line and column, or the field; ARGUMENT a bad
 * resize or an unknown preset; IO the file. */
enum dsq_status dsq_task_parse(struct dsq_task **out, const char *text, const char *resize,
                               int32_t pad, const struct dsq_allocator *a,
                               struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_task_free(struct dsq_task **task);

/* UNSUPPORTED: the file at `path` carries no task and none was given; the text lists the presets.
 * */
enum dsq_status dsq_task_missing(const char *path, struct dsq_diag *d) DSQ_MUST_CHECK;

/* How many levels the network has. */
int32_t dsq_task_levels(const struct dsq_task *task);

/* UNSUPPORTED for a task that only prepares pictures. */
enum dsq_status dsq_task_decodes(const struct dsq_task *task, struct dsq_diag *d) DSQ_MUST_CHECK;

/* Canonical JSON: every field that the family uses, fixed order; parsing it gives an equal task.
 * NUL-terminated, from dsq_alloc(a): release with dsq_release(a, text). */
enum dsq_status dsq_task_to_json(const struct dsq_task *task, char **text,
                                 const struct dsq_allocator *a, struct dsq_diag *d) DSQ_MUST_CHECK;

/* The class's name, "" when the task has no names or the label is out of range. */
const char *dsq_task_class_name(const struct dsq_task *task, int32_t label);

/* The JSON text of a preset, or NULL. */
const char *dsq_task_preset_json(const char *name);

/* "none", "short:800,1333", ...; false when `text` is none of the four rules. */
bool dsq_task_resize_parse(const char *text, struct dsq_task_resize *out);
void dsq_task_resize_format(const struct dsq_task_resize *resize, char *text, size_t bytes);

#endif
