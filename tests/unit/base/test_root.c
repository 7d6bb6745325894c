/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: no path of a job leads out of the roots, neither by what it says nor by what stands on the
 * disk nor by what is swapped in meanwhile. Method: a temporary folder with an "in" that is the
 * root and an "out" that must never be reached; a thread that swaps a folder for a link while
 * another opens beneath it; a child whose system call filter knows no openat2.
 */
#include "tamis/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tamis/path.h"

#define RACE_TRIES 20000

static char base[] = "/tmp/tamis-test-root-XXXXXX";

static const char *at(const char *name)
{
    static char paths[8][TAMIS_PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 8];

    assert_int_equal(tamis_path_join(path, base, name, NULL), TAMIS_OK);
    return path;
}

static void write_text(const char *path, const char *text)
{
    assert_int_equal(tamis_path_make_parents(path, NULL), TAMIS_OK);
    assert_int_equal(tamis_path_write_file(path, tamis_slice_of_string(text), NULL), TAMIS_OK);
}

static tamis_roots *roots_of(const char *first, const char *second)
{
    const char *folders[] = {first, second};
    tamis_roots *roots = NULL;
    tamis_err err = {.status = TAMIS_OK};

    if (tamis_roots_create(folders, second == NULL ? 1 : 2, &roots, &err) != TAMIS_OK) {
        fail_msg("%s", err.text);
    }
    return roots;
}

/* The status of opening it, and whether what was opened holds `text`. */
static tamis_status open_status(const tamis_roots *roots, const char *path, const char *text)
{
    char bytes[64] = {0};
    int file = -1;
    tamis_status status = tamis_roots_open(roots, path, O_RDONLY, &file, NULL);

    if (status == TAMIS_OK) {
        assert_int_equal(read(file, bytes, sizeof(bytes) - 1), (ssize_t)strlen(text));
        assert_string_equal(bytes, text);
        assert_int_equal(close(file), 0);
    } else {
        assert_int_equal(file, -1);
    }
    return status;
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(base) == NULL) {
        return -1;
    }
    write_text(at("in/a/file"), "inside");
    write_text(at("in/b/file"), "beside");
    write_text(at("out/file"), "outside");
    write_text(at("inner/file"), "only begins alike");
    assert_int_equal(symlink("../out", at("in/relative")), 0);
    assert_int_equal(symlink("a", at("in/stays")), 0);
    assert_int_equal(symlink("../b", at("in/a/to_b")), 0);
    assert_int_equal(symlink(at("out"), at("in/absolute")), 0);
    assert_int_equal(symlink(at("in/a"), at("in/absolute_inside")), 0);
    assert_int_equal(symlink("/proc/self/root", at("in/magic")), 0);
    assert_int_equal(symlink("loop", at("in/loop")), 0);
    assert_int_equal(symlink("in", at("link")), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return tamis_path_remove(base, NULL) == TAMIS_OK ? 0 : -1;
}

/* ---- Reading ---- */

static void test_beneath(void **state)
{
    static const struct {
        const char *path;
        const char *text;
        tamis_status status;
    } rows[] = {
        {"in/a/file", "inside", TAMIS_OK},
        {"in//a/./file", "inside", TAMIS_OK},
        {"in/a/../b/file", "beside", TAMIS_OK},
        {"in/stays/file", "inside", TAMIS_OK},
        {"in/a/to_b/file", "beside", TAMIS_OK},
        {"in/none", "", TAMIS_ENOENT},
        {"in/../out/file", "", TAMIS_EOUTSIDE},
        {"in/a/../../out/file", "", TAMIS_EOUTSIDE},
        {"in/..", "", TAMIS_EOUTSIDE},
        {"in/relative/file", "", TAMIS_EOUTSIDE},
        {"in/relative", "", TAMIS_EOUTSIDE},
        {"in/absolute/file", "", TAMIS_EOUTSIDE},
        {"in/absolute_inside/file", "", TAMIS_EOUTSIDE},
        {"in/magic/etc/passwd", "", TAMIS_EOUTSIDE},
        {"in/loop", "", TAMIS_EOUTSIDE},
        {"out/file", "", TAMIS_EOUTSIDE},
        {"inner/file", "", TAMIS_EOUTSIDE},
        {"out/../in/a/file", "", TAMIS_EOUTSIDE}, /* does not begin with the root's name */
    };
    tamis_roots *roots = roots_of(at("in"), NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tamis_status status = open_status(roots, at(rows[i].path), rows[i].text);

        if (status != rows[i].status) {
            fail_msg("%s: %s", rows[i].path, tamis_status_name(status));
        }
    }
    assert_int_equal(open_status(roots, "in/a/file", ""), TAMIS_EOUTSIDE); /* relative */
    assert_int_equal(open_status(roots, "", ""), TAMIS_EOUTSIDE);
    assert_int_equal(open_status(roots, "/", ""), TAMIS_EOUTSIDE);
    tamis_roots_destroy(roots);
}

