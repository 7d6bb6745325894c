/* SPDX-License-Identifier: Apache-2.0 */
/* Normalized URLs: a table of the rules, and properties over seeded noise. */
#include "input_support.h"

#include <stdio.h>

static const struct {
    const char *url;
    const char *normal;
} cases[] = {
    /* scheme, www, case, ports, user information */
    {"http://example.com/a", "example.com/a"},
    {"HTTPS://WWW.Example.COM/A", "example.com/A"},
    {"//example.com/a", "example.com/a"},
    {"example.com/a", "example.com/a"},
    {"  \t http://exa\nmple.com/a \r\n", "example.com/a"},
    {"http://www.www.example.com", "example.com"},
    {"http://www.com/", "www.com"},
    {"http://wwwx.example.com/", "wwwx.example.com"},
    {"http://example.com:80/", "example.com"},
    {"https://example.com:443", "example.com"},
    {"http://example.com:443/", "example.com:443"},
    {"https://example.com:80/", "example.com:80"},
    {"http://example.com:/", "example.com"},
    {"http://example.com:0080/", "example.com"},
    {"example.com:8080/a", "example.com:8080/a"},
    {"localhost:8080", "localhost:8080"},
    {"http://user:pass@example.com/a@b", "example.com/a@b"},
    {"http://u@v@example.com", "example.com"},
    {"http://example.com./a", "example.com/a"},
    {"http://[2001:DB8::1]:80/a", "[2001:db8::1]/a"},
    {"http://[2001:db8::1]/", "[2001:db8::1]"},
    {"http:\\\\example.com\\a\\b", "example.com/a/b"},
    {"ftp://example.com:21/x", "example.com/x"},
    {"file:///etc/x/", "/etc/x"},
    {"mailto:A@Example.com", "mailto:A@Example.com"},
    {"URN:isbn:1", "urn:isbn:1"},
    /* IDNA */
    {"http://B\xc3\xbc"
     "cher.example/",
     "xn--bcher-kva.example"},
    {"http://b%C3%BCcher.example/", "xn--bcher-kva.example"},
    {"http://xn--bcher-kva.example/", "xn--bcher-kva.example"},
    {"http://stra\xc3\x9f"
     "e.example",
     "xn--strae-oqa.example"},
    {"http://\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88/x",
     "xn--r8jz45g.xn--zckzah/x"},
    {"http://a_b.example/x", "a_b.example/x"},
    {"http://a%2Fb%41.example/x", "a%2fba.example/x"},
    {"http://a\xef\xbc\x8f"
     "b.example/x",
     "a\xef\xbc\x8f"
     "b.example/x"}, /* U+FF0F would become a slash */
    /* path */
    {"http://example.com", "example.com"},
    {"http://example.com/", "example.com"},
    {"http://example.com//", "example.com"},
    {"http://example.com/a/", "example.com/a"},
    {"http://example.com/a//b/", "example.com/a//b"},
    {"http://example.com/a/./b/../c", "example.com/a/c"},
    {"http://example.com/../../a", "example.com/a"},
    {"http://example.com/a/%2e%2E/b", "example.com/b"},
    {"http://example.com/a/..", "example.com"},
    {"http://example.com/%7euser/%41%2f%3f", "example.com/~user/A%2F%3F"},
    {"http://example.com/a b|c", "example.com/a%20b%7Cc"},
    {"http://example.com/\xc3\xa4", "example.com/%C3%A4"},
    {"http://example.com/%c3%a4", "example.com/%C3%A4"},
    {"http://example.com/%", "example.com/%25"},
    {"http://example.com/%4", "example.com/%254"},
    {"http://example.com/%zz", "example.com/%25zz"},
    {"http://example.com/a;jsessionid=1F.x;v=2/b;JSESSIONID=3?q=1", "example.com/a;v=2/b?q=1"},
    {"http://example.com/a;v", "example.com/a;v"},
    /* query, fragment */
    {"http://example.com?q=1", "example.com?q=1"},
    {"http://example.com/?q=1#top", "example.com?q=1"},
    {"http://example.com/a?", "example.com/a"},
    {"http://example.com/a#", "example.com/a"},
    {"http://example.com/a#b?c=d", "example.com/a"},
    {"http://example.com/a?b=1&utm_source=x&c=2", "example.com/a?b=1&c=2"},
    {"http://example.com/a?utm_source=x&UTM_Medium=y", "example.com/a"},
    {"http://example.com/a?utm%5Fsource=x", "example.com/a"},
    {"http://example.com/a?PHPSESSID=1&sid=2&SessionID=3&session_id=4&sessid=5&cfid=6&cftoken=7",
     "example.com/a"},
    {"http://example.com/a?ASPSESSIONIDQQRST=1&ASP.NET_SessionId=2&osCsid=3&zenid=4",
     "example.com/a"},
    {"http://example.com/a?side=1&utm=2&asid=3&sid2=4", "example.com/a?side=1&utm=2&asid=3&sid2=4"},
    {"http://example.com/a?b=2&a=1", "example.com/a?b=2&a=1"},
    {"http://example.com/a?&&b=1&&", "example.com/a?b=1"},
    {"http://example.com/a?b=%7e%2b+%20", "example.com/a?b=~%2B+%20"},
    {"http://example.com/a?b=c/d/?e", "example.com/a?b=c/d/?e"},
    {"http://example.com/a/?sid=1", "example.com/a"},
    /* nothing */
    {"", ""},
    {" \t\n", ""},
    {"http://", ""},
    {"#x", ""},
};

