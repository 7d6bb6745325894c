/* SPDX-License-Identifier: Apache-2.0 */
#include "verify.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tamis/path.h"
#include "tamis/task_support.h"

#define READ_BYTES     (1u << 20)
#define WALK_OPEN_DIRS 16

void tamis_verify_problem(tamis_verification *v, const char *format, ...)
{
    tamis_verify_result *result = v->result;
    va_list args;

    if (result->problems < TAMIS_PROBLEMS_SHOWN) {
        va_start(args, format);
        (void)vsnprintf(result->shown[result->problems], sizeof(result->shown[0]), format, args);
        va_end(args);
    }
    result->problems++;
}

/* ---- manifest.json
 * --------------------------------------------------------------------------------- */

static tamis_status digest_file(const char *path, uint64_t *out_size, tamis_digest *out_digest,
                                tamis_err *err)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    tamis_hasher *hasher = tamis_hasher_create();
    uint8_t *buffer = malloc(READ_BYTES);
    tamis_status status = TAMIS_OK;
    ssize_t count = 1;

    *out_size = 0;
    if (file < 0) {
        status = tamis_err_errno(err, errno, "%s: cannot open", path);
    } else if (hasher == NULL || buffer == NULL) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory", path);
    }
    while (status == TAMIS_OK && count != 0) {
        count = read(file, buffer, READ_BYTES);
        if (count > 0) {
            tamis_hasher_update(hasher, buffer, (size_t)count);
            *out_size += (uint64_t)count;
        } else if (count < 0 && errno != EINTR) {
            status = tamis_err_errno(err, errno, "%s: cannot read", path);
        }
    }
    if (status == TAMIS_OK) {
        *out_digest = tamis_hasher_digest(hasher);
    }
    if (file >= 0) {
        (void)close(file); /* read only */
    }
    tamis_hasher_destroy(hasher);
    free(buffer);
    return status;
}

static tamis_status check_file(tamis_verification *v, const char *name, uint64_t size,
                               const char *digest, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    char hex[TAMIS_DIGEST_HEX_SIZE];
    tamis_digest found;
    uint64_t found_size = 0;
    tamis_status status = TAMIS_OK;

    (void)snprintf(path, sizeof(path), "%s/%s", v->options->out_path, name);
    status = digest_file(path, &found_size, &found, err);
    if (status == TAMIS_ENOENT) {
        tamis_verify_problem(v, "%s: named in manifest.json, but missing", name);
        return TAMIS_OK;
    }
    if (status != TAMIS_OK) {
        return status;
    }
    v->result->files++;
    v->result->bytes += found_size;
    tamis_digest_to_hex(found, hex);
    if (found_size != size) {
        tamis_verify_problem(v, "%s: has %llu bytes, manifest.json says %llu", name,
                             (unsigned long long)found_size, (unsigned long long)size);
    } else if (strcmp(hex, digest) != 0) {
        tamis_verify_problem(v, "%s: its XXH3-128 is not that of manifest.json", name);
    }
    return TAMIS_OK;
}

/* The walk has no argument of its own. */
static struct {
    tamis_verification *v;
    json_t *names;
    size_t prefix;
} walk;

static int walk_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    const char *name = path + walk.prefix;

    (void)info;
    (void)where;
    if (kind == FTW_F && json_object_get(walk.names, name) == NULL) {
        tamis_verify_problem(walk.v, "%s: not named in manifest.json", name);
    }
    return 0;
}

static tamis_status check_strangers(tamis_verification *v, json_t *names)
{
    static const char *const folders[] = {"documents", "attributes", "removed"};

    walk.v = v;
    walk.names = names;
    walk.prefix = strlen(v->options->out_path) + 1;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[TAMIS_PATH_SIZE];

        (void)snprintf(path, sizeof(path), "%s/%s", v->options->out_path, folders[i]);
        (void)nftw(path, walk_entry, WALK_OPEN_DIRS, FTW_PHYS); /* an absent folder is fine */
    }
    return TAMIS_OK;
}

tamis_status tamis_verify_manifest(tamis_verification *v, tamis_err *err)
{
    char path[TAMIS_PATH_SIZE];
    json_error_t where;
    json_t *manifest = NULL;
    json_t *names = json_object();
    json_t *file = NULL;
    size_t index = 0;
    tamis_status status = TAMIS_OK;

    (void)snprintf(path, sizeof(path), "%s/manifest.json", v->options->out_path);
    manifest = json_load_file(path, 0, &where);
    if (manifest == NULL) {
        tamis_verify_problem(v, "manifest.json: %s (line %d); an unfinished run has none",
                             where.text, where.line);
        goto out;
    }
    json_array_foreach(json_object_get(manifest, "files"), index, file)
    {
        const char *name = json_string_value(json_object_get(file, "name"));
        const char *digest = json_string_value(json_object_get(file, "xxh3_128"));
        const json_t *size = json_object_get(file, "size");

        if (name == NULL || digest == NULL || !json_is_integer(size)) {
            tamis_verify_problem(v, "manifest.json: entry %zu is malformed", index);
            continue;
        }
        if (json_object_get(names, name) != NULL) {
            tamis_verify_problem(v, "manifest.json: names %s twice", name);
        }
        if (json_object_set_new(names, name, json_true()) != 0) {
            status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for the names of manifest.json");
            goto out;
        }
        status = check_file(v, name, (uint64_t)json_integer_value(size), digest, err);
        if (status != TAMIS_OK) {
            goto out;
        }
    }
    status = check_strangers(v, names);
out:
    json_decref(names);
    json_decref(manifest);
    return status;
}

tamis_status tamis_verify_run(const tamis_verify_options *options, tamis_verify_result *out_result,
                              tamis_err *err)
{
    tamis_verification v = {.options = options, .result = out_result};
    tamis_status status = tamis_result_job(options->out_path, &v.job, err);

    *out_result = (tamis_verify_result){0};
    if (status == TAMIS_OK) {
        status = tamis_verify_manifest(&v, err);
    }
    if (status == TAMIS_OK && (v.job->settings.emit & TAMIS_EMIT_ATTRIBUTES) != 0) {
        status = tamis_verify_rows(&v, err);
    }
    /* Damaged lines would only be reported again. */
    if (status == TAMIS_OK && out_result->problems == 0 && options->sample != 0 &&
        (v.job->settings.emit & TAMIS_EMIT_ATTRIBUTES) != 0) {
        status = tamis_verify_texts(&v, err);
    }
    tamis_job_destroy(v.job);
    return status;
}
