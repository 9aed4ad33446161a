/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transposed convolution as stride_h x stride_w ordinary ones.
 *
 * Output row o, counted in the full output as u = o + cut, sums w[k] x[i] over u = i S + k D (S the
 * stride, D the dilation). Rows of one residue u mod S = q take the same taps, those with
 * k D mod S = q, which lie `step` apart; for u = q + j S tap k reads row j + (q - k D) / S. So the
 * rows q, q + S, ... are a convolution of stride 1 over those taps, last tap first, and the same
 * goes for columns. Each such phase is a struct dsq_conv with packed weights of its own, reading
 * the input where it lies and writing its lattice of the output.
 */
#include <string.h>

#include "backend/cpu/conv.h"

/* A convolution whose taps all lie outside of the picture: for outputs that no tap reaches. */
static const int64_t OUTSIDE = INT64_C(1) << 40;

/* The taps of one residue along one axis: first, first + step, ... */
struct taps {
    int64_t first, step, n, dilation; /* dilation: in the input, from one to the next */
    int64_t reach;                    /* input row of the last tap for j = 0 */
};

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static struct taps taps_of(const struct dsq_window *w, int axis, int64_t residue)
{
    const int64_t stride = w->stride[axis], dilation = w->dilation[axis];
    const int64_t common = gcd(stride, dilation);
    struct taps t = {.step = stride / common, .dilation = dilation / common};
    while (t.first < t.step && t.first * dilation % stride != residue)
        t.first++;
    if (t.first < t.step && t.first < w->kernel[axis])
        t.n = (w->kernel[axis] - 1 - t.first) / t.step + 1;
    t.reach = (residue - (t.first + (t.n - 1) * t.step) * dilation) / stride;
    return t;
}

/* [O][KH][KW][I] -> [O][taps of h][taps of w][I], last taps first; zeros if there are none. */
static void gather_weights(const struct dsq_value *w, const struct taps *h, const struct taps *v,
                           size_t element, char *dst)
{
    const dsq_dim *dim = w->shape.dim;
    const size_t bytes = (size_t)dim[3] * element;
    for (int64_t o = 0; o < dim[0]; o++)
        for (int64_t i = h->n - 1; i >= 0; i--)
            for (int64_t k = v->n - 1; k >= 0; k--, dst += bytes) {
                int64_t row = h->first + i * h->step, column = v->first + k * v->step;
                memcpy(dst,
                       (const char *)w->data +
                           (size_t)((o * dim[1] + row) * dim[2] + column) * bytes,
                       bytes);
            }
}

static enum dsq_status make_phase(const struct dsq_conv *cv, struct dsq_conv *p,
                                  const int64_t *residue, struct dsq_diag *d)
{
    const struct dsq_allocator *a = cv->head.device->allocator;
    const struct dsq_value *w = &cv->head.graph->value[cv->head.node->in[DSQ_CONV_W]];
    const struct taps h = taps_of(&cv->win, 0, residue[0]), v = taps_of(&cv->win, 1, residue[1]);
    *p = *cv;
    p->phases = NULL;
    p->no_taps = !h.n || !v.n;
    p->win = (struct dsq_window){.kernel = {p->no_taps ? 1 : h.n, p->no_taps ? 1 : v.n},
                                 .stride = {1, 1},
                                 .dilation = {h.dilation, v.dilation}};
    p->taps = (size_t)(p->win.kernel[0] * p->win.kernel[1]);
    memcpy(p->residue, residue, sizeof p->residue);
    p->reach[0] = h.reach;
    p->reach[1] = v.reach;
    const int64_t part[] = {h.first, h.step, v.first, v.step, w->shape.dim[1], w->shape.dim[2]};
    memcpy(p->part, part, sizeof p->part);
    size_t bytes = (size_t)(w->shape.dim[0] * w->shape.dim[3]) * p->taps * p->element;
    char *weights = dsq_calloc(a, 1, bytes);
    if (!weights)
        return dsq_cpu_fail(&cv->head, d, DSQ_NOMEM, "no memory to prepare it");
    if (!p->no_taps)
        gather_weights(w, &h, &v, p->element, weights);
    p->weights = weights;
    enum dsq_status status = p->type->pack(p, d);
    p->weights = NULL;
    dsq_release(a, weights);
    return status;
}

enum dsq_status dsq_conv_make_phases(struct dsq_conv *cv, struct dsq_diag *d)
{
    const size_t rows = (size_t)cv->win.stride[0], columns = (size_t)cv->win.stride[1];
    cv->n_phases = rows * columns;
    cv->phases = dsq_calloc(cv->head.device->allocator, cv->n_phases, sizeof *cv->phases);
    if (!cv->phases)
        return dsq_cpu_fail(&cv->head, d, DSQ_NOMEM, "no memory to prepare it");
    for (size_t i = 0; i < cv->n_phases; i++) {
        const int64_t residue[] = {(int64_t)(i / columns), (int64_t)(i % columns)};
        DSQ_TRY(make_phase(cv, &cv->phases[i], residue, d));
    }
    cv->mr = cv->phases->mr; /* all have the same kernel */
    cv->nr = cv->phases->nr;
    memcpy(cv->head.kernel, cv->phases->head.kernel, sizeof cv->head.kernel);
    return DSQ_OK;
}

/* Along one axis: the first output, how many there are, and how far its window begins before the
 * input. */
static void place_phase(const struct dsq_conv *p, int axis, int64_t stride, int64_t cut,
                        int64_t *start, int64_t *size, int64_t *pad)
{
    const int64_t q = p->residue[axis], j = cut > q ? dsq_ceil_div(cut - q, stride) : 0;
    *start = q + j * stride - cut;
    *size = *start < *size ? (*size - 1 - *start) / stride + 1 : 0;
    *pad = p->no_taps ? OUTSIDE : -(j + p->reach[axis]);
}

void dsq_conv_phase_segment(const struct dsq_conv *cv, const struct dsq_conv *phase,
                            const struct dsq_conv_segment *whole, struct dsq_conv_segment *s)
{
    const int64_t *stride = cv->win.stride;
    const int64_t images = whole->pixels / (whole->oh * whole->ow);
    int64_t top, left;
    *s = *whole;
    place_phase(phase, 0, stride[0], whole->pad_top, &top, &s->oh, &s->pad_top);
    place_phase(phase, 1, stride[1], whole->pad_left, &left, &s->ow, &s->pad_left);
    s->y = (char *)s->y + (top * s->y_stride[2] + left * s->y_stride[3]) * (int64_t)s->y_element;
    s->y_stride[2] *= stride[0];
    s->y_stride[3] *= stride[1];
    s->direct = false;
    s->pixels = images * s->oh * s->ow;
    s->tiles = dsq_ceil_div(s->pixels, (int64_t)phase->mr);
}
