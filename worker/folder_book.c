/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/folder_book.h"

#include <pthread.h>
#include <stdlib.h>

/* A path that readers may still hold. */
typedef struct book_path {
    struct book_path *next;
    char text[];
} book_path;

typedef struct book_entry {
    book_path *paths; /* the newest first */
    uint32_t number;  /* UINT32_MAX: none in this epoch */
    tamis_folder_entry told;
} book_entry;

struct tamis_folder_book {
    pthread_mutex_t mutex;
    book_entry **entries; /* guarded by: mutex, with all below; an entry stays where it is */
    uint64_t *hashes;     /* of the entries' names: a scan of these finds one among thousands */
    uint16_t count;
    uint16_t capacity;
    uint16_t *indexes; /* by number */
    uint32_t index_count;
    uint64_t version;
};

tamis_status tamis_folder_book_create(tamis_folder_book **out_book)
{
    tamis_folder_book *book = calloc(1, sizeof(*book));

    if (book == NULL) {
        return TAMIS_ENOMEM;
    }
    if (pthread_mutex_init(&book->mutex, NULL) != 0) {
        free(book);
        return TAMIS_ENOMEM;
    }
    *out_book = book;
    return TAMIS_OK;
}

static void entry_destroy(book_entry *entry)
{
    while (entry != NULL && entry->paths != NULL) {
        book_path *path = entry->paths;

        entry->paths = path->next;
        free(path);
    }
    free(entry);
}

void tamis_folder_book_destroy(tamis_folder_book *book)
{
    if (book == NULL) {
        return;
    }
    for (uint16_t i = 0; i < book->count; i++) {
        entry_destroy(book->entries[i]);
    }
    free(book->entries);
    free(book->hashes);
    free(book->indexes);
    (void)pthread_mutex_destroy(&book->mutex);
    free(book);
}

void tamis_folder_book_begin(tamis_folder_book *book)
{
    (void)pthread_mutex_lock(&book->mutex);
    for (uint16_t i = 0; i < book->count; i++) {
        book->entries[i]->number = UINT32_MAX;
    }
    book->index_count = 0;
    book->version = 0;
    (void)pthread_mutex_unlock(&book->mutex);
}

uint64_t tamis_folder_book_version(tamis_folder_book *book)
{
    uint64_t version = 0;

    (void)pthread_mutex_lock(&book->mutex);
    version = book->version;
    (void)pthread_mutex_unlock(&book->mutex);
    return version;
}

/* ---- Taking in ------------------------------------------------------------------------------- */

/* What tells a folder apart. */
static const char *name_of(const char *folder_id, const char *path)
{
    return folder_id[0] == 0 ? path : folder_id;
}

static uint16_t find_entry(const tamis_folder_book *book, const char *name, uint64_t hash)
{
    for (uint16_t i = 0; i < book->count; i++) {
        const tamis_folder_entry *told = &book->entries[i]->told;

        if (book->hashes[i] == hash && strcmp(name_of(told->folder_id, told->path), name) == 0) {
            return i;
        }
    }
    return TAMIS_FOLDER_NO_INDEX;
}

static tamis_status set_path(book_entry *entry, const char *text)
{
    size_t size = strlen(text) + 1;
    book_path *path = NULL;

    if (entry->paths != NULL && strcmp(entry->paths->text, text) == 0) {
        return TAMIS_OK;
    }
    path = malloc(sizeof(*path) + size);
    if (path == NULL) {
        return TAMIS_ENOMEM;
    }
    memcpy(path->text, text, size);
    path->next = entry->paths;
    entry->paths = path;
    entry->told.path = path->text;
    return TAMIS_OK;
}

static tamis_status grow(tamis_folder_book *book)
{
    uint32_t capacity = book->capacity < UINT16_MAX / 2 ? book->capacity * 2u + 16 : UINT16_MAX;
    book_entry **entries = reallocarray(book->entries, capacity, sizeof(*entries));
    uint64_t *hashes = NULL;

    if (entries == NULL) {
        return TAMIS_ENOMEM;
    }
    book->entries = entries;
    hashes = reallocarray(book->hashes, capacity, sizeof(*hashes));
    if (hashes == NULL) {
        return TAMIS_ENOMEM;
    }
    book->hashes = hashes;
    book->capacity = (uint16_t)capacity;
    return TAMIS_OK;
}

static tamis_status add_entry(tamis_folder_book *book, const tamis_folder_row *row, uint64_t hash,
                              uint16_t *out_index)
{
    book_entry *entry = NULL;

    if (book->count == TAMIS_FOLDER_NO_INDEX) {
        return TAMIS_ELIMIT;
    }
    if (book->count == book->capacity && grow(book) != TAMIS_OK) {
        return TAMIS_ENOMEM;
    }
    entry = calloc(1, sizeof(*entry));
    if (entry == NULL || set_path(entry, row->path) != TAMIS_OK) {
        entry_destroy(entry);
        return TAMIS_ENOMEM;
    }
    (void)snprintf(entry->told.folder_id, sizeof(entry->told.folder_id), "%s", row->folder_id);
    *out_index = book->count;
    book->hashes[book->count] = hash;
    book->entries[book->count++] = entry;
    return TAMIS_OK;
}

