/* SPDX-License-Identifier: Apache-2.0 */
/* url_lists.h - block lists of domains, hosts, URLs and words in URLs.
 *
 * Lists are read from files (docs/FORMATS.md, "URL lists"); entries are kept as 64-bit hashes in
 * order, 8 bytes each, so that millions fit. An entry that is not listed is taken for one with a
 * chance of entries / 2^64.
 *
 * Pure:    but for tamis_url_lists_add_file, which reads.
 * Threads: once finished, immutable and for any thread; a match uses the caller's buffer.
 */
#ifndef TAMIS_URL_LISTS_H
#define TAMIS_URL_LISTS_H

#include "tamis/buf.h"

#define TAMIS_URL_ENTRIES_MAX (256u << 20) /* of all lists */

typedef enum tamis_url_kind {
    TAMIS_URL_DOMAIN,    /* a registered domain blocks its hosts; any other name itself only */
    TAMIS_URL_HOST,      /* that host only */
    TAMIS_URL_URL,       /* that URL, in normal form */
    TAMIS_URL_WORD,      /* a word of the URL */
    TAMIS_URL_SOFT,      /* two different ones block */
    TAMIS_URL_SUBSTRING, /* in the letters and digits of the URL */
    TAMIS_URL_KIND_COUNT
} tamis_url_kind;

typedef struct tamis_url_lists tamis_url_lists;

/* "domain", "host", "url", "word", "soft", "substring". */
const char *tamis_url_kind_name(tamis_url_kind kind);

TAMIS_MUST_USE
tamis_status tamis_url_lists_create(tamis_url_lists **out_lists, tamis_err *err);
void tamis_url_lists_destroy(tamis_url_lists *lists);

/* Adds the entries of a list; they are of `kind` until a line "[kind]" says otherwise. `name` is
 * for messages. TAMIS_EFORMAT: names the line. TAMIS_ELIMIT: too many, or one that is too long.
 * TAMIS_ENOMEM; of a file TAMIS_ENOENT, TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_url_lists_add(tamis_url_lists *lists, tamis_url_kind kind, tamis_slice list,
                                 const char *name, tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_url_lists_add_file(tamis_url_lists *lists, tamis_url_kind kind, const char *path,
                                      tamis_err *err);
/* Puts the entries in order; to be called once, before the first match. TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_url_lists_finish(tamis_url_lists *lists, tamis_err *err);
/* Different entries of a kind, once finished. */
size_t tamis_url_lists_count(const tamis_url_lists *lists, tamis_url_kind kind);

/* The first of datatrove's reasons that holds: "domain", "subdomain", "url", "hard_blacklisted",
 * "soft_blacklisted", "blacklisted_subword"; NULL: none. `scratch` is the caller's and overwritten.
 * TAMIS_ENOMEM. */
TAMIS_MUST_USE
tamis_status tamis_url_lists_match(const tamis_url_lists *lists, tamis_slice url,
                                   tamis_buf *scratch, const char **out_reason, tamis_err *err);

#endif
