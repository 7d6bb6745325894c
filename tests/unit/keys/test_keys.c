/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: key files are private, whole and of their role; the list is what is said to be allowed.
 * Method: a folder of its own for each test; no secret may be in a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/keys.h"
#include "tamis/keys_options.h"

typedef struct fixture {
    char folder[64]; /* does not exist yet */
    char base[48];
    char path[TAMIS_PATH_MAX];
    tamis_err err;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    (void)snprintf(f->base, sizeof(f->base), "/tmp/tamis-keys-XXXXXX");
    assert_non_null(mkdtemp(f->base));
    (void)snprintf(f->folder, sizeof(f->folder), "%s/keys", f->base);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    assert_int_equal(tamis_path_remove(f->base, NULL), TAMIS_OK);
    free(f);
    return 0;
}

static void make(fixture *f, const char *name, uint32_t role)
{
    assert_int_equal(tamis_keys_new(f->folder, name, role, f->path, &f->err), TAMIS_OK);
}

static const char *at(fixture *f, const char *name)
{
    assert_int_equal(tamis_path_join(f->path, f->folder, name, NULL), TAMIS_OK);
    return f->path;
}

static mode_t rights(const char *path)
{
    struct stat stat;

    assert_int_equal(lstat(path, &stat), 0);
    return stat.st_mode & 07777;
}

static size_t count_allowed(fixture *f)
{
    tamis_allowed allowed;
    size_t count = 0;

    assert_int_equal(tamis_allowed_read(at(f, TAMIS_KEYS_ALLOWED), &allowed, &f->err), TAMIS_OK);
    count = allowed.count;
    tamis_allowed_fini(&allowed);
    return count;
}

static void test_new_and_read(void **state)
{
    fixture *f = *state;
    tamis_net_security coordinator;
    tamis_net_security worker;
    tamis_allowed allowed;
    mode_t old = umask(0);

    make(f, "coordinator", TAMIS_ROLE_COORDINATOR);
    assert_int_equal(rights(f->folder), 0700);
    assert_int_equal(rights(f->path), 0600);
    assert_int_equal(tamis_key_read(f->path, &coordinator, &f->err), TAMIS_OK);
    make(f, "w-1.a_b", TAMIS_ROLE_WORKER);
    assert_int_equal(rights(f->path), 0600);
    assert_int_equal(tamis_key_read(f->path, &worker, &f->err), TAMIS_OK);
    (void)umask(old);
    assert_true(worker.is_on);
    assert_string_equal(worker.user, "w-1.a_b");
    assert_int_equal(worker.roles, TAMIS_ROLE_WORKER);
    assert_string_equal(worker.server_key, coordinator.public_key);
    assert_string_equal(coordinator.server_key, "");
    assert_int_equal(tamis_allowed_read(at(f, TAMIS_KEYS_ALLOWED), &allowed, &f->err), TAMIS_OK);
    assert_int_equal(allowed.count, 2);
    assert_string_equal(allowed.rows[1].user, "w-1.a_b");
    assert_string_equal(allowed.rows[1].key, worker.public_key);
    assert_int_equal(allowed.rows[1].roles, TAMIS_ROLE_WORKER);
    tamis_allowed_fini(&allowed);
}

static void test_new_is_refused(void **state)
{
    fixture *f = *state;
    static const char *const bad[] = {"", ".hidden", "a/b", "..", "a b", "-x", "\xc3\xa4", "a\nb"};
    char longest[TAMIS_USER_SIZE + 1];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(tamis_keys_new(f->folder, bad[i], TAMIS_ROLE_WORKER, f->path, &f->err),
                         TAMIS_EARG);
    }
    assert_int_equal(tamis_keys_new(f->folder, "w", TAMIS_ROLE_WORKER, f->path, &f->err),
                     TAMIS_ENOENT);
    assert_non_null(strstr(f->err.text, "--role=coordinator"));
    make(f, "c", TAMIS_ROLE_COORDINATOR);
    assert_int_equal(tamis_keys_new(f->folder, "c2", TAMIS_ROLE_COORDINATOR, f->path, &f->err),
                     TAMIS_EEXIST);
    make(f, "w", TAMIS_ROLE_WORKER);
    assert_int_equal(tamis_keys_new(f->folder, "w", TAMIS_ROLE_CLIENT, f->path, &f->err),
                     TAMIS_EEXIST);
    memset(longest, 'x', sizeof(longest));
    longest[TAMIS_USER_SIZE] = '\0';
    assert_int_equal(tamis_keys_new(f->folder, longest, TAMIS_ROLE_WORKER, f->path, &f->err),
                     TAMIS_EARG);
    longest[TAMIS_USER_SIZE - 1] = '\0';
    make(f, longest, TAMIS_ROLE_WORKER);
    assert_int_equal(count_allowed(f), 3);
}

