/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of src/graph share: graphs from text, shapes as text, random numbers, counted
 * memory. */
#ifndef DSQ_TESTS_GRAPH_TEST_H
#define DSQ_TESTS_GRAPH_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graph/check.h"
#include "graph/infer.h"
#include "graph/text.h"

static inline uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX generator */
    return (uint32_t)(*seed >> 33);
}

/* A graph from text without a blob; the test fails with the message when it does not parse. */
static inline struct dsq_graph *parse_graph(const char *text)
{
    struct dsq_graph *g;
    struct dsq_diag d = {0};
    if (dsq_graph_parse(&g, text, strlen(text), NULL, 0, true, NULL, &d) != DSQ_OK)
        fail_msg("%s\nin\n%s", d.text, text);
    return g;
}

/* The shape as text in a static buffer. */
static inline const char *shape_text(const struct dsq_graph *g, const struct dsq_shape *s)
{
    static char text[512];
    struct dsq_writer w;
    dsq_writer_init(&w, NULL);
    dsq_shape_print(&g->dims, s, &w);
    snprintf(text, sizeof text, "%s", w.data);
    dsq_writer_free(&w);
    return text;
}

static inline const char *shape_of(const struct dsq_graph *g, const char *name)
{
    dsq_vid v = dsq_graph_find(g, name, NULL);
    assert_true(v >= 0);
    return shape_text(g, &g->value[v].shape);
}

static inline void infer_graph(struct dsq_graph *g)
{
    struct dsq_diag d = {0};
    if (dsq_graph_infer(g, &d) != DSQ_OK)
        fail_msg("%s", d.text);
}

static inline void check_graph(struct dsq_graph *g, bool layouts_assigned)
{
    struct dsq_diag d = {0};
    if (dsq_graph_check(g, layouts_assigned, &d) != DSQ_OK)
        fail_msg("%s", d.text);
}

/* Both writers' bytes; free with dsq_writer_free. */
static inline void print_graph(const struct dsq_graph *g, struct dsq_writer *text,
                               struct dsq_writer *blob)
{
    dsq_writer_init(text, NULL);
    if (blob)
        dsq_writer_init(blob, NULL);
    assert_int_equal(dsq_graph_print(g, text, blob, NULL), DSQ_OK);
}

/* An allocator that counts what is in use and fails request number `left`. */
struct counted {
    long left, in_use, requests;
};
static inline void *counted_alloc(void *user, size_t bytes)
{
    struct counted *c = user;
    c->requests++;
    if (c->left == 0)
        return NULL;
    c->left--;
    c->in_use++;
    return dsq_alloc(NULL, bytes);
}
static inline void counted_free(void *user, void *memory)
{
    ((struct counted *)user)->in_use--;
    dsq_release(NULL, memory);
}

#endif
