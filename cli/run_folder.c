/* SPDX-License-Identifier: Apache-2.0 */
#include "run_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "result.h"
#include "tamis/path.h"

#define TAMIS_MANIFEST_NAME "manifest.json"
#define COPY_BYTES          (1u << 20)
#define WALK_OPEN_DIRS      16

static bool exists(const char *folder, const char *name)
{
    char path[TAMIS_PATH_MAX];

    return (size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) < sizeof(path) &&
           access(path, F_OK) == 0;
}

/* NAME.tmp-PROCESS-NUMBER, as files are called until they are complete. */
static bool is_temporary(const char *name)
{
    static const char digits[] = "0123456789";
    const char *mark = NULL;
    size_t size = 0;

    for (const char *next = strstr(name, ".tmp-"); next != NULL; next = strstr(next + 1, ".tmp-")) {
        mark = next + strlen(".tmp-");
    }
    size = mark == NULL ? 0 : strspn(mark, digits);
    if (size == 0 || mark[size] != '-') {
        return false;
    }
    mark += size + 1;
    return *mark != '\0' && mark[strspn(mark, digits)] == '\0';
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static tamis_status check_empty(const char *out_path, tamis_err *err)
{
    DIR *folder = opendir(out_path);
    struct dirent *entry = NULL;
    tamis_status status = TAMIS_OK;

    if (folder == NULL) {
        return tamis_err_errno(err, errno, "%s: cannot open the folder", out_path);
    }
    while (status == TAMIS_OK && (entry = readdir(folder)) != NULL) {
        if (starts_with(entry->d_name, TAMIS_JOB_NAME) && is_temporary(entry->d_name)) {
            status = tamis_path_remove_in(out_path, entry->d_name, err);
        } else if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                   strcmp(entry->d_name, TAMIS_WORK_NAME) != 0 &&
                   strcmp(entry->d_name, TAMIS_STDIN_NAME) != 0) {
            status = tamis_err_set(err, TAMIS_EEXIST,
                                   "%s: the folder holds other things (%s); name an empty or new "
                                   "folder",
                                   out_path, entry->d_name);
        }
    }
    (void)closedir(folder);
    return status;
}

/* A lock on the folder itself leaves no file behind, and ends with the process however it ends. */
static tamis_status take_folder(const char *out_path, int *out_lock, tamis_err *err)
{
    int folder = open(out_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0) {
        return tamis_err_errno(err, errno, "%s: cannot open the folder", out_path);
    }
    if (flock(folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        (void)close(folder); /* was read only */
        return tamis_err_set(err, TAMIS_EHELD,
                             "%s: another `tamis run` is at work there; wait for its end, or name "
                             "another folder",
                             out_path);
    }
    *out_lock = folder;
    return TAMIS_OK;
}

tamis_status tamis_out_prepare(const char *out_path, int *out_lock, tamis_err *err)
{
    char work[TAMIS_PATH_MAX];
    int lock = -1;
    tamis_status status = tamis_path_make_folder(out_path, err);

    *out_lock = -1;
    if (status == TAMIS_OK) {
        status = take_folder(out_path, &lock, err);
    }
    if (status == TAMIS_OK && !exists(out_path, TAMIS_JOB_NAME)) {
        status = check_empty(out_path, err);
    }
    if (status == TAMIS_OK && !exists(out_path, TAMIS_MANIFEST_NAME)) {
        status = tamis_path_join(work, out_path, TAMIS_WORK_NAME, err);
        if (status == TAMIS_OK) {
            status = tamis_path_make_folder(work, err);
        }
    }
    if (status != TAMIS_OK && lock >= 0) {
        (void)close(lock); /* was read only */
        lock = -1;
    }
    *out_lock = lock;
    return status;
}

/* The first member of two objects that differs. */
static tamis_status compare_settings(const tamis_settings *old, const tamis_settings *new,
                                     tamis_err *err)
{
    tamis_buf texts[2];
    json_t *values[2] = {NULL, NULL};
    const char *key = NULL;
    json_t *value = NULL;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&texts[0], 0);
    tamis_buf_init(&texts[1], 0);
    status = tamis_settings_to_json(old, &texts[0]);
    if (status == TAMIS_OK) {
        status = tamis_settings_to_json(new, &texts[1]);
    }
    if (status != TAMIS_OK) {
        (void)tamis_err_set(err, status, "no memory to compare settings");
        goto out;
    }
    for (int i = 0; i < 2; i++) {
        values[i] = json_loadb((const char *)texts[i].data, texts[i].size, 0, NULL);
    }
    json_object_foreach(values[0], key, value)
    {
        const json_t *other = json_object_get(values[1], key);

        if (!json_equal(value, other)) {
            char *was = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
            char *is = json_dumps(other, JSON_ENCODE_ANY | JSON_COMPACT);

            status = tamis_err_set(err, TAMIS_ECHANGED, "the setting %s was %s and is now %s", key,
                                   was == NULL ? "?" : was, is == NULL ? "?" : is);
            free(was);
            free(is);
            break;
        }
    }
out:
    json_decref(values[0]);
    json_decref(values[1]);
    tamis_buf_fini(&texts[0]);
    tamis_buf_fini(&texts[1]);
    return status;
}

