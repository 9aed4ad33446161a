/* SPDX-License-Identifier: Apache-2.0 */
/* Loops and background jobs, over the pool's own threads, over none and over a caller's executor.
 */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/parallel.h"

enum { MOST_TASKS = 4096, MOST_WORKERS = 64 };

struct loop {
    int n_threads;
    int ran[MOST_TASKS];            /* not atomic: each task owns its element */
    _Atomic int busy[MOST_WORKERS]; /* no two tasks may have one worker number at once */
    _Atomic int collisions, strangers;
};

static void task(void *arg, size_t i, int worker)
{
    struct loop *l = arg;
    if (worker < 0 || worker >= l->n_threads)
        atomic_fetch_add(&l->strangers, 1);
    else if (atomic_fetch_add(&l->busy[worker], 1) != 0)
        atomic_fetch_add(&l->collisions, 1);
    l->ran[i]++;
    if (worker >= 0 && worker < l->n_threads)
        atomic_fetch_sub(&l->busy[worker], 1);
}

static void check_loop(struct dsq_pool *pool, struct loop *l, size_t n)
{
    memset(l, 0, sizeof *l);
    l->n_threads = dsq_pool_threads(pool);
    dsq_parallel_for(pool, n, task, l);
    for (size_t i = 0; i < MOST_TASKS; i++)
        assert_int_equal(l->ran[i], i < n);
    assert_int_equal(l->collisions, 0);
    assert_int_equal(l->strangers, 0);
}

static void check_loops(struct dsq_pool *pool)
{
    static struct loop l;
    for (size_t n = 0; n < 20; n++)
        check_loop(pool, &l, n);
    for (int k = 0; k < 200; k++)
        check_loop(pool, &l, (size_t)(k * 37 % 100));
    check_loop(pool, &l, MOST_TASKS);
}

static void test_loops(void **state)
{
    (void)state;
    struct dsq_diag d = {0};
    for (int n = 1; n <= 5; n++) {
        struct dsq_pool *pool;
        assert_int_equal(dsq_pool_create(&pool, n, NULL, &d), DSQ_OK);
        assert_int_equal(dsq_pool_threads(pool), n);
        check_loops(pool);
        dsq_pool_free(&pool);
        assert_null(pool);
    }
    assert_int_equal(dsq_pool_threads(NULL), 1);
    check_loops(NULL);
}

static void test_loops_after_sleep(void **state)
{
    (void)state;
    struct dsq_pool *pool;
    static struct loop l;
    assert_int_equal(dsq_pool_create(&pool, 3, NULL, NULL), DSQ_OK);
    for (int i = 0; i < 20; i++) {
        nanosleep(&(struct timespec){0, 2000000}, NULL); /* long enough for workers to sleep */
        check_loop(pool, &l, 50);
    }
    dsq_pool_free(&pool);
}

struct counter {
    _Atomic int *order;
    int rank; /* when it ran, from 1 */
};

static void job(void *arg)
{
    struct counter *c = arg;
    c->rank = atomic_fetch_add(c->order, 1) + 1;
}

/* Jobs between loops: all end, and wait sees what they wrote. */
static void check_jobs(struct dsq_pool *pool)
{
    enum { N = 40 };
    static struct loop l;
    struct dsq_job jobs[N];
    struct counter counters[N];
    _Atomic int order = 0;
    for (int i = 0; i < N; i++) {
        counters[i] = (struct counter){&order, 0};
        jobs[i] = (struct dsq_job){.run = job, .arg = &counters[i]};
        dsq_job_submit(pool, &jobs[i]);
        if (i % 4 == 0)
            check_loop(pool, &l, 30);
    }
    for (int i = N; i-- > 0;) {
        dsq_job_wait(pool, &jobs[i]);
        assert_true(counters[i].rank > 0);
    }
    assert_int_equal(order, N);
    dsq_job_wait(pool, &jobs[3]); /* again: at once */
    if (dsq_pool_threads(pool) == 1)
        for (int i = 0; i < N; i++)
            assert_int_equal(counters[i].rank, i + 1); /* in order of submission */
}

static void test_jobs(void **state)
{
    (void)state;
    for (int n = 1; n <= 4; n++) {
        struct dsq_pool *pool;
        assert_int_equal(dsq_pool_create(&pool, n, NULL, NULL), DSQ_OK);
        for (int i = 0; i < 20; i++)
            check_jobs(pool);
        dsq_pool_free(&pool);
    }
}

