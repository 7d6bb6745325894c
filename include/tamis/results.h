/* SPDX-License-Identifier: Apache-2.0 */
/* results.h - where a process finds the results of tasks, its own and those of others.
 *
 * A result is the folder <data>/<job>/<stage>-<task>/ of the worker (or the coordinator) that ran
 * the task. It is read in the own data folder; else by its path, where that is a shared file system
 * (told by <path>/.folder-id, never by the path alone); else through the data server of whoever
 * holds the folder (docs/PROTOCOL.md, "Data protocol").
 *
 * Threads: shared by the attempts of a process; guarded by one mutex (docs/LOCKS.md), which is held
 * while a folder id is read.
 */
#ifndef TAMIS_RESULTS_H
#define TAMIS_RESULTS_H

#include "tamis/folder_id.h"
#include "tamis/net.h"
#include "tamis/path.h"

#define TAMIS_FOLDER_NONE  UINT32_MAX /* number of no folder: the task was skipped */
#define TAMIS_FETCHED_NAME "fetched"  /* <data>/<job>/fetched/: copies of files */

typedef enum tamis_shuffle_mode {
    TAMIS_SHUFFLE_AUTO,   /* by path where it is shared, else over the network */
    TAMIS_SHUFFLE_NETWORK /* what is not in the own data folder always over the network */
} tamis_shuffle_mode;

/* What the book knows of a data folder. */
typedef struct tamis_folder_place {
    char path[TAMIS_PATH_MAX];
    char folder_id[TAMIS_FOLDER_ID_SIZE]; /* "": not known, the path is trusted */
    char data_url[TAMIS_URL_SIZE];        /* "": nobody serves it */
    char public_key[TAMIS_KEY_SIZE];      /* of its server; "": none */
    bool is_alive;                        /* a worker holds it now */
} tamis_folder_place;

/* Borrowed until _destroy; the functions may be called by any thread. */
typedef struct tamis_results_options {
    tamis_net *net;                     /* NULL: nothing comes over the network */
    const tamis_net_security *security; /* NULL: none */
    const char *data_folder;
    tamis_shuffle_mode mode;
    uint32_t give_up_ms; /* for an owner that is out of reach; 0: 10 s */
    /* False: there is no such folder. */
    bool (*folder)(void *context, uint32_t number, tamis_folder_place *out_place);
    void *context;
} tamis_results_options;

typedef struct tamis_results tamis_results;

/* How the results of a folder are got at. */
typedef enum tamis_way { TAMIS_WAY_OWN, TAMIS_WAY_SHARED, TAMIS_WAY_NETWORK } tamis_way;

TAMIS_MUST_USE
tamis_status tamis_results_create(const tamis_results_options *options, tamis_results **out_results,
                                  tamis_err *err);
/* Nobody may read through it any more. NULL is allowed. */
void tamis_results_destroy(tamis_results *results);

const tamis_results_options *tamis_results_options_of(const tamis_results *results);

/* Looks the folder up and says how to get at it; the answer for an id is remembered. False: there
 * is no such folder. */
bool tamis_results_way(tamis_results *results, uint32_t folder, tamis_folder_place *out_place,
                       tamis_way *out_way);

#endif
