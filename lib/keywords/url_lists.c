/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/url_lists.h"

#include <errno.h>
#include <libpsl.h>
#include <stdio.h>
#include <stdlib.h>

#include "tamis/hash.h"
#include "tamis/reader.h"

#define ENTRY_MAX  8192 /* bytes of a line */
#define HOST_MAX   253
#define SOFT_WORDS 2 /* different ones that block */

/* Hashes of one kind, in order once finished. */
typedef struct hashes {
    uint64_t *items;
    size_t count;
    size_t room;
} hashes;

struct tamis_url_lists {
    hashes kinds[TAMIS_URL_KIND_COUNT];
    size_t sizes[ENTRY_MAX + 1]; /* substrings of each length */
    size_t size_max;
    size_t total;
    const psl_ctx_t *suffixes; /* built into libpsl */
    bool is_finished;
};

static const char *const kind_names[TAMIS_URL_KIND_COUNT] = {"domain", "host", "url",
                                                             "word",   "soft", "substring"};

const char *tamis_url_kind_name(tamis_url_kind kind)
{
    TAMIS_ASSERT(kind < TAMIS_URL_KIND_COUNT);
    return kind_names[kind];
}

tamis_status tamis_url_lists_create(tamis_url_lists **out_lists, tamis_err *err)
{
    tamis_url_lists *lists = calloc(1, sizeof(*lists));

    if (lists == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "URL lists: out of memory");
    }
    lists->suffixes = psl_builtin();
    if (lists->suffixes == NULL) {
        free(lists);
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "URL lists: libpsl has no public suffix list built in");
    }
    *out_lists = lists;
    return TAMIS_OK;
}

void tamis_url_lists_destroy(tamis_url_lists *lists)
{
    if (lists == NULL) {
        return;
    }
    for (size_t kind = 0; kind < TAMIS_URL_KIND_COUNT; kind++) {
        free(lists->kinds[kind].items);
    }
    free(lists);
}

static tamis_status hashes_add(hashes *list, uint64_t hash)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 1024 : list->room + list->room / 2;
        uint64_t *grown = realloc(list->items, room * sizeof(*grown));

        if (grown == NULL) {
            return TAMIS_ENOMEM;
        }
        list->items = grown;
        list->room = room;
    }
    list->items[list->count++] = hash;
    return TAMIS_OK;
}

static bool is_alnum(uint8_t c)
{
    return (uint8_t)(c - '0') < 10 || (uint8_t)((c | 0x20) - 'a') < 26;
}

static uint8_t lower(uint8_t c)
{
    return (uint8_t)(c - 'A') < 26 ? (uint8_t)(c | 0x20) : c;
}

/* The host of a normal form: up to the port or path. */
static tamis_slice host_of(tamis_slice normal)
{
    size_t size = 0;

    while (size < normal.size && normal.data[size] != '/' && normal.data[size] != '?' &&
           normal.data[size] != ':') {
        size++;
    }
    return tamis_slice_of(normal.data, size);
}

/* Letters and digits in lower case, behind what `out` has. */
static tamis_status append_plain(tamis_slice text, tamis_buf *out)
{
    tamis_status status = tamis_buf_reserve(out, text.size);

    for (size_t i = 0; i < text.size && status == TAMIS_OK; i++) {
        if (is_alnum(text.data[i])) {
            out->data[out->size++] = lower(text.data[i]);
        }
    }
    return status;
}

static tamis_status entry_add(tamis_url_lists *lists, tamis_url_kind kind, tamis_slice entry,
                              tamis_buf *scratch, tamis_err *err)
{
    bool is_place = kind <= TAMIS_URL_URL;
    tamis_status status = TAMIS_OK;
    tamis_slice form;

    tamis_buf_reset(scratch);
    status = is_place ? tamis_url_normalize(entry, scratch) : append_plain(entry, scratch);
    form = tamis_buf_slice(scratch);
    if (status == TAMIS_OK && kind < TAMIS_URL_URL) {
        form = host_of(form);
    }
    if (status == TAMIS_OK && form.size == 0) {
        return tamis_err_set(err, TAMIS_EFORMAT, "nothing of the entry is left as a %s",
                             kind_names[kind]);
    }
    if (status == TAMIS_OK && lists->total == TAMIS_URL_ENTRIES_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "more than %u entries", TAMIS_URL_ENTRIES_MAX);
    }
    if (status == TAMIS_OK) {
        status = hashes_add(&lists->kinds[kind], tamis_hash64(form.data, form.size));
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "out of memory");
    }
    lists->total++;
    if (kind == TAMIS_URL_SUBSTRING) {
        lists->sizes[form.size]++;
        lists->size_max = form.size > lists->size_max ? form.size : lists->size_max;
    }
    return TAMIS_OK;
}

