/* SPDX-License-Identifier: Apache-2.0 */
/* data_point.h - a process's place in the shuffle: the server of its own results, and the way to
 * those of others.
 *
 * With keys the server lets in whose keys stand in the book for folders that are held, and the
 * coordinator; _tick renews that list.
 *
 * Threads: belongs to the control thread, but for what it hands out (data_server.h, results.h).
 */
#ifndef TAMIS_DATA_POINT_H
#define TAMIS_DATA_POINT_H

#include "tamis/attempt.h"
#include "tamis/folder_book.h"
#include "tamis/log.h"
#include "tamis/results.h"

typedef struct tamis_data_point tamis_data_point;

/* Borrowed until _close. */
typedef struct tamis_data_point_options {
    tamis_net *net;
    const tamis_net_security *security; /* NULL or off: none */
    const char *url;                    /* of the coordinator, as this process knows it */
    const char *listen; /* NULL: at the address from which `url` is reached, any port; where that
                           is inproc:// there is no server */
    const char *data_folder; /* exists */
    const char *folder_id;   /* "": none */
    tamis_shuffle_mode mode;
    tamis_records_cache *records; /* of this process; NULL: its folder has no document records */
    tamis_log *log;               /* NULL: silent */
} tamis_data_point_options;

/* Starts the server. TAMIS_EHELD, TAMIS_EARG: `listen`; TAMIS_EPEER: no address that leads to `url`
 * could be found; TAMIS_ENOMEM, TAMIS_EIO. */
TAMIS_MUST_USE
tamis_status tamis_data_point_open(const tamis_data_point_options *options,
                                   tamis_data_point **out_point, tamis_err *err);
/* Nobody may read through its results any more. NULL is allowed. */
void tamis_data_point_close(tamis_data_point *point);

/* Where others reach the server; "": there is none. */
const char *tamis_data_point_url(const tamis_data_point *point);

/* Tells the book that names the folders; once. The book must outlive the point. */
TAMIS_MUST_USE
tamis_status tamis_data_point_attach(tamis_data_point *point, tamis_folder_book *book,
                                     tamis_err *err);
/* For attempts; NULL before _attach. */
tamis_results *tamis_data_point_results(const tamis_data_point *point);

/* To be called now and then: whoever joined is let in. TAMIS_ENOMEM; or what ended the server. */
TAMIS_MUST_USE
tamis_status tamis_data_point_tick(tamis_data_point *point, tamis_err *err);

#endif
