/* SPDX-License-Identifier: Apache-2.0 */
/* What ranges.c and decisions.c share about jansson. Its memory is malloc's: its allocator is
 * global. */
#ifndef DSQ_QUANT_JSON_H
#define DSQ_QUANT_JSON_H

#include <jansson.h>

#include "base/bytes.h"
#include "quant/ranges.h"

/* Parse a whole text; an object at the top, no name twice. MALFORMED with NAME:line:column. */
enum dsq_status dsq_json_parse(json_t **out, const char *text, size_t bytes, const char *name,
                               struct dsq_diag *d) DSQ_MUST_CHECK;
/* Append to `w`; a failed writer is the caller's to ask. */
enum dsq_status dsq_json_print(const json_t *json, size_t flags, struct dsq_writer *w,
                               struct dsq_diag *d) DSQ_MUST_CHECK;

/* ranges.c: the object {"NAME": range, ...}. `file` is for messages. */
enum dsq_status dsq_ranges_from_object(struct dsq_ranges *ranges, json_t *object, const char *file,
                                       struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_ranges_to_object(const struct dsq_ranges *ranges, json_t **out,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
