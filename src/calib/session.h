/* SPDX-License-Identifier: Apache-2.0 */
/* What calibration and evaluation both set up: one pool for everything, an engine, a context. */
#ifndef DSQ_CALIB_SESSION_H
#define DSQ_CALIB_SESSION_H

#include <dsq/dsq.h>

#include "base/parallel.h"

struct dsq_session {
    struct dsq_common common; /* complete */
    struct dsq_pool *pool;
    struct dsq_engine *engine;
    struct dsq_context *context;
    double reported; /* when progress was last told */
};

/* Fill `s` (from zeros). On failure, too, dsq_session_close frees what was made. UNSUPPORTED unless
 * the engine has one input. */
enum dsq_status dsq_session_open(struct dsq_session *s, const struct dsq_engine_file *file,
                                 const struct dsq_common *common,
                                 struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_session_close(struct dsq_session *s);
/* Tell progress, at most ten times a second and at the end. */
void dsq_session_progress(struct dsq_session *s, const char *what, size_t done, size_t total);

#endif
