/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: prepare pictures as tasks say and write what the network would read.
 * prepare_pictures LIST; each line of the file: TASK, PICTURE, "exif" or "plain", OUT.npy, with
 * tabs between. Beside each OUT.npy a line on stdout: scale_x scale_y.
 */
#include <dsq/dsq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "detect/prepare.h"

static enum dsq_status prepare(char *const *field, struct dsq_diag *d)
{
    struct dsq_task *task = NULL;
    struct dsq_picture *picture = NULL;
    struct dsq_prepared_size ps;
    float *data = NULL;
    enum dsq_status status = dsq_task_parse(&task, field[0], NULL, 0, NULL, d);
    if (status == DSQ_OK)
        status = dsq_picture_read(&picture, field[1], strcmp(field[2], "exif") == 0, NULL, d);
    if (status == DSQ_OK)
        status =
            dsq_prepare_size(task, dsq_picture_width(picture), dsq_picture_height(picture), &ps, d);
    if (status == DSQ_OK) {
        data = malloc((size_t)ps.width * (size_t)ps.height * 3 * sizeof *data);
        if (!data)
            status = dsq_fail(d, DSQ_NOMEM, "out of memory");
        else
            status = dsq_prepare(task, picture, &ps, data, DSQ_NCHW, d);
    }
    if (status == DSQ_OK) {
        struct dsq_tensor t = {
            .dtype = DSQ_F32, .rank = 3, .dims = {3, ps.height, ps.width}, .data = data};
        status = dsq_npy_write(&t, field[3], d);
        printf("%.9g %.9g\n", (double)ps.scale_x, (double)ps.scale_y);
    }
    free(data);
    dsq_picture_free(&picture);
    dsq_task_free(&task);
    return status;
}

int main(int argc, char **argv)
{
    static char line[8192];
    FILE *list = argc == 2 ? fopen(argv[1], "r") : NULL;
    int failed = list == NULL;
    while (!failed && fgets(line, sizeof line, list)) {
        struct dsq_diag d = {0};
        char *field[4];
        int n = 0;
        line[strcspn(line, "\n")] = 0;
        for (char *at = line; at && n < 4; n++) {
            field[n] = at;
            at = strchr(at, '\t');
            if (at)
                *at++ = 0;
        }
        if (n != 4 || prepare(field, &d) != DSQ_OK) {
            fprintf(stderr, "%s: %s\n", line, d.text);
            failed = 1;
        }
    }
    if (list)
        fclose(list);
    return failed;
}
