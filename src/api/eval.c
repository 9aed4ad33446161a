/* SPDX-License-Identifier: Apache-2.0 */
/* dsq_eval_engine and dsq_eval_detections: settings read, results copied; the work is in src/calib.
 */
#include <dsq/dsq.h>

#include "base/settings.h"
#include "calib/evaluate.h"

static enum dsq_status read_settings(struct dsq_eval_settings *s, struct dsq_common *common,
                                     const struct dsq_eval_settings *given,
                                     const struct dsq_eval_result *result, struct dsq_diag *d)
{
    *s = (struct dsq_eval_settings){.size = sizeof *s};
    DSQ_TRY(dsq_settings_read(s, sizeof *s, given, "struct dsq_eval_settings", d));
    DSQ_TRY(dsq_common_read(common, s->common, d));
    s->common = common;
    if (s->judgement)
        *s->judgement = NULL;
    if (!s->annotations)
        return dsq_fail(d, DSQ_ARGUMENT, "evaluation needs annotations (COCO instances JSON)");
    if (!result)
        return dsq_fail(d, DSQ_ARGUMENT, "evaluation needs a struct dsq_eval_result to fill");
    return dsq_result_check(result, "struct dsq_eval_result", d);
}

enum dsq_status dsq_eval_engine(const struct dsq_engine_file *file,
                                const struct dsq_eval_settings *settings,
                                struct dsq_eval_result *result, struct dsq_diag *diag)
{
    struct dsq_eval_settings s;
    struct dsq_common common;
    struct dsq_eval_result r = {.size = sizeof r};
    DSQ_TRY(read_settings(&s, &common, settings, result, diag));
    if (!file || !s.images)
        return dsq_fail(diag, DSQ_ARGUMENT, "evaluation needs an engine and a folder of pictures");
    DSQ_TRY(dsq_evaluate_engine(file, &s, &r, diag));
    dsq_result_write(result, &r, sizeof r);
    return DSQ_OK;
}

enum dsq_status dsq_eval_detections(const char *detections,
                                    const struct dsq_eval_settings *settings,
                                    struct dsq_eval_result *result, struct dsq_diag *diag)
{
    struct dsq_eval_settings s;
    struct dsq_common common;
    struct dsq_eval_result r = {.size = sizeof r};
    DSQ_TRY(read_settings(&s, &common, settings, result, diag));
    if (!detections)
        return dsq_fail(diag, DSQ_ARGUMENT, "evaluation needs a file of detections");
    DSQ_TRY(dsq_evaluate_detections(detections, &s, &r, diag));
    dsq_result_write(result, &r, sizeof r);
    return DSQ_OK;
}
