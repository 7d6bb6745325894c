/* SPDX-License-Identifier: Apache-2.0 */
/* tamis keys: makes, lists and revokes keys. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "tamis/json_out.h"
#include "tamis/keys.h"

#define JSON_VERSION 1

static const char *const role_choices[] = {"coordinator", "worker", "client", NULL};

static const tamis_option keys_options[] = {
    {.name = "keys",
     .type = TAMIS_OPTION_TEXT,
     .traits = TAMIS_OPTION_REQUIRED,
     .value_name = "FOLDER",
     .group = "Keys",
     .help = "folder of keys; 'new' makes it when it is absent"},
    {.name = "role",
     .type = TAMIS_OPTION_CHOICE,
     .default_text = "client",
     .choices = role_choices,
     .group = "Keys",
     .help = "what new keys are good for"},
    {.name = "json",
     .type = TAMIS_OPTION_FLAG,
     .default_text = "false",
     .group = "Messages",
     .help = "list: print one JSON object"},
};

const tamis_option_table tamis_keys_table = {
    .program = "tamis keys",
    .operands = "new|list|revoke [NAME...]",
    .operands_min = 1,
    .operands_max = SIZE_MAX,
    .summary = "make, list and revoke keys of a cluster",
    .description =
        "Coordinator, workers and clients that talk over a network prove to each other who they "
        "are, and encrypt. Each has a key file, NAME.key, which only its user may read; a worker's "
        "or client's also names the coordinator, so that it is all that its machine needs. The "
        "file 'allowed' beside them lists the public keys that the coordinator lets in.\n"
        "\n"
        "'new' makes keys; the coordinator's comes first. 'revoke' takes keys off the list: a "
        "coordinator that runs drops them within a second or two. 'list' shows name, role and "
        "public key.",
    .examples = "  tamis keys new --keys=K --role=coordinator coordinator\n"
                "  tamis keys new --keys=K --role=worker w1 w2\n"
                "  tamis keys new --keys=K alice\n"
                "  scp K/w1.key node1:/etc/tamis/worker.key\n"
                "  tamis keys revoke --keys=K w2\n",
    .options = keys_options,
    .option_count = sizeof(keys_options) / sizeof(keys_options[0]),
};

static tamis_status make_keys(const char *folder, uint32_t role, const char *const *names,
                              size_t count, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < count && status == TAMIS_OK; i++) {
        char path[TAMIS_PATH_MAX];

        status = tamis_keys_new(folder, names[i], role, path, err);
        if (status == TAMIS_OK) {
            (void)printf("%s\n", path);
        }
    }
    return status;
}

static tamis_status revoke_keys(const char *folder, const char *const *names, size_t count,
                                tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (size_t i = 0; i < count && status == TAMIS_OK; i++) {
        status = tamis_keys_revoke(folder, names[i], err);
    }
    return status;
}

static tamis_status print_json(const tamis_allowed *allowed)
{
    tamis_buf text;
    tamis_json json;
    tamis_status status = TAMIS_OK;

    tamis_buf_init(&text, 0);
    tamis_json_init(&json, &text);
    tamis_json_begin_object(&json, NULL);
    tamis_json_uint(&json, "version", JSON_VERSION);
    tamis_json_begin_array(&json, "keys");
    for (size_t i = 0; i < allowed->count; i++) {
        tamis_json_begin_object(&json, NULL);
        tamis_json_text(&json, "name", allowed->rows[i].user);
        tamis_json_text(&json, "role", tamis_role_name(allowed->rows[i].roles));
        tamis_json_text(&json, "public", allowed->rows[i].key);
        tamis_json_end_object(&json);
    }
    tamis_json_end_array(&json);
    tamis_json_end_object(&json);
    status = tamis_json_finish(&json);
    if (status == TAMIS_OK) {
        (void)printf("%.*s\n", (int)text.size, (const char *)text.data);
    }
    tamis_buf_fini(&text);
    return status;
}

static void print_table(const tamis_allowed *allowed)
{
    size_t width = strlen("NAME");

    for (size_t i = 0; i < allowed->count; i++) {
        size_t size = strlen(allowed->rows[i].user);

        width = size > width ? size : width;
    }
    (void)printf("%-*s  %-11s  %s\n", (int)width, "NAME", "ROLE", "PUBLIC KEY");
    for (size_t i = 0; i < allowed->count; i++) {
        (void)printf("%-*s  %-11s  %s\n", (int)width, allowed->rows[i].user,
                     tamis_role_name(allowed->rows[i].roles), allowed->rows[i].key);
    }
}

static tamis_status list_keys(const char *folder, bool is_json, tamis_err *err)
{
    char path[TAMIS_PATH_MAX];
    tamis_allowed allowed = {.count = 0};
    tamis_status status = tamis_path_join(path, folder, TAMIS_KEYS_ALLOWED, err);

    if (status == TAMIS_OK) {
        status = tamis_allowed_read(path, &allowed, err);
    }
    if (status == TAMIS_OK && is_json) {
        status = print_json(&allowed);
    } else if (status == TAMIS_OK) {
        print_table(&allowed);
    }
    tamis_allowed_fini(&allowed);
    return status;
}

static tamis_status run(const tamis_options *options, tamis_err *err)
{
    const char *const *operands = NULL;
    size_t count = tamis_options_operands(options, &operands);
    const char *folder = tamis_options_text(options, "keys");
    const char *action = operands[0];

    if (strcmp(action, "list") == 0) {
        return count == 1 ? list_keys(folder, tamis_options_flag(options, "json"), err)
                          : tamis_err_set(err, TAMIS_EARG, "list: takes no names");
    }
    if (strcmp(action, "new") != 0 && strcmp(action, "revoke") != 0) {
        return tamis_err_set(err, TAMIS_EARG, "'%s' is none of new, list, revoke", action);
    }
    if (count == 1) {
        return tamis_err_set(err, TAMIS_EARG, "%s: give the name of a key at least", action);
    }
    if (strcmp(action, "revoke") == 0) {
        return revoke_keys(folder, operands + 1, count - 1, err);
    }
    return make_keys(folder, (uint32_t)1 << tamis_options_choice(options, "role"), operands + 1,
                     count - 1, err);
}

int tamis_cmd_keys(int argument_count, char **arguments)
{
    tamis_options *options = NULL;
    tamis_err err = {.status = TAMIS_OK};
    int code = 0;
    tamis_status status = TAMIS_OK;

    if (!tamis_options_start(&tamis_keys_table, argument_count, arguments, environ, stdout, stderr,
                             &options, &code)) {
        return code;
    }
    status = run(options, &err);
    tamis_options_destroy(options);
    if (status == TAMIS_OK && fflush(stdout) != 0) {
        status = tamis_err_set(&err, TAMIS_EIO, "cannot write to stdout");
    }
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "tamis keys: %s\n", err.text);
    }
    return status == TAMIS_OK     ? TAMIS_EXIT_DONE
           : status == TAMIS_EARG ? TAMIS_EXIT_USAGE
                                  : TAMIS_EXIT_FAILED;
}
