/* SPDX-License-Identifier: Apache-2.0 */
/* isolate.h - runs a task in a process of its own, and finds the records that kill it.
 *
 * A task that took down workers is run by the same program, started anew with the hidden command
 * TAMIS_ISOLATE_COMMAND: what kills it then does not kill the worker. The new process has the job,
 * the task's folder, and a socket by which it asks for results of other tasks as a task asks its
 * env; it dies with the thread that started it. Where it dies is read from a page that both share
 * (isolation.h). A record that kills it alone, twice, in fresh processes, while its neighbors do
 * not, is set aside with the fault POISONED, and the task runs again without it. A death that does
 * not repeat is nobody's fault: the attempt fails and may be tried again.
 *
 * Records that are found so are part of what the task leaves (docs/FORMATS.md, "Task results"), not
 * of the job: another attempt finds them again.
 *
 * Threads: any; each call has a process and sockets of its own.
 */
#ifndef TAMIS_ISOLATE_H
#define TAMIS_ISOLATE_H

#include "tamis/task.h"

#define TAMIS_ISOLATE_COMMAND    "isolated-task"
#define TAMIS_ISOLATE_SILENCE_MS (UINT64_C(10) * 60 * 1000)

/* A tamis_task_run for any kind that the program runs: to be put in place of the kind's own.
 * Besides the errors of the task:
 *   TAMIS_EAGAIN        the process died once, or neighbors of the suspect died like it; or it was
 *                       ended by a signal that asks programs to end. Retryable.
 *   TAMIS_EUNSUPPORTED  it dies again and again of something that cannot be set aside: reading the
 *                       input, or a record in a stage that can set none aside.
 *   TAMIS_ELIMIT        more than TAMIS_POISONED_MAX records of the task kill it.
 *   TAMIS_ECANCELED     env->progress says so; the process was killed. */
TAMIS_MUST_USE
tamis_status tamis_isolate_run(const tamis_task_env *env, tamis_task_result *result,
                               tamis_err *err);

/* Whether the program was started to run an isolated task: its main then returns _main at once. */
bool tamis_isolate_is_asked(int argument_count, char **arguments);

/* Runs the task; returns the exit code. The outcome goes to the process that started this one. */
int tamis_isolate_main(const tamis_task_table *tasks);

#endif
