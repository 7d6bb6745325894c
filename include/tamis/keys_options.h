/* SPDX-License-Identifier: Apache-2.0 */
/* keys_options.h - the options by which programs and commands get at their keys.
 *
 * Threads: reentrant.
 */
#ifndef TAMIS_KEYS_OPTIONS_H
#define TAMIS_KEYS_OPTIONS_H

#include "tamis/keys.h"
#include "tamis/options.h"

/* Rows for a table: --keys, --key, --key-file, --insecure. `role` is a string: "worker". */
#define TAMIS_KEYS_OPTIONS(role)                                                                   \
    {.name = "keys",                                                                               \
     .type = TAMIS_OPTION_TEXT,                                                                    \
     .value_name = "FOLDER",                                                                       \
     .group = "Security",                                                                          \
     .help = "folder of keys, made by 'tamis keys new'"},                                          \
        {.name = "key",                                                                            \
         .type = TAMIS_OPTION_TEXT,                                                                \
         .value_name = "NAME",                                                                     \
         .default_shown = "'" role "'",                                                            \
         .group = "Security",                                                                      \
         .help = "which key of --keys to use"},                                                    \
        {.name = "key-file",                                                                       \
         .type = TAMIS_OPTION_TEXT,                                                                \
         .value_name = "FILE",                                                                     \
         .group = "Security",                                                                      \
         .help = "the key file itself, in place of --key"},                                        \
    {                                                                                              \
        .name = "insecure", .type = TAMIS_OPTION_FLAG, .default_text = "false",                    \
        .group = "Security",                                                                       \
        .help = "no keys off loopback: anybody in the network may read and write"                  \
    }

/* Loads what the options name. Without keys *out_security is off. `role`: one of TAMIS_ROLE_*;
 * a key of another role is refused. out_allowed_path (TAMIS_PATH_MAX bytes; NULL: not wanted) is
 * the list beside the keys, "" without keys. TAMIS_EARG: options that contradict each other; as
 * tamis_key_read. */
TAMIS_MUST_USE
tamis_status tamis_keys_load(const tamis_options *options, uint32_t role,
                             tamis_net_security *out_security, char *out_allowed_path,
                             tamis_err *err);

/* Whether the address, which the option of that name gave, has the form of one and may be used with
 * these keys: off this machine there must be some, or --insecure. TAMIS_EARG. */
TAMIS_MUST_USE
tamis_status tamis_keys_check_url(const tamis_options *options, const tamis_net_security *security,
                                  const char *option, const char *url, tamis_err *err);

#endif
