/* SPDX-License-Identifier: Apache-2.0 */
/* To be preloaded: calls on regular files and folders fail where libfiu says so.
 *
 *   FAULTS="enable_random name=file/sync,probability=0.01,failinfo=5;..." FAULT_SEED=7
 *
 * Points of failure: file/open, file/read, file/write, file/sync, file/rename; failinfo is the
 * errno. libfiu's own preload library fails pipes and event descriptors too, on which libraries
 * rightly abort, and knows neither openat nor renameat nor syncfs: hence this one. Each failure is
 * told on stderr.
 */
/* Fortified headers have inline functions in the places of these. */
#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fiu-control.h>
#include <fiu.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMMAND_SIZE 256
#define EXPORT       __attribute__((visibility("default")))

/* The function that this one stands in front of. ISO C has no cast from void * to a function. */
#define REAL(type, name)                                                                           \
    static type real;                                                                              \
    if (real == NULL) {                                                                            \
        void *found = dlsym(RTLD_NEXT, name);                                                      \
        memcpy(&real, &found, sizeof(real));                                                       \
    }

static volatile int is_ready;

__attribute__((constructor)) static void start(void)
{
    const char *commands = getenv("FAULTS");
    const char *seed = getenv("FAULT_SEED");

    if (commands == NULL) {
        return;
    }
    fiu_set_prng_seed(seed == NULL ? 1 : (unsigned)strtoul(seed, NULL, 10));
    if (fiu_init(0) != 0) {
        abort();
    }
    while (*commands != '\0') {
        char command[COMMAND_SIZE];
        char *error = NULL;
        size_t size = strcspn(commands, ";");

        if (size >= sizeof(command)) {
            abort();
        }
        memcpy(command, commands, size);
        command[size] = '\0';
        if (fiu_rc_string(command, &error) != 0) {
            (void)fprintf(stderr, "FAULTS: %s: %s\n", command, error);
            abort();
        }
        commands += size + (commands[size] == ';');
    }
    is_ready = 1;
}

static int fails(const char *point, const char *call)
{
    char text[96];
    int length = 0;

    if (!is_ready || fiu_fail(point) == 0) {
        return 0;
    }
    length = snprintf(text, sizeof(text), "fault: %s\n", call);
    if (length > 0) {
        (void)!dprintf(STDERR_FILENO, "%s", text);
    }
    errno = (int)(intptr_t)fiu_failinfo();
    return 1;
}

/* Not of sockets, pipes and what stands on the terminal. */
static int file_fails(int file, const char *point, const char *call)
{
    struct stat info;
    int before = errno;
    int is_file = is_ready && file > STDERR_FILENO && fstat(file, &info) == 0 &&
                  (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));

    errno = before;
    return is_file && fails(point, call);
}

/* ---- open ---- */

typedef int (*open_call)(const char *, int, ...);
typedef int (*openat_call)(int, const char *, int, ...);

static mode_t mode_of(int flags, va_list arguments)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    EXPORT int name(const char *path, int flags, ...);                                             \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list arguments;                                                                         \
        mode_t mode = 0;                                                                           \
        REAL(open_call, #name)                                                                     \
        va_start(arguments, flags);                                                                \
        mode = mode_of(flags, arguments);                                                          \
        va_end(arguments);                                                                         \
        return fails("file/open", #name) ? -1 : real(path, flags, mode);                           \
    }
#define OPENAT(name)                                                                               \
    EXPORT int name(int folder, const char *path, int flags, ...);                                 \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        va_list arguments;                                                                         \
        mode_t mode = 0;                                                                           \
        REAL(openat_call, #name)                                                                   \
        va_start(arguments, flags);                                                                \
        mode = mode_of(flags, arguments);                                                          \
        va_end(arguments);                                                                         \
        return fails("file/open", #name) ? -1 : real(folder, path, flags, mode);                   \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

/* ---- read, write ---- */

typedef ssize_t (*read_call)(int, void *, size_t);
typedef ssize_t (*read_checked)(int, void *, size_t, size_t);
typedef ssize_t (*pread_call)(int, void *, size_t, off_t);
typedef ssize_t (*pread_checked)(int, void *, size_t, off_t, size_t);
typedef ssize_t (*write_call)(int, const void *, size_t);
typedef ssize_t (*pwrite_call)(int, const void *, size_t, off_t);

EXPORT ssize_t read(int file, void *bytes, size_t size)
{
    REAL(read_call, "read")
    return file_fails(file, "file/read", "read") ? -1 : real(file, bytes, size);
}

EXPORT ssize_t __read_chk(int file, void *bytes, size_t size, size_t room);
ssize_t __read_chk(int file, void *bytes, size_t size, size_t room)
{
    REAL(read_checked, "__read_chk")
    return file_fails(file, "file/read", "read") ? -1 : real(file, bytes, size, room);
}

#define PREAD(name)                                                                                \
    EXPORT ssize_t name(int file, void *bytes, size_t size, off_t offset)                          \
    {                                                                                              \
        REAL(pread_call, #name)                                                                    \
        return file_fails(file, "file/read", #name) ? -1 : real(file, bytes, size, offset);        \
    }
#define PREAD_CHECKED(name)                                                                        \
    EXPORT ssize_t name(int file, void *bytes, size_t size, off_t offset, size_t room);            \
    ssize_t name(int file, void *bytes, size_t size, off_t offset, size_t room)                    \
    {                                                                                              \
        REAL(pread_checked, #name)                                                                 \
        return file_fails(file, "file/read", #name) ? -1 : real(file, bytes, size, offset, room);  \
    }
#define PWRITE(name)                                                                               \
    EXPORT ssize_t name(int file, const void *bytes, size_t size, off_t offset)                    \
    {                                                                                              \
        REAL(pwrite_call, #name)                                                                   \
        return file_fails(file, "file/write", #name) ? -1 : real(file, bytes, size, offset);       \
    }

PREAD(pread)
PREAD(pread64)
PREAD_CHECKED(__pread_chk)
PREAD_CHECKED(__pread64_chk)
PWRITE(pwrite)
PWRITE(pwrite64)

EXPORT ssize_t write(int file, const void *bytes, size_t size)
{
    REAL(write_call, "write")
    return file_fails(file, "file/write", "write") ? -1 : real(file, bytes, size);
}

/* ---- sync, rename ---- */

typedef int (*sync_call)(int);
typedef int (*rename_call)(const char *, const char *);
typedef int (*renameat_call)(int, const char *, int, const char *);

#define SYNC(name)                                                                                 \
    EXPORT int name(int file)                                                                      \
    {                                                                                              \
        REAL(sync_call, #name)                                                                     \
        return file_fails(file, "file/sync", #name) ? -1 : real(file);                             \
    }

SYNC(fsync)
SYNC(fdatasync)
SYNC(syncfs)

EXPORT int rename(const char *from, const char *to)
{
    REAL(rename_call, "rename")
    return fails("file/rename", "rename") ? -1 : real(from, to);
}

EXPORT int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    REAL(renameat_call, "renameat")
    return fails("file/rename", "renameat") ? -1 : real(from_folder, from, to_folder, to);
}
