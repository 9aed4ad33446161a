/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed with opset 7: broadcasting had to be asked for, and inference too. Models of PyTorch
 * before 1.0 are like that.
 */
#include "onnx/import.h"

/* b was broadcast to a from its last dimension on, which is what every later opset does, too, or
 * from the dimension that `axis` says. */
enum dsq_status dsq_import_plain_6(struct dsq_import *im)
{
    dsq_import_ignore(im, "broadcast");
    if (dsq_import_has_attr(im, "axis"))
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "broadcasts from an axis of its own, which opset 7 dropped; convert "
                               "the model to a later opset");
    return dsq_import_plain(im);
}

enum dsq_status dsq_import_batchnorm_6(struct dsq_import *im)
{
    int64_t is_test;
    DSQ_TRY(dsq_import_int(im, "is_test", 0, &is_test));
    if (!is_test)
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "is in training mode; export the model for inference");
    return dsq_import_batchnorm(im);
}

enum dsq_status dsq_import_gemm_6(struct dsq_import *im)
{
    dsq_import_ignore(im, "broadcast");
    return dsq_import_gemm(im);
}
