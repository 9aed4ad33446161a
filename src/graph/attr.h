/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operators carry besides their inputs: one struct an operator, described field by field
 * in attr.c so that printing, parsing and comparing come from one table.
 */
#ifndef DSQ_GRAPH_ATTR_H
#define DSQ_GRAPH_ATTR_H

#include "base/bytes.h"
#include "graph/dim.h"

/* A fused activation, in float. None, ReLU and Clip are y < lo ? lo : y > hi ? hi : y with
 * -inf..inf, 0..inf and lo..hi; the others are the unary operators of the same name, whose alpha
 * and beta are act_alpha and act_beta. */
enum dsq_activation {
    DSQ_ACT_NONE = 0,
    DSQ_ACT_RELU,
    DSQ_ACT_CLIP,
    DSQ_ACT_LEAKY_RELU,
    DSQ_ACT_SIGMOID,
    DSQ_ACT_HARDSIGMOID,
    DSQ_ACT_TANH,
    DSQ_ACT_SILU,
    DSQ_ACT_HARDSWISH,
    DSQ_ACT_ELU,
    DSQ_ACT_GELU,
    DSQ_ACT_GELU_TANH,
    DSQ_ACT_MISH,
    DSQ_ACT_SOFTPLUS
};

enum dsq_auto_pad { DSQ_PAD_EXPLICIT = 0, DSQ_PAD_SAME_UPPER, DSQ_PAD_SAME_LOWER, DSQ_PAD_VALID };

/* A two-dimensional window, shared by conv and the pools. Order: height, width; pads top, left,
 * bottom, right (as ONNX). */
struct dsq_window {
    int64_t kernel[2], stride[2], dilation[2], pad[4];
    int64_t auto_pad;  /* enum dsq_auto_pad */
    int64_t ceil_mode; /* pools only */
};

/* conv: in = w [O,KH,KW,I/group], b [O] or none, then per segment x, residual or none, m [O] or
 * none; out = one y a segment. y = act(conv(x, w) + b + residual); SEMANTICS of s8: DESIGN
 * "Numbers".
 * transposed: y[oh] sums w[kh] x[ih] over all pairs with oh + pad = ih stride + kh dilation, so
 * that y is about `stride` times as large as x. out_pad is added to y's size; out_size, if not 0,
 * is y's size, and decides the padding as auto_pad SAME does. No residual. */
struct dsq_conv_attr {
    struct dsq_window win;
    int64_t group, out_channels;
    int64_t transposed, out_pad[2], out_size[2];
    int64_t act; /* enum dsq_activation */
    float act_lo, act_hi, act_alpha, act_beta;
};
struct dsq_pool_attr {
    struct dsq_window win;
    int64_t count_include_pad; /* avgpool only */
};
struct dsq_batchnorm_attr {
    float epsilon;
};
/* groupnorm: in = x [N,C,...], scale, bias [C] or one a group. groups 0: each channel is one. */
struct dsq_groupnorm_attr {
    int64_t groups;
    float epsilon;
};
/* layernorm: in = x, scale, bias or none, of the shape that x has from `axis` on, or one number. */
struct dsq_layernorm_attr {
    int64_t axis;
    float epsilon;
};
struct dsq_clip_attr {
    float lo, hi;
};
/* leaky_relu, elu: alpha; hardsigmoid: alpha x + beta. Zero where an operator has no use for them.
 */
struct dsq_unary_attr {
    float alpha, beta;
};
struct dsq_axis_attr { /* concat, gather, flatten, softmax */
    int64_t axis;
};
/* split: in = x, sizes or none; without sizes into as many equal parts as there are outputs, of
 * which the last may be smaller if `uneven` says so. */
struct dsq_split_attr {
    int64_t axis, uneven;
};
struct dsq_cast_attr {
    int64_t to; /* enum dsq_dtype */
};
struct dsq_perm_attr { /* transpose; n == 0 reverses */
    int64_t n, perm[DSQ_MAX_RANK];
};
struct dsq_reshape_attr {
    int64_t allow_zero;
};
/* resize: in = x, sizes (s64) or none, scales (f32) or none. */
enum dsq_resize_mode { DSQ_RESIZE_NEAREST = 0, DSQ_RESIZE_LINEAR, DSQ_RESIZE_CUBIC };
enum dsq_resize_coord {
    DSQ_COORD_HALF_PIXEL = 0,
    DSQ_COORD_ASYMMETRIC,
    DSQ_COORD_PYTORCH_HALF_PIXEL,
    DSQ_COORD_ALIGN_CORNERS,
    DSQ_COORD_HALF_PIXEL_SYMMETRIC,
    DSQ_COORD_TF_HALF_PIXEL_FOR_NN,
    DSQ_COORD_TF_CROP_AND_RESIZE
};
enum dsq_resize_round {
    DSQ_ROUND_PREFER_FLOOR = 0,
    DSQ_ROUND_PREFER_CEIL,
    DSQ_ROUND_FLOOR,
    DSQ_ROUND_CEIL,
    DSQ_ROUND_SIMPLE /* down, but up along an axis that shrinks */
};
enum dsq_resize_policy { DSQ_POLICY_STRETCH = 0, DSQ_POLICY_NOT_LARGER, DSQ_POLICY_NOT_SMALLER };
struct dsq_resize_attr {
    int64_t mode, coord, round;
    int64_t policy; /* how sizes keep the aspect ratio */
    int64_t antialias, exclude_outside;
    /* The dimensions that the numbers in sizes or scales are for; n_axes 0: all. */
    int64_t n_axes, axes[DSQ_MAX_RANK];
    float cubic_a;
    /* tf_crop_and_resize: begin of height and width, end of both; what lies outside the picture. */
    float roi[4], extrapolation;
};

