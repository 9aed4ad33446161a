/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resize in all its forms, and Upsample, as the IR's resize(x, sizes or none, scales or none).
 *
 *   Upsample 7, 9    scales >= 1;  source = out / scale, rounded down
 *   Resize 10        the same, but rounded up where it shrinks (its node tests; ONNX Runtime's
 *                    "simple" nearest mode)
 *   Resize 11 ..     roi, scales, sizes; the attributes say how
 */
#include "onnx/import.h"

#include <string.h>

enum { X, SIZES, SCALES };

static const char *const modes[] = {"nearest", "linear", "cubic", NULL};

/* What a node says. `n`: how many numbers sizes or scales have; 0: they are computed. */
struct resize {
    struct dsq_resize_attr attr;
    dsq_vid in[3]; /* x, sizes, scales */
    size_t n;
};

/* The input has lost dimensions that a picture has: [N, C, W], [H, W] and [W]. The numbers stay as
 * they are and the attribute says which dimensions they are for. */
static const struct {
    size_t n_missing, n_axes;
    int64_t missing[3], axes[3];
} pictures[] = {
    {0, 0, {0}, {0}}, {3, 1, {0, 1, 2}, {3}}, {2, 2, {0, 1}, {2, 3}}, {1, 3, {2}, {0, 1, 3}}};

static size_t rank_of(const struct resize *r)
{
    return r->attr.n_axes || r->n == 0 || r->n > 3 ? 4 : r->n; /* axes: of pictures */
}

static enum dsq_status emit(struct dsq_import *im, struct resize *r)
{
    const size_t rank = rank_of(r), k = rank < 4 ? rank : 0;
    if (rank < 4) {
        r->attr.n_axes = (int64_t)pictures[k].n_axes;
        memcpy(r->attr.axes, pictures[k].axes, sizeof pictures[k].axes);
    }
    DSQ_TRY(dsq_import_in(im, 0, &r->in[X]));
    return dsq_import_emit_picture(im, im->op->op, 3, r->in, &r->attr, pictures[k].missing,
                                   pictures[k].n_missing);
}

/* Of a constant's entry i: which dimension of a picture it is for. */
static int64_t dimension(const struct resize *r, size_t i)
{
    if (r->attr.n_axes)
        return r->attr.axes[i] < 0 ? r->attr.axes[i] + 4 : r->attr.axes[i];
    return r->n > 0 && r->n < 4 ? pictures[r->n].axes[i] : (int64_t)i;
}

/* Constant scales: batch and channels stay, all are positive. Computed ones the shape rules see at
 * run time. */
static enum dsq_status check_scales(struct dsq_import *im, const struct resize *r,
                                    const float *scale)
{
    for (size_t i = 0; i < r->n; i++) {
        const int64_t dim = dimension(r, i);
        if (!(scale[i] > 0) || scale[i] > 1e6f)
            return dsq_import_fail(im, DSQ_MALFORMED, "scale %zu is %g", i, (double)scale[i]);
        if (dim < 2 && scale[i] != 1)
            return dsq_import_fail(im, DSQ_UNSUPPORTED, "resizes the %s (scale %g)",
                                   dim ? "channels" : "batch", (double)scale[i]);
    }
    return DSQ_OK;
}

/* Numbers in input i must be as many as there are axes. */
static enum dsq_status check_count(struct dsq_import *im, const struct resize *r, const char *what)
{
    if (r->attr.n_axes && r->n != (size_t)r->attr.n_axes)
        return dsq_import_fail(im, DSQ_MALFORMED, "%zu %s for %lld axes", r->n, what,
                               (long long)r->attr.n_axes);
    if (r->n > DSQ_MAX_RANK)
        return dsq_import_fail(im, DSQ_MALFORMED, "%zu %s", r->n, what);
    return DSQ_OK;
}

/* Input i, sizes or scales: a constant list of this type, whose contents go into *t, or computed
 * (t->data is NULL). A constant without elements is none, as opset 11 says it. */
