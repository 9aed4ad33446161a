/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring convolutions one by one, and choosing. */
#include "calib/sensitivity.h"

#include <math.h>
#include <string.h>

#include "base/settings.h"
#include "calib/feed.h"
#include "calib/folder.h"
#include "calib/noise.h"
#include "calib/session.h"
#include "quant/placement.h"
#include "quant/propagate.h"

enum { MOST_PICTURES = 4 };

struct job {
    const struct dsq_sensitivity_settings *s;
    const struct dsq_engine_file *reference;
    struct dsq_arena arena;
    struct dsq_noise *noise;
    const char *picture[MOST_PICTURES];
    size_t n_pictures;
    const char **name; /* of the convolutions that can be INT8: their outputs */
    double *weights;   /* multiplications for one element of the output */
    double *cost;      /* multiplications at the chosen pictures */
    double *made;      /* error over signal with this one alone in INT8 */
    bool *is_float;
    size_t n;
};

/* ---- the choice ---- */

/* The layer not yet float that makes most noise for its cost and may still be taken; n: none. */
static size_t worst(const double *noise, const double *cost, size_t n, double left,
                    const bool *is_float)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (!is_float[i] && noise[i] > 0.0 && cost[i] <= left &&
            (best == n || noise[i] * cost[best] > noise[best] * cost[i]))
            best = i;
    return best;
}

static double rest(const double *noise, size_t n, const bool *is_float)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += is_float[i] ? 0.0 : noise[i];
    return sum;
}

double dsq_choose_layers(const double *noise, const double *cost, size_t n, double goal,
                         double share, bool *is_float)
{
    double left = 0.0;
    for (size_t i = 0; i < n; i++) {
        is_float[i] = false;
        left += share * cost[i];
    }
    while (rest(noise, n, is_float) > goal) {
        const size_t i = worst(noise, cost, n, left, is_float);
        if (i == n)
            break;
        is_float[i] = true;
        left -= cost[i];
    }
    return rest(noise, n, is_float);
}

/* ---- one run over the pictures ---- */

static void see(void *user, const char *node, const char *tensor, const struct dsq_tensor *value)
{
    struct job *j = user;
    (void)node;
    dsq_noise_see(j->noise, tensor, value);
}

static void see_reference(void *user, const char *node, const char *tensor,
                          const struct dsq_tensor *value)
{
    struct job *j = user;
    see(user, node, tensor, value);
    for (size_t i = 0; i < j->n; i++) {
        if (strcmp(j->name[i], tensor) != 0)
            continue;
        double elements = 1.0;
        for (int32_t k = 0; k < value->rank; k++)
            elements *= (double)value->dims[k];
        j->cost[i] += elements * j->weights[i];
    }
}

static enum dsq_status run_pictures(struct job *j, struct dsq_session *session,
                                    struct dsq_feed **feed, struct dsq_diag *d)
{
    const struct dsq_task *task = j->s->images ? j->s->task : NULL;
    DSQ_TRY(dsq_feed_create(feed, j->picture, j->n_pictures, task, session->pool,
                            session->common.allocator, d));
    for (;;) {
        const struct dsq_feed_item *item;
        DSQ_TRY(dsq_feed_next(*feed, &item, d));
        if (!item)
            return DSQ_OK;
        enum dsq_status status = dsq_context_set_input(session->context, 0, &item->tensor, d);
        if (status == DSQ_OK)
            status = dsq_context_run(session->context, d);
        if (status != DSQ_OK)
            return dsq_fail_in(d, status, "%s", item->path);
        if (dsq_noise_failed(j->noise))
            return dsq_fail(d, DSQ_NOMEM, "%s: no memory to compare outputs", item->path);
    }
}

static enum dsq_status run(struct job *j, const struct dsq_engine_file *file, bool reference,
                           struct dsq_diag *d)
{
    struct dsq_session session = {0};
    struct dsq_feed *feed = NULL;
    dsq_noise_begin(j->noise, reference);
    enum dsq_status status = dsq_session_open(&session, file, j->s->common, d);
    if (status == DSQ_OK) {
        dsq_context_on_tensor(session.context, reference ? see_reference : see, j);
        status = run_pictures(j, &session, &feed, d);
    }
    dsq_feed_free(&feed);
    dsq_session_close(&session);
    return status;
}

