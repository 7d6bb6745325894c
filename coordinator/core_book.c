/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "core_internal.h"

#define TOLD_FIRST_CAPACITY 64
#define TOLD_SPARE          1024
#define RESEND_MS           2000

bool core_set_text(char **place, const char *text)
{
    char *copy = NULL;

    if (*place != NULL && text != NULL && strcmp(*place, text) == 0) {
        return true;
    }
    if (text != NULL) {
        copy = strdup(text);
        if (copy == NULL) {
            return false;
        }
    }
    free(*place);
    *place = copy;
    return true;
}

static void folder_free(core_folder *folder)
{
    if (folder != NULL) {
        free(folder->path);
        free(folder->host);
        free(folder->name);
        free(folder->user);
        free(folder->data_url);
        free(folder->public_key);
        free(folder->drain_peer);
        free(folder);
    }
}

void core_book_fini(core_book *book)
{
    for (uint32_t i = 0; i < book->count; i++) {
        folder_free(book->folders[i]);
    }
    free(book->folders);
    free(book->told);
    core_index_fini(&book->ids);
    core_index_fini(&book->places);
    *book = (core_book){.count = 0};
}

core_folder *core_book_at(const core_book *book, uint32_t number)
{
    return number < book->count ? book->folders[number] : NULL;
}

/* ---- Finding --------------------------------------------------------------------------------- */

static uint64_t id_hash(const char *id, const char *path)
{
    const char *name = id[0] == 0 ? path : id;

    return tamis_hash64(name, strlen(name));
}

static uint64_t place_hash(const char *host, const char *path)
{
    return tamis_mum(tamis_hash64(host, strlen(host)) ^ TAMIS_HASH_K2,
                     tamis_hash64(path, strlen(path)) ^ TAMIS_HASH_K1);
}

uint32_t core_book_find(const core_book *book, const char *id, const char *path)
{
    uint64_t hash = id_hash(id, path);
    uint32_t cursor = 0;
    uint32_t number = 0;

    while ((number = core_index_next(&book->ids, hash, &cursor)) != CORE_INDEX_NONE) {
        const core_folder *folder = book->folders[number];

        if (strcmp(folder->id, id) == 0 && (id[0] != 0 || strcmp(folder->path, path) == 0)) {
            return number;
        }
    }
    return CORE_NO_FOLDER;
}

uint32_t core_book_predecessor(const core_book *book, uint32_t number)
{
    const core_folder *own = book->folders[number];
    uint64_t hash = 0;
    uint32_t cursor = 0;
    uint32_t other = 0;

    if (own->host == NULL) {
        return CORE_NO_FOLDER;
    }
    hash = place_hash(own->host, own->path);
    while ((other = core_index_next(&book->places, hash, &cursor)) != CORE_INDEX_NONE) {
        const core_folder *folder = book->folders[other];

        if (other != number && !folder->is_replaced && strcmp(folder->host, own->host) == 0 &&
            strcmp(folder->path, own->path) == 0) {
            return other;
        }
    }
    return CORE_NO_FOLDER;
}

/* ---- Changing -------------------------------------------------------------------------------- */

/* Marks the folders that results of jobs are in. */
static void mark_used(const tamis_coordinator_core *core, uint8_t *is_used)
{
    for (uint32_t j = 0; j < core->job_count; j++) {
        const core_job *job = core->jobs[j];

        for (uint32_t s = 0; s < job->stage_count; s++) {
            const core_stage *stage = &job->stages[s];

            for (uint32_t t = 0; stage->tasks != NULL && t < stage->stage.task_count; t++) {
                if (stage->tasks[t].state == CORE_TASK_DONE) {
                    is_used[stage->tasks[t].folder] = 1;
                }
            }
        }
    }
}

