/* SPDX-License-Identifier: Apache-2.0 */
#include "isolate_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tamis/isolate.h"

#define SOCKET_TIME_S 60
#define HIGH_FILE     16 /* above those that the new process has */

extern char **environ;

tamis_isolation_page *isolate_page_map(int file)
{
    void *page =
        mmap(NULL, sizeof(tamis_isolation_page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

    return page == MAP_FAILED ? NULL : page;
}

/* A descriptor that dup2 to a low number cannot hit. */
static int move_up(int file)
{
    int moved = fcntl(file, F_DUPFD_CLOEXEC, HIGH_FILE);

    (void)close(file);
    return moved;
}

static int make_page(tamis_isolation_page **out_page)
{
    int file = memfd_create("tamis-isolated", MFD_CLOEXEC);

    if (file >= 0 && ftruncate(file, sizeof(tamis_isolation_page)) == 0 &&
        (*out_page = isolate_page_map(file)) != NULL) {
        return move_up(file);
    }
    if (file >= 0) {
        (void)close(file);
    }
    return -1;
}

static int spawn(const int files[2], pid_t *out_pid)
{
    static char name[] = "/proc/self/exe";
    static char command[] = TAMIS_ISOLATE_COMMAND;
    char *arguments[] = {name, command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t set;
    int failed = posix_spawn_file_actions_init(&actions);

    if (failed != 0) {
        return failed;
    }
    failed = posix_spawnattr_init(&attributes);
    if (failed != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return failed;
    }
    (void)sigemptyset(&set);
    failed = posix_spawnattr_setsigmask(&attributes, &set);
    (void)sigfillset(&set);
    failed = failed != 0 ? failed : posix_spawnattr_setsigdefault(&attributes, &set);
    failed = failed != 0 ? failed
                         : posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK |
                                                                     POSIX_SPAWN_SETSIGDEF |
                                                                     POSIX_SPAWN_SETPGROUP);
    failed = failed != 0 ? failed
                         : posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    failed = failed != 0 ? failed
                         : posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    failed = failed != 0
                 ? failed
                 : posix_spawn_file_actions_adddup2(&actions, files[0], ISOLATE_SOCKET_FILE);
    failed = failed != 0 ? failed
                         : posix_spawn_file_actions_adddup2(&actions, files[1], ISOLATE_PAGE_FILE);
    failed = failed != 0
                 ? failed
                 : posix_spawn_file_actions_addclosefrom_np(&actions, ISOLATE_PAGE_FILE + 1);
    failed = failed != 0 ? failed
                         : posix_spawn(out_pid, name, &actions, &attributes, arguments, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

tamis_status isolate_process_start(isolate_process *process, tamis_err *err)
{
    const struct timeval time = {.tv_sec = SOCKET_TIME_S};
    int sockets[2] = {-1, -1};
    int files[2] = {-1, -1};
    int failed = 0;

    *process = (isolate_process){.pid = 0, .socket = -1};
    files[1] = make_page(&process->page);
    if (files[1] < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        failed = errno;
        goto out;
    }
    process->socket = sockets[0];
    files[0] = move_up(sockets[1]);
    if (files[0] < 0 ||
        setsockopt(process->socket, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)) != 0 ||
        setsockopt(process->socket, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) != 0) {
        failed = errno;
        goto out;
    }
    failed = spawn(files, &process->pid);

out:
    for (size_t i = 0; i < 2; i++) {
        if (files[i] >= 0) {
            (void)close(files[i]);
        }
    }
    if (failed != 0) {
        process->pid = 0;
        isolate_process_fini(process);
        return tamis_err_errno(err, failed, "a process for an isolated task");
    }
    return TAMIS_OK;
}

bool isolate_process_poll(const isolate_process *process, int timeout_ms)
{
    struct pollfd file = {.fd = process->socket, .events = POLLIN};

    return poll(&file, 1, timeout_ms) > 0;
}

int isolate_process_end(isolate_process *process)
{
    int ended = 0;
    pid_t pid = process->pid;

    if (process->socket >= 0) {
        (void)close(process->socket);
        process->socket = -1;
    }
    process->pid = 0;
    if (pid == 0) {
        return 0;
    }
    (void)kill(pid, SIGKILL); /* a process that has ended stays as it ended */
    while (waitpid(pid, &ended, 0) < 0) {
        if (errno != EINTR) {
            return 0;
        }
    }
    return ended;
}

void isolate_process_fini(isolate_process *process)
{
    (void)isolate_process_end(process);
    if (process->page != NULL) {
        (void)munmap(process->page, sizeof(*process->page));
        process->page = NULL;
    }
}
