/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads: a pool that runs the tiles of one operator side by side and, in the gaps, background
 * jobs.
 *
 * dsq_parallel_for hands out tasks one by one (an atomic counter), so a worker that comes late or
 * is busy with a background job costs nothing but its share. The caller takes part. Results must
 * not depend on which thread does what, and never do: a task owns what it writes.
 *
 * Idle workers spin for a few microseconds (the gap between two operators), then sleep.
 */
#ifndef DSQ_BASE_PARALLEL_H
#define DSQ_BASE_PARALLEL_H

#include "base/status.h"

struct dsq_pool;

typedef void dsq_task_fn(void *arg, size_t i, int worker);

/* A pool of n_threads in all, the caller included (1: no thread is made). 0: one for each processor
 * this process may use. */
enum dsq_status dsq_pool_create(struct dsq_pool **out, int n_threads, const struct dsq_allocator *a,
                                struct dsq_diag *d) DSQ_MUST_CHECK;
/* A pool over a caller's executor; it must outlive the pool. */
enum dsq_status dsq_pool_wrap(struct dsq_pool **out, const struct dsq_executor *e,
                              const struct dsq_allocator *a, struct dsq_diag *d) DSQ_MUST_CHECK;
void dsq_pool_free(struct dsq_pool **pool); /* waits for background jobs */

/* At least 1; NULL is a pool of one. `worker` in a task is in [0, dsq_pool_threads). */
int dsq_pool_threads(const struct dsq_pool *pool);

/* task(arg, i, worker) for each i in [0, n), in any order; returns when all are done. One caller at
 * a time; not from inside a task. `pool` NULL: serial on this thread. */
void dsq_parallel_for(struct dsq_pool *pool, size_t n, dsq_task_fn *task, void *arg);

/* A job that runs beside parallel loops, on a worker that has nothing else to do. The struct is the
 * caller's and must live until dsq_job_wait has returned. With one thread, and over an executor,
 * the job runs inside dsq_job_wait. Jobs start in the order they were submitted. */
struct dsq_job {
    void (*run)(void *arg);
    void *arg;
    struct dsq_job *next;
    int state; /* the pool's own */
};
void dsq_job_submit(struct dsq_pool *pool, struct dsq_job *job);
void dsq_job_wait(struct dsq_pool *pool, struct dsq_job *job);

/* Processors this process may use. */
int dsq_processor_count(void);
/* Monotonic time in seconds. */
double dsq_now(void);

#endif
