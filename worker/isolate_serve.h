/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_serve.h - answers what the process of an isolated task asks, by the env of the task.
 *
 * Threads: the task's.
 */
#ifndef TAMIS_ISOLATE_SERVE_H
#define TAMIS_ISOLATE_SERVE_H

#include "isolate_frames.h"
#include "tamis/task.h"

typedef struct isolate_server {
    const tamis_task_env *env;
    const char *side_folder;   /* where copies of records may lie, one folder a batch */
    tamis_gathered **gathered; /* by number; NULL: released */
    size_t gathered_count;
    tamis_buf answer;
} isolate_server;

void isolate_server_init(isolate_server *server, const tamis_task_env *env,
                         const char *side_folder);
/* Lets go of what the process gathered and did not release. */
void isolate_server_reset(isolate_server *server);
void isolate_server_fini(isolate_server *server);

/* Handles one frame that is no RESULT, and answers on the socket. TAMIS_EFORMAT: it makes no sense;
 * TAMIS_EPEER: the process is gone; TAMIS_ENOMEM. A question that fails is answered so. */
TAMIS_MUST_USE
tamis_status isolate_server_handle(isolate_server *server, int socket, isolate_frame kind,
                                   tamis_slice payload);

#endif
