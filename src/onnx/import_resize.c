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

static const char *const modes[] = {"nearest", "linear", "cubic", NULL};

/* Of scales that are a constant: batch and channels stay, all are positive. *shrinks, *grows: some
 * axis does. Computed scales leave everything untouched; the shape rules see them at run time. */
static enum dsq_status check_scales(struct dsq_import *im, const float *scale, size_t n,
                                    bool *shrinks, bool *grows)
{
    for (size_t i = 0; i < n; i++) {
        if (!(scale[i] > 0) || scale[i] > 1e6f)
            return dsq_import_fail(im, DSQ_MALFORMED, "scale %zu is %g", i, (double)scale[i]);
        if (i < 2 && scale[i] != 1)
            return dsq_import_fail(im, DSQ_UNSUPPORTED, "resizes the %s (scale %g)",
                                   i ? "channels" : "batch", (double)scale[i]);
        *shrinks |= scale[i] < 1;
        *grows |= scale[i] > 1;
    }
    return DSQ_OK;
}

static enum dsq_status read_scales(struct dsq_import *im, size_t i, dsq_vid *scales, bool *shrinks,
                                   bool *grows)
{
    struct dsq_import_name *root;
    struct dsq_onnx_tensor t;
    DSQ_TRY(dsq_import_const_in(im, i, "scales", &root, &t));
    if (!t.elements) { /* how opset 11 says "none" */
        *scales = DSQ_NO_VALUE;
        return DSQ_OK;
    }
    if (t.dtype != DSQ_F32 || t.shape.rank != 1)
        return dsq_import_fail(im, DSQ_MALFORMED, "scales '%s' must be a list of floats",
                               im->node->input[i]);
    DSQ_TRY(check_scales(im, t.data, t.elements, shrinks, grows));
    return dsq_import_const_value(im, i, scales);
}

static enum dsq_status read_old_mode(struct dsq_import *im, struct dsq_resize_attr *attr)
{
    static const char *const old_modes[] = {"nearest", "linear", NULL};
    *attr = (struct dsq_resize_attr){.coord = DSQ_COORD_ASYMMETRIC, .round = DSQ_ROUND_FLOOR};
    return dsq_import_choice(im, "mode", old_modes, DSQ_RESIZE_NEAREST, &attr->mode);
}

static enum dsq_status emit_old(struct dsq_import *im, struct dsq_resize_attr attr, dsq_vid scales,
                                bool shrinks, bool grows)
{
    dsq_vid in[3] = {DSQ_NO_VALUE, DSQ_NO_VALUE, scales};
    if (shrinks && strcmp(im->op->name, "Upsample") == 0)
        return dsq_import_fail(im, DSQ_MALFORMED, "scales below 1");
    if (attr.mode == DSQ_RESIZE_NEAREST && shrinks && grows)
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "grows one axis and shrinks another, each rounded differently");
    if (attr.mode == DSQ_RESIZE_NEAREST && shrinks)
        attr.round = DSQ_ROUND_CEIL;
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    return dsq_import_emit(im, im->op->op, 3, in, &attr);
}

enum dsq_status dsq_import_upsample_7(struct dsq_import *im)
{
    struct dsq_resize_attr attr;
    float scale[DSQ_MAX_RANK];
    size_t n;
    bool shrinks = false, grows = false;
    dsq_vid scales;
    DSQ_TRY(read_old_mode(im, &attr));
    DSQ_TRY(dsq_import_floats(im, "scales", DSQ_MAX_RANK, scale, &n));
    if (!n)
        return dsq_import_fail(im, DSQ_MALFORMED, "has no scales");
    DSQ_TRY(check_scales(im, scale, n, &shrinks, &grows));
    DSQ_TRY(dsq_import_new_floats(im, "scales", scale, n, &scales));
    return emit_old(im, attr, scales, shrinks, grows);
}

/* Resize 10 and Upsample 9. */
enum dsq_status dsq_import_resize_10(struct dsq_import *im)
{
    struct dsq_resize_attr attr;
    bool shrinks = false, grows = false;
    dsq_vid scales;
    DSQ_TRY(read_old_mode(im, &attr));
    DSQ_TRY(read_scales(im, 1, &scales, &shrinks, &grows));
    if (scales == DSQ_NO_VALUE)
        return dsq_import_fail(im, DSQ_MALFORMED, "scales are empty");
    return emit_old(im, attr, scales, shrinks, grows);
}

