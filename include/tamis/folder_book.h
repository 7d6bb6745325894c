/* SPDX-License-Identifier: Apache-2.0 */
/* folder_book.h - the data folders of the cluster that this process has heard of.
 *
 * The coordinator numbers the folders anew in each of its epochs (docs/PROTOCOL.md, "Folders").
 * This book gives each of them, told apart by folder id (by path, where it has none), an index of
 * its own, which stays for the life of the book, so that tasks that were begun before a restart of
 * the coordinator still find what they read. A folder's id never changes; its path (a disk that
 * moved to another machine), where it is served, and whether anybody holds it, do.
 *
 * Threads: any number; guarded by one mutex, held for a look-up or the taking in of one message.
 */
#ifndef TAMIS_FOLDER_BOOK_H
#define TAMIS_FOLDER_BOOK_H

#include "tamis/net.h"
#include "tamis/wire.h"

#define TAMIS_FOLDER_NO_INDEX UINT16_MAX

typedef struct tamis_folder_book tamis_folder_book;

/* A copy of what is known. */
typedef struct tamis_folder_entry {
    const char *path; /* stays as long as the book, also when the folder has another by then */
    char folder_id[TAMIS_FOLDER_ID_SIZE];
    char data_url[TAMIS_URL_SIZE];          /* "": nobody serves it */
    char public_key[TAMIS_PUBLIC_KEY_SIZE]; /* "": its server has none */
    bool is_alive;                          /* somebody holds it now */
} tamis_folder_entry;

TAMIS_MUST_USE
tamis_status tamis_folder_book_create(tamis_folder_book **out_book);
void tamis_folder_book_destroy(tamis_folder_book *book); /* NULL is allowed */

/* A new epoch: all numbers are forgotten, the version is 0. Indexes stay. */
void tamis_folder_book_begin(tamis_folder_book *book);
/* Version of the numbers: what was taken in last. */
uint64_t tamis_folder_book_version(tamis_folder_book *book);

/* Takes in one message; afterwards the version is to_version. TAMIS_EAGAIN: it does not follow the
 * version at hand: nothing is done. TAMIS_EFORMAT: a data url is too long. TAMIS_ELIMIT: too many
 * folders. TAMIS_ENOMEM. After the last three a part of it was taken in and the version stays. */
TAMIS_MUST_USE
tamis_status tamis_folder_book_apply(tamis_folder_book *book, uint64_t from_version,
                                     uint64_t to_version, const tamis_folder_row *rows,
                                     size_t row_count, tamis_err *err);

/* The folder that has the number in this epoch. TAMIS_FOLDER_NO_INDEX: not known yet. */
uint16_t tamis_folder_book_index(tamis_folder_book *book, uint32_t number);
/* And back. UINT32_MAX: it has none in this epoch. */
uint32_t tamis_folder_book_number(tamis_folder_book *book, uint16_t index);

/* False: there is no such index. */
bool tamis_folder_book_get(tamis_folder_book *book, uint16_t index, tamis_folder_entry *out_entry);
/* Whether that key belongs to a folder that somebody holds. */
bool tamis_folder_book_has_key(tamis_folder_book *book, const char *public_key);

#endif
