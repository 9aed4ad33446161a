/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of a graph on a backend: what runs, in which order, and where each value lives. Made
 * once an engine; nothing in it depends on a shape.
 *
 * A step is a node that touches data: not shape_only, not computed on the host. Live ranges are in
 * steps. A use that needs only a shape keeps nothing alive.
 */
#ifndef DSQ_PLAN_PROGRAM_H
#define DSQ_PLAN_PROGRAM_H

#include "backend/backend.h"
#include "graph/infer.h"

enum dsq_place {
    DSQ_PLACE_NONE = 0, /* no step touches it: sizes, swallowed values */
    DSQ_PLACE_CONST,    /* the graph's own bytes */
    DSQ_PLACE_INPUT,    /* the caller's memory; slot: which graph input */
    DSQ_PLACE_OUTPUT,   /* written where the output goes; slot: which graph output */
    DSQ_PLACE_ARENA,    /* a block of the activation memory */
    DSQ_PLACE_PART,     /* part of a concat's output; slot: the value that holds it */
    DSQ_PLACE_VIEW      /* its producer's input, seen in another shape, or some channels of it;
                           slot: that input */
};

struct dsq_program {
    const struct dsq_graph *graph;
    const struct dsq_backend *backend;
    int32_t *step; /* node indices, in order */
    int32_t n_steps;
    uint8_t *place;        /* by value: enum dsq_place */
    int32_t *slot;         /* by value */
    int32_t *first, *last; /* by value in the arena: live through steps first..last */
    bool *staged;  /* by graph input: some step reads it dense in its own layout only; the value
                      then has a block in the arena too */
    dsq_vid *host; /* host values that steps or outputs read as data */
    int32_t n_host;
};

/* Analyse; arrays live in `arena`. The graph must be checked and outlive the program. */
enum dsq_status dsq_program_create(struct dsq_program *p, const struct dsq_graph *g,
                                   const struct dsq_backend *backend, struct dsq_arena *arena,
                                   struct dsq_diag *d) DSQ_MUST_CHECK;

/* Do all outputs of this node (rank 4) hold channels of its input, side by side and unchanged? A
 * split's follow each other; a slice's begin at *start, as ONNX counts. */
bool dsq_program_channels(const struct dsq_graph *g, const struct dsq_node *n, int64_t *start);

#endif
