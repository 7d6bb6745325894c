/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "grade_parts.h"
#include "tamis/path.h"

#define STAGE_BYTES ((size_t)1 << 20)
#define COPY_BYTES  ((size_t)256 << 10)

struct tamis_grade_stage {
    tamis_grade_order *order;
    uint32_t split;
    bool is_ended;
    tamis_buf bytes; /* behind what the file holds */
    int file;        /* -1: none */
    uint64_t file_size;
};

struct tamis_grade_order {
    tamis_grade_sink sink; /* called by the thread whose turn it is */
    void *context;
    const char *temp_folder;
    uint32_t ahead;
    pthread_mutex_t mutex; /* of what follows; the sink is called without it */
    pthread_cond_t turned;
    uint32_t begun; /* the next split to begin */
    uint32_t turn;  /* the split that is written straight */
    bool has_failed;
    tamis_grade_stage **stages; /* that of split s at s % ahead */
};

tamis_status tamis_grade_order_create(tamis_grade_sink sink, void *context, uint32_t ahead,
                                      const char *temp_folder, tamis_grade_order **out_order,
                                      tamis_err *err)
{
    tamis_grade_order *o = calloc(1, sizeof(*o));

    if (o != NULL) {
        o->stages = calloc(ahead, sizeof(*o->stages));
    }
    if (o == NULL || o->stages == NULL) {
        free(o);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the order of splits");
    }
    o->sink = sink;
    o->context = context;
    o->ahead = ahead;
    o->temp_folder = temp_folder;
    (void)pthread_mutex_init(&o->mutex, NULL); /* default attributes: cannot fail */
    (void)pthread_cond_init(&o->turned, NULL);
    *out_order = o;
    return TAMIS_OK;
}

static void free_stage(tamis_grade_stage *stage)
{
    if (stage != NULL) {
        if (stage->file >= 0) {
            (void)close(stage->file); /* unlinked: nothing to lose */
        }
        tamis_buf_fini(&stage->bytes);
        free(stage);
    }
}

void tamis_grade_order_destroy(tamis_grade_order *order)
{
    if (order != NULL) {
        for (uint32_t i = 0; i < order->ahead; i++) {
            free_stage(order->stages[i]); /* ended, behind a split that failed */
        }
        (void)pthread_cond_destroy(&order->turned);
        (void)pthread_mutex_destroy(&order->mutex);
        free(order->stages);
        free(order);
    }
}

tamis_status tamis_grade_order_begin(tamis_grade_order *order, uint32_t *out_split,
                                     tamis_grade_stage **out_stage, tamis_err *err)
{
    tamis_grade_stage *stage = calloc(1, sizeof(*stage));

    if (stage == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a split");
    }
    stage->order = order;
    stage->file = -1;
    tamis_buf_init(&stage->bytes, 0);
    (void)pthread_mutex_lock(&order->mutex);
    stage->split = order->begun++;
    while (!order->has_failed && stage->split - order->turn >= order->ahead) {
        (void)pthread_cond_wait(&order->turned, &order->mutex);
    }
    if (order->has_failed) {
        (void)pthread_mutex_unlock(&order->mutex);
        free_stage(stage);
        return tamis_err_set(err, TAMIS_ECANCELED, "another split failed");
    }
    order->stages[stage->split % order->ahead] = stage;
    (void)pthread_mutex_unlock(&order->mutex);
    *out_split = stage->split;
    *out_stage = stage;
    return TAMIS_OK;
}

/* ---- Waiting bytes ---- */

static tamis_status open_file(tamis_grade_stage *stage, tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_status status =
        tamis_path_join(path, stage->order->temp_folder, "tamis-grade-XXXXXX", err);

    if (status != TAMIS_OK) {
        return status;
    }
    stage->file = mkostemp(path, O_CLOEXEC);
    if (stage->file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot make a temporary file (set TMPDIR)",
                               stage->order->temp_folder);
    }
    (void)unlink(path); /* else a file of that name stays behind, no more */
    return TAMIS_OK;
}

static tamis_status spill(tamis_grade_stage *stage, tamis_err *err)
{
    size_t done = 0;

    if (stage->file < 0) {
        tamis_status status = open_file(stage, err);

        if (status != TAMIS_OK) {
            return status;
        }
    }
    while (done < stage->bytes.size) {
        ssize_t size = pwrite(stage->file, stage->bytes.data + done, stage->bytes.size - done,
                              (off_t)(stage->file_size + done));

        if (size < 0 && errno != EINTR) {
            return tamis_err_errno(err, errno, "%s: cannot write a temporary file",
                                   stage->order->temp_folder);
        }
        done += size < 0 ? 0 : (size_t)size;
    }
    stage->file_size += done;
    tamis_buf_reset(&stage->bytes);
    return TAMIS_OK;
}

