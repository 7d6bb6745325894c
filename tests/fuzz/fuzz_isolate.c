/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the process of an isolated task says, the worker that started it stays sound: frames are
 * refused or answered, what was gathered is released once, and names lead only to earlier tasks.
 * An input is frames: kind u8, size u16, payload. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "isolate_serve.h"

#define STAGES     4
#define TASKS      3
#define FRAMES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct counts {
    size_t gathered;
    size_t released;
} counts;

static tamis_status open_file(void *context, uint32_t stage, uint32_t task, tamis_result_file file,
                              char *out_path, tamis_err *err)
{
    (void)context;
    TAMIS_ASSERT(stage < STAGES - 1 && task < TASKS);
    if (task == 1) {
        return tamis_err_set(err, TAMIS_ENOENT, "no such file");
    }
    (void)snprintf(out_path, 64, "/none/%u-%u/%s", stage, task, tamis_result_file_name(file));
    return TAMIS_OK;
}

static tamis_status gather(void *context, const tamis_gather *wanted, size_t wanted_count,
                           tamis_gathered **out_gathered, tamis_err *err)
{
    counts *c = context;
    tamis_gathered *gathered = NULL;

    for (size_t i = 0; i < wanted_count; i++) {
        TAMIS_ASSERT(wanted[i].stage < STAGES - 1);
        TAMIS_ASSERT(wanted[i].first_task <= wanted[i].end_task && wanted[i].end_task <= TASKS);
    }
    gathered = calloc(1, sizeof(*gathered));
    if (gathered == NULL || (gathered->files = calloc(1, sizeof(*gathered->files))) == NULL) {
        free(gathered);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory");
    }
    gathered->files[0] = (tamis_gathered_file){.path = "/none/out.run", .size = wanted_count};
    gathered->count = 1;
    c->gathered++;
    *out_gathered = gathered;
    return TAMIS_OK;
}

static void release(void *context, tamis_gathered *gathered, bool is_read)
{
    counts *c = context;

    (void)is_read;
    c->released++;
    free(gathered->files);
    free(gathered);
}

static void mark_lost(void *context, uint32_t stage, uint32_t task)
{
    (void)context;
    TAMIS_ASSERT(stage < STAGES - 1 && task < TASKS);
}

static tamis_status records_of(void *context, uint32_t batch, tamis_records **out_records,
                               tamis_err *err)
{
    (void)context;
    (void)out_records;
    TAMIS_ASSERT(batch < TASKS);
    return tamis_err_set(err, TAMIS_ENOENT, "no records");
}

static void drain(int socket)
{
    uint8_t bytes[4096];

    while (recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
    }
}

static void say_all(isolate_server *server, const int sockets[2], const uint8_t *data, size_t size)
{
    for (size_t frame = 0; frame < FRAMES_MAX && size >= 3; frame++) {
        size_t length = (size_t)data[1] | (size_t)data[2] << 8;
        isolate_frame kind = (isolate_frame)data[0];

        length = length < size - 3 ? length : size - 3;
        if (isolate_server_handle(server, sockets[0], kind, tamis_slice_of(data + 3, length)) !=
            TAMIS_OK) {
            return; /* the process is ended */
        }
        drain(sockets[1]);
        data += 3 + length;
        size -= 3 + length;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    counts c = {.gathered = 0};
    tamis_job job = {.plan = {.batch_count = TASKS}};
    tamis_stage stages[STAGES];
    tamis_task_env env = {
        .job = &job,
        .stages = stages,
        .stage_count = STAGES,
        .stage = STAGES - 1,
        .folder = "/none",
        .open_file = open_file,
        .gather = gather,
        .release = release,
        .mark_lost = mark_lost,
        .records_of = records_of,
        .context = &c,
    };
    isolate_server server;
    int sockets[2];

    for (size_t i = 0; i < STAGES; i++) {
        stages[i] = (tamis_stage){.task_count = TASKS};
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        return 0;
    }
    isolate_server_init(&server, &env, "/none/side");
    say_all(&server, sockets, data, size);
    isolate_server_fini(&server);
    TAMIS_ASSERT(c.gathered == c.released);
    (void)close(sockets[0]);
    (void)close(sockets[1]);
    return 0;
}
