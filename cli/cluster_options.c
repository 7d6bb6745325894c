/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_options.h"

#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "tamis/path.h"

tamis_status tamis_cluster_keys(const tamis_options *options, tamis_net_security *out_security,
                                tamis_err *err)
{
    tamis_status status = tamis_keys_load(options, TAMIS_ROLE_CLIENT, out_security, NULL, err);

    return status == TAMIS_OK
               ? tamis_keys_check_url(options, out_security, "coordinator",
                                      tamis_options_text(options, "coordinator"), err)
               : status;
}

tamis_status tamis_cluster_connect(const tamis_options *options, const _Atomic bool *is_canceled,
                                   tamis_control **out_control, tamis_err *err)
{
    tamis_net_security security;
    tamis_control_options control = {
        .url = tamis_options_text(options, "coordinator"),
        .give_up_ms = tamis_options_uint(options, "give-up"),
        .security = &security,
        .is_canceled = is_canceled,
    };
    tamis_status status = tamis_cluster_keys(options, &security, err);

    if (status == TAMIS_OK) {
        status = tamis_control_open(&control, out_control, err);
    }
    explicit_bzero(&security, sizeof(security));
    return status;
}

int tamis_cluster_fail(const char *program, const tamis_err *err)
{
    (void)fprintf(stderr, "%s: %s\n", program, err->text);
    if (err->status == TAMIS_EPEER) {
        return TAMIS_EXIT_PEER;
    }
    return err->status == TAMIS_EARG || err->status == TAMIS_ENOENT ? TAMIS_EXIT_USAGE
                                                                    : TAMIS_EXIT_FAILED;
}

/* Appends the message to the list and makes room for its rows. */
static tamis_status take_page(tamis_message ***messages, size_t *message_count, void **rows,
                              size_t row_size, size_t row_count, tamis_message *message,
                              tamis_err *err)
{
    tamis_message **more = reallocarray(*messages, *message_count + 1, sizeof(tamis_message *));
    void *larger = NULL;

    if (more != NULL) {
        *messages = more;
        larger = reallocarray(*rows, row_count + 1, row_size);
    }
    if (larger == NULL) {
        tamis_message_destroy(message);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a list");
    }
    *rows = larger;
    (*messages)[(*message_count)++] = message;
    return TAMIS_OK;
}

static void free_messages(tamis_message **messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tamis_message_destroy(messages[i]);
    }
    free(messages);
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

tamis_status tamis_job_list_get(tamis_control *control, tamis_job_list *out_list, tamis_err *err)
{
    tamis_job_list list = {.row_count = 0};
    bool has_more = true;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && has_more) {
        tamis_message question = {.kind = TAMIS_MESSAGE_JOBS_REQUEST};
        tamis_message *answer = NULL;
        size_t count = 0;

        question.body.rows_request.first = (uint32_t)list.row_count;
        status = tamis_control_ask(control, &question, TAMIS_MESSAGE_JOBS, &answer, err);
        if (status == TAMIS_OK && answer->body.jobs.first != list.row_count) {
            tamis_message_destroy(answer); /* a late answer to an earlier question */
            continue;
        }
        count = status == TAMIS_OK ? answer->body.jobs.row_count : 0;
        if (status == TAMIS_OK) {
            status = take_page(&list.messages, &list.message_count, (void **)&list.rows,
                               sizeof(*list.rows), list.row_count + count, answer, err);
        }
        if (status == TAMIS_OK) {
            memcpy(list.rows + list.row_count, answer->body.jobs.rows, count * sizeof(*list.rows));
            list.row_count += count;
            has_more = count != 0 && list.row_count < answer->body.jobs.total;
        }
    }
    if (status != TAMIS_OK) {
        tamis_job_list_free(&list);
        return status;
    }
    *out_list = list;
    return TAMIS_OK;
}

void tamis_job_list_free(tamis_job_list *list)
{
    free_messages(list->messages, list->message_count);
    free(list->rows);
    *list = (tamis_job_list){.row_count = 0};
}

tamis_status tamis_job_list_find(const tamis_job_list *list, const char *name,
                                 const tamis_job_row **out_row, tamis_err *err)
{
    char folder[TAMIS_PATH_MAX];
    bool is_folder = strchr(name, '/') != NULL || strcmp(name, ".") == 0;
    const tamis_job_row *found = NULL;
    size_t matches = 0;

    if (list->row_count == 0) {
        return tamis_err_set(err, TAMIS_ENOENT, "the coordinator has no job");
    }
    if (strcmp(name, "last") == 0) {
        *out_row = &list->rows[list->row_count - 1];
        return TAMIS_OK;
    }
    if (is_folder && tamis_path_absolute(folder, name, err) != TAMIS_OK) {
        return err == NULL ? TAMIS_EARG : err->status;
    }
    for (size_t i = 0; i < list->row_count; i++) {
        const tamis_job_row *row = &list->rows[i];

        if (strcmp(row->id, name) == 0 || (is_folder && strcmp(row->output, folder) == 0)) {
            found = row; /* the last one of a folder */
            matches = 1;
        } else if (!is_folder && strncmp(row->id, name, strlen(name)) == 0) {
            found = found == NULL ? row : found;
            matches++;
        }
    }
    if (matches == 0) {
        return tamis_err_set(err, TAMIS_ENOENT,
                             "no job %s: 'tamis jobs' lists those that the coordinator knows",
                             name);
    }
    if (matches > 1) {
        return tamis_err_set(err, TAMIS_EARG, "%zu jobs begin with '%s': give more of the id",
                             matches, name);
    }
    *out_row = found;
    return TAMIS_OK;
}

/* ---- Workers --------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const tamis_worker_row *left = a;
    const tamis_worker_row *right = b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order : strcmp(left->data_folder, right->data_folder);
}

tamis_status tamis_worker_list_get(tamis_control *control, tamis_worker_list *out_list,
                                   tamis_err *err)
{
    tamis_worker_list list = {.row_count = 0};
    bool has_more = true;
    tamis_status status = TAMIS_OK;

    while (status == TAMIS_OK && has_more) {
        tamis_message question = {.kind = TAMIS_MESSAGE_WORKERS_REQUEST};
        tamis_message *answer = NULL;
        size_t count = 0;

        question.body.rows_request.first = (uint32_t)list.row_count;
        status = tamis_control_ask(control, &question, TAMIS_MESSAGE_WORKERS, &answer, err);
        if (status == TAMIS_OK && answer->body.workers.first != list.row_count) {
            tamis_message_destroy(answer); /* a late answer to an earlier question */
            continue;
        }
        count = status == TAMIS_OK ? answer->body.workers.row_count : 0;
        if (status == TAMIS_OK) {
            status = take_page(&list.messages, &list.message_count, (void **)&list.rows,
                               sizeof(*list.rows), list.row_count + count, answer, err);
        }
        if (status == TAMIS_OK) {
            memcpy(list.rows + list.row_count, answer->body.workers.rows,
                   count * sizeof(*list.rows));
            list.row_count += count;
            has_more = count != 0 && list.row_count < answer->body.workers.total;
        }
    }
    if (status != TAMIS_OK) {
        tamis_worker_list_free(&list);
        return status;
    }
    if (list.row_count != 0) {
        qsort(list.rows, list.row_count, sizeof(*list.rows), by_name);
    }
    *out_list = list;
    return TAMIS_OK;
}

void tamis_worker_list_free(tamis_worker_list *list)
{
    free_messages(list->messages, list->message_count);
    free(list->rows);
    *list = (tamis_worker_list){.row_count = 0};
}
