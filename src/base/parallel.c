/* SPDX-License-Identifier: Apache-2.0 */
/* The thread pool: one loop at a time in the foreground, a queue of jobs in the background. */
#define _GNU_SOURCE
#include "base/parallel.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "base/memory.h"

/* A loop is announced by its generation number. Its next task and its number share one 64-bit word
 * (generation << 32 | next), so that a worker that comes late can never take a task of a later loop
 * with an earlier loop's function. */
enum { MOST_THREADS = 1024, SPINS = 2000, JOB_QUEUED = 0, JOB_RUNNING = 1, JOB_DONE = 2 };

struct dsq_pool {
    const struct dsq_allocator *allocator;
    const struct dsq_executor *executor; /* or NULL */
    int n_threads;
    pthread_t *thread;
    int n_started;
    _Atomic uint64_t ticket; /* generation << 32 | next task */
    _Atomic uint32_t n_tasks;
    _Atomic uint32_t n_done;
    dsq_task_fn *_Atomic task; /* of the loop whose tickets are out; see work_on_loop */
    void *_Atomic arg;
    uint32_t generation;
    pthread_mutex_t mutex; /* guards the queue, `stop` and sleeping */
    pthread_cond_t wake;   /* a loop, a job or the end */
    pthread_cond_t ended;  /* a job has ended */
    struct dsq_job *first, *last;
    _Atomic int n_queued;
    _Atomic int n_sleeping;
    bool stop;
};

struct worker_arg {
    struct dsq_pool *pool;
    int index;
};

static inline void relax(void)
{
    __builtin_ia32_pause();
}

/* Take and run tasks of the loop `generation` until none is left. */
static void work_on_loop(struct dsq_pool *p, uint32_t generation, int worker)
{
    for (;;) {
        uint64_t t = atomic_load_explicit(&p->ticket, memory_order_acquire);
        uint32_t next = (uint32_t)t;
        if ((uint32_t)(t >> 32) != generation || next >= atomic_load(&p->n_tasks))
            return;
        /* May be a later loop's already; then the ticket has changed and the exchange fails. */
        dsq_task_fn *task = atomic_load_explicit(&p->task, memory_order_relaxed);
        void *arg = atomic_load_explicit(&p->arg, memory_order_relaxed);
        if (!atomic_compare_exchange_weak(&p->ticket, &t, t + 1))
            continue;
        task(arg, next, worker);
        atomic_fetch_add_explicit(&p->n_done, 1, memory_order_release);
    }
}

static bool loop_has_tasks(struct dsq_pool *p)
{
    uint64_t t = atomic_load(&p->ticket);
    return (uint32_t)t < atomic_load(&p->n_tasks);
}

/* Run the first queued job, if any. Called with the mutex held; holds it again on return. */
static bool run_one_job(struct dsq_pool *p)
{
    struct dsq_job *job = p->first;
    if (!job)
        return false;
    p->first = job->next;
    if (!p->first)
        p->last = NULL;
    atomic_fetch_sub(&p->n_queued, 1);
    job->state = JOB_RUNNING;
    pthread_mutex_unlock(&p->mutex);
    job->run(job->arg);
    pthread_mutex_lock(&p->mutex);
    job->state = JOB_DONE;
    pthread_cond_broadcast(&p->ended);
    return true;
}

static void wait_for_work(struct dsq_pool *p)
{
    for (int i = 0; i < SPINS; i++) {
        if (loop_has_tasks(p) || atomic_load_explicit(&p->n_queued, memory_order_relaxed))
            return;
        relax();
    }
    pthread_mutex_lock(&p->mutex);
    atomic_fetch_add(&p->n_sleeping, 1);
    while (!p->stop && !p->first && !loop_has_tasks(p))
        pthread_cond_wait(&p->wake, &p->mutex);
    atomic_fetch_sub(&p->n_sleeping, 1);
    pthread_mutex_unlock(&p->mutex);
}

static void *worker_main(void *user)
{
    struct worker_arg arg = *(struct worker_arg *)user;
    struct dsq_pool *p = arg.pool;
    dsq_release(p->allocator, user);
    for (;;) {
        wait_for_work(p);
        if (loop_has_tasks(p))
            work_on_loop(p, (uint32_t)(atomic_load(&p->ticket) >> 32), arg.index);
        if (!atomic_load_explicit(&p->n_queued, memory_order_relaxed) && loop_has_tasks(p))
            continue;
        pthread_mutex_lock(&p->mutex);
        bool stop = !run_one_job(p) && p->stop;
        pthread_mutex_unlock(&p->mutex);
        if (stop)
            return NULL;
    }
}

static bool start_worker(struct dsq_pool *p, int index)
{
    struct worker_arg *arg = dsq_alloc(p->allocator, sizeof *arg);
    if (!arg)
        return false;
    *arg = (struct worker_arg){p, index};
    if (pthread_create(&p->thread[index - 1], NULL, worker_main, arg) != 0) {
        dsq_release(p->allocator, arg);
        return false;
    }
    p->n_started++;
    return true;
}

static struct dsq_pool *new_pool(int n_threads, const struct dsq_allocator *a)
{
    struct dsq_pool *p = dsq_calloc(a, 1, sizeof *p);
    if (!p)
        return NULL;
    p->allocator = a;
    p->n_threads = n_threads;
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->ended, NULL);
    return p;
}

