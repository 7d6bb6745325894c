/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: settings, replacements, pseudonyms, datatrove's rules, and the ranges of addresses.
 * Method: small cases by hand; both ends of each range that is not global. */
#include "pii_parts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void masked(const tamis_pii_settings *settings, const char *text, const char *expected)
{
    const tamis_pii_span *spans = NULL;
    tamis_pii *pii = NULL;
    tamis_edits edits;
    size_t count = 0;
    tamis_buf copy;
    tamis_buf out;

    tamis_edits_init(&edits);
    tamis_buf_init(&copy, 0);
    tamis_buf_init(&out, 0);
    assert_int_equal(tamis_buf_append_string(&copy, text), TAMIS_OK);
    assert_int_equal(tamis_pii_create(settings, &pii, NULL), TAMIS_OK);
    assert_int_equal(tamis_pii_scan(pii, tamis_buf_slice(&copy), &spans, &count, NULL), TAMIS_OK);
    assert_int_equal(tamis_pii_mask(pii, tamis_buf_slice(&copy), &edits), TAMIS_OK);
    assert_int_equal(tamis_edits_apply(&edits, tamis_buf_slice(&copy), &out), TAMIS_OK);
    assert_int_equal(tamis_buf_append_byte(&out, 0), TAMIS_OK);
    assert_string_equal((const char *)out.data, expected);
    tamis_pii_destroy(pii);
    tamis_edits_fini(&edits);
    tamis_buf_fini(&copy);
    tamis_buf_fini(&out);
}

static void test_settings(void **state)
{
    uint32_t types = 0;
    tamis_err err;
    tamis_pii *pii = NULL;
    tamis_pii_style style = TAMIS_PII_STYLE_COUNT;
    tamis_pii_settings settings = {.types = 0};

    (void)state;
    assert_int_equal(tamis_pii_types_parse("email,key", &types, &err), TAMIS_OK);
    assert_int_equal(types, 1u << TAMIS_PII_EMAIL | 1u << TAMIS_PII_KEY);
    assert_int_equal(tamis_pii_types_parse("all", &types, &err), TAMIS_OK);
    assert_int_equal(types, TAMIS_PII_ALL);
    assert_int_equal(tamis_pii_types_parse("email,", &types, &err), TAMIS_EARG);
    assert_int_equal(tamis_pii_types_parse("mail", &types, &err), TAMIS_EARG);
    assert_non_null(strstr(err.text, "'mail'"));
    assert_true(tamis_pii_style_find("pseudonym", &style));
    assert_int_equal(style, TAMIS_PII_STYLE_PSEUDONYM);
    assert_false(tamis_pii_style_find("none", &style));
    assert_int_equal(tamis_pii_create(&settings, &pii, &err), TAMIS_EARG);
    settings.types = TAMIS_PII_ALL;
    settings.style = TAMIS_PII_STYLE_PSEUDONYM;
    assert_int_equal(tamis_pii_create(&settings, &pii, &err), TAMIS_EARG);
    assert_null(pii);
}

static void test_styles(void **state)
{
    tamis_pii_settings settings = {.types = TAMIS_PII_ALL, .style = TAMIS_PII_STYLE_DOLMA};
    const char *text = "a.b@web.de, 8.8.4.4, +1 555 234 5678";

    (void)state;
    masked(&settings, text, "|||EMAIL_ADDRESS|||, |||IP_ADDRESS|||, |||PHONE_NUMBER|||");
    settings.style = TAMIS_PII_STYLE_TAG;
    masked(&settings, text, "<EMAIL_ADDRESS>, <IP_ADDRESS>, <PHONE_NUMBER>");
    settings.types = 1u << TAMIS_PII_IPV4;
    masked(&settings, text, "a.b@web.de, <IP_ADDRESS>, +1 555 234 5678");
    settings.types = 0xFF;
    settings.style = TAMIS_PII_STYLE_DATATROVE;
    masked(&settings, "x@web.de X@WEB.DE", "email@example.com email@example.com");
    settings.style = TAMIS_PII_STYLE_PSEUDONYM;
    settings.key = tamis_slice_of_string("one");
    masked(
        &settings, "x@web.de X@web.de y@web.de",
        "hodcgnojdlkbhcce@example.com hodcgnojdlkbhcce@example.com cajikfdhehgfbdll@example.com");
}

static void test_datatrove(void **state)
{
    tamis_pii_settings settings = {
        .types = TAMIS_PII_ALL, .rules = TAMIS_PII_RULES_DATATROVE, .style = TAMIS_PII_STYLE_TAG};

    (void)state;
    masked(&settings, "v1.2.3.4.5", "v<IP_ADDRESS>.5");
    masked(&settings, "1.2.3.299", "<IP_ADDRESS>9");
    masked(&settings, "192.168.0.1 01.2.3.4 256.8.8.8.8", "192.168.0.1 01.2.3.4 2<IP_ADDRESS>.8");
    masked(&settings, "a..b@c.d x@123.123.123.123", "a..<EMAIL_ADDRESS> <EMAIL_ADDRESS>");
    masked(&settings, "k=v@e.web [x@[1.2.3.4]]", "<EMAIL_ADDRESS> [<EMAIL_ADDRESS>]");
    masked(&settings,
           "\xC3\xA9"
           "a@b.co ++a-b@c.de +1 555 234 5678",
           "\xC3\xA9"
           "a@b.co ++<EMAIL_ADDRESS> +1 555 234 5678");
    masked(&settings, "a@b-.c a@-b.c a@b a@b.c- a@b.c_",
           "a@b-.c a@-b.c a@b <EMAIL_ADDRESS>- "
           "<EMAIL_ADDRESS>_");
}

