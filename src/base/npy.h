/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numpy's array files (.npy), format 1.0 to 3.0: the parts of dsq_npy_* that need no file.
 *
 * A file is: "\x93NUMPY", version (2 bytes), header length (2 bytes, from 2.0 on 4), the header (a
 * Python dict as text, padded so that the data is 64-byte aligned), the elements. Taken: C order,
 * little-endian, f4 f8 i1 u1 i4 i8 b1, rank up to DSQ_MAX_RANK, nothing after the elements.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
#ifndef DSQ_BASE_NPY_H
#define DSQ_BASE_NPY_H

#include <dsq/dsq.h>

#include "base/bytes.h"

/* Parse a file's bytes; `name` is for messages. tensor->data is allocated from `a` (dsq_npy_free),
 * dense in NCHW order. MALFORMED, UNSUPPORTED or NOMEM. */
enum dsq_status dsq_npy_parse(struct dsq_tensor *out, const void *data, size_t bytes,
                              const char *name, const struct dsq_allocator *a,
                              struct dsq_diag *d) DSQ_MUST_CHECK;

/* Append the file of a tensor in host memory to `w` (whose sticky failure means NOMEM). ARGUMENT
 * for a descriptor that describes nothing; `name` is for messages. */
enum dsq_status dsq_npy_format(struct dsq_writer *w, const struct dsq_tensor *tensor,
                               const char *name, struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