static tamis_status write_file(tamis_grade_stage *stage, tamis_err *err)
{
    tamis_grade_order *o = stage->order;
    uint8_t *bytes = malloc(COPY_BYTES);
    uint64_t done = 0;
    tamis_status status = TAMIS_OK;

    if (bytes == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to copy a temporary file");
    }
    while (status == TAMIS_OK && done < stage->file_size) {
        ssize_t size = pread(stage->file, bytes, COPY_BYTES, (off_t)done);

        if (size <= 0) {
            status = size < 0 && errno == EINTR
                         ? TAMIS_OK
                         : tamis_err_errno(err, size < 0 ? errno : EIO,
                                           "%s: cannot read a temporary file", o->temp_folder);
        } else {
            status = o->sink(o->context, tamis_slice_of(bytes, (size_t)size), err);
            done += (uint64_t)size;
        }
    }
    free(bytes);
    (void)close(stage->file);
    stage->file = -1;
    stage->file_size = 0;
    return status;
}

/* Writes what waits; it is the split's turn. */
static tamis_status write_waiting(tamis_grade_stage *stage, tamis_err *err)
{
    tamis_grade_order *o = stage->order;
    tamis_status status = stage->file >= 0 ? write_file(stage, err) : TAMIS_OK;

    if (status == TAMIS_OK && stage->bytes.size != 0) {
        status = o->sink(o->context, tamis_buf_slice(&stage->bytes), err);
        tamis_buf_reset(&stage->bytes);
    }
    return status;
}

tamis_status tamis_grade_order_write(tamis_grade_stage *stage, tamis_buf *bytes, tamis_err *err)
{
    tamis_grade_order *o = stage->order;
    tamis_status status = TAMIS_OK;
    bool is_turn = false;

    (void)pthread_mutex_lock(&o->mutex);
    is_turn = o->turn == stage->split;
    (void)pthread_mutex_unlock(&o->mutex);
    if (is_turn) {
        status = write_waiting(stage, err);
        if (status == TAMIS_OK && bytes->size != 0) {
            status = o->sink(o->context, tamis_buf_slice(bytes), err);
        }
        tamis_buf_reset(bytes);
        return status;
    }
    if (stage->bytes.size != 0 && stage->bytes.size + bytes->size > STAGE_BYTES) {
        status = spill(stage, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_append(&stage->bytes, bytes->data, bytes->size);
        if (status != TAMIS_OK) {
            status = tamis_err_set(err, status, "no memory for lines that wait");
        }
    }
    tamis_buf_reset(bytes);
    return status;
}

tamis_status tamis_grade_order_end(tamis_grade_stage *stage, tamis_err *err)
{
    tamis_grade_order *o = stage->order;
    tamis_status status = TAMIS_OK;

    (void)pthread_mutex_lock(&o->mutex);
    stage->is_ended = true;
    if (o->turn != stage->split || o->has_failed) {
        (void)pthread_mutex_unlock(&o->mutex);
        return TAMIS_OK; /* whose turn comes before writes it */
    }
    while (status == TAMIS_OK && stage != NULL && stage->is_ended) {
        (void)pthread_mutex_unlock(&o->mutex);
        status = write_waiting(stage, err);
        (void)pthread_mutex_lock(&o->mutex);
        o->stages[stage->split % o->ahead] = NULL;
        free_stage(stage);
        o->turn++;
        o->has_failed |= status != TAMIS_OK;
        (void)pthread_cond_broadcast(&o->turned);
        stage = o->stages[o->turn % o->ahead];
    }
    (void)pthread_mutex_unlock(&o->mutex);
    return status;
}

void tamis_grade_order_fail(tamis_grade_order *order, tamis_grade_stage *stage)
{
    (void)pthread_mutex_lock(&order->mutex);
    order->has_failed = true;
    if (stage != NULL) {
        order->stages[stage->split % order->ahead] = NULL;
        free_stage(stage);
    }
    (void)pthread_cond_broadcast(&order->turned);
    (void)pthread_mutex_unlock(&order->mutex);
}
