/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A complete program over libdsq: open an engine, look at pictures of any size, print what is on
 * them.
 *
 *   cc detect.c $(pkg-config --cflags --libs dsq) -o detect
 *   ./detect int8.engine photo.jpg other.png
 */
#include <dsq/dsq.h>
#include <stdio.h>

struct program {
    struct dsq_engine_file *file;
    struct dsq_engine *engine;
    struct dsq_context *context;
    struct dsq_detections found; /* its memory is used again for every picture */
};

static enum dsq_status open_engine(struct program *p, const char *path, struct dsq_diag *diag)
{
    enum dsq_status status = dsq_engine_file_open(&p->file, path, NULL, diag);
    if (status == DSQ_OK)
        status = dsq_engine_load(&p->engine, p->file, NULL, diag);
    if (status == DSQ_OK)
        status = dsq_context_create(&p->context, p->engine, NULL, diag);
    return status;
}

static void close_engine(struct program *p)
{
    dsq_detections_free(&p->found);
    dsq_context_free(&p->context);
    dsq_engine_free(&p->engine);
    dsq_engine_file_free(&p->file);
}

/* Boxes come best first: how many are worth showing. */
static size_t n_sure(const struct dsq_detections *found)
{
    size_t n = 0;
    while (n < found->n && found->box[n].score >= 0.5f)
        n++;
    return n;
}

static enum dsq_status look_at(struct program *p, const char *path, struct dsq_diag *diag)
{
    struct dsq_picture *picture = NULL;
    enum dsq_status status = dsq_picture_read(&picture, path, true, NULL, diag);
    if (status == DSQ_OK)
        status = dsq_detect(p->context, picture, &p->found, diag);
    if (status == DSQ_OK) {
        size_t n = n_sure(&p->found);
        printf("%s: %d x %d, %zu objects\n", path, (int)dsq_picture_width(picture),
               (int)dsq_picture_height(picture), n);
        for (size_t i = 0; i < n; i++) {
            const struct dsq_box *b = &p->found.box[i];
            printf("  %-16s %.3f  %.1f %.1f %.1f %.1f\n", b->name, (double)b->score, (double)b->x0,
                   (double)b->y0, (double)b->x1, (double)b->y1);
        }
    }
    dsq_picture_free(&picture);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s ENGINE PICTURE...\n", argv[0]);
        return 2;
    }
    struct program p = {0};
    struct dsq_diag diag = {0};
    enum dsq_status status = open_engine(&p, argv[1], &diag);
    for (int i = 2; i < argc && status == DSQ_OK; i++)
        status = look_at(&p, argv[i], &diag);
    if (status != DSQ_OK)
        fprintf(stderr, "%s: %s\n", dsq_status_name(status), diag.text);
    close_engine(&p);
    return status == DSQ_OK ? 0 : 1;
}
