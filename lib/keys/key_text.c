/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "tamis/keys.h"

#define KEY_HEAD     "tamis-key "
#define ALLOWED_HEAD "tamis-allowed "
#define VERSION_TEXT "1"

/* ---- Names ----------------------------------------------------------------------------------- */

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool tamis_key_name_is_valid(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size >= TAMIS_USER_SIZE || !is_alphanumeric(name[0])) {
        return false;
    }
    for (size_t i = 1; i < size; i++) {
        if (!is_alphanumeric(name[i]) && name[i] != '.' && name[i] != '_' && name[i] != '-') {
            return false;
        }
    }
    return true;
}

const char *tamis_role_name(uint32_t role)
{
    return role == TAMIS_ROLE_COORDINATOR ? "coordinator"
           : role == TAMIS_ROLE_WORKER    ? "worker"
           : role == TAMIS_ROLE_CLIENT    ? "client"
                                          : "unknown";
}

static uint32_t role_of(const char *text)
{
    for (uint32_t role = TAMIS_ROLE_COORDINATOR; role <= TAMIS_ROLE_CLIENT; role *= 2) {
        if (strcmp(text, tamis_role_name(role)) == 0) {
            return role;
        }
    }
    return 0;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

#define LINE_SIZE 256

typedef struct line_reader {
    tamis_slice rest;
    unsigned number; /* of the line read last, from 1 */
    char line[LINE_SIZE];
} line_reader;

/* TAMIS_END: no more. TAMIS_EFORMAT: too long, or it has a zero byte. */
static tamis_status next_line(line_reader *reader)
{
    const uint8_t *end = NULL;
    size_t size = reader->rest.size;

    if (size == 0) {
        return TAMIS_END;
    }
    end = memchr(reader->rest.data, '\n', size);
    size = end == NULL ? size : (size_t)(end - reader->rest.data);
    reader->number++;
    if (size >= LINE_SIZE || memchr(reader->rest.data, '\0', size) != NULL) {
        return TAMIS_EFORMAT;
    }
    memcpy(reader->line, reader->rest.data, size);
    reader->line[size] = '\0';
    size += end != NULL;
    reader->rest = tamis_slice_of(reader->rest.data + size, reader->rest.size - size);
    return TAMIS_OK;
}

static tamis_status malformed(const line_reader *reader, const char *file, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_EFORMAT,
                         "%s: line %u is not what 'tamis keys new' writes; make it again", file,
                         reader->number);
}

static tamis_status read_head(line_reader *reader, const char *head, const char *file,
                              tamis_err *err)
{
    size_t size = strlen(head);

    if (next_line(reader) != TAMIS_OK || strncmp(reader->line, head, size) != 0) {
        return tamis_err_set(err, TAMIS_EFORMAT, "%s: does not begin with '%s%s'", file, head,
                             VERSION_TEXT);
    }
    if (strcmp(reader->line + size, VERSION_TEXT) != 0) {
        return tamis_err_set(err, TAMIS_EVERSION,
                             "%s: of another version than " VERSION_TEXT
                             "; use the programs that made it, or make it again",
                             file);
    }
    return TAMIS_OK;
}

/* ---- Key files ------------------------------------------------------------------------------- */

static bool take_key(char out[TAMIS_KEY_SIZE], const char *text)
{
    if (!tamis_net_key_is_valid(text)) {
        return false;
    }
    memcpy(out, text, TAMIS_KEY_SIZE);
    return true;
}

/* Takes one line "word: value". False: it is none, or a word comes twice. */
static bool take_line(tamis_net_security *key, const char *line)
{
    const char *colon = strstr(line, ": ");
    const char *value = colon == NULL ? "" : colon + 2;
    size_t size = colon == NULL ? 0 : (size_t)(colon - line);

    if (size == 4 && memcmp(line, "name", 4) == 0) {
        if (key->user[0] != '\0' || !tamis_key_name_is_valid(value)) {
            return false;
        }
        memcpy(key->user, value, strlen(value) + 1);
        return true;
    }
    if (size == 4 && memcmp(line, "role", 4) == 0) {
        bool is_first = key->roles == 0;

        key->roles = role_of(value);
        return is_first && key->roles != 0;
    }
    if (size == 6 && memcmp(line, "public", 6) == 0) {
        return key->public_key[0] == '\0' && take_key(key->public_key, value);
    }
    if (size == 6 && memcmp(line, "secret", 6) == 0) {
        return key->secret_key[0] == '\0' && take_key(key->secret_key, value);
    }
    if (size == 11 && memcmp(line, "coordinator", 11) == 0) {
        return key->server_key[0] == '\0' && take_key(key->server_key, value);
    }
    return false;
}

static tamis_status check_key(const tamis_net_security *key, const char *file, tamis_err *err)
{
    char public_key[TAMIS_KEY_SIZE];
    bool is_coordinator = key->roles == TAMIS_ROLE_COORDINATOR;
    const char *missing = key->user[0] == '\0'                            ? "name"
                          : key->roles == 0                               ? "role"
                          : key->public_key[0] == '\0'                    ? "public"
                          : key->secret_key[0] == '\0'                    ? "secret"
                          : key->server_key[0] == '\0' && !is_coordinator ? "coordinator"
                                                                          : NULL;

    if (missing != NULL) {
        return tamis_err_set(err, TAMIS_EFORMAT, "%s: the line '%s' is missing", file, missing);
    }
    if (is_coordinator && key->server_key[0] != '\0') {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: the coordinator's own key names a coordinator", file);
    }
    if (tamis_net_key_public(key->secret_key, public_key, NULL) != TAMIS_OK ||
        memcmp(public_key, key->public_key, sizeof(public_key)) != 0) {
        return tamis_err_set(err, TAMIS_EFORMAT, "%s: public and secret are no pair", file);
    }
    return TAMIS_OK;
}

