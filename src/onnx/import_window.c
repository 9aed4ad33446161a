/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes of a window, as Conv and the pools have them. One spatial dimension is the width
 * of a picture of height 1. */
#include "onnx/import.h"

enum dsq_status dsq_import_numbers(struct dsq_import *im, const char *name, size_t n, int64_t lo,
                                   int64_t *v)
{
    int64_t have[2 * DSQ_IMPORT_SPATIAL];
    size_t n_have;
    DSQ_TRY(dsq_import_ints(im, name, n, have, &n_have));
    if (n_have && n_have != n)
        return dsq_import_fail(im, DSQ_MALFORMED, "attribute '%s' has %zu numbers, expected %zu",
                               name, n_have, n);
    for (size_t i = 0; i < n_have; i++) {
        if (have[i] < lo || have[i] > INT32_MAX)
            return dsq_import_fail(im, have[i] < 0 ? DSQ_UNSUPPORTED : DSQ_MALFORMED,
                                   "attribute '%s' has %lld, expected %lld to %d", name,
                                   (long long)have[i], (long long)lo, INT32_MAX);
        v[2 - n + i] = have[i];
    }
    return DSQ_OK;
}

static enum dsq_status read_padding(struct dsq_import *im, size_t n, struct dsq_window *w)
{
    static const char *const modes[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", NULL};
    int64_t pads[2 * DSQ_IMPORT_SPATIAL] = {0};
    size_t have;
    DSQ_TRY(dsq_import_choice(im, "auto_pad", modes, DSQ_PAD_EXPLICIT, &w->auto_pad));
    DSQ_TRY(dsq_import_ints(im, "pads", 2 * n, pads, &have));
    if (have && have != 2 * n)
        return dsq_import_fail(im, DSQ_MALFORMED, "attribute 'pads' has %zu numbers, expected %zu",
                               have, 2 * n);
    for (size_t i = 0; i < 2 * n; i++) {
        if (pads[i] < 0 || pads[i] > INT32_MAX)
            return dsq_import_fail(im, DSQ_UNSUPPORTED,
                                   "attribute 'pads' has %lld, expected 0 to %d",
                                   (long long)pads[i], INT32_MAX);
        if (w->auto_pad != DSQ_PAD_EXPLICIT && pads[i])
            return dsq_import_fail(im, DSQ_MALFORMED, "auto_pad and pads exclude each other");
        w->pad[i < n ? 2 - n + i : 4 - 2 * n + i] = pads[i];
    }
    return DSQ_OK;
}

enum dsq_status dsq_import_window(struct dsq_import *im, size_t n, struct dsq_window *w)
{
    for (int k = 0; k < 2; k++)
        w->stride[k] = w->dilation[k] = 1;
    DSQ_TRY(dsq_import_numbers(im, "strides", n, 1, w->stride));
    DSQ_TRY(dsq_import_numbers(im, "dilations", n, 1, w->dilation));
    return read_padding(im, n, w);
}
