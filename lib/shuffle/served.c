/* SPDX-License-Identifier: Apache-2.0 */
#include "served.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/bytes.h"
#include "tamis/exchange.h"
#include "tamis/hash.h"
#include "tamis/run_slice.h"

#define NAME_MAX_BYTES 128

/* An open run file. A name has one place; whoever comes there takes it over. */
typedef struct served_run {
    tamis_run_source *source; /* NULL: free */
    char name[NAME_MAX_BYTES];
    struct stat info; /* as it was opened */
    uint64_t used_ms;
} served_run;

/* The sizes of a bundle's images. */
typedef struct served_bundle {
    tamis_digest key;
    bool is_used;
    uint64_t total;
    uint32_t count;
    uint64_t sizes[TAMIS_DATA_TASKS_MAX];
} served_bundle;

struct tamis_served {
    const tamis_data_server_options *options;
    int folder;
    served_run runs[TAMIS_SERVED_RUNS];
    served_bundle bundles[TAMIS_SERVED_BUNDLES];
    tamis_buf blocks;
};

/* ---- Life ------------------------------------------------------------------------------------ */

tamis_status tamis_served_create(const tamis_data_server_options *options,
                                 tamis_served **out_served, tamis_err *err)
{
    tamis_served *served = calloc(1, sizeof(*served));

    if (served == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to serve results");
    }
    served->options = options;
    tamis_buf_init(&served->blocks, 0);
    served->folder = open(options->data_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (served->folder < 0) {
        tamis_status status = tamis_err_errno(err, errno, "%s", options->data_folder);

        free(served);
        return status;
    }
    *out_served = served;
    return TAMIS_OK;
}

static void run_close(served_run *run)
{
    tamis_run_source_close(run->source);
    run->source = NULL;
}

void tamis_served_destroy(tamis_served *served)
{
    if (served != NULL) {
        for (uint32_t i = 0; i < TAMIS_SERVED_RUNS; i++) {
            run_close(&served->runs[i]);
        }
        if (served->folder >= 0) {
            (void)close(served->folder); /* it was only read */
        }
        tamis_buf_fini(&served->blocks);
        free(served);
    }
}

void tamis_served_tick(tamis_served *served, uint64_t now_ms)
{
    for (uint32_t i = 0; i < TAMIS_SERVED_RUNS; i++) {
        if (served->runs[i].source != NULL &&
            now_ms - served->runs[i].used_ms >= TAMIS_SERVED_IDLE_MS) {
            run_close(&served->runs[i]);
        }
    }
}

/* ---- Files ----------------------------------------------------------------------------------- */

/* Every part is a number, a checked id or from a table. */
static void result_name(const tamis_data_object *object, uint32_t task, const char *file,
                        char out_name[NAME_MAX_BYTES])
{
    (void)snprintf(out_name, NAME_MAX_BYTES, "%s/%u-%u%s%s", object->job, object->stage, task,
                   file == NULL ? "" : "/", file == NULL ? "" : file);
}

/* The folder may have been replaced by another one under its path. */
static void reopen_folder(tamis_served *served)
{
    int folder = open(served->options->data_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder >= 0) {
        (void)close(served->folder);
        served->folder = folder;
    }
}

static tamis_status open_file(tamis_served *served, const char *name, int flags, int *out_file,
                              tamis_err *err)
{
    int file = openat(served->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);

    if (file < 0 && errno == ENOENT) {
        reopen_folder(served);
        file = openat(served->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags);
    }
    if (file < 0) {
        return tamis_err_errno(err, errno, "%s/%s", served->options->data_folder, name);
    }
    *out_file = file;
    return TAMIS_OK;
}

/* Sets what the reply says of the range; false: it lies behind the end. */
static bool set_range(const tamis_data_request *request, uint64_t total, tamis_data_reply *reply)
{
    uint64_t left = total - request->offset;

    if (request->offset > total) {
        return false;
    }
    reply->total = total;
    reply->offset = request->offset;
    reply->length = left < request->length ? (uint32_t)left : request->length;
    return true;
}

static tamis_status behind_end(const tamis_data_request *request, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_EFORMAT, "offset %llu lies behind the end",
                         (unsigned long long)request->offset);
}

