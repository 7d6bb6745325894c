/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate_serve.h"

#include <stdlib.h>

#include "tamis/path.h"

#define GATHER_MAX   65536
#define GATHERED_MAX 65536 /* that one process may have asked for */

void isolate_server_init(isolate_server *server, const tamis_task_env *env, const char *side_folder)
{
    *server = (isolate_server){.env = env, .side_folder = side_folder};
    tamis_buf_init(&server->answer, 0);
}

void isolate_server_reset(isolate_server *server)
{
    for (size_t i = 0; i < server->gathered_count; i++) {
        if (server->gathered[i] != NULL) {
            server->env->release(server->env->context, server->gathered[i], false);
        }
    }
    free(server->gathered);
    server->gathered = NULL;
    server->gathered_count = 0;
}

void isolate_server_fini(isolate_server *server)
{
    isolate_server_reset(server);
    tamis_buf_fini(&server->answer);
}

/* ---- Records --------------------------------------------------------------------------------- */

/* The store may be open for writing here, or be read over the network: a copy can be opened. */
static tamis_status copy_rows(const tamis_task_env *env, tamis_records *from, uint32_t batch,
                              tamis_records_writer *writer, tamis_err *err)
{
    const tamis_plan *plan = &env->job->plan;
    tamis_ord first = tamis_ord_make(0, plan->batch_first_split[batch], 0);
    /* The end may be one past the greatest split: computed without the field's width. */
    tamis_ord end = (tamis_ord)plan->batch_first_split[batch + 1] << TAMIS_ORD_ROW_BITS;
    tamis_records_cursor *records = NULL;
    tamis_ids_cursor *ids = NULL;
    tamis_record record;
    tamis_slice id;
    tamis_ord ord = 0;
    tamis_ord id_ord = 0;
    uint64_t bytes = 0;
    tamis_status status = tamis_records_cursor_create(from, first, end, &records, err);

    if (status == TAMIS_OK) {
        status = tamis_ids_cursor_create(from, first, end, &ids, err);
    }
    while (status == TAMIS_OK) {
        status = tamis_records_cursor_next(records, &ord, &record, err);
        if (status != TAMIS_OK) {
            break;
        }
        status = tamis_ids_cursor_next(ids, &id_ord, &id, err);
        if (status == TAMIS_END || (status == TAMIS_OK && id_ord != ord)) {
            status = tamis_err_set(err, TAMIS_ECORRUPT, "batch %u: records and ids differ", batch);
        }
        if (status == TAMIS_OK) {
            status = tamis_records_writer_add(writer, ord, &record, id, err);
        }
    }
    tamis_records_cursor_destroy(records);
    tamis_ids_cursor_destroy(ids);
    return status == TAMIS_END ? tamis_records_writer_commit(writer, &bytes, err) : status;
}

