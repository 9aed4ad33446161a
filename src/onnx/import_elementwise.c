/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that look at one element, or one channel, at a time; and those that do nothing. */
#include "onnx/import.h"

/* Inputs as they are, no attributes. */
enum dsq_status dsq_import_plain(struct dsq_import *im)
{
    dsq_vid in[3];
    for (size_t i = 0; i < im->op->in_min; i++)
        DSQ_TRY(dsq_import_in(im, i, &in[i]));
    return dsq_import_emit(im, im->op->op, (int32_t)im->op->in_min, in, NULL);
}

/* ---- nothing happens ---- */

/* A Constant node is its tensor; whoever reads it finds it by name. */
enum dsq_status dsq_import_constant_node(struct dsq_import *im)
{
    struct dsq_import_name *root, *e = dsq_import_names_find(im, im->node->output[0]);
    im->attributes_read = UINT64_MAX;
    return dsq_import_constant(im, e, &root); /* it has one of the attributes that we know */
}

static enum dsq_status emit_identity(struct dsq_import *im)
{
    dsq_vid x;
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, DSQ_OP_IDENTITY, 1, &x, NULL);
}

enum dsq_status dsq_import_identity(struct dsq_import *im)
{
    struct dsq_import_name *root, *e = dsq_import_names_find(im, im->node->output[0]);
    DSQ_TRY(dsq_import_constant(im, e, &root));
    return root && !e->is_output ? DSQ_OK : emit_identity(im); /* a constant under another name */
}

/* Inference passes data through, and nobody may read the mask: out 1 is not made (onnx_ops.def). */
enum dsq_status dsq_import_dropout_attribute(struct dsq_import *im)
{
    dsq_import_ignore(im, "ratio");
    return emit_identity(im);
}

enum dsq_status dsq_import_dropout_inputs(struct dsq_import *im)
{
    struct dsq_import_name *root;
    struct dsq_onnx_tensor t;
    dsq_import_ignore(im, "seed");
    if (dsq_import_has_in(im, 2)) {
        DSQ_TRY(dsq_import_const_in(im, 2, "training_mode", &root, &t));
        if (t.dtype != DSQ_BOOL || t.elements != 1 || *(const uint8_t *)t.data)
            return dsq_import_fail(im, DSQ_UNSUPPORTED,
                                   "is in training mode; export the model for inference");
    }
    return emit_identity(im);
}
