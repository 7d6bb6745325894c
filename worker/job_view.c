/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>

#include "tamis/attempt.h"
#include "tamis/bytes.h"

/* What all views of a job have in common. */
typedef struct shared_job {
    _Atomic unsigned keepers;
    tamis_job *job;
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t stage_count;
} shared_job;

struct tamis_job_view {
    _Atomic unsigned keepers;
    shared_job *shared;
    tamis_folder_book *book;
    uint16_t *owners[TAMIS_STAGES_MAX]; /* indexes in the book, by task; NULL: not known */
};

/* Whether that was the last one. What every keeper did comes before it frees. */
static bool let_go(_Atomic unsigned *keepers)
{
    return atomic_fetch_sub_explicit(keepers, 1, memory_order_acq_rel) == 1;
}

static tamis_status share_job(tamis_slice packed, shared_job **out_shared, tamis_err *err)
{
    shared_job *shared = calloc(1, sizeof(*shared));
    tamis_status status = TAMIS_OK;

    if (shared == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a job");
    }
    status = tamis_job_unpack(packed, &shared->job, err);
    if (status != TAMIS_OK) {
        free(shared);
        return status;
    }
    atomic_init(&shared->keepers, 1);
    shared->stage_count = tamis_job_stages(shared->job, shared->stages);
    *out_shared = shared;
    return TAMIS_OK;
}

static void shared_job_destroy(shared_job *shared)
{
    if (let_go(&shared->keepers)) {
        tamis_job_destroy(shared->job);
        free(shared);
    }
}

/* Takes one keeper of `shared`, also on failure. */
static tamis_status make_view(shared_job *shared, tamis_folder_book *book,
                              tamis_job_view **out_view, tamis_err *err)
{
    tamis_job_view *view = calloc(1, sizeof(*view));

    if (view == NULL) {
        shared_job_destroy(shared);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a job");
    }
    atomic_init(&view->keepers, 1);
    view->shared = shared;
    view->book = book;
    *out_view = view;
    return TAMIS_OK;
}

tamis_status tamis_job_view_create(tamis_slice packed, tamis_folder_book *book,
                                   tamis_job_view **out_view, tamis_err *err)
{
    shared_job *shared = NULL;
    tamis_status status = share_job(packed, &shared, err);

    return status == TAMIS_OK ? make_view(shared, book, out_view, err) : status;
}

tamis_status tamis_job_view_create_like(const tamis_job_view *like, tamis_job_view **out_view,
                                        tamis_err *err)
{
    atomic_fetch_add_explicit(&like->shared->keepers, 1, memory_order_relaxed);
    return make_view(like->shared, like->book, out_view, err);
}

tamis_job_view *tamis_job_view_keep(tamis_job_view *view)
{
    atomic_fetch_add_explicit(&view->keepers, 1, memory_order_relaxed);
    return view;
}

void tamis_job_view_destroy(tamis_job_view *view)
{
    if (view == NULL || !let_go(&view->keepers)) {
        return;
    }
    for (uint32_t s = 0; s < view->shared->stage_count; s++) {
        free(view->owners[s]);
    }
    shared_job_destroy(view->shared);
    free(view);
}

const tamis_job *tamis_job_view_job(const tamis_job_view *view)
{
    return view->shared->job;
}

tamis_folder_book *tamis_job_view_book(const tamis_job_view *view)
{
    return view->book;
}

const tamis_stage *tamis_job_view_stages(const tamis_job_view *view, uint32_t *out_count)
{
    *out_count = view->shared->stage_count;
    return view->shared->stages;
}

/* ---- Owners ---------------------------------------------------------------------------------- */

static tamis_status read_table(const tamis_job_view *view, uint32_t task_count,
                               const uint8_t *bytes, uint16_t **out_owners, tamis_err *err)
{
    uint16_t *owners = calloc((size_t)task_count + 1, sizeof(*owners));

    if (owners == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for the places of results");
    }
    for (uint32_t t = 0; t < task_count; t++) {
        uint16_t number = tamis_get16le(bytes + (size_t)t * 2);

        owners[t] = TAMIS_FOLDER_NO_INDEX;
        if (number == TAMIS_WIRE_NO_FOLDER) {
            continue;
        }
        owners[t] = tamis_folder_book_index(view->book, number);
        if (owners[t] == TAMIS_FOLDER_NO_INDEX) {
            free(owners);
            return tamis_err_set(err, TAMIS_EAGAIN, "data folder %u is not known yet", number);
        }
    }
    *out_owners = owners;
    return TAMIS_OK;
}

tamis_status tamis_job_view_add_owners(tamis_job_view *view, uint32_t first, uint32_t end,
                                       tamis_slice table, tamis_err *err)
{
    const tamis_stage *stages = view->shared->stages;
    uint64_t need = 0;
    const uint8_t *at = table.data;

    if (first > end || end > view->shared->stage_count) {
        return tamis_err_set(err, TAMIS_EFORMAT, "job: owners of stages that it does not have");
    }
    for (uint32_t s = first; s < end; s++) {
        need += (uint64_t)stages[s].task_count * 2;
    }
    if (need != table.size) {
        return tamis_err_set(err, TAMIS_EFORMAT, "job: %zu bytes of owners, %llu are expected",
                             table.size, (unsigned long long)need);
    }
    for (uint32_t s = first; s < end; s++) {
        if (view->owners[s] == NULL) {
            tamis_status status = read_table(view, stages[s].task_count, at, &view->owners[s], err);

            if (status != TAMIS_OK) {
                return status;
            }
        }
        at += (size_t)stages[s].task_count * 2;
    }
    return TAMIS_OK;
}

uint32_t tamis_job_view_known_stages(const tamis_job_view *view)
{
    uint32_t known = 0;

    while (known < view->shared->stage_count && view->owners[known] != NULL) {
        known++;
    }
    return known;
}

uint16_t tamis_job_view_folder(const tamis_job_view *view, uint32_t stage, uint32_t task)
{
    if (stage >= view->shared->stage_count || view->owners[stage] == NULL ||
        task >= view->shared->stages[stage].task_count) {
        return TAMIS_FOLDER_NO_INDEX;
    }
    return view->owners[stage][task];
}

const char *tamis_job_view_owner(const tamis_job_view *view, uint32_t stage, uint32_t task)
{
    tamis_folder_entry entry;
    uint16_t index = tamis_job_view_folder(view, stage, task);

    return index != TAMIS_FOLDER_NO_INDEX && tamis_folder_book_get(view->book, index, &entry)
               ? entry.path
               : NULL;
}