static tamis_status copy_records(isolate_server *server, uint32_t batch, char *out_path,
                                 tamis_err *err)
{
    const tamis_task_env *env = server->env;
    bool has_near = (env->job->settings.levels >> TAMIS_LEVEL_NEAR & 1) != 0;
    tamis_records *from = NULL;
    tamis_records *to = NULL;
    tamis_records_writer *writer = NULL;
    tamis_status status = env->records_of(env->context, batch, &from, err);
    int length = snprintf(out_path, TAMIS_PATH_MAX, "%s/records-%u", server->side_folder, batch);

    if (status == TAMIS_OK && (length < 0 || length >= TAMIS_PATH_MAX)) {
        status = tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", server->side_folder);
    }
    if (status == TAMIS_OK) {
        status = tamis_path_remove(out_path, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_records_open(out_path, false, &to, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_records_writer_create(to, server->side_folder,
                                             has_near ? env->job->settings.slots : 0, &writer, err);
    }
    if (status == TAMIS_OK) {
        status = copy_rows(env, from, batch, writer, err);
    }
    tamis_records_writer_destroy(writer);
    tamis_records_close(to);
    return status;
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* Begins the answer; what was asked for follows where status is OK. */
static tamis_status answer_head(isolate_server *server, tamis_status status, const tamis_err *err)
{
    tamis_status put = TAMIS_OK;

    tamis_buf_reset(&server->answer);
    put = tamis_put_u32(&server->answer, (uint32_t)status);
    return put == TAMIS_OK ? isolate_put_text(&server->answer, status == TAMIS_OK ? "" : err->text)
                           : put;
}

static tamis_status answer_path(isolate_server *server, tamis_status status, const tamis_err *err,
                                const char *path)
{
    tamis_status put = answer_head(server, status, err);

    return put == TAMIS_OK && status == TAMIS_OK ? isolate_put_text(&server->answer, path) : put;
}

static bool is_earlier_task(const isolate_server *server, uint32_t stage, uint32_t task)
{
    const tamis_task_env *env = server->env;

    return stage < env->stage && task < env->stages[stage].task_count;
}

static tamis_status handle_open_file(isolate_server *server, tamis_fields *fields)
{
    const tamis_task_env *env = server->env;
    uint32_t stage = tamis_get_u32(fields);
    uint32_t task = tamis_get_u32(fields);
    uint32_t file = tamis_get_u32(fields);
    char path[TAMIS_PATH_MAX] = "";
    tamis_err err = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;

    if (fields->is_short || !is_earlier_task(server, stage, task) ||
        tamis_result_file_name((tamis_result_file)file) == NULL) {
        return TAMIS_EFORMAT;
    }
    status = env->open_file(env->context, stage, task, (tamis_result_file)file, path, &err);
    return answer_path(server, status, &err, path);
}

static tamis_status keep_gathered(isolate_server *server, tamis_gathered *gathered,
                                  uint32_t *out_number)
{
    tamis_gathered **list =
        realloc(server->gathered, (server->gathered_count + 1) * sizeof(*server->gathered));

    if (list == NULL) {
        server->env->release(server->env->context, gathered, false);
        return TAMIS_ENOMEM;
    }
    server->gathered = list;
    server->gathered[server->gathered_count] = gathered;
    *out_number = (uint32_t)server->gathered_count++;
    return TAMIS_OK;
}

static tamis_status put_gathered(tamis_buf *out, const tamis_gathered *gathered, uint32_t number)
{
    tamis_status status = tamis_put_u32(out, number);

    if (status == TAMIS_OK) {
        status = tamis_put_u64(out, gathered->fetched_bytes);
    }
    if (status == TAMIS_OK) {
        status = tamis_put_u32(out, (uint32_t)gathered->count);
    }
    for (size_t i = 0; status == TAMIS_OK && i < gathered->count; i++) {
        status = isolate_put_text(out, gathered->files[i].path);
        if (status == TAMIS_OK) {
            status = tamis_put_u64(out, gathered->files[i].offset);
        }
        if (status == TAMIS_OK) {
            status = tamis_put_u64(out, gathered->files[i].size);
        }
    }
    return status;
}

static bool take_wanted(const isolate_server *server, tamis_fields *fields, tamis_gather *wanted)
{
    wanted->stage = tamis_get_u32(fields);
    wanted->first_task = tamis_get_u32(fields);
    wanted->end_task = tamis_get_u32(fields);
    wanted->kind = tamis_get_u32(fields);
    wanted->first_part = tamis_get_u32(fields);
    wanted->end_part = tamis_get_u32(fields);
    return !fields->is_short && wanted->first_task <= wanted->end_task &&
           wanted->stage < server->env->stage &&
           wanted->end_task <= server->env->stages[wanted->stage].task_count;
}

static tamis_status handle_gather(isolate_server *server, tamis_fields *fields)
{
    const tamis_task_env *env = server->env;
    uint32_t count = tamis_get_u32(fields);
    tamis_gather *wanted = NULL;
    tamis_gathered *gathered = NULL;
    uint32_t number = 0;
    tamis_err err = {.status = TAMIS_OK};
    tamis_status status = TAMIS_OK;
    tamis_status put = TAMIS_OK;

    if (fields->is_short || count > GATHER_MAX || server->gathered_count == GATHERED_MAX) {
        return TAMIS_EFORMAT;
    }
    wanted = calloc((size_t)count + 1, sizeof(*wanted));
    for (uint32_t i = 0; wanted != NULL && i < count; i++) {
        if (!take_wanted(server, fields, &wanted[i])) {
            free(wanted);
            return TAMIS_EFORMAT;
        }
    }
    if (wanted == NULL) {
        return TAMIS_ENOMEM;
    }
    status = env->gather(env->context, wanted, count, &gathered, &err);
    free(wanted);
    put = status == TAMIS_OK ? keep_gathered(server, gathered, &number) : TAMIS_OK;
    if (put == TAMIS_OK) {
        put = answer_head(server, status, &err);
    }
    return put == TAMIS_OK && status == TAMIS_OK ? put_gathered(&server->answer, gathered, number)
                                                 : put;
}

static tamis_status handle_records_of(isolate_server *server, tamis_fields *fields)
{
    uint32_t batch = tamis_get_u32(fields);
    char path[TAMIS_PATH_MAX] = "";
    tamis_err err = {.status = TAMIS_OK};

    if (fields->is_short || batch >= server->env->job->plan.batch_count) {
        return TAMIS_EFORMAT;
    }
    return answer_path(server, copy_records(server, batch, path, &err), &err, path);
}

static tamis_status handle_await_publish(isolate_server *server)
{
    const tamis_task_env *env = server->env;
    tamis_err err = {.status = TAMIS_OK};
    tamis_status status =
        env->await_publish == NULL ? TAMIS_OK : env->await_publish(env->context, &err);

    return answer_head(server, status, &err);
}

/* What is told and not answered. */
static tamis_status handle_note(isolate_server *server, isolate_frame kind, tamis_fields *fields)
{
    const tamis_task_env *env = server->env;
    uint32_t first = tamis_get_u32(fields);
    uint32_t second = tamis_get_u32(fields);

    if (fields->is_short) {
        return TAMIS_EFORMAT;
    }
    if (kind == ISOLATE_MARK_LOST) {
        if (!is_earlier_task(server, first, second)) {
            return TAMIS_EFORMAT;
        }
        env->mark_lost(env->context, first, second);
        return TAMIS_OK;
    }
    if (first >= server->gathered_count || server->gathered[first] == NULL) {
        return TAMIS_EFORMAT;
    }
    env->release(env->context, server->gathered[first], second != 0);
    server->gathered[first] = NULL;
    return TAMIS_OK;
}

tamis_status isolate_server_handle(isolate_server *server, int socket, isolate_frame kind,
                                   tamis_slice payload)
{
    tamis_fields fields = tamis_fields_of(payload);
    tamis_status status = TAMIS_EFORMAT;

    switch (kind) {
    case ISOLATE_OPEN_FILE:
        status = handle_open_file(server, &fields);
        break;
    case ISOLATE_GATHER:
        status = handle_gather(server, &fields);
        break;
    case ISOLATE_RECORDS_OF:
        status = handle_records_of(server, &fields);
        break;
    case ISOLATE_AWAIT_PUBLISH:
        status = handle_await_publish(server);
        break;
    case ISOLATE_RELEASE:
    case ISOLATE_MARK_LOST:
        return handle_note(server, kind, &fields);
    case ISOLATE_TASK:
    case ISOLATE_ANSWER:
    case ISOLATE_RESULT:
        break;
    }
    return status == TAMIS_OK
               ? isolate_frame_send(socket, ISOLATE_ANSWER, tamis_buf_slice(&server->answer))
               : status;
}
