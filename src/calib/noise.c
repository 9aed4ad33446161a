/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of the reference, one after another, and the error against them. */
#include "calib/noise.h"

#include <math.h>
#include <string.h>

#include "quant/names.h"

enum { MOST_SAMPLES = 1 << 16 }; /* of one tensor at one input */

struct point {
    float *sample;
    size_t n, capacity, at; /* `at`: the next one to compare with */
    double signal, error;
};

struct dsq_noise {
    const struct dsq_allocator *allocator;
    struct dsq_names names;
    struct point *point; /* by name */
    bool reference, failed;
};

enum dsq_status dsq_noise_create(struct dsq_noise **out, const char *const *names, size_t n,
                                 const struct dsq_allocator *a, struct dsq_diag *d)
{
    enum dsq_status status = DSQ_OK;
    struct dsq_noise *z = *out = dsq_calloc(a, 1, sizeof *z);
    if (!z)
        return dsq_fail(d, DSQ_NOMEM, "no memory to compare outputs");
    z->allocator = a;
    dsq_names_init(&z->names, a);
    for (size_t i = 0; status == DSQ_OK && i < n; i++) {
        size_t index;
        status = dsq_names_add(&z->names, names[i], &index, NULL, d);
    }
    if (status == DSQ_OK && !(z->point = dsq_calloc(a, n + 1, sizeof *z->point)))
        status = dsq_fail(d, DSQ_NOMEM, "no memory to compare %zu outputs", n);
    if (status != DSQ_OK)
        dsq_noise_free(out);
    return status;
}

void dsq_noise_free(struct dsq_noise **noise)
{
    struct dsq_noise *z = *noise;
    if (!z)
        return;
    for (size_t i = 0; z->point && i < z->names.n; i++)
        dsq_release(z->allocator, z->point[i].sample);
    dsq_release(z->allocator, z->point);
    dsq_names_free(&z->names);
    dsq_release(z->allocator, z);
    *noise = NULL;
}

void dsq_noise_begin(struct dsq_noise *z, bool reference)
{
    z->reference = reference;
    for (size_t i = 0; i < z->names.n; i++) {
        struct point *p = &z->point[i];
        p->at = 0;
        p->error = 0.0;
        if (reference) {
            p->n = 0;
            p->signal = 0.0;
        }
    }
}

bool dsq_noise_failed(const struct dsq_noise *z)
{
    return z->failed;
}

/* ---- sampling ---- */

/* The pixels of a tensor that are looked at: every `step`-th of all images' pixels. */
struct grid {
    const char *data;
    size_t stride[4]; /* N, C, H, W in bytes */
    size_t channels, height, width, pixels, step;
};

static bool make_grid(struct grid *g, const struct dsq_tensor *t)
{
    if (t->dtype != DSQ_F32 || t->rank != 4 || !t->data)
        return false;
    *g = (struct grid){.data = t->data,
                       .channels = (size_t)t->dims[1],
                       .height = (size_t)t->dims[2],
                       .width = (size_t)t->dims[3]};
    size_t dense = sizeof(float);
    for (int k = 3; k >= 0; k--) {
        g->stride[k] = t->strides[k] ? (size_t)t->strides[k] : dense;
        dense *= (size_t)t->dims[k];
    }
    g->pixels = (size_t)t->dims[0] * g->height * g->width;
    g->step = g->pixels * g->channels / MOST_SAMPLES + 1;
    return g->pixels * g->channels > 0;
}

static float element(const struct grid *g, size_t pixel, size_t channel)
{
    const size_t w = pixel % g->width, h = pixel / g->width % g->height,
                 n = pixel / g->width / g->height;
    const char *at =
        g->data + n * g->stride[0] + channel * g->stride[1] + h * g->stride[2] + w * g->stride[3];
    return *(const float *)(const void *)at;
}

static bool reserve(struct dsq_noise *z, struct point *p, size_t more)
{
    if (p->n + more <= p->capacity)
        return true;
    const size_t capacity = 2 * (p->n + more);
    float *grown = dsq_alloc(z->allocator, capacity * sizeof *grown);
    if (!grown) {
        z->failed = true;
        return false;
    }
    if (p->n)
        memcpy(grown, p->sample, p->n * sizeof *grown);
    dsq_release(z->allocator, p->sample);
    p->sample = grown;
    p->capacity = capacity;
    return true;
}

static void keep(struct dsq_noise *z, struct point *p, const struct grid *g)
{
    const size_t n_pixels = (g->pixels - 1) / g->step + 1;
    if (!reserve(z, p, n_pixels * g->channels))
        return;
    for (size_t c = 0; c < g->channels; c++) {
        double sum = 0.0, squares = 0.0;
        for (size_t i = 0; i < n_pixels; i++) {
            const float x = element(g, i * g->step, c);
            p->sample[p->n++] = x;
            sum += (double)x;
        }
        for (size_t i = 0; i < n_pixels; i++) {
            const double x = (double)p->sample[p->n - n_pixels + i] - sum / (double)n_pixels;
            squares += x * x;
        }
        p->signal += squares;
    }
}

static void compare(struct point *p, const struct grid *g)
{
    for (size_t c = 0; c < g->channels; c++)
        for (size_t pixel = 0; pixel < g->pixels && p->at < p->n; pixel += g->step) {
            const double e = (double)element(g, pixel, c) - (double)p->sample[p->at++];
            p->error += e * e;
        }
}

void dsq_noise_see(struct dsq_noise *z, const char *name, const struct dsq_tensor *tensor)
{
    const int64_t i = dsq_names_find(&z->names, name);
    struct grid g;
    if (i < 0 || !make_grid(&g, tensor))
        return;
    if (z->reference)
        keep(z, &z->point[i], &g);
    else
        compare(&z->point[i], &g);
}

double dsq_noise_ratio(const struct dsq_noise *z)
{
    double sum = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < z->names.n; i++) {
        const struct point *p = &z->point[i];
        if (!(p->signal > 0.0))
            continue;
        sum += p->error / p->signal;
        n++;
    }
    return n == 0 ? 0.0 : isfinite(sum) ? sum / (double)n : INFINITY;
}