static tamis_status compare_inputs(const tamis_plan *old, const tamis_plan *new, tamis_err *err)
{
    for (uint32_t i = 0; i < old->input_count && i < new->input_count; i++) {
        const tamis_input *was = &old->inputs[i];
        const tamis_input *is = &new->inputs[i];

        if (strcmp(was->path, is->path) != 0 || was->is_against != is->is_against) {
            return tamis_err_set(err, TAMIS_ECHANGED, "input %u was %s and is now %s", i + 1,
                                 was->shown, is->shown);
        }
        if (was->size_bytes != is->size_bytes) {
            return tamis_err_set(
                err, TAMIS_ECHANGED, "%s has changed: it had %llu bytes and has %llu", is->shown,
                (unsigned long long)was->size_bytes, (unsigned long long)is->size_bytes);
        }
        if (was->mtime_ns != is->mtime_ns || was->fault != is->fault) {
            return tamis_err_set(err, TAMIS_ECHANGED, "%s has changed: it was modified since",
                                 is->shown);
        }
    }
    if (old->input_count != new->input_count) {
        return tamis_err_set(err, TAMIS_ECHANGED, "there were %u inputs and are now %u",
                             old->input_count, new->input_count);
    }
    return TAMIS_OK;
}

static tamis_status compare_quality(const tamis_job *old, const tamis_job *new, tamis_err *err)
{
    if ((old->quality == NULL) != (new->quality == NULL)) {
        return tamis_err_set(err, TAMIS_ECHANGED, "quality was%s asked for and is%s now",
                             old->quality == NULL ? " not" : "",
                             new->quality == NULL ? " not" : "");
    }
    if (old->quality != NULL && strcmp(old->quality, new->quality) != 0) {
        return tamis_err_set(err, TAMIS_ECHANGED,
                             "the profile of quality, its options or its models were others");
    }
    return (old->scan_from == NULL) == (new->scan_from == NULL) &&
                   (old->scan_from == NULL || strcmp(old->scan_from, new->scan_from) == 0)
               ? TAMIS_OK
               : tamis_err_set(err, TAMIS_ECHANGED, "it was refiltered from another run");
}

static tamis_status compare_jobs(const char *out_path, const tamis_job *old, const tamis_job *new,
                                 tamis_err *err)
{
    tamis_status status = compare_settings(&old->settings, &new->settings, err);

    if (status == TAMIS_OK) {
        status = compare_quality(old, new, err);
    }
    if (status == TAMIS_OK) {
        status = compare_inputs(&old->plan, &new->plan, err);
    }
    if (status == TAMIS_ECHANGED) {
        tamis_err_context(
            err,
            "%s holds a run with other settings or inputs; repeat its arguments to go "
            "on with it, or name another folder",
            out_path);
    }
    return status;
}

