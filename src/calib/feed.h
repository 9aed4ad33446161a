/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The feed: pictures (or .npy tensors) one after another as network inputs, the next one being read
 * and prepared as a background job while the present one is in use.
 *
 * Memory: three inputs of the largest size so far.
 */
#ifndef DSQ_CALIB_FEED_H
#define DSQ_CALIB_FEED_H

#include <dsq/dsq.h>

#include "base/parallel.h"
#include "detect/prepare.h"
#include "detect/task.h"

/* One input. Fields after `tensor` are of pictures only. */
struct dsq_feed_item {
    const char *path;
    struct dsq_tensor tensor; /* [1,3,H,W] f32 in NHWC; an .npy file's as it is */
    struct dsq_prepared_size size;
    double seconds; /* reading, decoding and preparing took */
};

struct dsq_feed;

/* `path` has n strings, which must live as long as the feed; task NULL: they are .npy files. EXIF
 * orientation is ignored. */
enum dsq_status dsq_feed_create(struct dsq_feed **out, const char *const *path, size_t n,
                                const struct dsq_task *task, struct dsq_pool *pool,
                                const struct dsq_allocator *a, struct dsq_diag *d) DSQ_MUST_CHECK;
/* Waits for what is under way. */
void dsq_feed_free(struct dsq_feed **feed);

/* The next input, NULL after the last. It is valid until the next call but one. Fails with what
 * reading or preparing that file answered. */
enum dsq_status dsq_feed_next(struct dsq_feed *feed, const struct dsq_feed_item **item,
                              struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