static tamis_slice trimmed(tamis_slice line)
{
    while (line.size > 0 && line.data[0] <= ' ') {
        line.data++;
        line.size--;
    }
    while (line.size > 0 && line.data[line.size - 1] <= ' ') {
        line.size--;
    }
    return line;
}

/* "[kind]"; an IPv6 address in brackets has colons. */
static tamis_status line_add(tamis_url_lists *lists, tamis_url_kind *kind, tamis_slice line,
                             tamis_buf *scratch, tamis_err *err)
{
    line = trimmed(line);
    if (line.size == 0 || line.data[0] == '#') {
        return TAMIS_OK;
    }
    if (line.size > ENTRY_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT, "an entry of more than %d bytes", ENTRY_MAX);
    }
    if (line.data[0] == '[' && line.data[line.size - 1] == ']' &&
        memchr(line.data, ':', line.size) == NULL) {
        for (unsigned i = 0; i < TAMIS_URL_KIND_COUNT; i++) {
            if (tamis_slice_is_equal(tamis_slice_of(line.data + 1, line.size - 2),
                                     tamis_slice_of_string(kind_names[i]))) {
                *kind = (tamis_url_kind)i;
                return TAMIS_OK;
            }
        }
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "unknown section: [domain], [host], [url], [word], [soft] or "
                             "[substring]");
    }
    return entry_add(lists, *kind, line, scratch, err);
}

tamis_status tamis_url_lists_add(tamis_url_lists *lists, tamis_url_kind kind, tamis_slice list,
                                 const char *name, tamis_err *err)
{
    tamis_buf scratch;
    size_t line = 0;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(!lists->is_finished);
    TAMIS_ASSERT(kind < TAMIS_URL_KIND_COUNT);

    tamis_buf_init(&scratch, 0);
    while (list.size > 0 && status == TAMIS_OK) {
        const uint8_t *end = memchr(list.data, '\n', list.size);
        size_t size = end == NULL ? list.size : (size_t)(end - list.data);

        line++;
        status = line_add(lists, &kind, tamis_slice_of(list.data, size), &scratch, err);
        size += end != NULL;
        list = tamis_slice_of(list.data + size, list.size - size);
    }
    if (status != TAMIS_OK) {
        tamis_err_context(err, "%s, line %zu", name, line);
    }
    tamis_buf_fini(&scratch);
    return status;
}

tamis_status tamis_url_lists_add_file(tamis_url_lists *lists, tamis_url_kind kind, const char *path,
                                      tamis_err *err)
{
    FILE *file = fopen(path, "rbe");
    tamis_buf scratch;
    char *line = NULL;
    size_t room = 0;
    size_t number = 0;
    ssize_t size = 0;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(!lists->is_finished);
    TAMIS_ASSERT(kind < TAMIS_URL_KIND_COUNT);

    if (file == NULL) {
        return tamis_err_errno(err, errno, "%s: opening the list", path);
    }
    tamis_buf_init(&scratch, 0);
    errno = 0;
    while (status == TAMIS_OK && (size = getline(&line, &room, file)) >= 0) {
        number++;
        status = line_add(lists, &kind, tamis_slice_of(line, (size_t)size), &scratch, err);
        if (status != TAMIS_OK) {
            tamis_err_context(err, "%s, line %zu", path, number);
        }
        errno = 0;
    }
    if (status == TAMIS_OK && (ferror(file) || errno == ENOMEM)) {
        status = tamis_err_errno(err, errno, "%s: reading the list", path);
    }
    free(line);
    tamis_buf_fini(&scratch);
    (void)fclose(file); /* only read */
    return status;
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return a < b ? -1 : a > b;
}

tamis_status tamis_url_lists_finish(tamis_url_lists *lists, tamis_err *err)
{
    (void)err; /* sorting in place needs no memory of ours */
    TAMIS_ASSERT(!lists->is_finished);

    for (size_t kind = 0; kind < TAMIS_URL_KIND_COUNT; kind++) {
        hashes *list = &lists->kinds[kind];
        size_t kept = 0;

        if (list->count > 0) {
            qsort(list->items, list->count, sizeof(list->items[0]), compare);
        }
        for (size_t i = 0; i < list->count; i++) {
            if (i == 0 || list->items[i] != list->items[i - 1]) {
                list->items[kept++] = list->items[i];
            }
        }
        list->count = kept;
    }
    lists->is_finished = true;
    return TAMIS_OK;
}

size_t tamis_url_lists_count(const tamis_url_lists *lists, tamis_url_kind kind)
{
    TAMIS_ASSERT(lists->is_finished);
    TAMIS_ASSERT(kind < TAMIS_URL_KIND_COUNT);
    return lists->kinds[kind].count;
}