static tamis_status read_all(int file, const char *name, uint64_t offset, uint8_t *out, size_t size,
                             tamis_err *err)
{
    while (size > 0) {
        ssize_t done = pread(file, out, size, (off_t)offset);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return tamis_err_errno(err, errno, "%s: cannot read at offset %llu", name,
                                   (unsigned long long)offset);
        }
        if (done == 0) {
            return tamis_err_set(err, TAMIS_ECORRUPT, "%s: ends early at offset %llu", name,
                                 (unsigned long long)offset);
        }
        out += done;
        offset += (uint64_t)done;
        size -= (size_t)done;
    }
    return TAMIS_OK;
}

static tamis_status answer_file(tamis_served *served, const tamis_data_request *request,
                                tamis_data_reply *reply, uint8_t *out, tamis_err *err)
{
    const tamis_data_object *object = &request->object;
    char name[NAME_MAX_BYTES];
    struct stat info;
    int file = -1;
    tamis_status status = TAMIS_OK;

    result_name(object, object->tasks[0], tamis_result_file_name((tamis_result_file)object->file),
                name);
    status = open_file(served, name, 0, &file, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        status = tamis_err_set(err, TAMIS_EIO, "%s: no file", name);
    } else if (!set_range(request, (uint64_t)info.st_size, reply)) {
        status = behind_end(request, err);
    } else {
        status = read_all(file, name, reply->offset, out, reply->length, err);
    }
    (void)close(file); /* it was only read */
    return status;
}

