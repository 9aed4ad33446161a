/* SPDX-License-Identifier: Apache-2.0 */
/* Loading: an engine file made ready on a device. Weights are packed here, once. */
#include <string.h>

#include "base/settings.h"
#include "engine/engine.h"

static enum dsq_status prepare_steps(struct dsq_engine *e, struct dsq_diag *d)
{
    const struct dsq_program *p = &e->program;
    e->prepared = dsq_calloc(e->allocator, (size_t)p->n_steps, sizeof(struct dsq_prepared *));
    if (!e->prepared)
        return dsq_fail(d, DSQ_NOMEM, "no memory to prepare the engine");
    for (int32_t s = 0; s < p->n_steps; s++)
        DSQ_TRY(e->backend->prepare(e->device, p->graph, p->step[s], &e->prepared[s], d));
    return DSQ_OK;
}

static enum dsq_status set_up(struct dsq_engine *e, const struct dsq_engine_settings *s,
                              const char *cpu_level, struct dsq_diag *d)
{
    DSQ_TRY(dsq_cpu_flags(cpu_level, &e->cpu_flags, d));
    e->backend = dsq_backend_find(s->device_type);
    if (!e->backend)
        return dsq_fail(d, DSQ_DEVICE, "this library is built without a backend for device type %d",
                        (int)s->device_type);
    struct dsq_backend_settings b = {e->allocator, e->cpu_flags, s->device_id};
    DSQ_TRY(e->backend->open(&e->device, &b, d));
    DSQ_TRY(dsq_program_create(&e->program, e->file->graph, e->backend, &e->arena, d));
    return prepare_steps(e, d);
}

enum dsq_status dsq_engine_load(struct dsq_engine **out, const struct dsq_engine_file *file,
                                const struct dsq_engine_settings *settings, struct dsq_diag *diag)
{
    if (!out || !file)
        return dsq_fail(diag, DSQ_ARGUMENT, "dsq_engine_load needs 'out' and an engine file");
    *out = NULL;
    struct dsq_engine_settings s = {.size = sizeof s};
    struct dsq_common common;
    DSQ_TRY(dsq_settings_read(&s, sizeof s, settings, "struct dsq_engine_settings", diag));
    DSQ_TRY(dsq_common_read(&common, s.common, diag));
    struct dsq_engine *e = dsq_calloc(common.allocator, 1, sizeof *e);
    if (!e)
        return dsq_fail(diag, DSQ_NOMEM, "%s: no memory to load it", file->path);
    e->allocator = common.allocator;
    e->file = file;
    dsq_arena_init(&e->arena, common.allocator);
    enum dsq_status status = set_up(e, &s, common.cpu_level, diag);
    if (status != DSQ_OK) {
        dsq_fail_in(diag, status, "%s", file->path);
        dsq_engine_free(&e);
        return status;
    }
    *out = e;
    return DSQ_OK;
}

void dsq_engine_free(struct dsq_engine **engine)
{
    struct dsq_engine *e = engine ? *engine : NULL;
    if (!e)
        return;
    for (int32_t s = 0; e->prepared && s < e->program.n_steps; s++)
        e->backend->release(&e->prepared[s]);
    dsq_release(e->allocator, e->prepared);
    if (e->device)
        e->backend->close(&e->device);
    dsq_arena_free(&e->arena);
    dsq_release(e->allocator, e);
    *engine = NULL;
}

int32_t dsq_engine_inputs(const struct dsq_engine *engine)
{
    return engine->file->graph->n_inputs;
}

int32_t dsq_engine_outputs(const struct dsq_engine *engine)
{
    return engine->file->graph->n_outputs;
}

static void fill_info(const struct dsq_value *v, struct dsq_io_info *info)
{
    *info = (struct dsq_io_info){.name = v->name, .dtype = v->dtype, .rank = v->shape.rank};
    for (int32_t i = 0; i < v->shape.rank; i++)
        info->dims[i] = dsq_dim_is_number(v->shape.dim[i]) ? v->shape.dim[i] : -1;
}

enum dsq_status dsq_engine_input_info(const struct dsq_engine *engine, int32_t i,
                                      struct dsq_io_info *info)
{
    if (!engine || !info || i < 0 || i >= dsq_engine_inputs(engine))
        return DSQ_ARGUMENT;
    const struct dsq_graph *g = engine->file->graph;
    fill_info(&g->value[g->input[i]], info);
    const struct dsq_profile_input *p = engine->file->profile;
    if (!p)
        return DSQ_OK;
    info->has_profile = true;
    memcpy(info->min, p[i].min, sizeof info->min);
    memcpy(info->opt, p[i].opt, sizeof info->opt);
    memcpy(info->max, p[i].max, sizeof info->max);
    return DSQ_OK;
}

enum dsq_status dsq_engine_output_info(const struct dsq_engine *engine, int32_t i,
                                       struct dsq_io_info *info)
{
    if (!engine || !info || i < 0 || i >= dsq_engine_outputs(engine))
        return DSQ_ARGUMENT;
    const struct dsq_graph *g = engine->file->graph;
    fill_info(&g->value[g->output[i]], info);
    return DSQ_OK;
}

void dsq_engine_node_kernel(const struct dsq_engine *engine, int32_t node,
                            struct dsq_kernel_info *info)
{
    const struct dsq_program *p = &engine->program;
    *info = (struct dsq_kernel_info){"host", "sizes only"};
    for (int32_t s = 0; s < p->n_steps; s++)
        if (p->step[s] == node)
            engine->backend->describe(engine->prepared[s], info);
}

size_t dsq_engine_packed_bytes(const struct dsq_engine *engine)
{
    return engine->backend->packed_bytes(engine->device);
}
