/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activation ranges: ONNX tensor name -> range, a double >= 0. The tensor's numbers lie in
 * [-range, range]; scale.h turns a range into a scale. A range of 0 belongs to a tensor that was
 * always zero.
 *
 * On disk this is PPQ's file, {"act_quant_info": {"NAME": RANGE, ...}}, with 17 digits a number, so
 * that writing and reading give the same bits. Order is that of insertion, in memory and on disk.
 *
 * Not thread safe while it is written to.
 */
#ifndef DSQ_QUANT_RANGES_H
#define DSQ_QUANT_RANGES_H

#include "base/bytes.h"

struct dsq_ranges;

enum dsq_status dsq_ranges_create(struct dsq_ranges **out, const struct dsq_allocator *a,
                                  struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_ranges_free(struct dsq_ranges **ranges);

/* Set or replace. ARGUMENT naming the tensor if the range is negative, NaN, infinite, or so large
 * that its scale is no finite float. */
enum dsq_status dsq_ranges_set(struct dsq_ranges *ranges, const char *name, double range,
                               struct dsq_diag *d) DSQ_MUST_CHECK;
/* False and *range untouched when the name is unknown. `range` may be NULL. */
bool dsq_ranges_get(const struct dsq_ranges *ranges, const char *name, double *range);
size_t dsq_ranges_count(const struct dsq_ranges *ranges);
/* The i-th name, i < count; it belongs to `ranges`. */
const char *dsq_ranges_name(const struct dsq_ranges *ranges, size_t i);

/* Read and write the JSON file. MALFORMED names the file and line, or the tensor, and what was
 * expected: not a number, negative, too large, named twice. Unknown keys beside act_quant_info are
 * ignored. */
enum dsq_status dsq_ranges_read_json(struct dsq_ranges **out, const char *path,
                                     const struct dsq_allocator *a,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_ranges_write_json(const struct dsq_ranges *ranges, const char *path,
                                      struct dsq_diag *d) DSQ_MUST_CHECK;
/* The same from and to memory; `name` is for messages. */
enum dsq_status dsq_ranges_parse_json(struct dsq_ranges **out, const char *text, size_t bytes,
                                      const char *name, const struct dsq_allocator *a,
                                      struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_ranges_to_json(const struct dsq_ranges *ranges, struct dsq_writer *w,
                                   struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