static enum dsq_status read_list(struct dsq_import *im, size_t i, const char *what,
                                 enum dsq_dtype type, struct resize *r, dsq_vid *v,
                                 struct dsq_onnx_tensor *t)
{
    struct dsq_import_name *root = NULL, *e = dsq_import_names_find(im, im->node->input[i]);
    t->data = NULL;
    if (e)
        DSQ_TRY(dsq_import_constant(im, e, &root));
    if (!root) {
        r->n = (size_t)r->attr.n_axes;
        return dsq_import_in(im, i, v);
    }
    DSQ_TRY(dsq_import_const_in(im, i, what, &root, t));
    if (!t->elements)
        return DSQ_OK;
    if (t->dtype != type || t->shape.rank != 1)
        return dsq_import_fail(im, DSQ_MALFORMED, "%s '%s' must be a list of %s", what,
                               im->node->input[i], type == DSQ_F32 ? "floats" : "int64");
    r->n = t->elements;
    DSQ_TRY(check_count(im, r, what));
    return dsq_import_const_value(im, i, v);
}

static enum dsq_status read_scales(struct dsq_import *im, size_t i, struct resize *r)
{
    struct dsq_onnx_tensor t;
    DSQ_TRY(read_list(im, i, "scales", DSQ_F32, r, &r->in[SCALES], &t));
    return t.data ? check_scales(im, r, t.data) : DSQ_OK;
}

/* ---- before opset 11 ---- */

static enum dsq_status read_old_mode(struct dsq_import *im, struct resize *r)
{
    static const char *const old_modes[] = {"nearest", "linear", NULL};
    const bool upsample = strcmp(im->op->name, "Upsample") == 0;
    *r = (struct resize){.attr = {.coord = DSQ_COORD_ASYMMETRIC,
                                  .round = upsample ? DSQ_ROUND_FLOOR : DSQ_ROUND_SIMPLE},
                         .in = {DSQ_NO_VALUE, DSQ_NO_VALUE, DSQ_NO_VALUE}};
    return dsq_import_choice(im, "mode", old_modes, DSQ_RESIZE_NEAREST, &r->attr.mode);
}

static enum dsq_status check_upsample(struct dsq_import *im, const float *scale, size_t n)
{
    for (size_t i = 0; i < n && strcmp(im->op->name, "Upsample") == 0; i++)
        if (scale[i] < 1)
            return dsq_import_fail(im, DSQ_MALFORMED, "scales below 1");
    return DSQ_OK;
}

enum dsq_status dsq_import_upsample_7(struct dsq_import *im)
{
    struct resize r;
    float scale[DSQ_MAX_RANK];
    DSQ_TRY(read_old_mode(im, &r));
    DSQ_TRY(dsq_import_floats(im, "scales", DSQ_MAX_RANK, scale, &r.n));
    if (!r.n)
        return dsq_import_fail(im, DSQ_MALFORMED, "has no scales");
    DSQ_TRY(check_scales(im, &r, scale));
    DSQ_TRY(check_upsample(im, scale, r.n));
    DSQ_TRY(dsq_import_new_floats(im, "scales", scale, r.n, &r.in[SCALES]));
    return emit(im, &r);
}

/* Resize 10 and Upsample 9. */
enum dsq_status dsq_import_resize_10(struct dsq_import *im)
{
    struct resize r;
    struct dsq_onnx_tensor t;
    DSQ_TRY(read_old_mode(im, &r));
    DSQ_TRY(read_list(im, 1, "scales", DSQ_F32, &r, &r.in[SCALES], &t));
    if (r.in[SCALES] == DSQ_NO_VALUE)
        return dsq_import_fail(im, DSQ_MALFORMED, "scales are empty");
    if (t.data) {
        DSQ_TRY(check_scales(im, &r, t.data));
        DSQ_TRY(check_upsample(im, t.data, t.elements));
    }
    return emit(im, &r);
}

/* ---- opset 11 and later ---- */

static enum dsq_status read_axes(struct dsq_import *im, struct dsq_resize_attr *a)
{
    size_t n;
    DSQ_TRY(dsq_import_ints(im, "axes", DSQ_MAX_RANK, a->axes, &n));
    a->n_axes = (int64_t)n;
    for (size_t i = 0; i < n; i++)
        if (a->axes[i] < -4 || a->axes[i] > 3)
            return dsq_import_fail(im, DSQ_UNSUPPORTED, "axis %lld is none of a picture's four",
                                   (long long)a->axes[i]);
    return DSQ_OK;
}