static void test_table(void **state)
{
    tamis_buf out;

    (void)state;
    tamis_buf_init(&out, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(tamis_url_normalize(tamis_slice_of_string(cases[i].url), &out), TAMIS_OK);
        assert_int_equal(tamis_buf_append_byte(&out, 0), TAMIS_OK);
        if (strcmp((const char *)out.data, cases[i].normal) != 0) {
            print_error("%s\n", cases[i].url);
        }
        assert_string_equal((const char *)out.data, cases[i].normal);
        /* A normal form stays as it is. */
        assert_int_equal(tamis_url_normalize(tamis_slice_of_string(cases[i].normal), &out),
                         TAMIS_OK);
        assert_int_equal(out.size, strlen(cases[i].normal));
        if (out.size != 0) {
            assert_memory_equal(out.data, cases[i].normal, out.size);
        }
    }
    tamis_buf_fini(&out);
}

/* Case of the host, scheme, fragment, user information never matter; the output holds no byte that
 * a URL may not. */
static void test_noise(void **state)
{
    static const char alphabet[] = "aAbB.%/?&=;:@#\\[]41fF~ \t\xc3\xa4-_sidutm_";
    uint64_t seed = 11;
    tamis_rng rng = {seed};
    tamis_buf a;
    tamis_buf b;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    tamis_buf_init(&a, 0);
    tamis_buf_init(&b, 0);
    for (int round = 0; round < 20000; round++) {
        char tail[40];
        char plain[128];
        char other[128];
        size_t size = tamis_rng_below(&rng, sizeof(tail) - 1);

        for (size_t i = 0; i < size; i++) {
            tail[i] = alphabet[tamis_rng_below(&rng, sizeof(alphabet) - 1)];
        }
        tail[size] = '\0';
        (void)snprintf(plain, sizeof(plain), "http://host.example/%s", tail);
        (void)snprintf(other, sizeof(other), " HTTPS://me@WWW.HOST.example.:443/%s%s", tail,
                       strchr(tail, '#') == NULL ? "#part" : "");
        assert_int_equal(tamis_url_normalize(tamis_slice_of_string(plain), &a), TAMIS_OK);
        assert_int_equal(tamis_url_normalize(tamis_slice_of_string(other), &b), TAMIS_OK);
        /* White space at the end is inside once something follows it. */
        if (size == 0 || (uint8_t)tail[size - 1] > 0x20) {
            assert_true(tamis_slice_is_equal(tamis_buf_slice(&a), tamis_buf_slice(&b)));
        }
        for (size_t i = 0; i < a.size; i++) {
            assert_true(a.data[i] > 0x20 && a.data[i] < 0x7f && a.data[i] != '#');
        }
        tamis_buf_reset(&b);
        assert_int_equal(tamis_buf_append(&b, a.data, a.size), TAMIS_OK);
        assert_int_equal(tamis_url_normalize(tamis_buf_slice(&b), &a), TAMIS_OK);
        assert_true(tamis_slice_is_equal(tamis_buf_slice(&a), tamis_buf_slice(&b)));
    }
    tamis_buf_fini(&a);
    tamis_buf_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