static void test_magic(void **state)
{
    const char *folders[] = {"/proc/self"};
    tamis_roots *roots = NULL;
    char path[64];
    int file = open(at("out/file"), O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(tamis_roots_create(folders, 1, &roots, NULL), TAMIS_OK);
    assert_true(snprintf(path, sizeof(path), "/proc/self/fd/%d", file) > 0);
    assert_int_equal(open_status(roots, path, ""), TAMIS_EOUTSIDE);
    tamis_roots_destroy(roots);
    assert_int_equal(close(file), 0);
}

static void test_messages(void **state)
{
    tamis_roots *roots = roots_of(at("in"), NULL);
    tamis_err err = {.status = TAMIS_OK};
    int file = -1;

    (void)state;
    assert_int_equal(tamis_roots_open(roots, at("out/file"), O_RDONLY, &file, &err),
                     TAMIS_EOUTSIDE);
    assert_non_null(strstr(err.text, "out/file: lies beneath no folder given by --root"));
    assert_int_equal(tamis_roots_open(roots, at("in/relative/file"), O_RDONLY, &file, &err),
                     TAMIS_EOUTSIDE);
    assert_non_null(strstr(err.text, "in/relative/file: leads out"));
    assert_int_equal(tamis_roots_open(roots, at("in/none"), O_RDONLY, &file, &err), TAMIS_ENOENT);
    assert_non_null(strstr(err.text, "in/none: cannot be opened"));
    tamis_roots_destroy(roots);
}

static void test_everything_without_roots(void **state)
{
    const char *name = NULL;
    int folder = -1;

    (void)state;
    assert_int_equal(open_status(NULL, at("in/relative/file"), "outside"), TAMIS_OK);
    assert_int_equal(open_status(NULL, at("in/none"), ""), TAMIS_ENOENT);
    assert_int_equal(
        tamis_roots_open_parent(NULL, at("made/without/file"), true, &folder, &name, NULL),
        TAMIS_OK);
    assert_string_equal(name, "file");
    assert_int_equal(close(folder), 0);
    assert_int_equal(access(at("made/without"), F_OK), 0);
}

/* ---- Roots ---- */

static void test_root_is_a_link(void **state)
{
    tamis_roots *roots = NULL;

    (void)state;
    roots = roots_of(at("link"), NULL);
    assert_int_equal(open_status(roots, at("link/a/file"), "inside"), TAMIS_OK);
    assert_int_equal(open_status(roots, at("in/a/file"), "inside"), TAMIS_OK); /* its real name */
    assert_int_equal(open_status(roots, at("out/file"), ""), TAMIS_EOUTSIDE);
    /* Opened once: where the link leads now does not matter. */
    assert_int_equal(unlink(at("link")), 0);
    assert_int_equal(symlink("out", at("link")), 0);
    assert_int_equal(open_status(roots, at("link/a/file"), "inside"), TAMIS_OK);
    assert_int_equal(open_status(roots, at("link/file"), ""), TAMIS_ENOENT);
    assert_int_equal(unlink(at("link")), 0);
    assert_int_equal(symlink("in", at("link")), 0);
    tamis_roots_destroy(roots);
}

static void test_several(void **state)
{
    tamis_roots *roots = roots_of(at("in/a"), at("out"));

    (void)state;
    assert_int_equal(open_status(roots, at("in/a/file"), "inside"), TAMIS_OK);
    assert_int_equal(open_status(roots, at("out/file"), "outside"), TAMIS_OK);
    assert_int_equal(open_status(roots, at("in/b/file"), ""), TAMIS_EOUTSIDE);
    assert_int_equal(open_status(roots, at("in/a/to_b/file"), ""), TAMIS_EOUTSIDE);
    /* A link from one root into the other leads out of the first. */
    assert_int_equal(open_status(roots, at("in/relative/file"), ""), TAMIS_EOUTSIDE);
    tamis_roots_destroy(roots);
}

static void test_nested(void **state)
{
    tamis_roots *roots = roots_of(at("in"), at("in/a"));

    (void)state;
    assert_int_equal(open_status(roots, at("in/a/file"), "inside"), TAMIS_OK);
    /* It leaves the inner one, not the outer one. */
    assert_int_equal(open_status(roots, at("in/a/to_b/file"), "beside"), TAMIS_OK);
    assert_int_equal(open_status(roots, at("in/a/../../out/file"), ""), TAMIS_EOUTSIDE);
    tamis_roots_destroy(roots);
}

static void test_whole_disk(void **state)
{
    tamis_roots *roots = roots_of("/", NULL);

    (void)state;
    assert_int_equal(open_status(roots, at("out/file"), "outside"), TAMIS_OK);
    assert_int_equal(open_status(roots, at("in/relative/file"), "outside"), TAMIS_OK);
    assert_int_equal(open_status(roots, at("in/absolute/file"), "outside"), TAMIS_OK);
    assert_int_equal(open_status(roots, at("in/magic/etc/passwd"), ""), TAMIS_EOUTSIDE);
    assert_int_equal(open_status(roots, "relative", ""), TAMIS_EOUTSIDE);
    tamis_roots_destroy(roots);
}

static void test_limits(void **state)
{
    const char *folders[TAMIS_ROOTS_MAX + 1];
    tamis_roots *roots = NULL;
    tamis_err err = {.status = TAMIS_OK};

    (void)state;
    for (size_t i = 0; i <= TAMIS_ROOTS_MAX; i++) {
        folders[i] = base;
    }
    assert_int_equal(tamis_roots_create(folders, 0, &roots, NULL), TAMIS_EARG);
    assert_int_equal(tamis_roots_create(folders, TAMIS_ROOTS_MAX + 1, &roots, NULL), TAMIS_EARG);
    assert_int_equal(tamis_roots_create(folders, TAMIS_ROOTS_MAX, &roots, NULL), TAMIS_OK);
    tamis_roots_destroy(roots);
    roots = NULL;
    folders[0] = at("none");
    assert_int_equal(tamis_roots_create(folders, 1, &roots, &err), TAMIS_EARG);
    assert_non_null(strstr(err.text, "/none: cannot open the folder"));
    assert_int_equal(err.status, TAMIS_EARG);
    folders[0] = at("out/file");
    assert_int_equal(tamis_roots_create(folders, 1, &roots, NULL), TAMIS_EARG);
    assert_null(roots);
    tamis_roots_destroy(NULL);
}

static void test_required_off_loopback(void **state)
{
    const char *folders[] = {base};
    tamis_roots *roots = NULL;
    tamis_err err = {.status = TAMIS_OK};

    (void)state;
    assert_int_equal(tamis_roots_create_for("tcp://10.0.0.1:7", false, NULL, 0, &roots, &err),
                     TAMIS_EARG);
    assert_non_null(strstr(err.text, "tcp://10.0.0.1:7"));
    assert_non_null(strstr(err.text, "--root"));
    assert_int_equal(tamis_roots_create_for("tcp://127.0.0.1:7", true, NULL, 0, &roots, NULL),
                     TAMIS_OK);
    assert_null(roots);
    assert_int_equal(tamis_roots_create_for("tcp://10.0.0.1:7", false, folders, 1, &roots, NULL),
                     TAMIS_OK);
    assert_non_null(roots);
    tamis_roots_destroy(roots);
}

/* ---- Writing ---- */

static void test_make_folders(void **state)
{
    tamis_roots *roots = roots_of(at("in"), NULL);
    struct stat info;
    int folder = -1;

    (void)state;
    assert_int_equal(tamis_roots_open_folder(roots, at("in/x/y/z"), false, &folder, NULL),
                     TAMIS_ENOENT);
    assert_int_equal(tamis_roots_open_folder(roots, at("in/x//y/z/"), true, &folder, NULL),
                     TAMIS_OK);
    assert_int_equal(mkdirat(folder, "w", 0777), 0);
    assert_int_equal(close(folder), 0);
    assert_int_equal(stat(at("in/x/y/z/w"), &info), 0);
    assert_int_equal(tamis_roots_open_folder(roots, at("in/stays/new"), true, &folder, NULL),
                     TAMIS_OK);
    assert_int_equal(close(folder), 0);
    assert_int_equal(stat(at("in/a/new"), &info), 0);
    folder = -1;
    assert_int_equal(tamis_roots_open_folder(roots, at("in/relative/new"), true, &folder, NULL),
                     TAMIS_EOUTSIDE);
    assert_int_equal(tamis_roots_open_folder(roots, at("in/../new"), true, &folder, NULL),
                     TAMIS_EOUTSIDE);
    assert_int_equal(tamis_roots_open_folder(roots, at("in/absolute/new"), true, &folder, NULL),
                     TAMIS_EOUTSIDE);
    assert_int_equal(tamis_roots_open_folder(roots, at("new/deeper"), true, &folder, NULL),
                     TAMIS_EOUTSIDE);
    assert_int_equal(tamis_roots_open_folder(roots, at("in/a/file/new"), true, &folder, NULL),
                     TAMIS_EEXIST);
    assert_int_equal(tamis_roots_open_folder(roots, at("in/a/file"), true, &folder, NULL),
                     TAMIS_EEXIST);
    assert_int_equal(folder, -1);
    assert_int_not_equal(stat(at("new"), &info), 0);
    assert_int_not_equal(stat(at("out/new"), &info), 0);
    tamis_roots_destroy(roots);
}

/* A folder that hangs in the air is not made where the link leads to. */
static void test_dangling_link(void **state)
{
    tamis_roots *roots = roots_of(at("in"), NULL);
    struct stat info;
    int folder = -1;

    (void)state;
    assert_int_equal(symlink("../out/nothing", at("in/dangling")), 0);
    assert_int_equal(symlink("a/nothing", at("in/hanging")), 0);
    assert_int_not_equal(tamis_roots_open_folder(roots, at("in/dangling/x"), true, &folder, NULL),
                         TAMIS_OK);
    assert_int_not_equal(tamis_roots_open_folder(roots, at("in/hanging/x"), true, &folder, NULL),
                         TAMIS_OK);
    assert_int_not_equal(lstat(at("out/nothing"), &info), 0);
    tamis_roots_destroy(roots);
}

static void test_parent(void **state)
{
    static const char *const bad[] = {"in/", "in/.", "in/.."};
    tamis_roots *roots = roots_of(at("in"), NULL);
    const char *name = NULL;
    int folder = -1;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(tamis_roots_open_parent(roots, at(bad[i]), true, &folder, &name, NULL),
                         TAMIS_EARG);
    }
    /* The root itself is named in a folder that is not ours. */
    assert_int_equal(tamis_roots_open_parent(roots, at("in"), false, &folder, &name, NULL),
                     TAMIS_EOUTSIDE);
    assert_int_equal(folder, -1);
    assert_int_equal(tamis_roots_open_parent(roots, at("in/new"), false, &folder, &name, NULL),
                     TAMIS_OK);
    assert_string_equal(name, "new");
    assert_int_equal(close(folder), 0);
    tamis_roots_destroy(roots);
}