tamis_status core_book_prune(core_step *step)
{
    core_book *book = &step->core->book;
    uint8_t *is_used = calloc((size_t)TAMIS_WIRE_NO_FOLDER + 1, 1);
    tamis_status status = TAMIS_OK;

    if (is_used == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory for the book of folders");
    }
    mark_used(step->core, is_used);
    for (uint32_t i = 0; i < book->count && status == TAMIS_OK; i++) {
        const core_folder *folder = book->folders[i];

        if (folder != NULL && folder->worker == CORE_NONE && !folder->is_local && !is_used[i] &&
            !folder->is_apart) {
            core_book_remove(book, i);
            status = core_delete_folder(step, i);
        }
    }
    free(is_used);
    return status;
}

/* A number that nobody uses; a full book makes room. CORE_NO_FOLDER: there is none. */
static uint32_t free_number(core_step *step)
{
    core_book *book = &step->core->book;

    if (book->used >= TAMIS_FOLDERS_MAX && core_book_prune(step) != TAMIS_OK) {
        return CORE_NO_FOLDER;
    }
    while (book->free_hint < book->count && book->folders[book->free_hint] != NULL) {
        book->free_hint++;
    }
    return book->free_hint < TAMIS_FOLDERS_MAX ? book->free_hint : CORE_NO_FOLDER;
}

static bool make_room(core_book *book, uint32_t number)
{
    if (number >= book->count) {
        core_folder **folders =
            reallocarray(book->folders, (size_t)number + 1, sizeof(core_folder *));

        if (folders == NULL) {
            return false;
        }
        for (uint32_t i = book->count; i <= number; i++) {
            folders[i] = NULL;
        }
        book->folders = folders;
        book->count = number + 1;
    }
    return core_index_reserve(&book->ids);
}

uint32_t core_book_add(core_step *step, uint32_t number, const char *id, const char *path)
{
    core_book *book = &step->core->book;
    core_folder *folder = NULL;

    if (number == CORE_NONE) {
        number = free_number(step);
    }
    if (number >= TAMIS_FOLDERS_MAX || !make_room(book, number) || book->folders[number] != NULL) {
        return CORE_NO_FOLDER;
    }
    folder = calloc(1, sizeof(*folder));
    if (folder == NULL || !core_set_text(&folder->path, path)) {
        folder_free(folder);
        return CORE_NO_FOLDER;
    }
    (void)snprintf(folder->id, sizeof(folder->id), "%s", id);
    folder->worker = CORE_NONE;
    folder->heard_ms = step->now_ms;
    book->folders[number] = folder;
    book->used++;
    core_index_add(&book->ids, id_hash(id, path), number);
    return core_book_touch(book, number) ? number : CORE_NO_FOLDER;
}

bool core_book_place(core_book *book, uint32_t number, const char *host, const char *path)
{
    core_folder *folder = book->folders[number];
    bool is_same_path = strcmp(folder->path, path) == 0;

    if (folder->host != NULL && is_same_path && strcmp(folder->host, host) == 0) {
        return true;
    }
    if (!core_index_reserve(&book->places)) {
        return false;
    }
    if (folder->host != NULL) {
        core_index_remove(&book->places, place_hash(folder->host, folder->path), number);
        free(folder->host);
        folder->host = NULL;
    }
    /* A folder without id is found by its path, which never changes then. */
    TAMIS_ASSERT(folder->id[0] != 0 || is_same_path);
    if (!core_set_text(&folder->host, host) || !core_set_text(&folder->path, path)) {
        free(folder->host);
        folder->host = NULL;
        return false;
    }
    core_index_add(&book->places, place_hash(host, path), number);
    return true;
}

void core_book_remove(core_book *book, uint32_t number)
{
    core_folder *folder = book->folders[number];

    core_index_remove(&book->ids, id_hash(folder->id, folder->path), number);
    if (folder->host != NULL) {
        core_index_remove(&book->places, place_hash(folder->host, folder->path), number);
    }
    folder_free(folder);
    book->folders[number] = NULL;
    book->used--;
    book->free_hint = number < book->free_hint ? number : book->free_hint;
}

