/* SPDX-License-Identifier: Apache-2.0 */
/* To be preloaded: the OOM_AT-th allocation of the process fails, counted over all threads.
 *
 *   OOM_AT=1234          that one alone returns NULL (0 or unset: none)
 *   OOM_TRAP=1           SIGTRAP there, for a debugger
 *   OOM_COUNT=FILE       at the end the number of allocations is written there
 *
 * A segmentation fault is told on stderr with the program or library that it happened in, an abort
 * with the one that called for it: the innermost caller that is none of the runtimes of C and C++,
 * where abort() itself, a failing assertion and std::terminate() lie.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* What stands behind the public names in glibc; dlsym would allocate itself. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static _Atomic uint64_t allocations;
static uint64_t failing; /* written before main, as the next */
static int is_trapping;

#define FRAMES_MAX 64

static const char *module_of(void *place)
{
    Dl_info info;

    return dladdr(place, &info) != 0 && info.dli_fname != NULL ? info.dli_fname : "?";
}

/* Not where an abort comes from, though it is where it happens. The last ones are C++ libraries
 * whose copies of std::vector and the like serve RocksDB too, since the linker takes the first; a
 * run without quality calls nothing else of them. */
static int is_runtime(const char *module)
{
    static const char *const NAMES[] = {
        "libc.so",           "libpthread.so",    "libstdc++.so", "libgcc_s.so", "ld-linux",
        "liboom_preload.so", "libsentencepiece", "libfasttext",  "libcld2",     "libicu"};
    const char *slash = strrchr(module, '/');
    const char *base = slash == NULL ? module : slash + 1;

    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (strncmp(base, NAMES[i], strlen(NAMES[i])) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Prints the stack and the innermost module outside the runtimes. Best effort: the process is lost
 * anyway, so that calls are used which are not made for this. */
static void tell(const char *what, int number)
{
    void *frames[FRAMES_MAX];
    int count = backtrace(frames, FRAMES_MAX);
    const char *module = "?";

    for (int i = 0; i < count; i++) {
        module = module_of(frames[i]);
        if (!is_runtime(module)) {
            break;
        }
    }
    backtrace_symbols_fd(frames, count, STDERR_FILENO);
    (void)!dprintf(STDERR_FILENO, "%s %s\n", what, module);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void on_abort(int number)
{
    tell("abort from", number);
}

static void on_fault(int number)
{
    tell("segmentation fault in", number);
}

/* Threads that block all signals would die of a fault without a word. */
EXPORT int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
    int (*real)(int, const sigset_t *, sigset_t *) = NULL;
    void *found = dlsym(RTLD_NEXT, "pthread_sigmask");
    sigset_t changed;

    memcpy(&real, &found, sizeof(real));
    if (set == NULL || how == SIG_UNBLOCK) {
        return real(how, set, old);
    }
    changed = *set;
    (void)sigdelset(&changed, SIGSEGV);
    return real(how, &changed, old);
}

__attribute__((constructor)) static void start(void)
{
    const char *at = getenv("OOM_AT");
    struct sigaction fault = {.sa_handler = on_fault};
    struct sigaction aborted = {.sa_handler = on_abort};
    void *frame = NULL;

    (void)backtrace(&frame, 1); /* loads what it needs, which takes memory, now */
    (void)sigaction(SIGSEGV, &fault, NULL);
    (void)sigaction(SIGABRT, &aborted, NULL);
    is_trapping = getenv("OOM_TRAP") != NULL;
    failing = at == NULL ? 0 : strtoull(at, NULL, 10);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("OOM_COUNT");
    int file = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (file >= 0) {
        (void)!dprintf(file, "%llu\n", (unsigned long long)atomic_load(&allocations));
        (void)close(file);
    }
}

static int fails(void)
{
    if (atomic_fetch_add(&allocations, 1) + 1 != failing) {
        return 0;
    }
    if (is_trapping) {
        (void)raise(SIGTRAP);
    }
    errno = ENOMEM;
    return 1;
}

EXPORT void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

EXPORT void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

EXPORT void *realloc(void *memory, size_t size)
{
    return fails() ? NULL : __libc_realloc(memory, size);
}

EXPORT void *reallocarray(void *memory, size_t count, size_t size)
{
    size_t bytes = 0;

    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return fails() ? NULL : __libc_realloc(memory, bytes);
}

EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

EXPORT int posix_memalign(void **out_memory, size_t alignment, size_t size)
{
    void *memory = fails() ? NULL : __libc_memalign(alignment, size);

    if (memory == NULL) {
        return ENOMEM;
    }
    *out_memory = memory;
    return 0;
}