static void test_write(void **state)
{
    tamis_roots *roots = roots_of(at("in"), NULL);
    struct stat info;

    (void)state;
    assert_int_equal(
        tamis_roots_write_file(roots, at("in/b/new"), tamis_slice_of_string("new"), NULL),
        TAMIS_OK);
    assert_int_equal(open_status(roots, at("in/b/new"), "new"), TAMIS_OK);
    assert_int_equal(
        tamis_roots_write_file(roots, at("in/relative/new"), tamis_slice_of_string("new"), NULL),
        TAMIS_EOUTSIDE);
    /* A link under the file's own name is replaced, not followed. */
    assert_int_equal(symlink("../../out/file", at("in/b/link")), 0);
    assert_int_equal(
        tamis_roots_write_file(roots, at("in/b/link"), tamis_slice_of_string("new"), NULL),
        TAMIS_OK);
    assert_int_equal(lstat(at("in/b/link"), &info), 0);
    assert_true(S_ISREG(info.st_mode));
    assert_int_equal(open_status(NULL, at("out/file"), "outside"), TAMIS_OK);
    assert_int_equal(tamis_roots_sync_filesystem(roots, at("in/b"), NULL), TAMIS_OK);
    assert_int_equal(tamis_roots_sync_filesystem(roots, at("out"), NULL), TAMIS_EOUTSIDE);
    tamis_roots_destroy(roots);
}

