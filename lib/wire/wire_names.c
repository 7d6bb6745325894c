/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/wire.h"

#define VARINT_SIZE 11 /* tag and value of a number, at most */
#define STRING_SIZE 4  /* tag and length of a string, at most */
#define ROW_SIZE    8  /* tag and length of a row, at most */

const char *tamis_message_kind_name(tamis_message_kind kind)
{
    static const char *const names[TAMIS_MESSAGE_KIND_END] = {
        [TAMIS_MESSAGE_HELLO] = "hello",
        [TAMIS_MESSAGE_WELCOME] = "welcome",
        [TAMIS_MESSAGE_REFUSED] = "refused",
        [TAMIS_MESSAGE_TASK_REQUEST] = "task_request",
        [TAMIS_MESSAGE_ASSIGN] = "assign",
        [TAMIS_MESSAGE_FETCH] = "fetch",
        [TAMIS_MESSAGE_JOB_INFO] = "job_info",
        [TAMIS_MESSAGE_OWNERS] = "owners",
        [TAMIS_MESSAGE_TASK_DONE] = "task_done",
        [TAMIS_MESSAGE_TASK_ACK] = "task_ack",
        [TAMIS_MESSAGE_TASK_FAILED] = "task_failed",
        [TAMIS_MESSAGE_HEARTBEAT] = "heartbeat",
        [TAMIS_MESSAGE_SUBMIT] = "submit",
        [TAMIS_MESSAGE_SUBMITTED] = "submitted",
        [TAMIS_MESSAGE_STATUS_REQUEST] = "status_request",
        [TAMIS_MESSAGE_STATUS] = "status",
        [TAMIS_MESSAGE_CANCEL] = "cancel",
        [TAMIS_MESSAGE_JOB_DONE] = "job_done",
        [TAMIS_MESSAGE_BYE] = "bye",
        [TAMIS_MESSAGE_FOLDERS] = "folders",
        [TAMIS_MESSAGE_PAUSE] = "pause",
        [TAMIS_MESSAGE_RESUME] = "resume",
        [TAMIS_MESSAGE_JOBS_REQUEST] = "jobs_request",
        [TAMIS_MESSAGE_JOBS] = "jobs",
        [TAMIS_MESSAGE_WORKERS_REQUEST] = "workers_request",
        [TAMIS_MESSAGE_WORKERS] = "workers",
        [TAMIS_MESSAGE_DRAIN] = "drain",
        [TAMIS_MESSAGE_ANSWER] = "answer",
    };

    return (unsigned)kind < TAMIS_MESSAGE_KIND_END && names[kind] != NULL ? names[kind] : "unknown";
}

const char *tamis_worker_state_name(tamis_worker_state state)
{
    static const char *const names[TAMIS_WORKER_STATE_COUNT] = {
        [TAMIS_WORKER_ALIVE] = "alive",
        [TAMIS_WORKER_DRAINING] = "draining",
        [TAMIS_WORKER_LOST] = "lost",
    };

    return (unsigned)state < TAMIS_WORKER_STATE_COUNT ? names[state] : "unknown";
}

bool tamis_job_id_is_valid(const char *id)
{
    size_t length = strnlen(id, TAMIS_JOB_ID_SIZE);

    return length == TAMIS_JOB_ID_SIZE - 1 && strspn(id, "0123456789abcdef") == length;
}

bool tamis_public_key_is_valid(const char *key)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  ".-:+=^!/*?&<>()[]{}@%$#";
    size_t length = strnlen(key, TAMIS_PUBLIC_KEY_SIZE);

    return length == TAMIS_PUBLIC_KEY_SIZE - 1 && strspn(key, letters) == length;
}

static size_t text_size(const char *text)
{
    return STRING_SIZE + (text == NULL ? 0 : strlen(text));
}

size_t tamis_folder_row_size(const tamis_folder_row *row)
{
    return ROW_SIZE + 2 * VARINT_SIZE + text_size(row->path) + text_size(row->folder_id) +
           text_size(row->data_url) + text_size(row->public_key);
}

size_t tamis_job_row_size(const tamis_job_row *row)
{
    return ROW_SIZE + 11 * VARINT_SIZE + text_size(row->id) + text_size(row->output) +
           text_size(row->fault_text);
}

size_t tamis_worker_row_size(const tamis_worker_row *row)
{
    return ROW_SIZE + 9 * VARINT_SIZE + text_size(row->name) + text_size(row->host) +
           text_size(row->data_folder) + text_size(row->data_url) + text_size(row->user);
}
