/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolution on the CPU: what its files share.
 *
 *   conv_prepare.c   what it supports, preparing it
 *   conv.c       shapes, sharing the work among threads
 *   conv_tile.c  row addresses of a tile of output pixels
 *   conv_staged.c  tiles that pass through scratch memory: other activations, other layouts
 *   conv_transposed.c       a transposed one as several ordinary ones
 *   conv_f32.c, conv_s8.c   packing, and one kernel call
 *   conv_depthwise.c        the same where every channel is a group of its own
 *
 * A convolution is a matrix product over tiles of `mr` output pixels. Its left rows are not copied
 * (no im2col): for each tap of the window and each pixel of the tile the kernel gets the address of
 * the C input values there, or of a row of zeros (zero points) where the window leaves the picture.
 *
 *        taps * mr addresses            packed weights            tile of the output
 *      +-------------------+      +-----------------------+      +-----------+
 *      | tap 0: mr rows    |  x   | block of nr channels  |  ->  | mr x nr   |
 *      | tap 1: mr rows    |      | [tap][kc][nr]         |      +-----------+
 *      +-------------------+      +-----------------------+
 *
 * Loop: panels of blocks whose packed weights stay in the second-level cache, over tiles of all
 * segments, over the panel's blocks. A task is (panel, segment, range of tiles).
 *
 * A depthwise convolution takes the same addresses, tiles and loop to kernels of its own. It counts
 * as one group, whose blocks are blocks of channels.
 *
 * When a pixel has few channels (the first layer) the taps of one window row are one tap of KW * C
 * contiguous elements ("merged"); windows that cross the left or right border are then copied into
 * a padded scratch row. The order (kh, kw, c) of the sum stays, and so do the bits.
 */
#ifndef DSQ_BACKEND_CPU_CONV_H
#define DSQ_BACKEND_CPU_CONV_H

#include "backend/cpu/backend_cpu.h"

struct dsq_conv;
struct dsq_conv_segment;

/* One kernel call: mr pixels of the segment from `pixel` on, block `block` (of all groups' blocks).
 */
struct dsq_conv_tile {
    const void *const *rows; /* taps * conv->mr addresses */
    int64_t step; /* not 0: only those of pixel 0 are there, the rest lie this far apart */
    size_t mr, block, channel, n_channels;
    int64_t pixel;
    void *y;         /* where the tile goes */
    size_t y_stride; /* elements */
};

/* What differs between the element types. */
struct dsq_conv_type {
    enum dsq_status (*pack)(struct dsq_conv *cv, struct dsq_diag *d);
    void (*run_tile)(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                     const struct dsq_conv_tile *t);
};
extern const struct dsq_conv_type dsq_conv_f32, dsq_conv_s8, dsq_conv_depthwise_f32,
    dsq_conv_depthwise_s8;

struct dsq_conv {
    struct dsq_prepared head;
    const struct dsq_conv_type *type;
    struct dsq_window win;
    bool merged;                        /* a window row is one tap */
    bool depthwise;                     /* groups of one channel each way; groups is 1 then */
    size_t element;                     /* bytes of an input element */
    size_t mr, nr;                      /* the kernel's tile */
    size_t groups, group_in, group_out; /* channels a group */
    size_t taps, kc;                    /* as the kernel sees them */
    size_t group_blocks, block_bytes;   /* blocks a group; packed bytes a block */
    const void *weights;                /* while packing: [O][taps][kc] */
    const char *packed;                 /* groups * group_blocks blocks */
    const float *bias;                  /* [O] */
    float *own_bias;                    /* zeros, when the node has none */
    char *zero_rows;                    /* a row of zero points a segment */
    size_t zero_row_bytes;
    struct dsq_activate act; /* what the kernels do */
    bool staged;             /* the activation is `unary`, computed after the kernels */
    struct dsq_unary unary;
    struct dsq_conv *phases; /* transposed: what computes it (conv_transposed.c); else NULL */
    size_t n_phases;
    /* Of a phase: which outputs, from where it reads, and which of the weights it has. */
    int64_t residue[2], reach[2], part[6];
    bool no_taps;
};