/* ---- Pieces ---------------------------------------------------------------------------------- */

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static tamis_status find_run(tamis_served *served, const tamis_data_object *object, uint32_t task,
                             uint64_t now_ms, const tamis_run_source **out_source, tamis_err *err)
{
    char name[NAME_MAX_BYTES];
    struct stat info;
    served_run *run = NULL;
    int file = -1;
    tamis_status status = TAMIS_OK;

    result_name(object, task, TAMIS_RUN_NAME, name);
    run = &served->runs[tamis_hash64(name, strlen(name)) % TAMIS_SERVED_RUNS];
    if (run->source != NULL && strcmp(run->name, name) == 0 &&
        fstatat(served->folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
        is_same_file(&info, &run->info)) {
        run->used_ms = now_ms;
        *out_source = run->source;
        return TAMIS_OK;
    }
    run_close(run);
    status = open_file(served, name, 0, &file, err);
    if (status == TAMIS_OK && fstat(file, &run->info) != 0) {
        status = tamis_err_errno(err, errno, "%s", name);
        (void)close(file);
    } else if (status == TAMIS_OK) {
        status = tamis_run_source_open(file, name, &run->source, err);
    }
    if (status != TAMIS_OK) {
        run->source = NULL;
        return status;
    }
    memcpy(run->name, name, sizeof(name));
    run->used_ms = now_ms;
    *out_source = run->source;
    return TAMIS_OK;
}

static tamis_status make_slice(tamis_served *served, const tamis_data_object *object, uint32_t task,
                               uint64_t now_ms, tamis_run_slice **out_slice, tamis_err *err)
{
    const tamis_run_source *source = NULL;
    tamis_status status = find_run(served, object, task, now_ms, &source, err);

    return status == TAMIS_OK ? tamis_run_slice_create(source, object->piece, object->first_part,
                                                       object->end_part, out_slice, err)
                              : status;
}

static tamis_digest bundle_key(const tamis_data_object *object)
{
    tamis_data_request request = {.length = 1, .object = *object};
    uint8_t bytes[TAMIS_DATA_REQUEST_MAX];

    return tamis_hash128(bytes, tamis_data_request_encode(&request, bytes));
}

/* The sizes of the images, from memory or by looking at each file. */
static tamis_status find_bundle(tamis_served *served, const tamis_data_object *object,
                                uint64_t now_ms, const served_bundle **out_bundle, tamis_err *err)
{
    tamis_digest key = bundle_key(object);
    served_bundle *bundle = &served->bundles[key.low % TAMIS_SERVED_BUNDLES];
    tamis_status status = TAMIS_OK;

    *out_bundle = bundle;
    if (bundle->is_used && tamis_digest_is_equal(bundle->key, key)) {
        return TAMIS_OK;
    }
    *bundle = (served_bundle){.key = key,
                              .count = object->task_count,
                              .total = tamis_data_index_bytes(object->task_count)};
    for (uint32_t i = 0; i < object->task_count && status == TAMIS_OK; i++) {
        tamis_run_slice *slice = NULL;

        status = make_slice(served, object, object->tasks[i], now_ms, &slice, err);
        if (status == TAMIS_OK) {
            bundle->sizes[i] = tamis_run_slice_size(slice);
            bundle->total += bundle->sizes[i];
        }
        tamis_run_slice_destroy(slice);
    }
    bundle->is_used = status == TAMIS_OK;
    return status;
}

/* Copies the part of one image that the range [reply->offset, end) of the bundle covers. */
static tamis_status copy_image(tamis_served *served, const tamis_data_object *object, uint32_t task,
                               uint64_t at, uint64_t size, const tamis_data_reply *reply,
                               uint64_t now_ms, uint8_t *out, tamis_err *err)
{
    uint64_t end = reply->offset + reply->length;
    uint64_t first = reply->offset > at ? reply->offset : at;
    uint64_t last = end < at + size ? end : at + size;
    tamis_run_slice *slice = NULL;
    tamis_status status = TAMIS_OK;

    if (first >= last) {
        return TAMIS_OK;
    }
    status = make_slice(served, object, task, now_ms, &slice, err);
    if (status == TAMIS_OK && tamis_run_slice_size(slice) != size) {
        status = tamis_err_set(err, TAMIS_EAGAIN, "result of task %u was replaced", task);
    }
    if (status == TAMIS_OK) {
        status = tamis_run_slice_read(slice, first - at, out + (first - reply->offset),
                                      (size_t)(last - first), err);
    }
    tamis_run_slice_destroy(slice);
    return status;
}

static tamis_status answer_pieces(tamis_served *served, const tamis_data_request *request,
                                  uint64_t now_ms, tamis_data_reply *reply, uint8_t *out,
                                  tamis_err *err)
{
    const tamis_data_object *object = &request->object;
    const served_bundle *bundle = NULL;
    uint8_t index[TAMIS_DATA_INDEX_HEAD + 8 * TAMIS_DATA_TASKS_MAX];
    size_t index_bytes = tamis_data_index_bytes(object->task_count);
    uint64_t at = index_bytes;
    tamis_status status = find_bundle(served, object, now_ms, &bundle, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (!set_range(request, bundle->total, reply)) {
        return behind_end(request, err);
    }
    if (reply->offset < index_bytes) {
        size_t size = index_bytes - (size_t)reply->offset;

        tamis_data_index_encode(bundle->sizes, bundle->count, index);
        memcpy(out, index + reply->offset, size < reply->length ? size : reply->length);
    }
    for (uint32_t i = 0; i < bundle->count && status == TAMIS_OK; i++) {
        status = copy_image(served, object, object->tasks[i], at, bundle->sizes[i], reply, now_ms,
                            out, err);
        at += bundle->sizes[i];
    }
    if (status != TAMIS_OK) { /* the sizes may be those of files that are gone */
        served->bundles[bundle - served->bundles].is_used = false;
    }
    return status;
}

/* ---- Records --------------------------------------------------------------------------------- */

static tamis_status read_blocks(tamis_served *served, const tamis_data_object *object,
                                tamis_err *err)
{
    const tamis_data_server_options *options = served->options;
    uint8_t head[TAMIS_DATA_BLOCKS_HEAD] = {0};
    tamis_records *records = NULL;
    uint32_t count = 0;
    bool is_end = false;
    tamis_status status = options->acquire(options->context, object->job, &records, err);

    tamis_buf_reset(&served->blocks);
    if (status != TAMIS_OK) {
        return status;
    }
    status = tamis_buf_append(&served->blocks, head, sizeof(head));
    if (status == TAMIS_OK) {
        status = tamis_records_blocks(records, object->is_ids, object->first, object->bound,
                                      object->block_bytes, &served->blocks, &count, &is_end, err);
    }
    options->release(options->context, records);
    if (status == TAMIS_OK) {
        tamis_put32le(served->blocks.data, count);
        tamis_put32le(served->blocks.data + 4, is_end ? TAMIS_DATA_BLOCKS_END : 0);
    }
    return status;
}

/* The records of a task are there exactly when its result is. */
static tamis_status check_result(tamis_served *served, const tamis_data_object *object,
                                 tamis_err *err)
{
    char name[NAME_MAX_BYTES];
    int file = -1;
    tamis_status status = TAMIS_OK;

    result_name(object, object->tasks[0], NULL, name);
    status = open_file(served, name, O_DIRECTORY, &file, err);
    if (status == TAMIS_OK) {
        (void)close(file);
    }
    return status;
}

static tamis_status answer_records(tamis_served *served, const tamis_data_request *request,
                                   tamis_data_reply *reply, uint8_t *out, tamis_err *err)
{
    tamis_status status = check_result(served, &request->object, err);

    if (status == TAMIS_OK && served->options->acquire == NULL) {
        status = tamis_err_set(err, TAMIS_ENOENT, "no document records are kept here");
    }
    if (status == TAMIS_OK) {
        status = read_blocks(served, &request->object, err);
    }
    if (status == TAMIS_OK && !set_range(request, served->blocks.size, reply)) {
        status = behind_end(request, err);
    }
    if (status == TAMIS_OK) {
        memcpy(out, served->blocks.data + reply->offset, reply->length);
    }
    if (served->blocks.capacity > 4 * TAMIS_DATA_CHUNK_MAX) {
        tamis_buf_fini(&served->blocks); /* one huge id must not hold its memory for good */
    }
    return status;
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* What peers are told: whether it is worth asking again, and whether the result must be made again.
 */
static tamis_status told_status(tamis_status status)
{
    switch ((int)status) {
    case TAMIS_OK:
    case TAMIS_ENOENT:
    case TAMIS_ECORRUPT:
    case TAMIS_EVERSION:
    case TAMIS_EIO:
    case TAMIS_ENOMEM:
    case TAMIS_EAGAIN:
    case TAMIS_EFORMAT:
    case TAMIS_EPEER:
        return status;
    case TAMIS_EHELD:
        return TAMIS_EAGAIN;
    default:
        return TAMIS_EIO;
    }
}

void tamis_served_answer(tamis_served *served, const tamis_data_request *request, uint64_t now_ms,
                         tamis_data_reply *out_reply, uint8_t *out, tamis_err *err)
{
    const tamis_data_object *object = &request->object;
    const char *own_id = served->options->folder_id;
    tamis_status status = TAMIS_OK;

    *out_reply = (tamis_data_reply){.id = request->id};
    if (own_id[0] != 0 && object->folder_id[0] != 0 && strcmp(own_id, object->folder_id) != 0) {
        status = tamis_err_set(err, TAMIS_EPEER, "folder %s is not served here", object->folder_id);
    } else if (object->kind == TAMIS_DATA_FILE) {
        status = answer_file(served, request, out_reply, out, err);
    } else if (object->kind == TAMIS_DATA_PIECES) {
        status = answer_pieces(served, request, now_ms, out_reply, out, err);
    } else {
        status = answer_records(served, request, out_reply, out, err);
    }
    if (status == TAMIS_OK) {
        out_reply->checksum = tamis_hash64(out, out_reply->length);
        return;
    }
    *out_reply = (tamis_data_reply){.id = request->id, .status = told_status(status)};
}