/* Error over signal with convolution `only` in INT8, or with all of them (only == n). */
static enum dsq_status measure(struct job *j, size_t only, double *noise, struct dsq_diag *d)
{
    const struct dsq_allocator *a = j->s->common ? j->s->common->allocator : NULL;
    struct dsq_decisions *decisions = NULL;
    struct dsq_engine_file *file = NULL;
    enum dsq_status status = dsq_decisions_create(&decisions, a, d);
    for (size_t i = 0; status == DSQ_OK && only < j->n && i < j->n; i++)
        if (i != only)
            status = dsq_decisions_set_precision(decisions, j->name[i], DSQ_PRECISION_FLOAT, d);
    if (status == DSQ_OK)
        status = j->s->compile(j->s->user, decisions, &file, d);
    if (status == DSQ_OK)
        status = run(j, file, false, d);
    if (status == DSQ_OK)
        *noise = dsq_noise_ratio(j->noise);
    dsq_engine_file_free(&file);
    dsq_decisions_free(&decisions);
    return status;
}

/* ---- what is measured where ---- */

/* The convolutions that can be INT8. */
static enum dsq_status find_layers(struct job *j, struct dsq_diag *d)
{
    const struct dsq_graph *g = j->s->graph;
    const size_t most = (size_t)g->n_nodes + 1;
    struct dsq_placement p;
    DSQ_TRY(dsq_place(g, j->s->ranges, NULL, &p, &j->arena, d));
    j->name = dsq_arena_calloc(&j->arena, most, sizeof *j->name);
    j->weights = dsq_arena_calloc(&j->arena, most, sizeof *j->weights);
    j->cost = dsq_arena_calloc(&j->arena, most, sizeof *j->cost);
    j->made = dsq_arena_calloc(&j->arena, most, sizeof *j->made);
    j->is_float = dsq_arena_calloc(&j->arena, most, sizeof *j->is_float);
    if (!j->name || !j->weights || !j->cost || !j->made || !j->is_float)
        return dsq_fail(d, DSQ_NOMEM, "no memory to measure %d nodes", (int)g->n_nodes);
    for (int32_t i = 0; i < g->n_nodes; i++) {
        const struct dsq_node *n = &g->node[i];
        size_t elements;
        if (n->op != DSQ_OP_CONV || n->shape_only || !p.node_int8[i] ||
            !dsq_shape_elements(&g->value[n->in[DSQ_CONV_W]].shape, &elements))
            continue;
        j->name[j->n] = g->value[n->out[0]].name;
        j->weights[j->n++] =
            (double)elements / (double)((const struct dsq_conv_attr *)n->attr)->out_channels;
    }
    return DSQ_OK;
}

/* The last convolutions on the ways to the outputs. Their numbers are float in every engine. */
static enum dsq_status find_points(struct job *j, struct dsq_diag *d)
{
    const struct dsq_graph *g = j->s->graph;
    const char **name = dsq_arena_calloc(&j->arena, (size_t)g->n_values + 1, sizeof *name);
    bool *wanted = dsq_arena_calloc(&j->arena, (size_t)g->n_values + 1, sizeof *wanted);
    if (!name || !wanted)
        return dsq_fail(d, DSQ_NOMEM, "no memory to compare outputs");
    for (int32_t k = 0; k < g->n_outputs; k++)
        wanted[g->output[k]] = true;
    size_t n = 0;
    for (int32_t i = g->n_nodes - 1; i >= 0; i--) {
        const struct dsq_node *node = &g->node[i];
        bool any = false;
        for (int32_t k = 0; k < node->n_out; k++)
            any |= wanted[node->out[k]];
        if (!any || !dsq_node_reads_data(node))
            continue;
        for (int32_t k = 0; node->op == DSQ_OP_CONV && k < node->n_out; k++)
            name[n++] = g->value[node->out[k]].name;
        for (int32_t k = 0; node->op != DSQ_OP_CONV && k < node->n_in; k++)
            if (dsq_value_is_activation(g, node->in[k]))
                wanted[node->in[k]] = true;
    }
    return dsq_noise_create(&j->noise, name, n, j->s->common ? j->s->common->allocator : NULL, d);
}