/* One segment at the shape at hand. Strides are in elements of the respective tensor. */
struct dsq_conv_segment {
    const struct dsq_value *x_value, *r_value, *y_value;
    const char *x;
    int64_t x_n, x_h, x_w;  /* strides */
    int64_t h, w;           /* of the input */
    int64_t oh, ow, pixels; /* of the output; pixels: of the batch */
    int64_t pad_top, pad_left;
    const void *r; /* or NULL */
    int64_t r_pixel;
    const float *m; /* s8 */
    void *y;
    size_t y_element;
    bool direct; /* y is a matrix of pixels; else tiles of floats are scattered */
    int64_t y_stride[4];
    const char *zero_row;
    int64_t tiles, tiles_per_task;
    size_t first_task, n_tasks;
};

/* conv_prepare.c */
bool dsq_conv_supports(const struct dsq_graph *g, const struct dsq_node *n, char *why,
                       size_t bytes);
enum dsq_status dsq_conv_prepare(struct dsq_prepared *p, struct dsq_diag *d);
void dsq_conv_reset(struct dsq_prepared *p);
/* Memory for all groups' packed weights, as dsq_cpu_packed_get; sets cv->packed. */
enum dsq_status dsq_conv_packed(struct dsq_conv *cv, const void *kernel, void **packed, bool *fresh,
                                struct dsq_diag *d);

/* conv_transposed.c: make and pack the phases; a phase's share of a segment. */
enum dsq_status dsq_conv_make_phases(struct dsq_conv *cv, struct dsq_diag *d);
void dsq_conv_phase_segment(const struct dsq_conv *cv, const struct dsq_conv *phase,
                            const struct dsq_conv_segment *whole, struct dsq_conv_segment *s);

/* conv_s8.c: the weights' sums fit in 32 bits; the epilogue of a segment. */
enum dsq_status dsq_conv_check_s8(const struct dsq_conv *cv, const int8_t *w, struct dsq_diag *d);
struct dsq_epilogue_s8 dsq_conv_epilogue_s8(const struct dsq_conv *cv,
                                            const struct dsq_conv_segment *s);

/* conv_tile.c: where a walk over a segment's output pixels stands. */
struct dsq_conv_cursor {
    int64_t pixel, image, oh, ow;
};
void dsq_conv_start(const struct dsq_conv_segment *s, int64_t pixel, struct dsq_conv_cursor *at);
/* Fill rows[tap * mr + i] for i < mr with the next mr pixels' addresses (the last pixel repeats
 * past the end of the picture), and move on. `scratch`: mr * taps * kc elements, used when merged.
 * When the convolution is depthwise and the tile far from the borders only i = 0 is filled; then
 * gives how many elements the pixels lie apart, else 0. */
int64_t dsq_conv_tile_rows(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                           struct dsq_conv_cursor *at, const void **rows, char *scratch);
/* Ask for what the next n pixels will be the first to touch, so that it is there when their turn
 * comes: the input of the lowest row of their windows, their residuals, their outputs. */
void dsq_conv_prefetch(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                       const struct dsq_conv_cursor *from, int64_t n);
/* A 1x1 convolution of a matrix of pixels is one row of them, however high the pictures are: fewer
 * and longer runs of addresses. */
void dsq_conv_join_rows(const struct dsq_conv *cv, const struct dsq_view *x,
                        struct dsq_conv_segment *s);
/* Move all rows on to the next group's channels. */
void dsq_conv_next_group(const struct dsq_conv *cv, const void **rows);

/* conv_staged.c: n_pixels x n_channels floats in scratch memory, rows side by side. */
struct dsq_conv_staged {
    float *tile;
    int8_t *bytes; /* room for as many s8 */
    int64_t pixel;
    size_t n_pixels, channel, n_channels;
};
/* Activate them if the convolution's activation is staged, and write them to the segment's output.
 */
void dsq_conv_way_out(const struct dsq_conv *cv, const struct dsq_conv_segment *s,
                      const struct dsq_conv_staged *t);

#endif