static tamis_status write_job(const char *out_path, const tamis_job *job, tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_buf bytes;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&bytes, 0);
    status = tamis_job_pack(job, &bytes);
    if (status != TAMIS_OK) {
        (void)tamis_err_set(err, status, "no memory to pack the job");
    } else {
        (void)snprintf(path, sizeof(path), "%s/%s", out_path, TAMIS_JOB_NAME);
        status = tamis_path_write_file(path, tamis_buf_slice(&bytes), err);
    }
    tamis_buf_fini(&bytes);
    return status;
}

tamis_status tamis_out_claim(const char *out_path, const tamis_job *job, char *job_id,
                             tamis_out_state *out_state, tamis_err *err)
{
    tamis_job *old = NULL;
    tamis_status status = TAMIS_OK;

    if (!exists(out_path, TAMIS_JOB_NAME)) {
        *out_state = TAMIS_OUT_NEW;
        return write_job(out_path, job, err);
    }
    status = tamis_result_job(out_path, &old, err);
    if (status == TAMIS_OK) {
        status = compare_jobs(out_path, old, job, err);
        *out_state = exists(out_path, TAMIS_MANIFEST_NAME) ? TAMIS_OUT_DONE : TAMIS_OUT_UNFINISHED;
    }
    if (status == TAMIS_OK) {
        memcpy(job_id, old->id, strlen(old->id) + 1);
    }
    tamis_job_destroy(old);
    return status;
}

/* Up to COPY_BYTES of standard input, fewer only at its end. */
static tamis_status read_stdin(uint8_t *out_bytes, size_t *out_size, tamis_err *err)
{
    size_t size = 0;

    while (size < COPY_BYTES) {
        ssize_t count = read(STDIN_FILENO, out_bytes + size, COPY_BYTES - size);

        if (count == 0) {
            break;
        }
        if (count > 0) {
            size += (size_t)count;
        } else if (errno != EINTR) {
            return tamis_err_errno(err, errno, "standard input: cannot read");
        }
    }
    *out_size = size;
    return TAMIS_OK;
}

static tamis_status copy_stdin(int file, const char *path, tamis_err *err)
{
    uint8_t *buffer = malloc(COPY_BYTES);
    size_t size = COPY_BYTES;
    tamis_status status = TAMIS_OK;

    if (buffer == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to copy standard input");
    }
    while (status == TAMIS_OK && size == COPY_BYTES) {
        size_t done = 0;

        status = read_stdin(buffer, &size, err);
        while (status == TAMIS_OK && done < size) {
            ssize_t written = write(file, buffer + done, size - done);

            if (written >= 0) {
                done += (size_t)written;
            } else if (errno != EINTR) {
                status = tamis_err_errno(err, errno, "%s: cannot write", path);
            }
        }
    }
    free(buffer);
    if (status == TAMIS_OK && fsync(file) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot sync", path);
    }
    return status;
}

/* Whether standard input gives what the spool holds: a pipeline that is started again does. */
static tamis_status compare_stdin(FILE *spool, const char *path, tamis_err *err)
{
    uint8_t *given = malloc(COPY_BYTES);
    uint8_t *held = malloc(COPY_BYTES);
    uint64_t offset = 0;
    size_t size = COPY_BYTES;
    tamis_status status = TAMIS_OK;

    if (given == NULL || held == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory to compare standard input");
    }
    while (status == TAMIS_OK && size == COPY_BYTES) {
        size_t held_size = 0;

        status = read_stdin(given, &size, err);
        if (status != TAMIS_OK || (offset == 0 && size == 0)) {
            break; /* nothing was given: go on with what there is */
        }
        held_size = fread(held, 1, COPY_BYTES, spool);
        if (ferror(spool) != 0) {
            status = tamis_err_set(err, TAMIS_EIO, "%s: cannot read", path);
        } else if (size != held_size || memcmp(given, held, size) != 0) {
            status = tamis_err_set(err, TAMIS_ECHANGED,
                                   "standard input is not what %s holds from an earlier start; "
                                   "give the same again, or nothing (< /dev/null), to go on with "
                                   "that run, or name another folder",
                                   path);
        }
        offset += size;
    }
    free(given);
    free(held);
    return status;
}

