/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dsq_check: every kernel variant against its definition, and how fast it is.
 *
 *     dsq_check [--bench] [--json] [--seed=N] [--cpu=LEVEL] [PATTERN]
 *     dsq_check --levels
 *
 * Checks the variants whose name contains PATTERN (which may hold * and ?), within what this CPU
 * and LEVEL allow, each in a process of its own, so that a crash is one more failure with a name.
 * With --bench those that pass are timed. --levels says which levels this CPU has, and stops there.
 * Exit: 0 all good, 1 a mismatch, a crash or no such variant, 2 usage, 77 this CPU lacks LEVEL.
 */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cpu.h"
#include "check.h"

static const struct check_family *const families[] = {
#define FAMILY(name) &check_family_##name,
#include "families.def"
#undef FAMILY
};
enum { N_FAMILIES = sizeof families / sizeof families[0], EXIT_USAGE = 2, EXIT_NOT_HERE = 77 };

struct options {
    bool bench, json, levels;
    uint64_t seed;
    uint32_t cpu; /* flags that variants may use */
    char pattern[128];
};

static int usage(void)
{
    fprintf(stderr, "usage: dsq_check [--bench] [--json] [--seed=N] [--cpu=LEVEL] [PATTERN]\n"
                    "       dsq_check --levels\n");
    return EXIT_USAGE;
}

/* The flags of the level, which this CPU must have; 0 or an exit status. */
static int parse_level(const char *name, uint32_t *flags)
{
    const struct dsq_cpu_level *level = dsq_cpu_level_find(name);
    if (!level) {
        fprintf(stderr, "dsq_check: --cpu: there is no level '%s'\n", name);
        return EXIT_USAGE;
    }
    if (level->flags & ~dsq_cpu_detect()) {
        printf("level %s: not on this CPU, not tested\n", name);
        return EXIT_NOT_HERE;
    }
    *flags = level->flags;
    return 0;
}

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.seed = (uint64_t)time(NULL), .cpu = dsq_cpu_detect(), .pattern = "*"};
    for (int i = 1; i < argc; i++) {
        int status = 0;
        if (strcmp(argv[i], "--bench") == 0)
            o->bench = true;
        else if (strcmp(argv[i], "--json") == 0)
            o->json = true;
        else if (strcmp(argv[i], "--levels") == 0)
            o->levels = true;
        else if (strncmp(argv[i], "--seed=", 7) == 0)
            o->seed = strtoull(argv[i] + 7, NULL, 10);
        else if (strncmp(argv[i], "--cpu=", 6) == 0)
            status = parse_level(argv[i] + 6, &o->cpu);
        else if (argv[i][0] == '-')
            status = usage();
        else
            snprintf(o->pattern, sizeof o->pattern, "*%s*", argv[i]);
        if (status != 0)
            return status;
    }
    return 0;
}

static void print_levels(bool missing_only)
{
    int n;
    const struct dsq_cpu_level *levels = dsq_cpu_levels(&n);
    for (int i = 0; i < n; i++)
        if (levels[i].flags & ~dsq_cpu_detect())
            printf("level %s: not on this CPU, not tested\n", levels[i].name);
        else if (!missing_only)
            printf("level %s: on this CPU\n", levels[i].name);
}

/* The same numbers for a variant whichever others run. */
static uint64_t seed_of(uint64_t seed, const char *name)
{
    for (; *name; name++)
        seed = (seed ^ (uint8_t)*name) * 0x100000001b3u;
    return seed;
}

/* Check variant i in a child process; true when it passed. */
static bool check_variant(const struct check_family *f, size_t i, const char *name,
                          const struct options *o, struct check_report *report)
{
    memset(report, 0, sizeof *report);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        struct check c = {.state = seed_of(o->seed, name), .name = name, .report = report};
        bool ok = f->check(&c, i);
        fflush(stdout);
        _exit(ok ? 0 : 1);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("dsq_check: fork");
        return false;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        printf("FAIL %s: crashed (%s), most likely in a guard page\n  case: %s\n", name,
               strsignal(WTERMSIG(status)), report->where);
    else
        printf("FAIL %s: exit status %d\n  case: %s\n", name, WEXITSTATUS(status), report->where);
    printf("  again: dsq_check --seed=%llu %s\n", (unsigned long long)o->seed, name);
    return false;
}

/* What `select` gives must be legal for each set of flags, those of no CPU too. */
static bool check_select(const struct check_family *f)
{
    for (uint32_t flags = 0; flags < 4 * DSQ_CPU_AVX512VNNI; flags++)
        if (f->select && !f->select(flags)) {
            printf("FAIL %s: select(%x) gives a variant beyond these flags\n", f->name, flags);
            return false;
        }
    return true;
}

static bool run_family(const struct check_family *f, const struct options *o,
                       struct check_report *report, struct check_bench *bench, size_t *n_checked)
{
    bool ok = check_select(f);
    for (size_t i = 0; i < f->count(); i++) {
        uint32_t needs;
        const char *name = f->variant(i, &needs);
        if ((needs & ~o->cpu) != 0 || fnmatch(o->pattern, name, 0) != 0)
            continue;
        ++*n_checked;
        if (!check_variant(f, i, name, o, report)) {
            ok = false;
            continue;
        }
        if (!o->json)
            printf("ok   %-40s %zu cases\n", name, report->n_cases);
        if (o->bench)
            f->bench(bench, i);
    }
    return ok;
}

int main(int argc, char **argv)
{
    struct options o;
    int status = parse(argc, argv, &o);
    if (status != 0)
        return status;
    if (o.levels) {
        print_levels(false);
        return 0;
    }
    struct check_report *report =
        mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED) {
        perror("dsq_check: memory");
        return 1;
    }
    if (!o.json) {
        printf("seed %llu, level %s\n", (unsigned long long)o.seed, dsq_cpu_level_name(o.cpu));
        print_levels(true);
    }
    struct check_bench bench = {0};
    bool ok = true;
    size_t n_checked = 0;
    for (size_t i = 0; i < N_FAMILIES; i++)
        ok = run_family(families[i], &o, report, &bench, &n_checked) && ok;
    if (n_checked == 0) {
        fprintf(stderr, "dsq_check: no variant at this level has a name like '%s'\n", o.pattern);
        ok = false;
    }
    if (o.bench)
        check_print_timings(&bench, o.json);
    free(bench.timings);
    return ok && fflush(stdout) == 0 ? 0 : 1;
}
