/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of every attribute struct: what text.c prints, parse.c parses, check.c checks. */
#include "graph/attr.h"

const char *const dsq_dtype_names[] = {"f32", "s8", "u8", "s32", "s64", "bool", "f64", NULL};
const char *const dsq_layout_names[] = {"nchw", "nhwc", NULL};

static const char *const activation_names[] = {
    "none",      "relu", "clip", "leaky_relu", "sigmoid", "hardsigmoid", "tanh", "silu",
    "hardswish", "elu",  "gelu", "gelu_tanh",  "mish",    "softplus",    NULL};
static const char *const auto_pad_names[] = {"explicit", "same_upper", "same_lower", "valid", NULL};
static const char *const resize_mode_names[] = {"nearest", "linear", "cubic", NULL};
static const char *const resize_coord_names[] = {
    "half_pixel",           "asymmetric",           "pytorch_half_pixel", "align_corners",
    "half_pixel_symmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize", NULL};
static const char *const resize_round_names[] = {"prefer_floor", "prefer_ceil", "floor",
                                                 "ceil",         "simple",      NULL};
static const char *const resize_policy_names[] = {"stretch", "not_larger", "not_smaller", NULL};

static const char *const pad_mode_names[] = {"constant", "reflect", "edge", "wrap", NULL};
static const char *const block_mode_names[] = {"dcr", "crd", NULL};
static const char *const reduce_names[] = {
    "sum", "mean", "max", "min", "prod", "l1", "l2", "sum_square", "log_sum", "log_sum_exp", NULL};

/* clang-format off */
#define INT(type, field, n) {#field, DSQ_FIELD_INT, offsetof(struct type, field), n, NULL}
#define FLOAT(type, field) {#field, DSQ_FIELD_FLOAT, offsetof(struct type, field), 1, NULL}
#define ENUM(type, field, names) {#field, DSQ_FIELD_ENUM, offsetof(struct type, field), 1, names}
#define IN_WINDOW(type, field) offsetof(struct type, win) + offsetof(struct dsq_window, field)
#define WINDOW(type)                                                             \
    {"kernel", DSQ_FIELD_INT, IN_WINDOW(type, kernel), 2, NULL},                 \
    {"stride", DSQ_FIELD_INT, IN_WINDOW(type, stride), 2, NULL},                 \
    {"dilation", DSQ_FIELD_INT, IN_WINDOW(type, dilation), 2, NULL},             \
    {"pad", DSQ_FIELD_INT, IN_WINDOW(type, pad), 4, NULL},                       \
    {"auto_pad", DSQ_FIELD_ENUM, IN_WINDOW(type, auto_pad), 1, auto_pad_names},  \
    {"ceil_mode", DSQ_FIELD_INT, IN_WINDOW(type, ceil_mode), 1, NULL}
/* clang-format on */

static const struct dsq_attr_field conv_fields[] = {
    WINDOW(dsq_conv_attr),
    INT(dsq_conv_attr, group, 1),
    INT(dsq_conv_attr, out_channels, 1),
    INT(dsq_conv_attr, transposed, 1),
    INT(dsq_conv_attr, out_pad, 2),
    INT(dsq_conv_attr, out_size, 2),
    ENUM(dsq_conv_attr, act, activation_names),
    FLOAT(dsq_conv_attr, act_lo),
    FLOAT(dsq_conv_attr, act_hi),
    FLOAT(dsq_conv_attr, act_alpha),
    FLOAT(dsq_conv_attr, act_beta),
};
static const struct dsq_attr_field pool_fields[] = {
    WINDOW(dsq_pool_attr),
    INT(dsq_pool_attr, count_include_pad, 1),
};
static const struct dsq_attr_field batchnorm_fields[] = {FLOAT(dsq_batchnorm_attr, epsilon)};
static const struct dsq_attr_field groupnorm_fields[] = {INT(dsq_groupnorm_attr, groups, 1),
                                                         FLOAT(dsq_groupnorm_attr, epsilon)};