/* A few pictures, spread over the folder. */
static void find_pictures(struct job *j, const struct dsq_folder *folder)
{
    j->n_pictures = folder->n < MOST_PICTURES ? folder->n : MOST_PICTURES;
    for (size_t k = 0; k < j->n_pictures; k++)
        j->picture[k] = folder->path[(2 * k + 1) * folder->n / (2 * j->n_pictures)];
}

/* ---- the whole ---- */

static enum dsq_status job_open(struct job *j, struct dsq_folder *folder,
                                const struct dsq_engine_file *reference,
                                const struct dsq_sensitivity_settings *s, struct dsq_diag *d)
{
    static const char *const pictures[] = {".jpg", ".jpeg", ".png", NULL};
    static const char *const tensors[] = {".npy", NULL};
    const struct dsq_allocator *a = s->common ? s->common->allocator : NULL;
    *j = (struct job){.s = s, .reference = reference};
    dsq_arena_init(&j->arena, a);
    DSQ_TRY(dsq_folder_list(folder, s->images ? s->images : s->tensors,
                            s->images ? pictures : tensors, a, d));
    find_pictures(j, folder);
    DSQ_TRY(find_layers(j, d));
    return find_points(j, d);
}

static void job_close(struct job *j, struct dsq_folder *folder)
{
    dsq_noise_free(&j->noise);
    dsq_folder_free(folder);
    dsq_arena_free(&j->arena);
}

static enum dsq_status measure_all(struct job *j, double *noise, struct dsq_diag *d)
{
    *noise = 0.0;
    if (j->n == 0)
        return DSQ_OK;
    DSQ_TRY(run(j, j->reference, true, d));
    return measure(j, j->n, noise, d);
}

static enum dsq_status choose(struct job *j, struct dsq_sensitivity *r, struct dsq_diag *d)
{
    DSQ_TRY(measure_all(j, &r->noise_int8, d));
    r->noise = r->noise_int8;
    if (r->noise_int8 <= DSQ_NOISE_GOAL)
        return DSQ_OK;
    const struct dsq_log *log = j->s->common ? j->s->common->log : NULL;
    double total = 0.0, spent = 0.0;
    for (size_t i = 0; i < j->n; i++) {
        DSQ_TRY(measure(j, i, &j->made[i], d));
        dsq_log_progress(log, "measuring layers", (int64_t)i + 1, (int64_t)j->n);
        total += j->cost[i];
    }
    r->noise =
        dsq_choose_layers(j->made, j->cost, j->n, DSQ_NOISE_GOAL, DSQ_FLOAT_SHARE, j->is_float);
    for (size_t i = 0; i < j->n; i++) {
        r->n_float += j->is_float[i];
        spent += j->is_float[i] ? j->cost[i] : 0.0;
    }
    r->float_share = total > 0.0 ? spent / total : 0.0;
    return DSQ_OK;
}

enum dsq_status dsq_int8_noise(double *noise, const struct dsq_engine_file *reference,
                               const struct dsq_sensitivity_settings *settings, struct dsq_diag *d)
{
    struct job j;
    struct dsq_folder folder = {0};
    enum dsq_status status = job_open(&j, &folder, reference, settings, d);
    if (status == DSQ_OK)
        status = measure_all(&j, noise, d);
    job_close(&j, &folder);
    return status;
}

enum dsq_status dsq_choose_float(struct dsq_decisions *decisions, struct dsq_sensitivity *result,
                                 const struct dsq_engine_file *reference,
                                 const struct dsq_sensitivity_settings *settings,
                                 struct dsq_diag *d)
{
    struct job j;
    struct dsq_folder folder = {0};
    *result = (struct dsq_sensitivity){0};
    enum dsq_status status = job_open(&j, &folder, reference, settings, d);
    if (status == DSQ_OK)
        status = choose(&j, result, d);
    for (size_t i = 0; status == DSQ_OK && i < j.n; i++)
        if (j.is_float[i])
            status = dsq_decisions_set_precision(decisions, j.name[i], DSQ_PRECISION_FLOAT, d);
    job_close(&j, &folder);
    return status;
}
