/* SPDX-License-Identifier: Apache-2.0 */
/* data_address.h - under which address a data server is reached.
 *
 * Threads: reentrant.
 */
#ifndef TAMIS_DATA_ADDRESS_H
#define TAMIS_DATA_ADDRESS_H

#include "tamis/net.h"

/* "tcp://ADDRESS:*" of the interface from which `url` (tcp://HOST:PORT) is reached; all addresses
 * where the url names them all. Nothing is sent.
 * TAMIS_EARG: no such url; TAMIS_EPEER: the host has no address, or no interface leads there. */
TAMIS_MUST_USE
tamis_status tamis_data_address_own(const char *url, char out_listen[TAMIS_URL_SIZE],
                                    tamis_err *err);

/* The url as others reach it: where it names all addresses of a machine (0.0.0.0, *, [::]) the host
 * of `seen` takes their place. False: it gets too long. */
bool tamis_data_address_seen(const char *url, const char *seen, char out_url[TAMIS_URL_SIZE]);

#endif
