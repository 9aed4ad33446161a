/* SPDX-License-Identifier: Apache-2.0 */
/* The table of names: FNV-1a (Fowler, Noll, Vo), linear probing, at most half full. */
#include "quant/names.h"

#include <string.h>

enum { FIRST_SLOTS = 64, FIRST_CAPACITY = 32 };

void dsq_names_init(struct dsq_names *t, const struct dsq_allocator *a)
{
    *t = (struct dsq_names){0};
    dsq_arena_init(&t->arena, a);
}

void dsq_names_free(struct dsq_names *t)
{
    const struct dsq_allocator *a = t->arena.allocator;
    dsq_release(a, t->name);
    dsq_release(a, t->slot);
    dsq_arena_free(&t->arena);
    dsq_names_init(t, a);
}

static size_t hash(const char *name)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001b3u;
    return (size_t)(h ^ (h >> 32));
}

/* The slot that holds the name, or the free one where it belongs. n_slots must not be 0. */
static size_t probe(const struct dsq_names *t, const char *name)
{
    size_t i = hash(name) & (t->n_slots - 1);
    while (t->slot[i] && strcmp(t->name[t->slot[i] - 1], name) != 0)
        i = (i + 1) & (t->n_slots - 1);
    return i;
}

int64_t dsq_names_find(const struct dsq_names *t, const char *name)
{
    if (t->n_slots == 0)
        return -1;
    return (int64_t)t->slot[probe(t, name)] - 1;
}

static enum dsq_status rehash(struct dsq_names *t, struct dsq_diag *d)
{
    size_t n_slots = t->n_slots ? 2 * t->n_slots : FIRST_SLOTS;
    uint32_t *slot = dsq_calloc(t->arena.allocator, n_slots, sizeof *slot);
    if (!slot)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu names", n_slots / 2);
    dsq_release(t->arena.allocator, t->slot);
    t->slot = slot;
    t->n_slots = n_slots;
    for (size_t i = 0; i < t->n; i++)
        t->slot[probe(t, t->name[i])] = (uint32_t)i + 1;
    return DSQ_OK;
}

enum dsq_status dsq_names_grow(const struct dsq_names *t, void **array, size_t *capacity, size_t n,
                               size_t size, struct dsq_diag *d)
{
    if (n < *capacity)
        return DSQ_OK;
    size_t wanted = *capacity ? *capacity : FIRST_CAPACITY;
    while (wanted <= n && wanted <= SIZE_MAX / 2)
        wanted *= 2;
    void *grown = dsq_calloc(t->arena.allocator, wanted, size);
    if (!grown)
        return dsq_fail(d, DSQ_NOMEM, "no memory for %zu entries", wanted);
    if (*array)
        memcpy(grown, *array, *capacity * size);
    dsq_release(t->arena.allocator, *array);
    *array = grown;
    *capacity = wanted;
    return DSQ_OK;
}

enum dsq_status dsq_names_add(struct dsq_names *t, const char *name, size_t *index, bool *added,
                              struct dsq_diag *d)
{
    if (2 * (t->n + 1) > t->n_slots)
        DSQ_TRY(rehash(t, d));
    size_t i = probe(t, name);
    if (added)
        *added = t->slot[i] == 0;
    if (t->slot[i] == 0) {
        void *array = (void *)t->name;
        enum dsq_status status = dsq_names_grow(t, &array, &t->capacity, t->n, sizeof *t->name, d);
        t->name = array;
        DSQ_TRY(status);
        t->name[t->n] = dsq_arena_string(&t->arena, name, strlen(name));
        if (!t->name[t->n])
            return dsq_fail(d, DSQ_NOMEM, "no memory for the name '%s'", name);
        t->slot[i] = (uint32_t)++t->n;
    }
    *index = t->slot[i] - 1;
    return DSQ_OK;
}
