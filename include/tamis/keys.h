/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - key files, and the list of keys that a coordinator lets in.
 *
 * A key folder holds
 *   NAME.key   rights 0600: name, role, public and secret key, and, but for the coordinator's own,
 *              the public key of the coordinator, so that this one file is all that a worker or a
 *              client needs;
 *   allowed    the public keys that may connect: a line each. What is not in it is revoked. The
 *              coordinator reads it again when it changes.
 * Both are replaced as a whole (temporary file, sync, rename, sync of the folder). Layouts stand in
 * docs/FORMATS.md.
 *
 * Errors:  TAMIS_EDENIED: a file is open to others than its owner; the text names the remedy. No
 *          secret is ever in a text.
 * Threads: reentrant; changes of a folder lock it against other processes.
 */
#ifndef TAMIS_KEYS_H
#define TAMIS_KEYS_H

#include "tamis/net.h"
#include "tamis/path.h"

#define TAMIS_KEYS_FILE_MAX    4096       /* bytes of a key file */
#define TAMIS_KEYS_ALLOWED_MAX (8u << 20) /* bytes of the list */
#define TAMIS_KEYS_ALLOWED     "allowed"

typedef struct tamis_allowed {
    tamis_net_peer *rows; /* by name */
    size_t count;
} tamis_allowed;

void tamis_allowed_fini(tamis_allowed *allowed);

/* 1 .. TAMIS_USER_SIZE-1 letters, digits, '.', '_' and '-', the first a letter or digit. Pure. */
bool tamis_key_name_is_valid(const char *name);
/* "coordinator", "worker", "client"; "unknown" for other values. Pure. */
const char *tamis_role_name(uint32_t role);

/* ---- Texts; pure but for memory -------------------------------------------------------------- */

/* TAMIS_EFORMAT, TAMIS_EVERSION: `file` and what is wrong, never the secret. */
TAMIS_MUST_USE
tamis_status tamis_key_parse(tamis_slice text, const char *file, tamis_net_security *out_key,
                             tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_key_format(const tamis_net_security *key, tamis_buf *out);
/* Also TAMIS_ENOMEM, TAMIS_ELIMIT (rows). */
TAMIS_MUST_USE
tamis_status tamis_allowed_parse(tamis_slice text, const char *file, tamis_allowed *out_allowed,
                                 tamis_err *err);
TAMIS_MUST_USE
tamis_status tamis_allowed_format(const tamis_allowed *allowed, tamis_buf *out);

/* ---- Files ----------------------------------------------------------------------------------- */

/* Reads a key file of this user (or of root) that nobody else may read. */
TAMIS_MUST_USE
tamis_status tamis_key_read(const char *path, tamis_net_security *out_key, tamis_err *err);
/* Reads a list that nobody else may write. */
TAMIS_MUST_USE
tamis_status tamis_allowed_read(const char *path, tamis_allowed *out_allowed, tamis_err *err);

/* Makes NAME.key and lists it; the folder is made when absent (0700). out_path names the file.
 * TAMIS_EARG: name; TAMIS_EEXIST: the name is in use, or there is a coordinator already;
 * TAMIS_ENOENT: the coordinator's key is missing, which must be the first. */
TAMIS_MUST_USE
tamis_status tamis_keys_new(const char *folder, const char *name, uint32_t role,
                            char out_path[TAMIS_PATH_MAX], tamis_err *err);
/* Takes the name off the list, then removes its file. TAMIS_ENOENT: not in the list; TAMIS_EARG:
 * the coordinator's, without which the others are of no use. */
TAMIS_MUST_USE
tamis_status tamis_keys_revoke(const char *folder, const char *name, tamis_err *err);

/* ---- The list of a coordinator that runs ------------------------------------------------------
 */

typedef struct tamis_allowed_watch {
    char path[TAMIS_PATH_MAX];
    bool has_looked;
    uint64_t stamp[4]; /* of the file that was read last */
} tamis_allowed_watch;

/* Reads the list when it has changed since the last call, and sets it for the domains of `net`
 * ("control" and "data"). *out_count: its rows; untouched when nothing changed (TAMIS_EAGAIN). On
 * any other failure the old list stays in force; it is read again when the file has changed once
 * more. */
TAMIS_MUST_USE
tamis_status tamis_allowed_renew(tamis_allowed_watch *watch, tamis_net *net, size_t *out_count,
                                 tamis_err *err);

#endif