static void test_revoke(void **state)
{
    fixture *f = *state;

    make(f, "c", TAMIS_ROLE_COORDINATOR);
    make(f, "w", TAMIS_ROLE_WORKER);
    assert_int_equal(tamis_keys_revoke(f->folder, "x", &f->err), TAMIS_ENOENT);
    assert_int_equal(tamis_keys_revoke(f->folder, "c", &f->err), TAMIS_EARG);
    assert_int_equal(tamis_keys_revoke(f->folder, "../w", &f->err), TAMIS_EARG);
    assert_int_equal(tamis_keys_revoke(f->folder, "w", &f->err), TAMIS_OK);
    assert_int_equal(access(at(f, "w.key"), F_OK), -1);
    assert_int_equal(count_allowed(f), 1);
    make(f, "w", TAMIS_ROLE_CLIENT); /* the name is free again */
    assert_int_equal(count_allowed(f), 2);
}

static void test_rights(void **state)
{
    fixture *f = *state;
    tamis_net_security key;
    tamis_allowed allowed;

    make(f, "c", TAMIS_ROLE_COORDINATOR);
    for (mode_t extra = 1; extra < 0100; extra *= 2) {
        assert_int_equal(chmod(at(f, "c.key"), 0600 | extra), 0);
        assert_int_equal(tamis_key_read(f->path, &key, &f->err), TAMIS_EDENIED);
        assert_non_null(strstr(f->err.text, "chmod 600"));
    }
    assert_int_equal(chmod(f->path, 0400), 0);
    assert_int_equal(tamis_key_read(f->path, &key, &f->err), TAMIS_OK);
    assert_int_equal(chmod(at(f, TAMIS_KEYS_ALLOWED), 0644), 0);
    assert_int_equal(tamis_allowed_read(f->path, &allowed, &f->err), TAMIS_OK);
    tamis_allowed_fini(&allowed);
    assert_int_equal(chmod(f->path, 0620), 0);
    assert_int_equal(tamis_allowed_read(f->path, &allowed, &f->err), TAMIS_EDENIED);
    assert_int_equal(tamis_key_read(f->folder, &key, &f->err), TAMIS_EDENIED);
    assert_int_equal(tamis_key_read("/dev/null", &key, &f->err), TAMIS_EDENIED);
    if (geteuid() == 0) {
        assert_int_equal(chown(at(f, "c.key"), 12345, (gid_t)-1), 0);
        assert_int_equal(tamis_key_read(f->path, &key, &f->err), TAMIS_EDENIED);
        assert_non_null(strstr(f->err.text, "12345"));
    }
}

/* ---- Texts ----------------------------------------------------------------------------------- */

static tamis_net_security some_key(void)
{
    tamis_net_security key = {.is_on = true, .roles = TAMIS_ROLE_CLIENT, .user = "alice"};

    assert_int_equal(tamis_net_key_pair(key.public_key, key.secret_key, NULL), TAMIS_OK);
    memcpy(key.server_key, key.public_key, sizeof(key.server_key));
    return key;
}

