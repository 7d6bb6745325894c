/* SPDX-License-Identifier: Apache-2.0 */
#include "run_job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "quality_options.h"
#include "refilter.h"
#include "run_options.h"
#include "tamis/reader.h"
#include "tamis/split_result.h"

#define PATH_ROOM 64 /* for attributes/ instead of removed/, and temporary names */

void tamis_run_job_init(tamis_run_job *run_job)
{
    *run_job = (tamis_run_job){.lock = -1};
}

void tamis_run_job_fini(tamis_run_job *run_job)
{
    tamis_plan_fini(&run_job->job.plan);
    free(run_job->job.quality);
    free(run_job->job.quality_skipped);
    free(run_job->job.scan_from);
    free(run_job->job.scan_quality);
    run_job->job.quality = NULL;
    run_job->job.quality_skipped = NULL;
    run_job->job.scan_from = NULL;
    run_job->job.scan_quality = NULL;
    if (run_job->lock >= 0) {
        (void)close(run_job->lock); /* only locked */
        run_job->lock = -1;
    }
}

tamis_status tamis_run_job_settings(tamis_run_job *run_job, const tamis_options *options,
                                    tamis_err *err)
{
    tamis_status status = tamis_run_settings(options, &run_job->job.settings, err);

    return status == TAMIS_OK ? tamis_quality_options_resolve(options, &run_job->job.quality,
                                                              &run_job->job.quality_skipped, err)
                              : status;
}

/* The folder of the run's work, which must hold what SCAN left. */
static tamis_status find_work(const char *from_path, const tamis_job *from, char **out_folder,
                              tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    char *folder = NULL;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s/data/%s", from_path, TAMIS_WORK_NAME,
                         from->id) >= sizeof(path)) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", from_path);
    }
    folder = realpath(path, NULL);
    if (folder == NULL) {
        return errno != ENOENT
                   ? tamis_err_errno(err, errno, "%s: cannot resolve", path)
                   : tamis_err_set(err, TAMIS_EARG,
                                   "%s: the run's work is not there, so that no new output can be "
                                   "made of it: run again with --keep-work (and without "
                                   "--coordinator); without -o the verdicts alone are counted",
                                   path);
    }
    *out_folder = folder;
    return TAMIS_OK;
}

/* The deepest folder on the way to `path` that exists, freed by the caller; NULL: errno. */
static char *existing_parent(const char *path)
{
    char way[TAMIS_PATH_MAX];
    char *found = NULL;

    if ((size_t)snprintf(way, sizeof(way), "%s", path) >= sizeof(way)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    while ((found = realpath(way, NULL)) == NULL && errno == ENOENT && strcmp(way, ".") != 0) {
        char *slash = strrchr(way, '/');

        if (slash == NULL) {
            (void)snprintf(way, sizeof(way), ".");
        } else {
            slash[slash == way ? 1 : 0] = '\0';
        }
    }
    return found;
}

/* A result in a result would be taken for a part of it. */
static tamis_status check_apart(const char *from_path, const char *new_path, tamis_err *err)
{
    char *from = realpath(from_path, NULL);
    char *parent = existing_parent(new_path);
    size_t size = from == NULL ? 0 : strlen(from);
    tamis_status status = TAMIS_OK;

    if (from == NULL || parent == NULL) {
        status =
            tamis_err_errno(err, errno, "%s: cannot resolve", from == NULL ? from_path : new_path);
    } else if (strncmp(parent, from, size) == 0 && (parent[size] == '\0' || parent[size] == '/')) {
        status = tamis_err_set(err, TAMIS_EARG,
                               "-o %s is in the result that is to be refiltered; name another "
                               "folder",
                               new_path);
    }
    free(from);
    free(parent);
    return status;
}

tamis_status tamis_run_job_adopt(tamis_run_job *run_job, const char *from_path,
                                 const tamis_options *options, tamis_err *err)
{
    tamis_refilter_source source = {0};
    tamis_status status = tamis_refilter_open(from_path, options, &source, err);

    if (status == TAMIS_OK) {
        status = check_apart(from_path, tamis_options_text(options, "output"), err);
    }
    if (status == TAMIS_OK) {
        status = find_work(from_path, source.job, &run_job->job.scan_from, err);
    }
    if (status == TAMIS_OK) {
        run_job->job.settings = source.job->settings;
        run_job->job.plan = source.job->plan;
        run_job->job.scan_quality = source.job->quality;
        run_job->job.quality = source.spec;
        run_job->job.quality_skipped = source.skipped;
        source.job->plan = (tamis_plan){0};
        source.job->quality = NULL;
        source.spec = NULL;
        source.skipped = NULL;
    }
    tamis_refilter_close(&source);
    return status;
}

uint64_t tamis_run_job_stored_bytes(const tamis_run_job *run_job)
{
    const tamis_plan *plan = &run_job->job.plan;
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < plan->split_count; i++) {
        bytes += plan->splits[i].end - plan->splits[i].begin;
    }
    return bytes;
}

