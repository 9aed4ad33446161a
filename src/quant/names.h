/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of names: each gets the next index when first seen. What ranges and decisions are keyed
 * by.
 *
 * Names are copied. Lookups take constant time (FNV-1a, open addressing); order is that of
 * insertion. Not thread safe while names are added.
 */
#ifndef DSQ_QUANT_NAMES_H
#define DSQ_QUANT_NAMES_H

#include "base/memory.h"
#include "base/status.h"

struct dsq_names {
    struct dsq_arena arena;
    const char **name; /* by index */
    size_t n, capacity;
    uint32_t *slot; /* index + 1, or 0; n_slots is a power of two */
    size_t n_slots;
};

void dsq_names_init(struct dsq_names *t, const struct dsq_allocator *a);
void dsq_names_free(struct dsq_names *t);
/* The name's index, or -1. */
int64_t dsq_names_find(const struct dsq_names *t, const char *name);
/* The name's index, added when it is new (*added says so; may be NULL). NOMEM otherwise. */
enum dsq_status dsq_names_add(struct dsq_names *t, const char *name, size_t *index, bool *added,
                              struct dsq_diag *d) DSQ_MUST_CHECK;
/* Make room for index n in an array that runs beside the table: like realloc, but through the
 * table's allocator. *capacity grows to at least n + 1 elements of `size` bytes. */
enum dsq_status dsq_names_grow(const struct dsq_names *t, void **array, size_t *capacity, size_t n,
                               size_t size, struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
