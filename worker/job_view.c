/* SPDX-License-Identifier: Apache-2.0 */
#include <stdatomic.h>
#include <stdlib.h>

#include "tamis/attempt.h"
#include "tamis/bytes.h"
#include "tamis/wire.h"

typedef struct owner_table {
    char **folders;
    size_t folder_count;
    uint16_t *owners; /* by task */
} owner_table;

struct tamis_job_view {
    _Atomic unsigned keepers;
    tamis_job *job;
    tamis_stage stages[TAMIS_STAGES_MAX];
    uint32_t stage_count;
    owner_table *owners[TAMIS_STAGES_MAX]; /* NULL: not known */
};

tamis_status tamis_job_view_create(tamis_slice packed, tamis_job_view **out_view, tamis_err *err)
{
    tamis_job_view *view = calloc(1, sizeof(*view));
    tamis_status status = TAMIS_OK;

    if (view == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a job");
    }
    status = tamis_job_unpack(packed, &view->job, err);
    if (status != TAMIS_OK) {
        free(view);
        return status;
    }
    atomic_init(&view->keepers, 1);
    view->stage_count = tamis_job_stages(view->job, view->stages);
    *out_view = view;
    return TAMIS_OK;
}

static void table_destroy(owner_table *table)
{
    if (table == NULL) {
        return;
    }
    for (size_t i = 0; table->folders != NULL && i < table->folder_count; i++) {
        free(table->folders[i]);
    }
    free(table->folders);
    free(table->owners);
    free(table);
}

tamis_job_view *tamis_job_view_keep(tamis_job_view *view)
{
    atomic_fetch_add_explicit(&view->keepers, 1, memory_order_relaxed);
    return view;
}

void tamis_job_view_destroy(tamis_job_view *view)
{
    /* What every keeper did with the view comes before the last one frees it. */
    if (view == NULL || atomic_fetch_sub_explicit(&view->keepers, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (uint32_t s = 0; s < view->stage_count; s++) {
        table_destroy(view->owners[s]);
    }
    tamis_job_destroy(view->job);
    free(view);
}

const tamis_job *tamis_job_view_job(const tamis_job_view *view)
{
    return view->job;
}

const tamis_stage *tamis_job_view_stages(const tamis_job_view *view, uint32_t *out_count)
{
    *out_count = view->stage_count;
    return view->stages;
}

static tamis_status table_create(uint32_t task_count, const char *const *folders,
                                 size_t folder_count, const uint8_t *bytes, owner_table **out_table,
                                 tamis_err *err)
{
    owner_table *table = calloc(1, sizeof(*table));
    tamis_status status = TAMIS_ENOMEM;

    if (table == NULL) {
        goto out;
    }
    table->folders = calloc(folder_count + 1, sizeof(char *));
    table->owners = calloc((size_t)task_count + 1, sizeof(uint16_t));
    if (table->folders == NULL || table->owners == NULL) {
        goto out;
    }
    for (; table->folder_count < folder_count; table->folder_count++) {
        table->folders[table->folder_count] = strdup(folders[table->folder_count]);
        if (table->folders[table->folder_count] == NULL) {
            goto out;
        }
    }
    for (uint32_t t = 0; t < task_count; t++) {
        table->owners[t] = tamis_get16le(bytes + (size_t)t * 2);
        if (table->owners[t] != TAMIS_WIRE_NO_FOLDER && table->owners[t] >= folder_count) {
            status = TAMIS_EFORMAT;
            goto out;
        }
    }
    *out_table = table;
    table = NULL;
    status = TAMIS_OK;

out:
    table_destroy(table);
    return status == TAMIS_OK ? TAMIS_OK
                              : tamis_err_set(err, status, "job: owners cannot be taken in");
}

tamis_status tamis_job_view_add_owners(tamis_job_view *view, uint32_t first, uint32_t end,
                                       const char *const *folders, size_t folder_count,
                                       tamis_slice table, tamis_err *err)
{
    uint64_t need = 0;
    const uint8_t *at = table.data;

    if (first > end || end > view->stage_count) {
        return tamis_err_set(err, TAMIS_EFORMAT, "job: owners of stages that it does not have");
    }
    for (uint32_t s = first; s < end; s++) {
        need += (uint64_t)view->stages[s].task_count * 2;
    }
    if (need != table.size) {
        return tamis_err_set(err, TAMIS_EFORMAT, "job: %zu bytes of owners, %llu are expected",
                             table.size, (unsigned long long)need);
    }
    for (uint32_t s = first; s < end; s++) {
        if (view->owners[s] == NULL) {
            tamis_status status = table_create(view->stages[s].task_count, folders, folder_count,
                                               at, &view->owners[s], err);

            if (status != TAMIS_OK) {
                return status;
            }
        }
        at += (size_t)view->stages[s].task_count * 2;
    }
    return TAMIS_OK;
}

uint32_t tamis_job_view_known_stages(const tamis_job_view *view)
{
    uint32_t known = 0;

    while (known < view->stage_count && view->owners[known] != NULL) {
        known++;
    }
    return known;
}

const char *tamis_job_view_owner(const tamis_job_view *view, uint32_t stage, uint32_t task)
{
    const owner_table *table = stage < view->stage_count ? view->owners[stage] : NULL;

    if (table == NULL || task >= view->stages[stage].task_count ||
        table->owners[task] == TAMIS_WIRE_NO_FOLDER) {
        return NULL;
    }
    return table->folders[table->owners[task]];
}