static tamis_status discover(tamis_run_job *r, const tamis_options *given, tamis_err *err)
{
    const char *const *operands = NULL;
    size_t count = tamis_options_operands(given, &operands);
    const char *const *against = NULL;
    char spool[TAMIS_PATH_MAX] = "";
    const char **paths = calloc(count + 1, sizeof(*paths));
    tamis_discover_options options = {
        .paths = paths, .path_count = count, .out_folder = r->out_path};
    tamis_status status = TAMIS_OK;

    if (paths == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the names of the inputs");
    }
    options.against_count = tamis_options_list(given, "against", &against);
    options.against = against;
    options.priority_file = tamis_options_text(given, "priority");
    for (size_t i = 0; i < options.against_count; i++) {
        if (strcmp(against[i], "-") == 0) {
            free(paths);
            return tamis_err_set(err, TAMIS_EARG,
                                 "--against: '-' is standard input, which can only be an INPUT");
        }
    }
    for (size_t i = 0; status == TAMIS_OK && i < count; i++) {
        paths[i] = operands[i];
        if (operands[i][0] == '\0') {
            status = tamis_err_set(err, TAMIS_EARG, "input %zu has an empty name", i + 1);
        } else if (strcmp(operands[i], "-") == 0) {
            if (options.stdin_path == NULL) {
                status = tamis_out_spool_stdin(r->out_path, spool, err);
            }
            options.stdin_path = spool;
            paths[i] = spool;
        }
    }
    if (status == TAMIS_OK) {
        status = tamis_discover(&r->job.settings, &options, &r->job.plan, err);
    }
    free(paths);
    return status;
}

/* A name that no file system takes must not be found out at the end of the work. */
static tamis_status check_paths(const tamis_run_job *r, tamis_err *err)
{
    const tamis_plan *plan = &r->job.plan;

    for (uint32_t i = 0; i < plan->input_count; i++) {
        char name[TAMIS_PATH_MAX];
        const tamis_input *input = &plan->inputs[i];

        if (input->is_against || input->split_count == 0) {
            continue;
        }
        if (tamis_output_name(&r->job, input->first_split, TAMIS_OUTPUT_KINDS - 1, name,
                              sizeof(name)) != TAMIS_OK ||
            strlen(r->out_path) + strlen(name) + PATH_ROOM >= TAMIS_PATH_MAX) {
            return tamis_err_set(err, TAMIS_ELIMIT,
                                 "%.400s: its output would have a path of more than %d bytes; name "
                                 "a folder with a shorter path",
                                 input->shown, TAMIS_PATH_MAX - PATH_ROOM);
        }
    }
    return TAMIS_OK;
}

/* A name by chance for a new OUT: the same job for an OUT that was removed is another job, which a
 * coordinator has not done yet. The claim takes over the name that an OUT has. */
static tamis_status name_job(tamis_run_job *r, tamis_err *err)
{
    uint64_t number = 0;

    if (getentropy(&number, sizeof(number)) != 0) {
        return tamis_err_errno(err, errno, "cannot make a name for the job");
    }
    (void)snprintf(r->id, sizeof(r->id), "%016" PRIx64, number);
    r->job.id = r->id;
    r->job.out_path = r->out_path;
    return TAMIS_OK;
}

static tamis_status find_out(tamis_run_job *r, const tamis_options *given, tamis_err *err)
{
    const char *out = tamis_options_text(given, "output");
    char *resolved = NULL;
    tamis_status status = tamis_out_prepare(out, &r->lock, err);

    if (status != TAMIS_OK) {
        return status;
    }
    resolved = realpath(out, NULL);
    if (resolved == NULL) {
        return tamis_err_errno(err, errno, "%s: cannot resolve", out);
    }
    if ((size_t)snprintf(r->out_path, sizeof(r->out_path), "%s", resolved) >= sizeof(r->out_path)) {
        status = tamis_err_set(err, TAMIS_ELIMIT, "%s: path is too long", out);
    }
    free(resolved);
    return status;
}

tamis_status tamis_run_job_prepare(tamis_run_job *run_job, const tamis_options *options,
                                   tamis_out_state *out_state, tamis_err *err)
{
    tamis_status status = find_out(run_job, options, err);

    if (status == TAMIS_OK && run_job->job.scan_from == NULL) {
        status = discover(run_job, options, err);
    }
    if (status == TAMIS_OK) {
        status = check_paths(run_job, err);
    }
    if (status == TAMIS_OK) {
        status = name_job(run_job, err);
    }
    return status == TAMIS_OK
               ? tamis_out_claim(run_job->out_path, &run_job->job, run_job->id, out_state, err)
               : status;
}