static void test_free_runs_what_is_queued(void **state)
{
    (void)state;
    for (int n = 1; n <= 3; n++) {
        struct dsq_pool *pool;
        _Atomic int order = 0;
        struct counter c[5];
        struct dsq_job jobs[5];
        assert_int_equal(dsq_pool_create(&pool, n, NULL, NULL), DSQ_OK);
        for (int i = 0; i < 5; i++) {
            c[i] = (struct counter){&order, 0};
            jobs[i] = (struct dsq_job){.run = job, .arg = &c[i]};
            dsq_job_submit(pool, &jobs[i]);
        }
        dsq_pool_free(&pool);
        assert_int_equal(order, 5);
    }
}

/* An executor that starts threads for each loop, as a program's own pool might. */
struct batch {
    void (*task)(void *arg, size_t i);
    void *arg;
    size_t n;
    _Atomic size_t next;
};

static void *batch_thread(void *user)
{
    struct batch *b = user;
    for (size_t i; (i = atomic_fetch_add(&b->next, 1)) < b->n;)
        b->task(b->arg, i);
    return NULL;
}

static void run_batch(void *user, void (*run)(void *arg, size_t i), void *arg, size_t n)
{
    pthread_t threads[3];
    struct batch b = {run, arg, n, 0};
    ++*(int *)user;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, batch_thread, &b), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

static void test_executor(void **state)
{
    (void)state;
    int calls = 0;
    const struct dsq_executor e = {&calls, 3, run_batch};
    struct dsq_pool *pool;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_pool_wrap(&pool, &e, NULL, &d), DSQ_OK);
    assert_int_equal(dsq_pool_threads(pool), 3);
    check_loops(pool);
    assert_true(calls > 100);
    check_jobs(pool);
    dsq_pool_free(&pool);
    const struct dsq_executor none = {&calls, 0, run_batch}, no_function = {&calls, 3, NULL};
    assert_int_equal(dsq_pool_wrap(&pool, &none, NULL, &d), DSQ_ARGUMENT);
    assert_int_equal(dsq_pool_wrap(&pool, &no_function, NULL, &d), DSQ_ARGUMENT);
    assert_int_equal(dsq_pool_wrap(&pool, NULL, NULL, &d), DSQ_ARGUMENT);
    assert_null(pool);
}

struct limited {
    _Atomic int left, in_use;
};

static void *limited_alloc(void *user, size_t bytes)
{
    struct limited *l = user;
    if (atomic_fetch_sub(&l->left, 1) <= 0)
        return NULL;
    l->in_use++;
    return dsq_alloc(NULL, bytes);
}

static void limited_free(void *user, void *memory)
{
    ((struct limited *)user)->in_use--;
    dsq_release(NULL, memory);
}

static void test_create_fails_cleanly(void **state)
{
    (void)state;
    struct dsq_pool *pool;
    struct dsq_diag d = {0};
    assert_int_equal(dsq_pool_create(&pool, -1, NULL, &d), DSQ_ARGUMENT);
    assert_int_equal(dsq_pool_create(&pool, 100000, NULL, &d), DSQ_ARGUMENT);
    enum dsq_status status = DSQ_NOMEM;
    for (int n = 0; status != DSQ_OK; n++) {
        struct limited l = {n, 0};
        const struct dsq_allocator a = {&l, limited_alloc, limited_free};
        status = dsq_pool_create(&pool, 3, &a, &d);
        assert_true(status == DSQ_OK ? pool != NULL : status == DSQ_NOMEM && !pool);
        dsq_pool_free(&pool);
        assert_int_equal(l.in_use, 0);
        assert_true(n < 20);
    }
}

static void test_clock_and_processors(void **state)
{
    (void)state;
    assert_true(dsq_processor_count() >= 1);
    double a = dsq_now(), b = dsq_now();
    assert_true(b >= a);
    struct dsq_pool *pool;
    assert_int_equal(dsq_pool_create(&pool, 0, NULL, NULL), DSQ_OK);
    assert_int_equal(dsq_pool_threads(pool), dsq_processor_count());
    dsq_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_loops_after_sleep),
        cmocka_unit_test(test_jobs),
        cmocka_unit_test(test_free_runs_what_is_queued),
        cmocka_unit_test(test_executor),
        cmocka_unit_test(test_create_fails_cleanly),
        cmocka_unit_test(test_clock_and_processors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