static tamis_status check_stdin(const char *path, tamis_err *err)
{
    FILE *spool = NULL;
    tamis_status status = TAMIS_OK;

    if (isatty(STDIN_FILENO) == 1) {
        return TAMIS_OK;
    }
    spool = fopen(path, "rbe");
    if (spool == NULL) {
        return tamis_err_errno(err, errno, "%s: cannot open", path);
    }
    status = compare_stdin(spool, path, err);
    (void)fclose(spool); /* only read from */
    return status;
}

tamis_status tamis_out_spool_stdin(const char *out_path, char *out_path_of_spool, tamis_err *err)
{
    char temp[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;
    int file = -1;

    if ((size_t)snprintf(out_path_of_spool, TAMIS_PATH_MAX, "%s/%s", out_path, TAMIS_STDIN_NAME) >=
            TAMIS_PATH_MAX ||
        (size_t)snprintf(temp, sizeof(temp), "%s/%s/%s.tmp", out_path, TAMIS_WORK_NAME,
                         TAMIS_STDIN_NAME) >= sizeof(temp)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", out_path);
    }
    if (access(out_path_of_spool, F_OK) == 0) { /* it got its name when it was complete */
        return check_stdin(out_path_of_spool, err);
    }
    file = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) {
        return tamis_err_errno(err, errno, "%s: cannot create", temp);
    }
    status = copy_stdin(file, temp, err);
    (void)close(file); /* synced */
    if (status == TAMIS_OK && rename(temp, out_path_of_spool) != 0) {
        status = tamis_err_errno(err, errno, "%s: cannot rename", temp);
    }
    return status == TAMIS_OK ? tamis_path_sync_parent(out_path_of_spool, err) : status;
}

/* ---- Leftovers
 * ---------------------------------------------------------------------------------- */

static int sweep_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    return kind == FTW_F && is_temporary(path + where->base) && unlink(path) != 0 && errno != ENOENT
               ? errno
               : 0;
}

/* The folder alone: below it lie .work and the output folders. */
static tamis_status sweep_top(const char *out_path, tamis_err *err)
{
    DIR *folder = opendir(out_path);
    struct dirent *entry = NULL;
    tamis_status status = TAMIS_OK;

    if (folder == NULL) {
        return tamis_err_errno(err, errno, "%s: cannot open the folder", out_path);
    }
    while (status == TAMIS_OK && (entry = readdir(folder)) != NULL) {
        if (is_temporary(entry->d_name)) {
            status = tamis_path_remove_in(out_path, entry->d_name, err);
        }
    }
    (void)closedir(folder);
    return status;
}

tamis_status tamis_out_sweep(const char *out_path, tamis_err *err)
{
    static const char *const folders[] = {"documents", "attributes", "removed"};
    tamis_status status = sweep_top(out_path, err);

    for (size_t i = 0; status == TAMIS_OK && i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[TAMIS_PATH_MAX];
        int code = 0;

        status = tamis_path_join(path, out_path, folders[i], err);
        if (status == TAMIS_OK && access(path, F_OK) == 0) {
            code = nftw(path, sweep_entry, WALK_OPEN_DIRS, FTW_PHYS);
        }
        if (code != 0) {
            status = tamis_err_errno(err, code < 0 ? errno : code,
                                     "%s: cannot remove what a killed process left", path);
        }
    }
    return status;
}
