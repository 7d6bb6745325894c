/* SPDX-License-Identifier: Apache-2.0 */
/* isolate_process.h - the process of an isolated task: started, watched, ended.
 *
 * It is this program, started anew with TAMIS_ISOLATE_COMMAND, in a process group of its own (so
 * that what ends the worker from a terminal is the worker's matter), with no open files but its
 * socket, the shared page and stderr. It dies with the thread that started it.
 *
 * Threads: as its owner's.
 */
#ifndef TAMIS_ISOLATE_PROCESS_H
#define TAMIS_ISOLATE_PROCESS_H

#include <sys/types.h>

#include "tamis/isolation.h"

#define ISOLATE_SOCKET_FILE 3 /* in the new process */
#define ISOLATE_PAGE_FILE   4

typedef struct isolate_process {
    pid_t pid; /* 0: none */
    int socket;
    tamis_isolation_page *page;
} isolate_process;

/* TAMIS_EIO, TAMIS_ENOMEM, ...: the system gives no process, socket or memory. */
TAMIS_MUST_USE
tamis_status isolate_process_start(isolate_process *process, tamis_err *err);

/* Waits for something to read or the end of the process. */
bool isolate_process_poll(const isolate_process *process, int timeout_ms);

/* Ends it if it still runs; returns its wait status (waitpid). The page stays. */
int isolate_process_end(isolate_process *process);

/* Lets go of the page too. */
void isolate_process_fini(isolate_process *process);

/* The page in the new process; NULL: there is none. */
tamis_isolation_page *isolate_page_map(int file);

#endif
