/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that move elements: Pad, DepthToSpace, SpaceToDepth; and ConstantOfShape, which repeats
 * one. */
#include "onnx/import.h"

static const char *const pad_modes[] = {"constant", "reflect", "edge", "wrap", NULL};

enum dsq_status dsq_import_pad_attributes(struct dsq_import *im)
{
    struct dsq_pad_attr attr;
    int64_t pads[2 * DSQ_MAX_RANK];
    size_t n;
    float value;
    dsq_vid in[3];
    DSQ_TRY(dsq_import_choice(im, "mode", pad_modes, DSQ_PAD_CONSTANT, &attr.mode));
    DSQ_TRY(dsq_import_ints(im, "pads", 2 * DSQ_MAX_RANK, pads, &n));
    DSQ_TRY(dsq_import_float(im, "value", 0.0f, &value));
    DSQ_TRY(dsq_import_in(im, 0, &in[0]));
    DSQ_TRY(dsq_import_new_ints(im, "pads", pads, n, &in[1]));
    if (value == 0.0f)
        return dsq_import_emit(im, im->op->op, 2, in, &attr);
    DSQ_TRY(dsq_import_new_floats(im, "value", &value, 1, &in[2]));
    return dsq_import_emit(im, im->op->op, 3, in, &attr);
}

enum dsq_status dsq_import_pad_inputs(struct dsq_import *im)
{
    struct dsq_pad_attr attr;
    dsq_vid in[4];
    DSQ_TRY(dsq_import_choice(im, "mode", pad_modes, DSQ_PAD_CONSTANT, &attr.mode));
    for (size_t i = 0; i < 2; i++)
        DSQ_TRY(dsq_import_in(im, i, &in[i]));
    for (size_t i = 2; i < 4; i++)
        DSQ_TRY(dsq_import_in_or_none(im, i, &in[i]));
    if (attr.mode != DSQ_PAD_CONSTANT)
        in[2] = DSQ_NO_VALUE; /* of no use then, and of any type */
    return dsq_import_emit(im, im->op->op, 4, in, &attr);
}

enum dsq_status dsq_import_depth_to_space(struct dsq_import *im)
{
    static const char *const modes[] = {"DCR", "CRD", NULL};
    struct dsq_block_attr attr;
    dsq_vid x;
    DSQ_TRY(dsq_import_int(im, "blocksize", 0, &attr.size));
    DSQ_TRY(dsq_import_choice(im, "mode", modes, DSQ_BLOCK_DCR, &attr.mode));
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, im->op->op, 1, &x, &attr);
}

enum dsq_status dsq_import_space_to_depth(struct dsq_import *im)
{
    struct dsq_block_attr attr = {.mode = DSQ_BLOCK_DCR};
    dsq_vid x;
    DSQ_TRY(dsq_import_int(im, "blocksize", 0, &attr.size));
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, im->op->op, 1, &x, &attr);
}

/* One element, expanded. */
enum dsq_status dsq_import_constant_of_shape(struct dsq_import *im)
{
    static const float zero = 0.0f;
    const Onnx__TensorProto *proto;
    struct dsq_onnx_tensor t = {
        .dtype = DSQ_F32, .elements = 1, .bytes = sizeof zero, .data = &zero};
    dsq_vid in[2];
    DSQ_TRY(dsq_import_tensor(im, "value", &proto));
    if (proto)
        DSQ_TRY(dsq_onnx_tensor_read(proto, im->node->output[0], &im->scratch, &t, im->diag));
    if (t.elements != 1)
        return dsq_import_fail(im, DSQ_MALFORMED, "its value has %zu elements, must have one",
                               t.elements);
    DSQ_TRY(dsq_import_new_scalar(im, "value", t.dtype, t.data, &in[0]));
    DSQ_TRY(dsq_import_in(im, 0, &in[1]));
    return dsq_import_emit(im, im->op->op, 2, in, NULL);
}
