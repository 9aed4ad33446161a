/* SPDX-License-Identifier: Apache-2.0 */
/* Running pictures past the observer, and ranges from what it saw. */
#include "calib/calibrate.h"

#include <string.h>

#include "base/memory.h"
#include "base/settings.h"
#include "calib/feed.h"
#include "calib/folder.h"
#include "calib/observer.h"
#include "calib/session.h"

static const char *const picture_endings[] = {".jpg", ".jpeg", ".png", NULL};
static const char *const tensor_endings[] = {".npy", NULL};

struct dsq_calibration {
    const struct dsq_allocator *allocator;
    struct dsq_observer *observer;
    int32_t n_inputs;
};

/* What the hook gets. The input is counted by run_one, once, whether the hook shows it or not. */
struct watch {
    struct dsq_observer *observer;
    const char *input;
};

static void see(void *user, const char *node, const char *tensor, const struct dsq_tensor *value)
{
    const struct watch *w = user;
    (void)node;
    if (strcmp(tensor, w->input) != 0)
        dsq_observer_see(w->observer, tensor, value);
}

static enum dsq_status run_one(struct dsq_session *s, const struct watch *w,
                               const struct dsq_feed_item *item, struct dsq_diag *d)
{
    enum dsq_status status = dsq_context_set_input(s->context, 0, &item->tensor, d);
    if (status == DSQ_OK) {
        dsq_observer_see(w->observer, w->input, &item->tensor);
        status = dsq_context_run(s->context, d);
    }
    if (status != DSQ_OK)
        return dsq_fail_in(d, status, "%s", item->path);
    if (dsq_observer_failed(w->observer))
        return dsq_fail(d, DSQ_NOMEM, "%s: no memory for histograms", item->path);
    return DSQ_OK;
}

static enum dsq_status run_all(struct dsq_session *s, struct dsq_calibration *c,
                               struct dsq_feed *feed, size_t n, struct dsq_diag *d)
{
    struct dsq_io_info input;
    DSQ_TRY(dsq_engine_input_info(s->engine, 0, &input));
    struct watch w = {c->observer, input.name};
    dsq_context_on_tensor(s->context, see, &w);
    for (;;) {
        const struct dsq_feed_item *item;
        DSQ_TRY(dsq_feed_next(feed, &item, d));
        if (!item)
            return DSQ_OK;
        DSQ_TRY(run_one(s, &w, item, d));
        c->n_inputs++;
        dsq_session_progress(s, "calibrating", (size_t)c->n_inputs, n);
    }
}

/* NaN, infinities and values that never came by: one line each kind, naming the first. */
static enum dsq_status report(const struct dsq_calibration *c, const struct dsq_common *common,
                              struct dsq_diag *d)
{
    size_t n_bad = 0, n_missing = 0, bad = 0, missing = 0;
    for (size_t i = dsq_observer_count(c->observer); i-- > 0;) {
        const struct dsq_histogram *h = dsq_observer_histogram(c->observer, i);
        if (!h) {
            n_missing++;
            missing = i;
        } else if (h->n_nan || h->n_inf) {
            n_bad++;
            bad = i;
        }
    }
    if (n_missing)
        DSQ_TRY(dsq_warn(common, d, DSQ_MALFORMED, "%zu tensors never appeared, first '%s'",
                         n_missing, dsq_observer_name(c->observer, missing)));
    if (n_bad)
        DSQ_TRY(dsq_warn(common, d, DSQ_MALFORMED,
                         "%zu tensors have values that are NaN or infinite, first '%s'; these were "
                         "left out",
                         n_bad, dsq_observer_name(c->observer, bad)));
    return DSQ_OK;
}

static enum dsq_status check(const struct dsq_calibrate_settings *s, struct dsq_diag *d)
{
    if (!s->images == !s->tensors)
        return dsq_fail(d, DSQ_ARGUMENT, "calibration needs one folder: of pictures or of tensors");
    if (s->images && !s->task)
        return dsq_fail(d, DSQ_ARGUMENT, "calibration with pictures needs a task to prepare them");
    return DSQ_OK;
}

static enum dsq_status calibrate(struct dsq_calibration *c, const struct dsq_engine_file *file,
                                 const struct dsq_calibrate_settings *s, struct dsq_folder *folder,
                                 struct dsq_session *session, struct dsq_feed **feed,
                                 struct dsq_diag *d)
{
    const struct dsq_allocator *a = c->allocator;
    DSQ_TRY(dsq_folder_list(folder, s->images ? s->images : s->tensors,
                            s->images ? picture_endings : tensor_endings, a, d));
    DSQ_TRY(dsq_session_open(session, file, s->common, d));
    DSQ_TRY(dsq_observer_create(&c->observer, s->wanted, s->n_wanted, session->pool, a, d));
    DSQ_TRY(dsq_feed_create(feed, folder->path, folder->n, s->images ? s->task : NULL,
                            session->pool, a, d));
    DSQ_TRY(run_all(session, c, *feed, folder->n, d));
    return report(c, &session->common, d);
}

enum dsq_status dsq_calibrate(struct dsq_calibration **out, const struct dsq_engine_file *file,
                              const struct dsq_calibrate_settings *s, struct dsq_diag *d)
{
    *out = NULL;
    DSQ_TRY(check(s, d));
    const struct dsq_allocator *a = s->common ? s->common->allocator : NULL;
    struct dsq_calibration *c = dsq_calloc(a, 1, sizeof *c);
    if (!c)
        return dsq_fail(d, DSQ_NOMEM, "no memory for calibration");
    c->allocator = a;
    struct dsq_folder folder = {0};
    struct dsq_session session = {0};
    struct dsq_feed *feed = NULL;
    enum dsq_status status = calibrate(c, file, s, &folder, &session, &feed, d);
    dsq_feed_free(&feed);
    dsq_session_close(&session);
    dsq_folder_free(&folder);
    if (status != DSQ_OK)
        dsq_calibration_free(&c);
    *out = c;
    return status;
}

void dsq_calibration_free(struct dsq_calibration **calibration)
{
    struct dsq_calibration *c = *calibration;
    if (!c)
        return;
    dsq_observer_free(&c->observer);
    dsq_release(c->allocator, c);
    *calibration = NULL;
}

int32_t dsq_calibration_inputs(const struct dsq_calibration *c)
{
    return c->n_inputs;
}

const struct dsq_histogram *dsq_calibration_histogram(const struct dsq_calibration *c,
                                                      const char *name)
{
    return dsq_observer_find(c->observer, name);
}

enum dsq_status dsq_calibration_ranges(const struct dsq_calibration *c, enum dsq_method method,
                                       struct dsq_ranges **out, struct dsq_diag *d)
{
    *out = NULL;
    struct dsq_ranges *r = NULL;
    DSQ_TRY(dsq_ranges_create(&r, c->allocator, d));
    for (size_t i = 0; i < dsq_observer_count(c->observer); i++) {
        const struct dsq_histogram *h = dsq_observer_histogram(c->observer, i);
        if (!h || h->n_finite == 0)
            continue;
        enum dsq_status status =
            dsq_ranges_set(r, dsq_observer_name(c->observer, i), dsq_method_range(method, h), d);
        if (status != DSQ_OK) {
            dsq_ranges_free(&r);
            return status;
        }
    }
    *out = r;
    return DSQ_OK;
}