static void test_ipv4_ranges(void **state)
{
    static const uint32_t ends[][2] = {
        {0x00000000u, 0x00FFFFFFu}, {0x0A000000u, 0x0AFFFFFFu}, {0x64400000u, 0x647FFFFFu},
        {0x7F000000u, 0x7FFFFFFFu}, {0xA9FE0000u, 0xA9FEFFFFu}, {0xAC100000u, 0xAC1FFFFFu},
        {0xC0000000u, 0xC00000FFu}, {0xC0000200u, 0xC00002FFu}, {0xC0A80000u, 0xC0A8FFFFu},
        {0xC6120000u, 0xC613FFFFu}, {0xC6336400u, 0xC63364FFu}, {0xCB007100u, 0xCB0071FFu},
        {0xF0000000u, 0xFFFFFFFFu},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        assert_false(pii_ipv4_is_global(ends[i][0]));
        assert_false(pii_ipv4_is_global(ends[i][1]));
        assert_true(ends[i][0] == 0 || pii_ipv4_is_global(ends[i][0] - 1));
        assert_true(ends[i][1] == UINT32_MAX || pii_ipv4_is_global(ends[i][1] + 1));
    }
    assert_true(pii_ipv4_is_global(0xC0000009u));
    assert_true(pii_ipv4_is_global(0xC000000Au));
    assert_true(pii_ipv4_is_global(0xE0000001u)); /* multicast */
}

static void test_ipv6_ranges(void **state)
{
    static const struct {
        uint16_t groups[8];
        bool is_global;
    } cases[] = {
        {{0, 0, 0, 0, 0, 0, 0, 0}, false},         {{0, 0, 0, 0, 0, 0, 0, 1}, false},
        {{0, 0, 0, 0, 0, 0, 0, 2}, true},          {{0, 0, 0, 0, 0, 0xFFFF, 1, 1}, false},
        {{0x64, 0xFF9B, 1, 0, 0, 0, 0, 0}, false}, {{0x64, 0xFF9B, 0, 0, 0, 0, 0, 1}, true},
        {{0x100, 0, 0, 0, 9, 9, 9, 9}, false},     {{0x100, 0, 0, 1, 0, 0, 0, 0}, true},
        {{0x2001, 0, 0, 0, 0, 0, 0, 1}, false},    {{0x2001, 0x1FF, 0, 0, 0, 0, 0, 0}, false},
        {{0x2001, 0x200, 0, 0, 0, 0, 0, 0}, true}, {{0x2001, 1, 0, 0, 0, 0, 0, 1}, true},
        {{0x2001, 1, 0, 0, 0, 0, 0, 2}, true},     {{0x2001, 1, 0, 0, 0, 0, 0, 3}, false},
        {{0x2001, 3, 0, 0, 0, 0, 0, 9}, true},     {{0x2001, 4, 0x112, 0, 0, 0, 0, 1}, true},
        {{0x2001, 0x20, 0, 0, 0, 0, 0, 1}, true},  {{0x2001, 0x3F, 0, 0, 0, 0, 0, 1}, true},
        {{0x2001, 0x40, 0, 0, 0, 0, 0, 1}, false}, {{0x2001, 0xDB8, 0, 0, 0, 0, 0, 1}, false},
        {{0x2001, 0xDB9, 0, 0, 0, 0, 0, 1}, true}, {{0x2002, 1, 0, 0, 0, 0, 0, 1}, false},
        {{0xFC00, 0, 0, 0, 0, 0, 0, 1}, false},    {{0xFDFF, 0, 0, 0, 0, 0, 0, 1}, false},
        {{0xFE80, 0, 0, 0, 0, 0, 0, 1}, false},    {{0xFEBF, 0, 0, 0, 0, 0, 0, 1}, false},
        {{0xFEC0, 0, 0, 0, 0, 0, 0, 1}, true},     {{0xFBFF, 0, 0, 0, 0, 0, 0, 1}, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(pii_ipv6_is_global(cases[i].groups), cases[i].is_global);
    }
}

static void test_details(void **state)
{
    static const struct {
        const char *text;
        const char *name;
    } cases[] = {
        {"ghp_abcdefghijklmnopqrstuvwxyz0123456789", "github"},
        {"212-45-6789", "us_ssn"},
        {"529.982.247-25", "br_cpf"},
        {"12345678Z", "es_dni"},
        {"11010519491231002X", "cn_id"},
        {"RSSMRA85T10A562S", "it_fiscal"},
        {"756.9217.0769.85", "ch_ahv"},
        {"8.8.4.4", ""},
    };
    tamis_pii_settings settings = {.types = TAMIS_PII_ALL};
    tamis_pii *pii = NULL;

    (void)state;
    assert_int_equal(tamis_pii_create(&settings, &pii, NULL), TAMIS_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const tamis_pii_span *spans = NULL;
        size_t count = 0;
        tamis_buf text;

        tamis_buf_init(&text, 0);
        assert_int_equal(tamis_buf_append_string(&text, cases[i].text), TAMIS_OK);
        assert_int_equal(tamis_pii_scan(pii, tamis_buf_slice(&text), &spans, &count, NULL),
                         TAMIS_OK);
        assert_int_equal(count, 1);
        assert_string_equal(tamis_pii_detail_name(&spans[0]), cases[i].name);
        assert_int_equal(tamis_pii_count(pii, (tamis_pii_type)spans[0].type), 1);
        tamis_buf_fini(&text);
    }
    tamis_pii_destroy(pii);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),    cmocka_unit_test(test_styles),
        cmocka_unit_test(test_datatrove),   cmocka_unit_test(test_ipv4_ranges),
        cmocka_unit_test(test_ipv6_ranges), cmocka_unit_test(test_details),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