/* Attributes of Resize 11 and later that are fine only as they are by default. */
static enum dsq_status check_variants(struct dsq_import *im, int64_t mode)
{
    static const char *const policies[] = {"stretch", NULL};
    float coefficient;
    int64_t ignored;
    DSQ_TRY(dsq_import_only(im, "antialias", 0));
    DSQ_TRY(dsq_import_choice(im, "keep_aspect_ratio_policy", policies, 0, &ignored));
    if (dsq_import_has_attr(im, "axes"))
        return dsq_import_fail(im, DSQ_UNSUPPORTED, "attribute 'axes' is not supported");
    dsq_import_ignore(im, "extrapolation_value"); /* of tf_crop_and_resize */
    DSQ_TRY(dsq_import_float(im, "cubic_coeff_a", -0.75f, &coefficient));
    if (mode != DSQ_RESIZE_CUBIC) {
        dsq_import_ignore(im, "exclude_outside");
        return DSQ_OK;
    }
    if (coefficient != -0.75f)
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "cubic_coeff_a=%g is not supported; supported: -0.75",
                               (double)coefficient);
    return dsq_import_only(im, "exclude_outside", 0);
}

static enum dsq_status read_attributes(struct dsq_import *im, struct dsq_resize_attr *attr)
{
    static const char *const coords[] = {"half_pixel", "asymmetric", "pytorch_half_pixel",
                                         "align_corners", NULL};
    static const char *const rounds[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
                                         NULL};
    DSQ_TRY(dsq_import_choice(im, "mode", modes, DSQ_RESIZE_NEAREST, &attr->mode));
    DSQ_TRY(dsq_import_choice(im, "coordinate_transformation_mode", coords, DSQ_COORD_HALF_PIXEL,
                              &attr->coord));
    DSQ_TRY(dsq_import_choice(im, "nearest_mode", rounds, DSQ_ROUND_PREFER_FLOOR, &attr->round));
    return check_variants(im, attr->mode);
}

/* Sizes may be computed; a constant without elements is none. */
static enum dsq_status read_sizes(struct dsq_import *im, dsq_vid *sizes)
{
    struct dsq_onnx_tensor t;
    struct dsq_import_name *root = NULL, *e = dsq_import_names_find(im, im->node->input[3]);
    if (e)
        DSQ_TRY(dsq_import_constant(im, e, &root));
    if (!root)
        return dsq_import_in(im, 3, sizes);
    DSQ_TRY(dsq_import_const_in(im, 3, "sizes", &root, &t));
    if (!t.elements)
        return DSQ_OK;
    if (t.dtype != DSQ_S64 || t.shape.rank != 1)
        return dsq_import_fail(im, DSQ_MALFORMED, "sizes '%s' must be a list of int64",
                               im->node->input[3]);
    return dsq_import_const_value(im, 3, sizes);
}

enum dsq_status dsq_import_resize(struct dsq_import *im)
{
    struct dsq_resize_attr attr;
    bool shrinks = false, grows = false;
    dsq_vid x, sizes = DSQ_NO_VALUE, scales = DSQ_NO_VALUE;
    DSQ_TRY(read_attributes(im, &attr)); /* roi (input 1) belongs to tf_crop_and_resize */
    if (dsq_import_has_in(im, 2))
        DSQ_TRY(read_scales(im, 2, &scales, &shrinks, &grows));
    if (dsq_import_has_in(im, 3))
        DSQ_TRY(read_sizes(im, &sizes));
    if ((sizes == DSQ_NO_VALUE) == (scales == DSQ_NO_VALUE))
        return dsq_import_fail(im, DSQ_MALFORMED, "needs either scales or sizes");
    DSQ_TRY(dsq_import_in(im, 0, &x));
    const dsq_vid in[3] = {x, sizes, scales};
    return dsq_import_emit(im, im->op->op, 3, in, &attr);
}