/* ---- Telling --------------------------------------------------------------------------------- */

static bool is_current(const core_book *book, const core_told *told)
{
    const core_folder *folder = core_book_at(book, told->number);

    return folder != NULL && folder->version == told->version;
}

static void forget_outdated(core_book *book)
{
    size_t kept = 0;

    for (size_t i = 0; i < book->told_count; i++) {
        if (is_current(book, &book->told[i])) {
            book->told[kept++] = book->told[i];
        }
    }
    book->told_count = kept;
}

bool core_book_touch(core_book *book, uint32_t number)
{
    if (book->told_count >= 2 * (size_t)book->used + TOLD_SPARE) {
        forget_outdated(book);
    }
    if (book->told_count == book->told_capacity) {
        size_t capacity = book->told_capacity == 0 ? TOLD_FIRST_CAPACITY : book->told_capacity * 2;
        core_told *told = reallocarray(book->told, capacity, sizeof(*told));

        if (told == NULL) {
            return false;
        }
        book->told = told;
        book->told_capacity = capacity;
    }
    book->folders[number]->version = ++book->version;
    book->told[book->told_count++] = (core_told){.version = book->version, .number = number};
    return true;
}

static size_t first_after(const core_book *book, uint64_t version)
{
    size_t low = 0;
    size_t high = book->told_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (book->told[middle].version <= version) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static tamis_folder_row row_of(const core_folder *folder, uint32_t number)
{
    return (tamis_folder_row){
        .number = number,
        .path = folder->path,
        .folder_id = folder->id,
        .data_url = core_text(folder->data_url),
        .public_key = core_text(folder->public_key),
        .is_alive = folder->is_local || folder->worker != CORE_NONE,
    };
}

size_t tamis_coordinator_core_folders(const tamis_coordinator_core *core, uint64_t version,
                                      tamis_folder_row *rows, size_t row_count_max,
                                      size_t bytes_max, uint64_t *out_version)
{
    const core_book *book = &core->book;
    size_t bytes = 0;
    size_t count = 0;
    size_t i = 0;

    *out_version = version;
    for (i = first_after(book, version); i < book->told_count; i++) {
        const core_told *told = &book->told[i];

        if (!is_current(book, told)) {
            continue;
        }
        if (count == row_count_max) {
            return count; /* the rest is for the next time */
        }
        rows[count] = row_of(book->folders[told->number], told->number);
        bytes += tamis_folder_row_size(&rows[count]);
        if (bytes > bytes_max) {
            return count;
        }
        count++;
        *out_version = told->version;
    }
    *out_version = book->version > version ? book->version : version;
    return count;
}

tamis_status core_send_folders(core_step *step, core_worker *worker, uint64_t version)
{
    tamis_message message = core_message(step, TAMIS_MESSAGE_FOLDERS, NULL, 0);
    tamis_folder_row *rows = NULL;
    tamis_status status = TAMIS_OK;

    if (version >= step->core->book.version ||
        (worker->sent_folders.wait_ms != 0 && worker->sent_folders.what == version &&
         step->now_ms - worker->sent_folders.sent_ms < RESEND_MS)) {
        return TAMIS_OK;
    }
    rows = calloc(TAMIS_FOLDERS_ROWS_MAX, sizeof(*rows));
    if (rows == NULL) {
        return tamis_err_set(step->err, TAMIS_ENOMEM, "no memory to tell of folders");
    }
    message.body.folders.from_version = version;
    message.body.folders.row_count =
        tamis_coordinator_core_folders(step->core, version, rows, TAMIS_FOLDERS_ROWS_MAX,
                                       TAMIS_ROWS_BYTES_MAX, &message.body.folders.to_version);
    message.body.folders.rows = rows;
    worker->sent_folders =
        (core_sent){.what = version, .sent_ms = step->now_ms, .wait_ms = RESEND_MS};
    status = core_send(step, core_peer(worker), &message, core_nothing());
    free(rows);
    return status;
}