static tamis_status set_number(tamis_folder_book *book, uint32_t number, uint16_t index)
{
    if (number >= book->index_count) {
        uint16_t *indexes = reallocarray(book->indexes, (size_t)number + 1, sizeof(*indexes));

        if (indexes == NULL) {
            return TAMIS_ENOMEM;
        }
        book->indexes = indexes;
        while (book->index_count <= number) {
            book->indexes[book->index_count++] = TAMIS_FOLDER_NO_INDEX;
        }
    }
    if (book->indexes[number] != TAMIS_FOLDER_NO_INDEX) {
        book->entries[book->indexes[number]]->number = UINT32_MAX;
    }
    book->indexes[number] = index;
    book->entries[index]->number = number;
    return TAMIS_OK;
}

static tamis_status take_row(tamis_folder_book *book, const tamis_folder_row *row)
{
    const char *name = name_of(row->folder_id, row->path);
    uint64_t hash = tamis_hash64(name, strlen(name));
    uint16_t index = find_entry(book, name, hash);
    tamis_folder_entry *told = NULL;
    tamis_status status = TAMIS_OK;

    if (row->number >= TAMIS_WIRE_NO_FOLDER || strlen(row->data_url) >= TAMIS_URL_SIZE) {
        return TAMIS_EFORMAT;
    }
    if (index == TAMIS_FOLDER_NO_INDEX) {
        status = add_entry(book, row, hash, &index);
    } else {
        status = set_path(book->entries[index], row->path);
    }
    if (status == TAMIS_OK) {
        status = set_number(book, row->number, index);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    told = &book->entries[index]->told;
    (void)snprintf(told->data_url, sizeof(told->data_url), "%s", row->data_url);
    (void)snprintf(told->public_key, sizeof(told->public_key), "%s", row->public_key);
    told->is_alive = row->is_alive;
    return TAMIS_OK;
}

tamis_status tamis_folder_book_apply(tamis_folder_book *book, uint64_t from_version,
                                     uint64_t to_version, const tamis_folder_row *rows,
                                     size_t row_count, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    (void)pthread_mutex_lock(&book->mutex);
    if (from_version != book->version) {
        status = TAMIS_EAGAIN;
    }
    for (size_t i = 0; i < row_count && status == TAMIS_OK; i++) {
        status = take_row(book, &rows[i]);
    }
    if (status == TAMIS_OK) {
        book->version = to_version;
    }
    (void)pthread_mutex_unlock(&book->mutex);
    return status == TAMIS_OK
               ? TAMIS_OK
               : tamis_err_set(err, status, "the coordinator's list of data folders: %s",
                               tamis_status_text(status));
}

/* ---- Looking up ------------------------------------------------------------------------------ */

uint16_t tamis_folder_book_index(tamis_folder_book *book, uint32_t number)
{
    uint16_t index = TAMIS_FOLDER_NO_INDEX;

    (void)pthread_mutex_lock(&book->mutex);
    if (number < book->index_count) {
        index = book->indexes[number];
    }
    (void)pthread_mutex_unlock(&book->mutex);
    return index;
}

uint32_t tamis_folder_book_number(tamis_folder_book *book, uint16_t index)
{
    uint32_t number = UINT32_MAX;

    (void)pthread_mutex_lock(&book->mutex);
    if (index < book->count) {
        number = book->entries[index]->number;
    }
    (void)pthread_mutex_unlock(&book->mutex);
    return number;
}

bool tamis_folder_book_get(tamis_folder_book *book, uint16_t index, tamis_folder_entry *out_entry)
{
    bool is_there = false;

    (void)pthread_mutex_lock(&book->mutex);
    is_there = index < book->count;
    if (is_there) {
        *out_entry = book->entries[index]->told;
    }
    (void)pthread_mutex_unlock(&book->mutex);
    return is_there;
}

bool tamis_folder_book_has_key(tamis_folder_book *book, const char *public_key)
{
    bool is_known = false;

    (void)pthread_mutex_lock(&book->mutex);
    for (uint16_t i = 0; i < book->count && !is_known; i++) {
        const tamis_folder_entry *told = &book->entries[i]->told;

        is_known =
            told->is_alive && told->public_key[0] != 0 && strcmp(told->public_key, public_key) == 0;
    }
    (void)pthread_mutex_unlock(&book->mutex);
    return is_known;
}
