/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that counts and fails on demand, callable from any thread as the API asks. */
#ifndef TESTS_UNIT_COUNTING_H
#define TESTS_UNIT_COUNTING_H

#include <stdatomic.h>
#include <stdlib.h>

#include <dsq/types.h>

struct counting {
    struct dsq_allocator allocator;
    atomic_size_t n_allocs, n_live;
    size_t fail_at; /* the request of that number fails (1: the first); 0: none */
};

static inline void *counting_alloc(void *user, size_t bytes)
{
    struct counting *c = user;
    if (atomic_fetch_add(&c->n_allocs, 1) + 1 == c->fail_at)
        return NULL;
    void *p = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    atomic_fetch_add(&c->n_live, p != NULL);
    return p;
}

static inline void counting_free(void *user, void *p)
{
    struct counting *c = user;
    atomic_fetch_sub(&c->n_live, 1);
    free(p);
}

static inline void counting_init(struct counting *c)
{
    c->allocator = (struct dsq_allocator){c, counting_alloc, counting_free};
    atomic_init(&c->n_allocs, 0);
    atomic_init(&c->n_live, 0);
    c->fail_at = 0;
}

#endif
