/* SPDX-License-Identifier: Apache-2.0 */
/* Names of output files. A name is taken once; an input of several splits also takes all names
 * NAME/digits, which its parts have. No name is a folder of another's where that one's file is, and
 * no component is so long that a file system refuses it behind a suffix. */
#include <inttypes.h>
#include <stdlib.h>

#include "discovery.h"
#include "tamis/hash.h"
#include "tamis/utf8.h"

#define COMPONENT_BYTES_MAX 200 /* leaves room for suffixes, of temporary files too */
#define COMPONENT_HEAD      183 /* of a longer one; then '~' and 16 hexadecimal digits */

#define SUFFIX_BYTES 16

static const char *const output_suffixes[] = {".jsonl", ".jsonl.gz", ".jsonl.zst"};

/* Borrowed strings in an open-addressed table, at most half full. */
typedef struct name_set {
    tamis_slice *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t count;
} name_set;

typedef struct name_sets {
    name_set names;
    name_set folders;  /* names of inputs with several splits */
    name_set numbered; /* folders in which some name of digits lies */
    name_set above;    /* folders that some name lies in, at any depth */
} name_sets;

static tamis_slice *name_set_place(const name_set *set, tamis_slice name)
{
    size_t i = (size_t)tamis_hash64(name.data, name.size) & (set->slot_count - 1);

    while (set->slots[i].data != NULL && !tamis_slice_is_equal(set->slots[i], name)) {
        i = (i + 1) & (set->slot_count - 1);
    }
    return &set->slots[i];
}

static bool name_set_has(const name_set *set, tamis_slice name)
{
    return set->slot_count != 0 && name_set_place(set, name)->data != NULL;
}

static tamis_status name_set_add(name_set *set, tamis_slice name)
{
    tamis_slice *place = NULL;

    if (set->count * 2 >= set->slot_count) {
        name_set larger = {.slot_count = set->slot_count == 0 ? 64 : set->slot_count * 2};

        larger.slots = calloc(larger.slot_count, sizeof(*larger.slots));
        if (larger.slots == NULL) {
            return TAMIS_ENOMEM;
        }
        for (size_t i = 0; i < set->slot_count; i++) {
            if (set->slots[i].data != NULL) {
                *name_set_place(&larger, set->slots[i]) = set->slots[i];
                larger.count++;
            }
        }
        free(set->slots);
        *set = larger;
    }
    place = name_set_place(set, name);
    set->count += place->data == NULL;
    *place = name;
    return TAMIS_OK;
}

/* The folder of a name whose last component is of digits only; empty: it is not. */
static tamis_slice name_number_folder(tamis_slice name)
{
    size_t size = name.size;

    while (size > 0 && name.data[size - 1] >= '0' && name.data[size - 1] <= '9') {
        size--;
    }
    return size == 0 || size == name.size || name.data[size - 1] != '/'
               ? tamis_slice_of(NULL, 0)
               : tamis_slice_of(name.data, size - 1);
}

/* The folder that the name lies in; empty: none. */
static tamis_slice name_above(tamis_slice name)
{
    while (name.size > 0 && name.data[name.size - 1] != '/') {
        name.size--;
    }
    return tamis_slice_of(name.data, name.size == 0 ? 0 : name.size - 1);
}

/* Whether the name's file would have to be where a folder is. `name` has room behind it for the
 * suffixes. */
static bool file_is_folder(const name_sets *sets, tamis_buf *name)
{
    size_t stem = name->size;
    bool is_folder = false;

    for (size_t i = 0; i < sizeof(output_suffixes) / sizeof(output_suffixes[0]); i++) {
        size_t size = strlen(output_suffixes[i]);

        memcpy(name->data + stem, output_suffixes[i], size);
        is_folder =
            is_folder || name_set_has(&sets->above, tamis_slice_of(name->data, stem + size));
    }
    return is_folder;
}

static bool name_is_free(const name_sets *sets, tamis_slice name, bool is_folder)
{
    tamis_slice folder = name_number_folder(name);

    return !name_set_has(&sets->names, name) &&
           !(folder.size != 0 && name_set_has(&sets->folders, folder)) &&
           !(is_folder && name_set_has(&sets->numbered, name));
}

static tamis_status name_take(name_sets *sets, tamis_slice name, bool is_folder)
{
    tamis_slice folder = name_number_folder(name);
    tamis_status status = name_set_add(&sets->names, name);

    if (status == TAMIS_OK && is_folder) {
        status = name_set_add(&sets->folders, name);
    }
    if (status == TAMIS_OK && folder.size != 0) {
        status = name_set_add(&sets->numbered, folder);
    }
    return status;
}

/* Bytes of the longest folder (with its slash) that all paths of a class lie below. */
static size_t common_folder_size(const discovery *found, bool is_against)
{
    const char *common = NULL;
    size_t size = 0;

    for (size_t i = 0; i < found->count; i++) {
        const char *path = found->items[i].normal;
        size_t same = 0;

        if (found->items[i].input.is_against != is_against || found->items[i].is_stdin) {
            continue;
        }
        if (common == NULL) {
            common = path;
            size = (size_t)(strrchr(path, '/') - path) + 1;
            continue;
        }
        while (same < size && path[same] == common[same]) {
            same++;
        }
        size = same;
        while (size > 0 && common[size - 1] != '/') {
            size--;
        }
    }
    return size;
}

