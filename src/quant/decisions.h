/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions of quantization that a ranges file cannot say; a model carries them in its metadata
 * under the key "dsq.quant":
 *
 *   {"version": 1,
 *    "weights":   {"CONST": [scale of channel 0, ...], ...},
 *    "precision": {"VALUE": "int8" | "float", ...},
 *    "ranges":    {"TENSOR": range, ...}}
 *
 * Weights are keyed by the constant's name in the IR, precision by the node's first output value,
 * the activation ranges (optional) by tensor.
 *
 * Scales are floats printed with 9 digits, ranges doubles with 17: both read back to the same bits.
 * Not thread safe while it is written to.
 */
#ifndef DSQ_QUANT_DECISIONS_H
#define DSQ_QUANT_DECISIONS_H

#include "base/bytes.h"
#include "quant/ranges.h"

#define DSQ_DECISIONS_KEY "dsq.quant"

struct dsq_decisions;

enum dsq_precision { DSQ_PRECISION_UNDECIDED = 0, DSQ_PRECISION_INT8, DSQ_PRECISION_FLOAT };

enum dsq_status dsq_decisions_create(struct dsq_decisions **out, const struct dsq_allocator *a,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_decisions_free(struct dsq_decisions **decisions);

/* Set or replace the n scales of a weight constant (copied). ARGUMENT unless n > 0 and every scale
 * is a positive normal float. */
enum dsq_status dsq_decisions_set_weight(struct dsq_decisions *decisions, const char *name,
                                         const float *scale, size_t n,
                                         struct dsq_diag *d) DSQ_MUST_CHECK;
/* False when nothing is decided for the name. *scale belongs to `decisions`. */
bool dsq_decisions_weight(const struct dsq_decisions *decisions, const char *name,
                          const float **scale, size_t *n);

enum dsq_status dsq_decisions_set_precision(struct dsq_decisions *decisions, const char *name,
                                            enum dsq_precision precision,
                                            struct dsq_diag *d) DSQ_MUST_CHECK;
/* UNDECIDED for an unknown name. */
enum dsq_precision dsq_decisions_precision(const struct dsq_decisions *decisions, const char *name);

/* The ranges that travel along; empty until something is put into it. Belongs to `decisions`. */
struct dsq_ranges *dsq_decisions_ranges(struct dsq_decisions *decisions);
const struct dsq_ranges *dsq_decisions_ranges_const(const struct dsq_decisions *decisions);

size_t dsq_decisions_weights(const struct dsq_decisions *decisions);    /* how many */
size_t dsq_decisions_precisions(const struct dsq_decisions *decisions); /* how many */

/* Compact JSON, appended to `w`. */
enum dsq_status dsq_decisions_to_json(const struct dsq_decisions *decisions, struct dsq_writer *w,
                                      struct dsq_diag *d) DSQ_MUST_CHECK;
/* Parse untrusted text. MALFORMED says where; UNSUPPORTED for another version. */
enum dsq_status dsq_decisions_parse(struct dsq_decisions **out, const char *text,
                                    const struct dsq_allocator *a,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
