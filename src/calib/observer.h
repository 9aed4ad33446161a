/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histograms of the wanted values, filled from tensors as they come by. Large tensors are counted
 * by all threads of the pool, each in a histogram of its own, then merged: exact, so the thread
 * count does not show.
 */
#ifndef DSQ_CALIB_OBSERVER_H
#define DSQ_CALIB_OBSERVER_H

#include <dsq/dsq.h>

#include "base/parallel.h"
#include "quant/histogram.h"

struct dsq_observer;

/* `wanted` is copied; a name given twice counts once. */
enum dsq_status dsq_observer_create(struct dsq_observer **out, const char *const *wanted, size_t n,
                                    struct dsq_pool *pool, const struct dsq_allocator *a,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_observer_free(struct dsq_observer **observer);

/* Count the numbers of an f32 tensor (any strides, in host memory) if its name is wanted; else
 * nothing. Out of memory sticks: ask dsq_observer_failed. Not from inside a task of the pool. */
void dsq_observer_see(struct dsq_observer *observer, const char *name,
                      const struct dsq_tensor *tensor);
bool dsq_observer_failed(const struct dsq_observer *observer);

/* Wanted names in order, and what was seen of them: NULL for one that never came by. */
size_t dsq_observer_count(const struct dsq_observer *observer);
const char *dsq_observer_name(const struct dsq_observer *observer, size_t i);
const struct dsq_histogram *dsq_observer_histogram(const struct dsq_observer *observer, size_t i);
const struct dsq_histogram *dsq_observer_find(const struct dsq_observer *observer,
                                              const char *name);

#endif
