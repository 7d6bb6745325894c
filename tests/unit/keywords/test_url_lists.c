/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: the reasons of datatrove's URL filter, with words and hosts in one case on both sides;
 * lists refused by file and line. Method: small lists by hand.
 */
#include "tamis/url_lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static const char list[] = "# a list\n"
                           "blocked.com\n"
                           "BadSubdomain.nice.com\n"
                           "b\xC3\xBC"
                           "cher.de\n"
                           "www.foo.co.uk\n"
                           "[host]\nonly.here.org\n"
                           "[url]\nhttp://fine.com/bad/page\n"
                           "[word]\nPlumduff\n"
                           "[soft]\ngrey\nwalrus\n"
                           "[substring]\ntarpot\n\n";

static void check(const tamis_url_lists *lists, const char *url, const char *expected)
{
    const char *reason = "none";
    tamis_buf scratch;

    tamis_buf_init(&scratch, 0);
    assert_int_equal(
        tamis_url_lists_match(lists, tamis_slice_of_string(url), &scratch, &reason, NULL),
        TAMIS_OK);
    if (expected == NULL) {
        assert_null(reason);
    } else {
        assert_non_null(reason);
        assert_string_equal(reason, expected);
    }
    tamis_buf_fini(&scratch);
}

static void check_all(const tamis_url_lists *lists)
{
    check(lists, "https://blocked.com/x", "domain");
    check(lists, "https://any.where.blocked.com:8080/x", "domain");
    check(lists, "https://notblocked.com/", NULL);
    check(lists, "https://blocked.com.org/", NULL);
    check(lists, "http://badsubdomain.nice.com/", "subdomain");
    check(lists, "http://sdsd.badsubdomain.nice.com/", NULL);
    check(lists, "http://nice.com/", NULL);
    check(lists, "https://xn--bcher-kva.de/a", "domain");
    check(lists, "http://only.here.org/", "subdomain");
    check(lists, "http://here.org/", NULL);
    check(lists, "https://fine.com/bad/page", "url");
    check(lists, "https://fine.com/bad", NULL);
    check(lists, "https://fine.com/PLUMDUFF-x", "hard_blacklisted");
    check(lists, "https://fine.com/plumduffs", NULL);
    check(lists, "https://fine.com/grey/grey", NULL);
    check(lists, "https://fine.com/grey_Walrus", "soft_blacklisted");
    check(lists, "https://fine.com/my-tar-pots", "blacklisted_subword");
    check(lists, "", NULL);
    check(lists, "::::", NULL);
}

static void test_reasons(void **state)
{
    tamis_url_lists *lists = NULL;

    (void)state;
    assert_int_equal(tamis_url_lists_create(&lists, NULL), TAMIS_OK);
    assert_int_equal(
        tamis_url_lists_add(lists, TAMIS_URL_DOMAIN, tamis_slice_of_string(list), "list", NULL),
        TAMIS_OK);
    assert_int_equal(tamis_url_lists_finish(lists, NULL), TAMIS_OK);
    assert_int_equal(tamis_url_lists_count(lists, TAMIS_URL_DOMAIN), 4);
    assert_int_equal(tamis_url_lists_count(lists, TAMIS_URL_SOFT), 2);
    check_all(lists);
    tamis_url_lists_destroy(lists);
}

static void test_file(void **state)
{
    char path[] = "/tmp/test_url_lists_XXXXXX";
    int file = mkstemp(path);
    tamis_url_lists *lists = NULL;
    tamis_err err;

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, list, sizeof(list) - 1), sizeof(list) - 1);
    assert_int_equal(close(file), 0);
    assert_int_equal(tamis_url_lists_create(&lists, NULL), TAMIS_OK);
    assert_int_equal(tamis_url_lists_add_file(lists, TAMIS_URL_DOMAIN, path, &err), TAMIS_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(tamis_url_lists_add_file(lists, TAMIS_URL_DOMAIN, path, &err), TAMIS_ENOENT);
    assert_int_equal(tamis_url_lists_finish(lists, NULL), TAMIS_OK);
    check_all(lists);
    tamis_url_lists_destroy(lists);
}

static void test_refusals(void **state)
{
    tamis_url_lists *lists = NULL;
    tamis_err err;

    (void)state;
    assert_int_equal(tamis_url_lists_create(&lists, NULL), TAMIS_OK);
    assert_int_equal(tamis_url_lists_add(lists, TAMIS_URL_WORD, tamis_slice_of_string("a\n[sof]\n"),
                                         "list", &err),
                     TAMIS_EFORMAT);
    assert_string_equal(err.text, "list, line 2: unknown section: [domain], [host], [url], [word], "
                                  "[soft] or [substring]");
    assert_int_equal(tamis_url_lists_add(lists, TAMIS_URL_WORD, tamis_slice_of_string("a\n\n--\n"),
                                         "list", &err),
                     TAMIS_EFORMAT);
    assert_string_equal(err.text, "list, line 3: nothing of the entry is left as a word");
    tamis_url_lists_destroy(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
