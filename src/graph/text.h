/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IR as text. Prints, parses back to the same graph, and is what the engine file stores:
 *
 *   graph "retinanet"
 *   input %input f32 [N,3,H,W] nchw
 *   const %stem.weight f32 [32,7,7,3] @0:18816
 *   %y s8 [N,32,(H+1)/2,(W+1)/2] nhwc scale=0x1.2p-5 zp=0 q=-127..127 alias="conv_out" =
 *       conv(%w, %b, %x, _, %m) name="/stem/Conv" {kernel=7,7 ...}     (on one line)
 *   output %y
 *
 * The order of a value's parts is name, type, shape, layout (constants: only nhwc), scale= (inv= if
 * it is not 1/scale) zp= q=, alias="a","b". Several outputs are separated by commas, absent
 * operands are _. A node that only gives shapes reads "= shape_only conv(...)". "value %x ..." is
 * one that nothing produces (in dumps). Attributes that are zero are not printed. # begins a
 * comment; decimal floats parse too.
 *
 * One statement a line; names that are not [A-Za-z0-9_./:-]+ are quoted with C escapes; floats are
 * hex (%a), so nothing is lost. Constants name a range (offset, bytes) of a separate blob of data
 * (64-byte aligned offsets), except those of at most 16 elements of integer type or 1 element,
 * printed in braces.
 */
#ifndef DSQ_GRAPH_TEXT_H
#define DSQ_GRAPH_TEXT_H

#include "graph/graph.h"

/* Print. `blob` receives the constants' bytes (deduplicated by content) or is NULL: constants then
 * print as "@-" and do not parse back. */
enum dsq_status dsq_graph_print(const struct dsq_graph *g, struct dsq_writer *text,
                                struct dsq_writer *blob, struct dsq_diag *d) DSQ_MUST_CHECK;

/* Parse untrusted text. Constants point into `blob` without copying: it must outlive the graph and
 * be 64-byte aligned. With borrow_blob false the data is copied. Errors give line and column. The
 * result has passed dsq_graph_check only if the caller runs it. */
enum dsq_status dsq_graph_parse(struct dsq_graph **out, const char *text, size_t text_bytes,
                                const void *blob, size_t blob_bytes, bool borrow_blob,
                                const struct dsq_allocator *a, struct dsq_diag *d) DSQ_MUST_CHECK;

#endif