static enum dsq_status read_attributes(struct dsq_import *im, struct dsq_resize_attr *a)
{
    static const char *const coords[] = {
        "half_pixel",           "asymmetric",           "pytorch_half_pixel", "align_corners",
        "half_pixel_symmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize", NULL};
    static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
                                         NULL};
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller", NULL};
    float cubic_a;
    DSQ_TRY(dsq_import_choice(im, "mode", modes, DSQ_RESIZE_NEAREST, &a->mode));
    DSQ_TRY(dsq_import_choice(im, "coordinate_transformation_mode", coords, DSQ_COORD_HALF_PIXEL,
                              &a->coord));
    DSQ_TRY(dsq_import_choice(im, "nearest_mode", rounds, DSQ_ROUND_PREFER_FLOOR, &a->round));
    DSQ_TRY(dsq_import_choice(im, "keep_aspect_ratio_policy", policies, 0, &a->policy));
    DSQ_TRY(dsq_import_int(im, "antialias", 0, &a->antialias));
    DSQ_TRY(dsq_import_int(im, "exclude_outside", 0, &a->exclude_outside));
    DSQ_TRY(dsq_import_float(im, "cubic_coeff_a", -0.75f, &cubic_a));
    DSQ_TRY(dsq_import_float(im, "extrapolation_value", 0.0f, &a->extrapolation));
    DSQ_TRY(read_axes(im, a));
    if (a->mode == DSQ_RESIZE_CUBIC)
        a->cubic_a = cubic_a;
    else
        a->exclude_outside = 0;
    if (a->mode == DSQ_RESIZE_NEAREST)
        a->antialias = 0;
    return DSQ_OK;
}

/* Begins and ends of all axes, of which height and width count. */
static enum dsq_status read_roi(struct dsq_import *im, struct resize *r)
{
    struct dsq_import_name *root;
    struct dsq_onnx_tensor t;
    if (r->attr.coord != DSQ_COORD_TF_CROP_AND_RESIZE) {
        r->attr.extrapolation = 0.0f;
        return DSQ_OK;
    }
    DSQ_TRY(dsq_import_const_in(im, 1, "roi", &root, &t));
    const size_t n = r->n ? r->n : 4;
    if (t.dtype != DSQ_F32 || t.elements != 2 * n)
        return dsq_import_fail(im, DSQ_MALFORMED, "roi '%s' must be %zu floats", im->node->input[1],
                               2 * n);
    r->attr.roi[2] = r->attr.roi[3] = 1.0f;
    for (size_t i = 0; i < n; i++) {
        const int64_t dim = dimension(r, i);
        if (dim < 2)
            continue;
        r->attr.roi[dim - 2] = ((const float *)t.data)[i];
        r->attr.roi[dim] = ((const float *)t.data)[n + i];
    }
    return DSQ_OK;
}

enum dsq_status dsq_import_resize(struct dsq_import *im)
{
    struct resize r = {.in = {DSQ_NO_VALUE, DSQ_NO_VALUE, DSQ_NO_VALUE}};
    struct dsq_onnx_tensor t;
    DSQ_TRY(read_attributes(im, &r.attr));
    if (dsq_import_has_in(im, 2))
        DSQ_TRY(read_scales(im, 2, &r));
    if (dsq_import_has_in(im, 3))
        DSQ_TRY(read_list(im, 3, "sizes", DSQ_S64, &r, &r.in[SIZES], &t));
    if ((r.in[SIZES] == DSQ_NO_VALUE) == (r.in[SCALES] == DSQ_NO_VALUE))
        return dsq_import_fail(im, DSQ_MALFORMED, "needs either scales or sizes");
    if (r.in[SIZES] == DSQ_NO_VALUE)
        r.attr.policy = DSQ_POLICY_STRETCH;
    DSQ_TRY(read_roi(im, &r));
    return emit(im, &r);
}
