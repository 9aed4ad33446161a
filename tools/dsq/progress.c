/* SPDX-License-Identifier: Apache-2.0 */
/* Progress and messages on stderr. */
#define _POSIX_C_SOURCE 200809L
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

double tool_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_clear(struct progress *p)
{
    if (p->bar_shown)
        fputs("\r\033[K", stderr);
    p->bar_shown = false;
}

void progress_message(void *user, enum dsq_log_level level, const char *text)
{
    struct progress *p = user;
    if (p->quiet && level == DSQ_LOG_INFO)
        return;
    progress_clear(p);
    const char *prefix = level == DSQ_LOG_ERROR     ? "dsq: error: "
                         : level == DSQ_LOG_WARNING ? "dsq: warning: "
                                                    : "";
    fprintf(stderr, "%s%s\n", prefix, text);
}

static void draw_bar(struct progress *p, int64_t done, int64_t total)
{
    enum { WIDTH = 32 };
    static const char full[WIDTH + 1] = "################################";
    static const char empty[WIDTH + 1] = "                                ";
    int n = (int)((double)done / (double)total * WIDTH);
    double seconds = tool_now() - p->start;
    fprintf(stderr, "\r%s [%.*s%.*s] %lld/%lld  %.0f s\033[K", p->what, n, full, WIDTH - n, empty,
            (long long)done, (long long)total, seconds);
    p->bar_shown = true;
    if (done == total) {
        fputc('\n', stderr);
        p->bar_shown = false;
    }
}

void progress_step(void *user, const char *what, int64_t done, int64_t total)
{
    struct progress *p = user;
    if (p->quiet || total <= 0 || done < 0 || done > total)
        return;
    if (strncmp(p->what, what, sizeof p->what - 1) != 0 || done == 0) {
        progress_clear(p);
        snprintf(p->what, sizeof p->what, "%s", what);
        p->tenth = -1;
        p->start = tool_now();
    }
    int64_t tenth = done * 10 / total;
    if (p->terminal) {
        if (done < total || p->tenth < 10)
            draw_bar(p, done, total);
    } else if (tenth != p->tenth && (done > 0 || tenth)) {
        fprintf(stderr, "%s: %lld/%lld\n", p->what, (long long)done, (long long)total);
    }
    p->tenth = tenth;
}