/* ---- Races ---- */

static _Atomic bool is_race_over;

/* in/race is a folder, then a link that leads out, and so on. */
static void *swap(void *unused)
{
    char folder[TAMIS_PATH_MAX];
    char link[TAMIS_PATH_MAX];
    char name[TAMIS_PATH_MAX];

    (void)unused;
    if (tamis_path_join(folder, base, "in/race.folder", NULL) != TAMIS_OK ||
        tamis_path_join(link, base, "in/race.link", NULL) != TAMIS_OK ||
        tamis_path_join(name, base, "in/race", NULL) != TAMIS_OK) {
        return NULL;
    }
    while (!atomic_load(&is_race_over)) {
        if (rename(name, folder) != 0 || rename(link, name) != 0 || rename(name, link) != 0 ||
            rename(folder, name) != 0) {
            return NULL;
        }
    }
    return &is_race_over;
}

static void test_swapped_link(void **state)
{
    tamis_roots *roots = roots_of(at("in"), NULL);
    char path[TAMIS_PATH_MAX];
    pthread_t thread;
    void *outcome = NULL;
    unsigned opened = 0;
    struct stat info;

    (void)state;
    write_text(at("in/race/file"), "inside");
    assert_int_equal(symlink("../out", at("in/race.link")), 0);
    assert_int_equal(tamis_path_join(path, base, "in/race/file", NULL), TAMIS_OK);
    assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
    for (unsigned i = 0; i < RACE_TRIES; i++) {
        tamis_status status = open_status(roots, path, "inside");

        opened += status == TAMIS_OK;
        if (status != TAMIS_OK) {
            assert_true(status == TAMIS_EOUTSIDE || status == TAMIS_ENOENT);
        }
        if (i % 64 == 0) { /* a write goes inside, or nowhere */
            (void)!tamis_roots_write_file(roots, at("in/race/made"), tamis_slice_of_string("x"),
                                          NULL);
        }
    }
    atomic_store(&is_race_over, true);
    assert_int_equal(pthread_join(thread, &outcome), 0);
    assert_non_null(outcome);
    assert_true(opened > 0);
    assert_int_not_equal(lstat(at("out/made"), &info), 0);
    tamis_roots_destroy(roots);
}

/* ---- An old kernel ---- */

static int without_openat2(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};
    const char *folders[] = {base};
    tamis_roots *roots = NULL;
    tamis_err err = {.status = TAMIS_OK};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        return 77;
    }
    return tamis_roots_create(folders, 1, &roots, &err) == TAMIS_EUNSUPPORTED && roots == NULL &&
                   strstr(err.text, "openat2") != NULL
               ? 0
               : 1;
}

static void test_no_openat2(void **state)
{
    int code = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        _exit(without_openat2());
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    if (WEXITSTATUS(code) == 77) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(code), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beneath),        cmocka_unit_test(test_magic),
        cmocka_unit_test(test_messages),       cmocka_unit_test(test_everything_without_roots),
        cmocka_unit_test(test_root_is_a_link), cmocka_unit_test(test_several),
        cmocka_unit_test(test_nested),         cmocka_unit_test(test_whole_disk),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_required_off_loopback),
        cmocka_unit_test(test_make_folders),   cmocka_unit_test(test_dangling_link),
        cmocka_unit_test(test_parent),         cmocka_unit_test(test_write),
        cmocka_unit_test(test_swapped_link),   cmocka_unit_test(test_no_openat2),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