static bool is_listed(const tamis_url_lists *lists, tamis_url_kind kind, tamis_slice entry)
{
    const hashes *list = &lists->kinds[kind];
    uint64_t hash = 0;

    if (list->count == 0 || entry.size == 0) {
        return false;
    }
    hash = tamis_hash64(entry.data, entry.size);
    return bsearch(&hash, list->items, list->count, sizeof(hash), compare) != NULL;
}

/* The registered domain, a tail of the host: one label in front of the public suffix of the ICANN
 * part of the list, as tldextract has it; empty: none. */
static tamis_slice registered(const tamis_url_lists *lists, tamis_slice host)
{
    char name[HOST_MAX + 1];
    size_t before = SIZE_MAX;

    if (host.size == 0 || host.size > HOST_MAX) {
        return tamis_slice_of(NULL, 0);
    }
    memcpy(name, host.data, host.size);
    name[host.size] = '\0';
    for (size_t at = 0; at < host.size; at++) {
        if (at > 0 && name[at - 1] != '.') {
            continue;
        }
        if (psl_is_public_suffix2(lists->suffixes, name + at, PSL_TYPE_ICANN)) {
            return before == SIZE_MAX ? tamis_slice_of(NULL, 0)
                                      : tamis_slice_of(host.data + before, host.size - before);
        }
        before = at;
    }
    return tamis_slice_of(NULL, 0);
}

static const char *match_place(const tamis_url_lists *lists, tamis_slice normal)
{
    tamis_slice host = host_of(normal);

    if (is_listed(lists, TAMIS_URL_DOMAIN, registered(lists, host))) {
        return "domain";
    }
    if (is_listed(lists, TAMIS_URL_DOMAIN, host) || is_listed(lists, TAMIS_URL_HOST, host)) {
        return "subdomain";
    }
    return is_listed(lists, TAMIS_URL_URL, normal) ? "url" : NULL;
}

/* Words are runs of letters and digits of the lower-cased URL. */
static const char *match_words(const tamis_url_lists *lists, tamis_slice url)
{
    uint64_t first_soft = 0;
    size_t softs = 0;

    for (size_t at = 0; at < url.size;) {
        size_t end = at;

        while (end < url.size && is_alnum(url.data[end])) {
            end++;
        }
        tamis_slice word = tamis_slice_of(url.data + at, end - at);

        if (is_listed(lists, TAMIS_URL_WORD, word)) {
            return "hard_blacklisted";
        }
        if (is_listed(lists, TAMIS_URL_SOFT, word)) {
            uint64_t hash = tamis_hash64(word.data, word.size);

            softs += softs == 0 || hash != first_soft;
            first_soft = softs == 1 ? hash : first_soft;
        }
        at = end + 1;
    }
    return softs >= SOFT_WORDS ? "soft_blacklisted" : NULL;
}

/* Every place with every length that the list has. */
static const char *match_substrings(const tamis_url_lists *lists, tamis_slice plain)
{
    size_t longest = lists->size_max < plain.size ? lists->size_max : plain.size;

    for (size_t size = 1; size <= longest; size++) {
        for (size_t at = 0; lists->sizes[size] > 0 && at + size <= plain.size; at++) {
            if (is_listed(lists, TAMIS_URL_SUBSTRING, tamis_slice_of(plain.data + at, size))) {
                return "blacklisted_subword";
            }
        }
    }
    return NULL;
}

tamis_status tamis_url_lists_match(const tamis_url_lists *lists, tamis_slice url,
                                   tamis_buf *scratch, const char **out_reason, tamis_err *err)
{
    const char *reason = NULL;
    tamis_status status = TAMIS_OK;

    TAMIS_ASSERT(lists->is_finished);

    tamis_buf_reset(scratch);
    status = tamis_url_normalize(url, scratch);
    if (status == TAMIS_OK) {
        reason = match_place(lists, tamis_buf_slice(scratch));
    }
    if (status == TAMIS_OK && reason == NULL) {
        tamis_buf_reset(scratch);
        status = tamis_buf_append(scratch, url.data, url.size);
        for (size_t i = 0; i < scratch->size; i++) {
            scratch->data[i] = lower(scratch->data[i]);
        }
        reason = match_words(lists, tamis_buf_slice(scratch));
    }
    if (status == TAMIS_OK && reason == NULL && lists->size_max > 0) {
        tamis_buf_reset(scratch);
        status = append_plain(url, scratch);
        reason = status == TAMIS_OK ? match_substrings(lists, tamis_buf_slice(scratch)) : NULL;
    }
    if (status != TAMIS_OK) {
        return tamis_err_set(err, status, "URL lists: out of memory");
    }
    *out_reason = reason;
    return TAMIS_OK;
}