enum dsq_status dsq_pool_create(struct dsq_pool **out, int n_threads, const struct dsq_allocator *a,
                                struct dsq_diag *d)
{
    *out = NULL;
    if (n_threads < 0 || n_threads > MOST_THREADS)
        return dsq_fail(d, DSQ_ARGUMENT, "%d threads: expected 0 to %d", n_threads, MOST_THREADS);
    if (n_threads == 0)
        n_threads = dsq_processor_count();
    struct dsq_pool *p = new_pool(n_threads, a);
    if (!p)
        return dsq_fail(d, DSQ_NOMEM, "no memory for a thread pool");
    p->thread = dsq_calloc(a, (size_t)n_threads, sizeof *p->thread);
    if (!p->thread) {
        dsq_pool_free(&p);
        return dsq_fail(d, DSQ_NOMEM, "no memory for a thread pool");
    }
    for (int i = 1; i < n_threads; i++)
        if (!start_worker(p, i)) {
            dsq_pool_free(&p);
            return dsq_fail(d, DSQ_NOMEM, "thread %d of %d could not be started", i, n_threads);
        }
    *out = p;
    return DSQ_OK;
}

enum dsq_status dsq_pool_wrap(struct dsq_pool **out, const struct dsq_executor *e,
                              const struct dsq_allocator *a, struct dsq_diag *d)
{
    *out = NULL;
    if (!e || e->n_threads < 1 || e->n_threads > MOST_THREADS || !e->run)
        return dsq_fail(d, DSQ_ARGUMENT,
                        "an executor needs 1 to %d threads (n_threads) and a run function",
                        MOST_THREADS);
    struct dsq_pool *p = new_pool(e->n_threads, a);
    if (!p)
        return dsq_fail(d, DSQ_NOMEM, "no memory for a thread pool");
    p->executor = e;
    *out = p;
    return DSQ_OK;
}

void dsq_pool_free(struct dsq_pool **pool)
{
    struct dsq_pool *p = *pool;
    if (!p)
        return;
    pthread_mutex_lock(&p->mutex);
    while (run_one_job(p))
        ;
    p->stop = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
    for (int i = 0; i < p->n_started; i++)
        pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->ended);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->mutex);
    dsq_release(p->allocator, p->thread);
    dsq_release(p->allocator, p);
    *pool = NULL;
}

int dsq_pool_threads(const struct dsq_pool *pool)
{
    return pool ? pool->n_threads : 1;
}

/* An executor does not say which thread it is on: workers are told apart by a slot taken from a
 * bit set for the length of one task. */
struct executor_loop {
    dsq_task_fn *task;
    void *arg;
    int n_threads;
    _Atomic uint32_t taken[MOST_THREADS / 32];
};

static int take_slot(struct executor_loop *loop)
{
    for (;;)
        for (int i = 0; i < loop->n_threads; i++) {
            uint32_t bit = 1u << (i % 32);
            if (!(atomic_fetch_or(&loop->taken[i / 32], bit) & bit))
                return i;
        }
}

static void executor_task(void *arg, size_t i)
{
    struct executor_loop *loop = arg;
    int slot = take_slot(loop);
    loop->task(loop->arg, i, slot);
    atomic_fetch_and(&loop->taken[slot / 32], ~(1u << (slot % 32)));
}

static void run_loop(struct dsq_pool *p, uint32_t n, dsq_task_fn *task, void *arg)
{
    atomic_store_explicit(&p->task, task, memory_order_relaxed);
    atomic_store_explicit(&p->arg, arg, memory_order_relaxed);
    atomic_store(&p->n_done, 0);
    uint32_t generation = ++p->generation;
    /* The old loop's ticket is exhausted for any n_tasks >= its own, but n may be larger than that:
     * close the ticket before n_tasks changes, open it afterwards. */
    atomic_store(&p->ticket, (uint64_t)generation << 32 | UINT32_MAX);
    atomic_store(&p->n_tasks, n);
    atomic_store(&p->ticket, (uint64_t)generation << 32);
    if (atomic_load(&p->n_sleeping)) {
        pthread_mutex_lock(&p->mutex);
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->mutex);
    }
    work_on_loop(p, generation, 0);
    for (int spins = 0; atomic_load_explicit(&p->n_done, memory_order_acquire) != n;)
        if (++spins < SPINS)
            relax();
        else
            sched_yield();
}

void dsq_parallel_for(struct dsq_pool *p, size_t n, dsq_task_fn *task, void *arg)
{
    if (p && p->executor && n > 1) {
        struct executor_loop loop = {.task = task, .arg = arg, .n_threads = p->n_threads};
        p->executor->run(p->executor->user, executor_task, &loop, n);
        return;
    }
    if (!p || p->n_threads == 1 || n <= 1) {
        for (size_t i = 0; i < n; i++)
            task(arg, i, 0);
        return;
    }
    assert(n < UINT32_MAX - 1024);
    run_loop(p, (uint32_t)n, task, arg);
}

void dsq_job_submit(struct dsq_pool *p, struct dsq_job *job)
{
    job->next = NULL;
    job->state = JOB_QUEUED;
    pthread_mutex_lock(&p->mutex);
    if (p->last)
        p->last->next = job;
    else
        p->first = job;
    p->last = job;
    atomic_fetch_add(&p->n_queued, 1);
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->mutex);
}

void dsq_job_wait(struct dsq_pool *p, struct dsq_job *job)
{
    pthread_mutex_lock(&p->mutex);
    while (job->state == JOB_QUEUED)
        run_one_job(p);
    while (job->state != JOB_DONE)
        pthread_cond_wait(&p->ended, &p->mutex);
    pthread_mutex_unlock(&p->mutex);
}

int dsq_processor_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n;
}

double dsq_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
