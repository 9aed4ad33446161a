/* SPDX-License-Identifier: Apache-2.0 */
/* The normalizations: Batch, Instance, Group and Layer. */
#include "onnx/import.h"

/* Inputs [first, end): constants where they are that, else what the model computes. */
static enum dsq_status parameters(struct dsq_import *im, size_t first, size_t end, dsq_vid *in)
{
    for (size_t i = first; i < end; i++)
        DSQ_TRY(dsq_import_in_or_none(im, i, &in[i]));
    return DSQ_OK;
}

static enum dsq_status refuse_training(struct dsq_import *im)
{
    for (size_t i = 1; i < im->node->n_output; i++)
        if (im->node->output[i][0])
            return dsq_import_fail(im, DSQ_UNSUPPORTED,
                                   "output '%s' is of training; export the model for inference",
                                   im->node->output[i]);
    return DSQ_OK;
}

enum dsq_status dsq_import_batchnorm(struct dsq_import *im)
{
    struct dsq_batchnorm_attr attr;
    dsq_vid in[5];
    DSQ_TRY(refuse_training(im));
    DSQ_TRY(dsq_import_float(im, "epsilon", 1e-5f, &attr.epsilon));
    DSQ_TRY(dsq_import_only(im, "training_mode", 0));
    DSQ_TRY(dsq_import_only(im, "spatial", 1));
    dsq_import_ignore(im, "momentum");
    DSQ_TRY(parameters(im, 0, 5, in));
    return dsq_import_emit(im, im->op->op, 5, in, &attr);
}

enum dsq_status dsq_import_instancenorm(struct dsq_import *im)
{
    struct dsq_groupnorm_attr attr = {.groups = 0};
    dsq_vid in[3];
    DSQ_TRY(dsq_import_float(im, "epsilon", 1e-5f, &attr.epsilon));
    DSQ_TRY(parameters(im, 0, 3, in));
    return dsq_import_emit(im, im->op->op, 3, in, &attr);
}

/* Scale and bias are one a group at opset 18, one a channel since 21: the node takes both. */
enum dsq_status dsq_import_groupnorm(struct dsq_import *im)
{
    struct dsq_groupnorm_attr attr;
    dsq_vid in[3];
    DSQ_TRY(dsq_import_float(im, "epsilon", 1e-5f, &attr.epsilon));
    DSQ_TRY(dsq_import_int(im, "num_groups", 0, &attr.groups));
    DSQ_TRY(dsq_import_only(im, "stash_type", 1));
    if (attr.groups < 1)
        return dsq_import_fail(im, DSQ_MALFORMED, "has %lld groups, expected at least 1",
                               (long long)attr.groups);
    DSQ_TRY(parameters(im, 0, 3, in));
    return dsq_import_emit(im, im->op->op, 3, in, &attr);
}

/* Mean and deviation, which it may list too, are refused where somebody reads them. */
enum dsq_status dsq_import_layernorm(struct dsq_import *im)
{
    struct dsq_layernorm_attr attr;
    dsq_vid in[3] = {DSQ_NO_VALUE, DSQ_NO_VALUE, DSQ_NO_VALUE};
    DSQ_TRY(dsq_import_int(im, "axis", -1, &attr.axis));
    DSQ_TRY(dsq_import_float(im, "epsilon", 1e-5f, &attr.epsilon));
    DSQ_TRY(dsq_import_only(im, "stash_type", 1));
    DSQ_TRY(parameters(im, 0, 3, in));
    return dsq_import_emit(im, im->op->op, 3, in, &attr);
}
