/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/keys_options.h"

static tamis_status file_of(const tamis_options *options, const char *folder, const char *role,
                            char out_path[TAMIS_PATH_MAX], tamis_err *err)
{
    const char *name = tamis_options_text(options, "key");
    char file_name[TAMIS_USER_SIZE + 8];

    name = name == NULL ? role : name;
    if (!tamis_key_name_is_valid(name)) {
        return tamis_err_set(err, TAMIS_EARG, "--key: '%s' is no name of a key", name);
    }
    (void)snprintf(file_name, sizeof(file_name), "%s.key", name);
    return tamis_path_join(out_path, folder, file_name, err);
}

static tamis_status list_of(const char *folder, const char *file, char *out_path, tamis_err *err)
{
    char parent[TAMIS_PATH_MAX];
    const char *slash = strrchr(file, '/');

    if (folder == NULL) {
        (void)snprintf(parent, sizeof(parent), "%.*s", slash == NULL ? 1 : (int)(slash - file) + 1,
                       slash == NULL ? "." : file);
        folder = parent;
    }
    return tamis_path_join(out_path, folder, TAMIS_KEYS_ALLOWED, err);
}

tamis_status tamis_keys_load(const tamis_options *options, uint32_t role,
                             tamis_net_security *out_security, char *out_allowed_path,
                             tamis_err *err)
{
    const char *folder = tamis_options_text(options, "keys");
    const char *file = tamis_options_text(options, "key-file");
    const char *role_name = tamis_role_name(role);
    char path[TAMIS_PATH_MAX];
    tamis_status status = TAMIS_OK;

    *out_security = (tamis_net_security){.is_on = false};
    if (out_allowed_path != NULL) {
        out_allowed_path[0] = '\0';
    }
    if (folder == NULL && file == NULL) {
        return tamis_options_text(options, "key") == NULL
                   ? TAMIS_OK
                   : tamis_err_set(err, TAMIS_EARG, "--key: give --keys too, its folder");
    }
    if (tamis_options_flag(options, "insecure")) {
        return tamis_err_set(err, TAMIS_EARG,
                             "--insecure: means to go without keys, but --%s names some",
                             folder == NULL ? "key-file" : "keys");
    }
    if (file != NULL && tamis_options_text(options, "key") != NULL) {
        return tamis_err_set(err, TAMIS_EARG, "--key-file: give it or --key, not both");
    }
    if (file == NULL) {
        status = file_of(options, folder, role_name, path, err);
        file = path;
    }
    if (status == TAMIS_OK) {
        status = tamis_key_read(file, out_security, err);
    }
    if (status == TAMIS_OK && (out_security->roles & role) == 0) {
        status = tamis_err_set(err, TAMIS_EDENIED, "%s: is the key of a %s; a %s's is needed here",
                               file, tamis_role_name(out_security->roles), role_name);
    }
    return status == TAMIS_OK && out_allowed_path != NULL
               ? list_of(folder, file, out_allowed_path, err)
               : status;
}

tamis_status tamis_keys_check_url(const tamis_options *options, const tamis_net_security *security,
                                  const char *option, const char *url, tamis_err *err)
{
    if (!tamis_url_is_formed(url)) {
        return tamis_err_set(err, TAMIS_EARG,
                             "--%s: '%.200s' is no address: give one like tcp://127.0.0.1:7000",
                             option, url);
    }
    if (security->is_on || tamis_options_flag(options, "insecure") || tamis_url_is_local(url)) {
        return TAMIS_OK;
    }
    return tamis_err_set(err, TAMIS_EARG,
                         "%s: leaves this machine, where anybody could read along and send tasks: "
                         "give --keys (see 'tamis keys --help'), or --insecure where everybody in "
                         "the network may be trusted",
                         url);
}
