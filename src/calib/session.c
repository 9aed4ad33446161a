/* SPDX-License-Identifier: Apache-2.0 */
/* Pool, engine and context of one job. */
#include "calib/session.h"

#include "base/settings.h"

enum dsq_status dsq_session_open(struct dsq_session *s, const struct dsq_engine_file *file,
                                 const struct dsq_common *common, struct dsq_diag *d)
{
    *s = (struct dsq_session){0};
    DSQ_TRY(dsq_common_read(&s->common, common, d));
    const struct dsq_allocator *a = s->common.allocator;
    if (s->common.executor)
        DSQ_TRY(dsq_pool_wrap(&s->pool, s->common.executor, a, d));
    else
        DSQ_TRY(dsq_pool_create(&s->pool, s->common.threads, a, d));
    struct dsq_engine_settings es = {.size = sizeof es, .common = &s->common};
    DSQ_TRY(dsq_engine_load(&s->engine, file, &es, d));
    if (dsq_engine_inputs(s->engine) != 1)
        return dsq_fail(d, DSQ_UNSUPPORTED, "the model has %d inputs: one is expected here",
                        (int)dsq_engine_inputs(s->engine));
    struct dsq_context_settings cs = {.size = sizeof cs, .common = &s->common, .pool = s->pool};
    return dsq_context_create(&s->context, s->engine, &cs, d);
}

void dsq_session_close(struct dsq_session *s)
{
    dsq_context_free(&s->context);
    dsq_engine_free(&s->engine);
    dsq_pool_free(&s->pool);
}

void dsq_session_progress(struct dsq_session *s, const char *what, size_t done, size_t total)
{
    double now = dsq_now();
    if (done < total && now - s->reported < 0.1)
        return;
    s->reported = now;
    dsq_log_progress(s->common.log, what, (int64_t)done, (int64_t)total);
}