static const struct dsq_attr_field layernorm_fields[] = {INT(dsq_layernorm_attr, axis, 1),
                                                         FLOAT(dsq_layernorm_attr, epsilon)};
static const struct dsq_attr_field clip_fields[] = {FLOAT(dsq_clip_attr, lo),
                                                    FLOAT(dsq_clip_attr, hi)};
static const struct dsq_attr_field unary_fields[] = {FLOAT(dsq_unary_attr, alpha),
                                                     FLOAT(dsq_unary_attr, beta)};
static const struct dsq_attr_field axis_fields[] = {INT(dsq_axis_attr, axis, 1)};
static const struct dsq_attr_field split_fields[] = {INT(dsq_split_attr, axis, 1),
                                                     INT(dsq_split_attr, uneven, 1)};
static const struct dsq_attr_field cast_fields[] = {ENUM(dsq_cast_attr, to, dsq_dtype_names)};
static const struct dsq_attr_field perm_fields[] = {INT(dsq_perm_attr, n, 1),
                                                    INT(dsq_perm_attr, perm, DSQ_MAX_RANK)};
static const struct dsq_attr_field reshape_fields[] = {INT(dsq_reshape_attr, allow_zero, 1)};
static const struct dsq_attr_field resize_fields[] = {
    ENUM(dsq_resize_attr, mode, resize_mode_names),
    ENUM(dsq_resize_attr, coord, resize_coord_names),
    ENUM(dsq_resize_attr, round, resize_round_names),
    ENUM(dsq_resize_attr, policy, resize_policy_names),
    INT(dsq_resize_attr, antialias, 1),
    INT(dsq_resize_attr, exclude_outside, 1),
    INT(dsq_resize_attr, n_axes, 1),
    INT(dsq_resize_attr, axes, DSQ_MAX_RANK),
    FLOAT(dsq_resize_attr, cubic_a),
    {"roi", DSQ_FIELD_FLOAT, offsetof(struct dsq_resize_attr, roi), 4, NULL},
    FLOAT(dsq_resize_attr, extrapolation),
};

static const struct dsq_attr_field pad_fields[] = {ENUM(dsq_pad_attr, mode, pad_mode_names)};
static const struct dsq_attr_field block_fields[] = {INT(dsq_block_attr, size, 1),
                                                     ENUM(dsq_block_attr, mode, block_mode_names)};
static const struct dsq_attr_field reduce_fields[] = {ENUM(dsq_reduce_attr, kind, reduce_names),
                                                      INT(dsq_reduce_attr, keepdims, 1),
                                                      INT(dsq_reduce_attr, noop, 1)};
static const struct dsq_attr_field arg_fields[] = {
    INT(dsq_arg_attr, axis, 1), INT(dsq_arg_attr, keepdims, 1), INT(dsq_arg_attr, last, 1)};
static const struct dsq_attr_field topk_fields[] = {INT(dsq_topk_attr, axis, 1),
                                                    INT(dsq_topk_attr, largest, 1)};
static const struct dsq_attr_field softmax_fields[] = {INT(dsq_softmax_attr, axis, 1),
                                                       INT(dsq_softmax_attr, flat, 1)};

#define TYPE(name)                                                                                 \
    const struct dsq_attr_type dsq_attr_##name = {sizeof(struct dsq_##name##_attr), name##_fields, \
                                                  sizeof name##_fields / sizeof *name##_fields}

const struct dsq_attr_type dsq_attr_none = {0, NULL, 0};
TYPE(conv);
TYPE(pool);
TYPE(batchnorm);
TYPE(groupnorm);
TYPE(layernorm);
TYPE(clip);
TYPE(unary);
TYPE(axis);
TYPE(split);
TYPE(pad);
TYPE(block);
TYPE(reduce);
TYPE(arg);
TYPE(topk);
TYPE(softmax);
TYPE(cast);
TYPE(perm);
TYPE(reshape);
TYPE(resize);
