/* SPDX-License-Identifier: Apache-2.0 */
/* MaxPool, two-dimensional only. */
#include "onnx/import.h"

enum { MAX_DIMS = 3 }; /* spatial; enough to say which kind of operator it is */

static enum dsq_status check_two(struct dsq_import *im, size_t n_spatial)
{
    if (n_spatial == 2)
        return DSQ_OK;
    return dsq_import_fail(im, DSQ_UNSUPPORTED,
                           "is %zu-dimensional; only 2-D (pictures) is supported", n_spatial);
}

/* `n` numbers in [lo, INT32_MAX], each `otherwise` when the attribute is absent. */
static enum dsq_status read_numbers(struct dsq_import *im, const char *name, size_t n, int64_t lo,
                                    int64_t otherwise, int64_t *v)
{
    size_t have;
    for (size_t i = 0; i < n; i++)
        v[i] = otherwise;
    DSQ_TRY(dsq_import_ints(im, name, n, v, &have));
    if (have && have != n)
        return dsq_import_fail(im, DSQ_MALFORMED, "attribute '%s' has %zu numbers, expected %zu",
                               name, have, n);
    for (size_t i = 0; i < n; i++)
        if (v[i] < lo || v[i] > INT32_MAX)
            return dsq_import_fail(im, v[i] < 0 ? DSQ_UNSUPPORTED : DSQ_MALFORMED,
                                   "attribute '%s' has %lld, expected at least %lld", name,
                                   (long long)v[i], (long long)lo);
    return DSQ_OK;
}

static enum dsq_status read_padding(struct dsq_import *im, struct dsq_window *w)
{
    static const char *const modes[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", NULL};
    DSQ_TRY(dsq_import_choice(im, "auto_pad", modes, DSQ_PAD_EXPLICIT, &w->auto_pad));
    DSQ_TRY(read_numbers(im, "pads", 4, 0, 0, w->pad));
    for (int i = 0; w->auto_pad != DSQ_PAD_EXPLICIT && i < 4; i++)
        if (w->pad[i])
            return dsq_import_fail(im, DSQ_MALFORMED, "auto_pad and pads exclude each other");
    return DSQ_OK;
}

/* Everything but the kernel. */
static enum dsq_status read_window(struct dsq_import *im, struct dsq_window *w)
{
    DSQ_TRY(read_numbers(im, "strides", 2, 1, 1, w->stride));
    DSQ_TRY(read_numbers(im, "dilations", 2, 1, 1, w->dilation));
    return read_padding(im, w);
}

/* A window that lies in the padding alone would have no maximum. */
static enum dsq_status check_pool_padding(struct dsq_import *im, const struct dsq_window *w)
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

enum dsq_status dsq_import_maxpool(struct dsq_import *im)
{
    struct dsq_pool_attr attr = {0};
    struct dsq_window *w = &attr.win;
    int64_t kernel[MAX_DIMS];
    size_t n;
    dsq_vid x;
    if (im->node->n_output > 1 && im->node->output[1][0])
        return dsq_import_fail(im, DSQ_UNSUPPORTED,
                               "its second output '%s' (indices) is not supported",
                               im->node->output[1]);
    dsq_import_ignore(im, "storage_order"); /* of the indices */
    DSQ_TRY(dsq_import_ints(im, "kernel_shape", MAX_DIMS, kernel, &n));
    if (!n)
        return dsq_import_fail(im, DSQ_MALFORMED, "has no kernel_shape");
    DSQ_TRY(check_two(im, n));
    DSQ_TRY(read_numbers(im, "kernel_shape", 2, 1, 1, w->kernel));
    DSQ_TRY(read_window(im, w));
    DSQ_TRY(dsq_import_int(im, "ceil_mode", 0, &w->ceil_mode));
    w->ceil_mode = w->ceil_mode != 0;
    DSQ_TRY(check_pool_padding(im, w));
    DSQ_TRY(dsq_import_in(im, 0, &x));
    return dsq_import_emit(im, im->op->op, 1, &x, &attr);
}