/* Appends the bytes as valid UTF-8: they go into JSON. */
static tamis_status name_repair(tamis_slice bytes, tamis_buf *out)
{
    tamis_buf in; /* with the slack that the check wants */
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&in, 0);
    status = tamis_buf_append(&in, bytes.data, bytes.size);
    if (status == TAMIS_OK) {
        status = tamis_utf8_repair(tamis_buf_slice(&in), out);
    }
    tamis_buf_fini(&in);
    return status;
}

/* Shortens components that are too long: what is left of them, and a hash of the whole. */
static tamis_status name_shorten(tamis_buf *name)
{
    tamis_buf whole = *name;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(name, 0);
    for (size_t at = 0; status == TAMIS_OK && at < whole.size;) {
        const uint8_t *component = whole.data + at;
        const uint8_t *slash = memchr(component, '/', whole.size - at);
        size_t size = slash == NULL ? whole.size - at : (size_t)(slash - component);
        size_t head = size;

        if (size > COMPONENT_BYTES_MAX) {
            head = COMPONENT_HEAD;
            while ((component[head] & 0xc0) == 0x80) { /* not within a character */
                head--;
            }
        }
        status = tamis_buf_append(name, component, head);
        if (status == TAMIS_OK && head != size) {
            status = tamis_buf_append_format(name, "~%016" PRIx64, tamis_hash64(component, size));
        }
        if (status == TAMIS_OK && slash != NULL) {
            status = tamis_buf_append_byte(name, '/');
        }
        at += size + (slash != NULL);
    }
    tamis_buf_fini(&whole);
    return status;
}

/* The name that the input has if nothing stands in its way. All are known before the first is
 * given: a folder cannot make way for a file. */
static tamis_status name_begin(name_sets *sets, discovered *item, size_t common_size)
{
    const char *relative = item->is_stdin ? "stdin" : item->normal + common_size;
    tamis_slice folder;
    tamis_buf name;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&name, 0);
    status =
        name_repair(tamis_slice_of(relative, format_stem_size(relative, strlen(relative))), &name);
    if (status == TAMIS_OK) {
        status = name_shorten(&name);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_append_byte(&name, 0);
    }
    if (status != TAMIS_OK) {
        tamis_buf_fini(&name);
        return status;
    }
    item->input.name = (char *)name.data;
    folder = name_above(tamis_slice_of_string(item->input.name));
    while (status == TAMIS_OK && folder.size != 0 && !name_set_has(&sets->above, folder)) {
        status = name_set_add(&sets->above, folder);
        folder = name_above(folder);
    }
    return status;
}

/* Numbers the name until it is free. The sets borrow from the name as it was before, too. */
static tamis_status name_give(name_sets *sets, discovered *item)
{
    bool is_folder = item->input.split_count > 1;
    size_t stem = strlen(item->input.name);
    tamis_buf name;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&name, 0);
    status = tamis_buf_append(&name, item->input.name, stem);
    for (uint64_t number = 2; status == TAMIS_OK; number++) {
        status = tamis_buf_reserve(&name, SUFFIX_BYTES);
        if (status != TAMIS_OK ||
            (name.size != 0 && name_is_free(sets, tamis_buf_slice(&name), is_folder) &&
             (is_folder || !file_is_folder(sets, &name)))) {
            break;
        }
        name.size = stem;
        status = tamis_buf_append_format(&name, "~%llu", (unsigned long long)number);
    }
    if (status == TAMIS_OK) {
        status = tamis_buf_append_byte(&name, 0);
    }
    if (status == TAMIS_OK) {
        item->stem = item->input.name;
        item->input.name = (char *)name.data;
        name = (tamis_buf){.data = NULL};
        status = name_take(sets, tamis_slice_of_string(item->input.name), is_folder);
    }
    tamis_buf_fini(&name);
    return status;
}

/* Replaces *text by its repaired form. */
static tamis_status text_repair(char **text)
{
    tamis_buf repaired;
    tamis_status status = TAMIS_OK;

    if (*text == NULL) {
        return TAMIS_OK;
    }
    tamis_buf_init(&repaired, 0);
    status = name_repair(tamis_slice_of_string(*text), &repaired);
    if (status == TAMIS_OK) {
        status = tamis_buf_append_byte(&repaired, 0);
    }
    if (status == TAMIS_OK) {
        free(*text);
        *text = (char *)repaired.data;
    } else {
        tamis_buf_fini(&repaired);
    }
    return status;
}

static void stems_free(discovery *found)
{
    for (size_t i = 0; i < found->count; i++) {
        free(found->items[i].stem);
        found->items[i].stem = NULL;
    }
}

tamis_status names_give(discovery *found, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (int is_against = 0; is_against <= 1 && status == TAMIS_OK; is_against++) {
        size_t common_size = common_folder_size(found, is_against != 0);
        name_sets sets = {.names = {.slots = NULL}};

        for (size_t i = 0; i < found->count && status == TAMIS_OK; i++) {
            if (found->items[i].input.is_against == (is_against != 0)) {
                status = name_begin(&sets, &found->items[i], common_size);
            }
        }
        for (size_t i = 0; i < found->count && status == TAMIS_OK; i++) {
            if (found->items[i].input.is_against == (is_against != 0)) {
                status = name_give(&sets, &found->items[i]);
            }
        }
        free(sets.names.slots);
        free(sets.folders.slots);
        free(sets.numbered.slots);
        free(sets.above.slots);
        stems_free(found);
    }
    for (size_t i = 0; i < found->count && status == TAMIS_OK; i++) {
        status = text_repair(&found->items[i].input.shown);
        if (status == TAMIS_OK) {
            status = text_repair(&found->items[i].input.fault_text);
        }
    }
    return status == TAMIS_OK ? TAMIS_OK : discovery_no_memory(err);
}