static void test_key_text(void **state)
{
    fixture *f = *state;
    tamis_net_security key = some_key();
    tamis_net_security back;
    tamis_net_security other = some_key();
    tamis_buf text;
    char broken[TAMIS_KEYS_FILE_MAX];

    tamis_buf_init(&text, 0);
    assert_int_equal(tamis_key_format(&key, &text), TAMIS_OK);
    assert_int_equal(tamis_key_parse(tamis_buf_slice(&text), "f", &back, &f->err), TAMIS_OK);
    assert_memory_equal(&key, &back, sizeof(key));
    for (size_t size = 0; size < text.size - 1; size++) {
        assert_int_not_equal(tamis_key_parse(tamis_slice_of(text.data, size), "f", &back, &f->err),
                             TAMIS_OK);
        assert_null(strstr(f->err.text, key.secret_key));
    }
    (void)snprintf(broken, sizeof(broken), "%.*sname: bob\n", (int)text.size, (char *)text.data);
    assert_int_equal(tamis_key_parse(tamis_slice_of_string(broken), "f", &back, &f->err),
                     TAMIS_EFORMAT);
    (void)snprintf(broken, sizeof(broken), "tamis-key 2\n%.*s", (int)text.size, (char *)text.data);
    assert_int_equal(tamis_key_parse(tamis_slice_of_string(broken), "f", &back, &f->err),
                     TAMIS_EVERSION);
    memcpy(key.public_key, other.public_key, sizeof(key.public_key));
    tamis_buf_reset(&text);
    assert_int_equal(tamis_key_format(&key, &text), TAMIS_OK);
    assert_int_equal(tamis_key_parse(tamis_buf_slice(&text), "f", &back, &f->err), TAMIS_EFORMAT);
    assert_non_null(strstr(f->err.text, "no pair"));
    key = other;
    key.roles = TAMIS_ROLE_COORDINATOR;
    tamis_buf_reset(&text);
    assert_int_equal(tamis_key_format(&key, &text), TAMIS_OK);
    assert_int_equal(tamis_key_parse(tamis_buf_slice(&text), "f", &back, &f->err), TAMIS_EFORMAT);
    tamis_buf_fini(&text);
}

static tamis_status parse_list(const char *text, size_t *out_count)
{
    tamis_allowed allowed;
    tamis_err err;
    tamis_status status = tamis_allowed_parse(tamis_slice_of_string(text), "f", &allowed, &err);

    if (status == TAMIS_OK) {
        *out_count = allowed.count;
        tamis_allowed_fini(&allowed);
    }
    return status;
}

#define KEY_TEXT "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"

