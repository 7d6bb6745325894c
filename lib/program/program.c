/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/program.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tamis/keys_options.h"

const char *const tamis_program_shuffle_names[] = {"auto", "network", NULL};

/* As many connections and files as the system lets this process have. */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* fewer connections then */
    }
}

static tamis_status open_roots(const tamis_options *options, const char *url,
                               tamis_roots **out_roots, tamis_err *err)
{
    const char *const *folders = NULL;
    size_t count = tamis_options_list(options, "root", &folders);

    return tamis_roots_create_for(url, tamis_url_is_local(url), folders, count, out_roots, err);
}

tamis_status tamis_program_open(const tamis_options *options, const char *url_option, uint32_t role,
                                tamis_program *out_program, tamis_err *err)
{
    const char *url = tamis_options_text(options, url_option);
    bool is_coordinator = role == TAMIS_ROLE_COORDINATOR;
    tamis_log_options log_options = {
        .file = STDERR_FILENO,
        .level = (tamis_log_level)tamis_options_choice(options, "log-level"),
        .format = (tamis_log_format)tamis_options_choice(options, "log-format"),
    };
    tamis_status status = TAMIS_OK;

    *out_program = (tamis_program){.net = NULL};
    raise_file_limit();
    status = tamis_keys_load(options, role, &out_program->security,
                             is_coordinator ? out_program->allowed_path : NULL, err);
    if (status == TAMIS_OK) {
        status = tamis_keys_check_url(options, &out_program->security, url_option, url, err);
    }
    if (status == TAMIS_OK && tamis_log_create(&log_options, &out_program->log) != TAMIS_OK) {
        status = tamis_err_set(err, TAMIS_ENOMEM, "no memory for a log");
    }
    if (status == TAMIS_OK) {
        status = open_roots(options, url, &out_program->roots, err);
    }
    return status == TAMIS_OK ? tamis_net_create(&out_program->net, err) : status;
}

void tamis_program_close(tamis_program *program)
{
    tamis_net_destroy(program->net);
    tamis_roots_destroy(program->roots);
    tamis_log_destroy(program->log);
    explicit_bzero(&program->security, sizeof(program->security));
}

int tamis_program_exit_code(const char *name, tamis_status status, int signal_number,
                            const tamis_err *err)
{
    if (signal_number != 0) {
        return TAMIS_PROGRAM_SIGNAL + signal_number;
    }
    if (status == TAMIS_OK) {
        return TAMIS_PROGRAM_DONE;
    }
    (void)fprintf(stderr, "%s: %s\n", name, err->text);
    if (status == TAMIS_EARG) {
        return TAMIS_PROGRAM_USAGE;
    }
    return status == TAMIS_EPEER ? TAMIS_PROGRAM_PEER : TAMIS_PROGRAM_FAILED;
}
