/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG and PNG files with their EXIF tags: every pixel of what is read has been written. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct dsq_diag d = {0};
    struct dsq_picture *p = NULL;
    enum dsq_status status = dsq_picture_decode(&p, data, bytes, "input", true, NULL, &d);
    fuzz_check_answer(status, p, &d);
    if (!p)
        return 0;
    size_t n = (size_t)dsq_picture_width(p) * (size_t)dsq_picture_height(p) * 3, sum = 0;
    const uint8_t *rgb = dsq_picture_pixels(p);
    for (size_t i = 0; i < n; i++)
        sum += rgb[i];
    FUZZ_CHECK(n > 0 && sum <= n * 255);
    dsq_picture_free(&p);
    return 0;
}