static void test_list_text(void **state)
{
    size_t count = 9;

    (void)state;
    assert_int_equal(parse_list("tamis-allowed 1\n", &count), TAMIS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(parse_list("tamis-allowed 1\na worker " KEY_TEXT "\n", &count), TAMIS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(parse_list("", &count), TAMIS_EFORMAT);
    assert_int_equal(parse_list("tamis-allowed 9\n", &count), TAMIS_EVERSION);
    assert_int_equal(parse_list("tamis-allowed 1\na worker x\n", &count), TAMIS_EFORMAT);
    assert_int_equal(parse_list("tamis-allowed 1\na boss " KEY_TEXT "\n", &count), TAMIS_EFORMAT);
    assert_int_equal(parse_list("tamis-allowed 1\na worker " KEY_TEXT " x\n", &count),
                     TAMIS_EFORMAT);
    assert_int_equal(
        parse_list("tamis-allowed 1\na worker " KEY_TEXT "\na client " KEY_TEXT "\n", &count),
        TAMIS_EFORMAT);
}

/* ---- Loading --------------------------------------------------------------------------------- */

static const tamis_option worker_rows[] = {TAMIS_KEYS_OPTIONS("worker")};
static const tamis_option_table worker_table = {
    .program = "p",
    .summary = "s",
    .options = worker_rows,
    .option_count = sizeof(worker_rows) / sizeof(worker_rows[0]),
};

static tamis_status load(fixture *f, const char *first, const char *second, uint32_t role,
                         const char *url, tamis_net_security *out, char *out_list)
{
    char first_text[TAMIS_PATH_MAX + 32];
    char second_text[TAMIS_PATH_MAX + 32];
    char *arguments[] = {first_text, second_text};
    tamis_options *options = NULL;
    int count = (first != NULL) + (second != NULL);
    tamis_status status = TAMIS_OK;

    (void)snprintf(first_text, sizeof(first_text), "%s", first == NULL ? "" : first);
    (void)snprintf(second_text, sizeof(second_text), "%s", second == NULL ? "" : second);
    assert_int_equal(tamis_options_create(&worker_table, &options), TAMIS_OK);
    assert_int_equal(tamis_options_read_arguments(options, count, arguments, &f->err), TAMIS_OK);
    status = tamis_keys_load(options, role, out, out_list, &f->err);
    if (status == TAMIS_OK) {
        status = tamis_keys_check_url(options, out, "coordinator", url, &f->err);
    }
    tamis_options_destroy(options);
    return status;
}

static void test_load(void **state)
{
    fixture *f = *state;
    tamis_net_security key;
    char list[TAMIS_PATH_MAX];
    char keys[128];
    char file[128];
    const char *local = "tcp://127.0.0.1:1";
    const char *remote = "tcp://10.0.0.1:1";

    assert_int_equal(tamis_option_table_check(&worker_table, &f->err), TAMIS_OK);
    make(f, "coordinator", TAMIS_ROLE_COORDINATOR);
    make(f, "worker", TAMIS_ROLE_WORKER);
    make(f, "bob", TAMIS_ROLE_CLIENT);
    (void)snprintf(keys, sizeof(keys), "--keys=%s", f->folder);
    (void)snprintf(file, sizeof(file), "--key-file=%s/bob.key", f->folder);
    assert_int_equal(load(f, NULL, NULL, TAMIS_ROLE_WORKER, local, &key, list), TAMIS_OK);
    assert_false(key.is_on);
    assert_string_equal(list, "");
    assert_int_equal(load(f, NULL, NULL, TAMIS_ROLE_WORKER, remote, &key, list), TAMIS_EARG);
    assert_non_null(strstr(f->err.text, "--insecure"));
    assert_int_equal(load(f, "--insecure", NULL, TAMIS_ROLE_WORKER, remote, &key, list), TAMIS_OK);
    /* What is no address does not leave the machine either. */
    assert_int_equal(load(f, NULL, NULL, TAMIS_ROLE_CLIENT, "nonsense", &key, list), TAMIS_EARG);
    assert_string_equal(f->err.text, "--coordinator: 'nonsense' is no address: give one like "
                                     "tcp://127.0.0.1:7000");
    assert_int_equal(load(f, keys, NULL, TAMIS_ROLE_WORKER, remote, &key, list), TAMIS_OK);
    assert_string_equal(key.user, "worker");
    assert_string_equal(list, at(f, TAMIS_KEYS_ALLOWED));
    assert_int_equal(load(f, keys, "--insecure", TAMIS_ROLE_WORKER, remote, &key, list),
                     TAMIS_EARG);
    assert_int_equal(load(f, keys, "--key=bob", TAMIS_ROLE_WORKER, remote, &key, list),
                     TAMIS_EDENIED);
    assert_non_null(strstr(f->err.text, "client"));
    assert_int_equal(load(f, keys, "--key=../bob", TAMIS_ROLE_CLIENT, remote, &key, list),
                     TAMIS_EARG);
    assert_int_equal(load(f, file, NULL, TAMIS_ROLE_CLIENT, remote, &key, list), TAMIS_OK);
    assert_string_equal(list, at(f, TAMIS_KEYS_ALLOWED));
    assert_int_equal(load(f, file, "--key=bob", TAMIS_ROLE_CLIENT, remote, &key, list), TAMIS_EARG);
    assert_int_equal(load(f, NULL, "--key=bob", TAMIS_ROLE_CLIENT, remote, &key, list), TAMIS_EARG);
}

static void test_renew(void **state)
{
    fixture *f = *state;
    tamis_allowed_watch watch = {.has_looked = false};
    tamis_net *net = NULL;
    size_t count = 0;

    make(f, "c", TAMIS_ROLE_COORDINATOR);
    (void)snprintf(watch.path, sizeof(watch.path), "%s/%s", f->folder, TAMIS_KEYS_ALLOWED);
    assert_int_equal(tamis_net_create(&net, &f->err), TAMIS_OK);
    assert_int_equal(tamis_net_guard_start(net, &f->err), TAMIS_OK);
    assert_int_equal(tamis_allowed_renew(&watch, net, &count, &f->err), TAMIS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(tamis_allowed_renew(&watch, net, &count, &f->err), TAMIS_EAGAIN);
    make(f, "w", TAMIS_ROLE_WORKER);
    assert_int_equal(tamis_allowed_renew(&watch, net, &count, &f->err), TAMIS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(truncate(watch.path, 3), 0);
    assert_int_equal(tamis_allowed_renew(&watch, net, &count, &f->err), TAMIS_EFORMAT);
    assert_int_equal(tamis_allowed_renew(&watch, net, &count, &f->err), TAMIS_EAGAIN);
    assert_int_equal(unlink(watch.path), 0);
    assert_int_equal(tamis_allowed_renew(&watch, net, &count, &f->err), TAMIS_ENOENT);
    assert_int_equal(tamis_allowed_renew(&watch, net, &count, &f->err), TAMIS_EAGAIN);
    tamis_net_destroy(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_new_and_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_revoke, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key_text, setup, teardown),
        cmocka_unit_test(test_list_text),
        cmocka_unit_test_setup_teardown(test_load, setup, teardown),
        cmocka_unit_test_setup_teardown(test_renew, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