tamis_status tamis_key_parse(tamis_slice text, const char *file, tamis_net_security *out_key,
                             tamis_err *err)
{
    line_reader reader = {.rest = text};
    tamis_net_security key = {.is_on = true};
    tamis_status status = read_head(&reader, KEY_HEAD, file, err);
    tamis_status line_status = TAMIS_OK;

    while (status == TAMIS_OK && (line_status = next_line(&reader)) != TAMIS_END) {
        if (line_status != TAMIS_OK || !take_line(&key, reader.line)) {
            status = malformed(&reader, file, err);
        }
    }
    if (status == TAMIS_OK) {
        status = check_key(&key, file, err);
    }
    if (status == TAMIS_OK) {
        *out_key = key;
    }
    explicit_bzero(&key, sizeof(key));
    explicit_bzero(&reader, sizeof(reader));
    return status;
}

tamis_status tamis_key_format(const tamis_net_security *key, tamis_buf *out)
{
    tamis_status status = tamis_buf_append_format(
        out, KEY_HEAD VERSION_TEXT "\nname: %s\nrole: %s\npublic: %s\nsecret: %s\n", key->user,
        tamis_role_name(key->roles), key->public_key, key->secret_key);

    if (status == TAMIS_OK && key->server_key[0] != '\0') {
        status = tamis_buf_append_format(out, "coordinator: %s\n", key->server_key);
    }
    return status;
}

/* ---- The list -------------------------------------------------------------------------------- */

void tamis_allowed_fini(tamis_allowed *allowed)
{
    free(allowed->rows);
    *allowed = (tamis_allowed){.count = 0};
}

/* "NAME ROLE KEY". */
static bool take_row(tamis_net_peer *row, char *line)
{
    char *role = strchr(line, ' ');
    char *key = role == NULL ? NULL : strchr(role + 1, ' ');

    if (key == NULL) {
        return false;
    }
    *role++ = '\0';
    *key++ = '\0';
    if (!tamis_key_name_is_valid(line) || !take_key(row->key, key)) {
        return false;
    }
    memcpy(row->user, line, strlen(line) + 1);
    row->roles = role_of(role);
    return row->roles != 0;
}

static int compare_rows(const void *left, const void *right)
{
    return strcmp(((const tamis_net_peer *)left)->user, ((const tamis_net_peer *)right)->user);
}

static size_t count_lines(tamis_slice text)
{
    size_t count = 1;

    for (size_t i = 0; i < text.size; i++) {
        count += text.data[i] == '\n';
    }
    return count;
}

static tamis_status read_rows(line_reader *reader, const char *file, tamis_allowed *allowed,
                              tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    while ((status = next_line(reader)) != TAMIS_END) {
        if (status != TAMIS_OK || !take_row(&allowed->rows[allowed->count], reader->line)) {
            return malformed(reader, file, err);
        }
        allowed->count++;
    }
    qsort(allowed->rows, allowed->count, sizeof(*allowed->rows), compare_rows);
    for (size_t i = 1; i < allowed->count; i++) {
        if (compare_rows(&allowed->rows[i - 1], &allowed->rows[i]) == 0) {
            return tamis_err_set(err, TAMIS_EFORMAT, "%s: the name '%s' comes twice", file,
                                 allowed->rows[i].user);
        }
    }
    return TAMIS_OK;
}

tamis_status tamis_allowed_parse(tamis_slice text, const char *file, tamis_allowed *out_allowed,
                                 tamis_err *err)
{
    line_reader reader = {.rest = text};
    tamis_allowed allowed = {.count = 0};
    size_t line_count = count_lines(text);
    tamis_status status = read_head(&reader, ALLOWED_HEAD, file, err);

    if (status != TAMIS_OK) {
        return status;
    }
    if (line_count > TAMIS_PEERS_MAX + 2) {
        return tamis_err_set(err, TAMIS_ELIMIT, "%s: more than %d keys", file, TAMIS_PEERS_MAX);
    }
    allowed.rows = calloc(line_count, sizeof(*allowed.rows));
    if (allowed.rows == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for %zu keys", file, line_count);
    }
    status = read_rows(&reader, file, &allowed, err);
    if (status != TAMIS_OK) {
        tamis_allowed_fini(&allowed);
        return status;
    }
    *out_allowed = allowed;
    return TAMIS_OK;
}

tamis_status tamis_allowed_format(const tamis_allowed *allowed, tamis_buf *out)
{
    tamis_status status = tamis_buf_append_string(out, ALLOWED_HEAD VERSION_TEXT "\n");

    for (size_t i = 0; i < allowed->count && status == TAMIS_OK; i++) {
        const tamis_net_peer *row = &allowed->rows[i];

        status = tamis_buf_append_format(out, "%s %s %s\n", row->user, tamis_role_name(row->roles),
                                         row->key);
    }
    return status;
}
