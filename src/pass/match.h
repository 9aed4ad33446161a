/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rewrites share: who uses a value, is it a constant, and the few safe ways to splice a
 * graph.
 *
 * A struct dsq_match holds one graph's uses. They describe the graph as it was at the last refresh;
 * a pass refreshes after each rewrite (graphs are small: this costs microseconds).
 */
#ifndef DSQ_PASS_MATCH_H
#define DSQ_PASS_MATCH_H

#include "pass/pass.h"

struct dsq_match {
    struct dsq_graph *g;
    struct dsq_arena scratch; /* emptied by refresh */
    struct dsq_uses uses;
};

enum dsq_status dsq_match_open(struct dsq_match *m, struct dsq_graph *g,
                               struct dsq_diag *d) DSQ_MUST_CHECK;
enum dsq_status dsq_match_refresh(struct dsq_match *m, struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_match_close(struct dsq_match *m);

/* One rewrite anchored at node i: sets *hit if it changed the graph. */
typedef enum dsq_status dsq_rewrite_fn(struct dsq_match *m, int32_t i, bool *hit,
                                       struct dsq_diag *d);
/* Try `rewrite` at every running node in order, again where it hit, until all are through. */
enum dsq_status dsq_match_each(struct dsq_graph *g, dsq_rewrite_fn *rewrite, bool *changed,
                               struct dsq_diag *d) DSQ_MUST_CHECK;

/* ---- questions ---- */
/* A node that computes: neither killed nor shape_only. */
static inline bool dsq_node_runs(const struct dsq_node *n)
{
    return n->n_out > 0 && !n->shape_only;
}
bool dsq_is_graph_input(const struct dsq_graph *g, dsq_vid v);
bool dsq_is_graph_output(const struct dsq_graph *g, dsq_vid v);
/* The running node that makes v, if its operator is `op`; else -1. */
int32_t dsq_match_producer(const struct dsq_match *m, dsq_vid v, enum dsq_op op);
/* One input of one running node needs v's data, and v is no graph output. */
bool dsq_match_used_once(const struct dsq_match *m, dsq_vid v);
/* The convolution that makes v and into which v's only user can be fused: one segment, float,
 * without residual, v used once; without activation unless `any_activation`. -1 if there is none.
 */
int32_t dsq_match_conv(const struct dsq_match *m, dsq_vid v, bool any_activation);
/* Surely nothing below zero comes out of this node: it ends in ReLU, sigmoid, a clamp at 0 ... */
bool dsq_node_never_negative(const struct dsq_node *n);
/* The elements of an f32 constant and how many; NULL for anything else. */
const float *dsq_const_f32(const struct dsq_graph *g, dsq_vid v, size_t *n);
/* Two constants hold the same: same id, or same type, shape, layout and bytes. */
bool dsq_const_same(const struct dsq_graph *g, dsq_vid a, dsq_vid b);

/* Let equal constants be one: the first keeps its id, the others' names become its aliases. */
enum dsq_status dsq_unify_constants(struct dsq_graph *g, bool *changed,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;

/* ---- splices ---- */
/* Inputs that need only the shape of `from` (of shape nodes and shape_only nodes) take `to`'s. */
void dsq_redirect_shape_uses(struct dsq_graph *g, dsq_vid from, dsq_vid to);
/* Node `user` is folded into single-output node `maker`, whose output it reads: `maker` now makes
 * user's output, which remembers the swallowed name and serves those who ask for its shape (which
 * is the same); `user` is killed. */
enum dsq_status dsq_absorb_user(struct dsq_graph *g, int32_t maker, int32_t user,
                                struct dsq_diag *d) DSQ_MUST_CHECK;
/* Node i, whose output equals its input `in`, goes away; *done is false if it must stay because
 * both names are visible from outside. */
enum dsq_status dsq_bypass_node(struct dsq_match *m, int32_t i, dsq_vid in, bool *done,
                                struct dsq_diag *d) DSQ_MUST_CHECK;
/* Move the last node (just added) to position `to`; those from there on move up by one. */
void dsq_move_last_node(struct dsq_graph *g, int32_t to);
/* A value like `like` (type, shape, layout, q) under a fresh name "NAME<suffix>". */
enum dsq_status dsq_add_value_like(struct dsq_graph *g, dsq_vid like, const char *suffix,
                                   dsq_vid *out, struct dsq_diag *d) DSQ_MUST_CHECK;
/* A one-dimensional constant of n elements under a fresh name made of `base`. */
enum dsq_status dsq_add_vector(struct dsq_graph *g, const char *base, enum dsq_dtype dtype,
                               const void *data, size_t n, dsq_vid *out,
                               struct dsq_diag *d) DSQ_MUST_CHECK;

/* Constant `fresh` is about to take the place of `old` at a user; if that is the only one, the old
 * name becomes an alias of the fresh one. */
enum dsq_status dsq_keep_const_name(struct dsq_graph *g, dsq_vid old, dsq_vid fresh,
                                    struct dsq_diag *d) DSQ_MUST_CHECK;

/* y = conv * scale[c] + shift[c], by changing the constants of node i: new ones, computed in double
 * and rounded once, named "OLD*SUFFIX" (a bias that was not there: "WEIGHTS+SUFFIX"). scale or
 * shift may be NULL. The node must satisfy dsq_conv_is_const_f32. A constant of that name and
 * content is used again. */
enum dsq_status dsq_conv_scale_shift(struct dsq_graph *g, int32_t i, const double *scale,
                                     const double *shift, const char *suffix,
                                     struct dsq_diag *d) DSQ_MUST_CHECK;
/* Would every constant stay finite? */
bool dsq_conv_can_scale_shift(const struct dsq_graph *g, int32_t i, const double *scale,
                              const double *shift);
/* Node i is a convolution whose weights and bias are f32 constants of fitting sizes. */
bool dsq_conv_is_const_f32(const struct dsq_graph *g, int32_t i);

#endif