/* pad: in = x, pads (before each axis, then behind each; negative ones cut off), value or none (0),
 * axes or none (all). */
enum dsq_pad_mode { DSQ_PAD_CONSTANT = 0, DSQ_PAD_REFLECT, DSQ_PAD_EDGE, DSQ_PAD_WRAP };
struct dsq_pad_attr {
    int64_t mode;
};
/* depth_to_space, space_to_depth: blocks of size x size pixels; channels hold the pixel first (dcr,
 * which space_to_depth always does) or last (crd). */
enum dsq_block_mode { DSQ_BLOCK_DCR = 0, DSQ_BLOCK_CRD };
struct dsq_block_attr {
    int64_t size, mode;
};
/* reduce: in = x, axes or none. Without axes, or with none in them, all (`noop`: no axis is reduced
 * then). Sums are made in double and rounded to float once. */
enum dsq_reduce_kind {
    DSQ_REDUCE_SUM = 0,
    DSQ_REDUCE_MEAN,
    DSQ_REDUCE_MAX,
    DSQ_REDUCE_MIN,
    DSQ_REDUCE_PROD,
    DSQ_REDUCE_L1,
    DSQ_REDUCE_L2,
    DSQ_REDUCE_SUM_SQUARE,
    DSQ_REDUCE_LOG_SUM,
    DSQ_REDUCE_LOG_SUM_EXP
};
struct dsq_reduce_attr {
    int64_t kind, keepdims, noop;
};
struct dsq_arg_attr { /* argmax, argmin; of equal numbers the first, or the last */
    int64_t axis, keepdims, last;
};
struct dsq_topk_attr { /* in = x, k; out = numbers, where they were. Always sorted */
    int64_t axis, largest;
};
struct dsq_softmax_attr { /* flat: over all dimensions from axis on */
    int64_t axis, flat;
};

/* One field of an attribute struct. */
enum dsq_field_type { DSQ_FIELD_INT, DSQ_FIELD_FLOAT, DSQ_FIELD_ENUM };
struct dsq_attr_field {
    const char *name;
    enum dsq_field_type type;
    size_t offset, count;     /* count: of an int64_t or float array */
    const char *const *names; /* ENUM: names by value, NULL-terminated */
};
struct dsq_attr_type {
    size_t bytes; /* of the struct; 0 for an operator without attributes */
    const struct dsq_attr_field *fields;
    size_t n_fields;
};

/* The attribute types that ops.def names. */
extern const struct dsq_attr_type dsq_attr_none;
extern const struct dsq_attr_type dsq_attr_conv;
extern const struct dsq_attr_type dsq_attr_pool;
extern const struct dsq_attr_type dsq_attr_batchnorm;
extern const struct dsq_attr_type dsq_attr_groupnorm;
extern const struct dsq_attr_type dsq_attr_layernorm;
extern const struct dsq_attr_type dsq_attr_clip;
extern const struct dsq_attr_type dsq_attr_unary;
extern const struct dsq_attr_type dsq_attr_axis;
extern const struct dsq_attr_type dsq_attr_cast;
extern const struct dsq_attr_type dsq_attr_perm;
extern const struct dsq_attr_type dsq_attr_reshape;
extern const struct dsq_attr_type dsq_attr_resize;
extern const struct dsq_attr_type dsq_attr_split;
extern const struct dsq_attr_type dsq_attr_pad;
extern const struct dsq_attr_type dsq_attr_block;
extern const struct dsq_attr_type dsq_attr_reduce;
extern const struct dsq_attr_type dsq_attr_arg;
extern const struct dsq_attr_type dsq_attr_topk;
extern const struct dsq_attr_type dsq_attr_softmax;

/* Names of enum dsq_dtype and enum dsq_layout by value, NULL-terminated. */
extern const char *const dsq_dtype_names[], *const dsq_layout_names[];

#endif
