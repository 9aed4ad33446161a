/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools with one or two spatial dimensions, and those over the whole picture. The IR knows pictures
 * only: one dimension is a picture of height 1, between an unsqueeze and a squeeze.
 */
#include "onnx/import.h"

/* A window that lies in the padding alone would have no maximum. */
static enum dsq_status check_padding(struct dsq_import *im, const struct dsq_window *w)
{
    for (int i = 0; i < 4; i++) {
        int64_t extent = (w->kernel[i % 2] - 1) * w->dilation[i % 2] + 1;
        if (w->pad[i] >= extent)
            return dsq_import_fail(im, DSQ_MALFORMED,
                                   "padding %lld is not less than the kernel's %lld",
                                   (long long)w->pad[i], (long long)extent);
    }
    return DSQ_OK;
}

/* The window; *n spatial dimensions. */
static enum dsq_status read_window(struct dsq_import *im, struct dsq_window *w, size_t *n)
{
    int64_t kernel[DSQ_IMPORT_SPATIAL];
    DSQ_TRY(dsq_import_ints(im, "kernel_shape", DSQ_IMPORT_SPATIAL, kernel, n));
    if (!*n)
        return dsq_import_fail(im, DSQ_MALFORMED, "has no kernel_shape");
    if (*n > 2)
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "is %zu-dimensional; 1-D and 2-D (pictures) are supported", *n);
    *w = (struct dsq_window){.kernel = {1, 1}};
    DSQ_TRY(dsq_import_numbers(im, "kernel_shape", *n, 1, w->kernel));
    DSQ_TRY(dsq_import_window(im, *n, w));
    DSQ_TRY(dsq_import_int(im, "ceil_mode", 0, &w->ceil_mode));
    w->ceil_mode = w->ceil_mode != 0;
    return check_padding(im, w);
}

static enum dsq_status emit(struct dsq_import *im, const struct dsq_pool_attr *attr, size_t n)
{
    static const int64_t height[] = {2};
    dsq_vid x;
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit_picture(im, im->op->op, 1, &x, attr, height, 2 - n);
}

enum dsq_status dsq_import_maxpool(struct dsq_import *im)
{
    struct dsq_pool_attr attr = {0};
    size_t n;
    if (im->node->n_output > 1 && im->node->output[1][0])
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "its second output '%s' (indices) is not supported",
                               im->node->output[1]);
    dsq_import_ignore(im, "storage_order"); /* of the indices */
    DSQ_TRY(read_window(im, &attr.win, &n));
    return emit(im, &attr, n);
}

enum dsq_status dsq_import_averagepool(struct dsq_import *im)
{
    struct dsq_pool_attr attr = {0};
    size_t n;
    DSQ_TRY(dsq_import_int(im, "count_include_pad", 0, &attr.count_include_pad));
    attr.count_include_pad = attr.count_include_pad != 0;
    DSQ_TRY(read_window(im, &attr.win, &n));
    return emit(im, &attr, n);
}
