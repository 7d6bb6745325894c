/* SPDX-License-Identifier: Apache-2.0 */
/* Goal: profiles are read strictly, specifications have one form, the first failing rule gives the
 * reason in every mode, edits lead to the text that later steps see, stored values are judged as
 * the grader judged. Method: small profiles in YAML; every built-in one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tamis/quality.h"
#include "tamis/text_edit.h"

#define PATH "/tmp/tamis-quality-XXXXXX"

typedef struct fixture {
    char path[sizeof(PATH)];
    tamis_buf spec;
    tamis_buf skipped;
    tamis_quality *quality;
    tamis_grader *grader;
    char *text;
    const char *url; /* NULL: none */
    tamis_grade grade;
    tamis_err err;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    int file = -1;

    assert_non_null(f);
    memcpy(f->path, PATH, sizeof(PATH));
    file = mkstemp(f->path);
    assert_true(file >= 0);
    (void)close(file);
    tamis_buf_init(&f->spec, 0);
    tamis_buf_init(&f->skipped, 0);
    *state = f;
    return 0;
}

static void close_quality(fixture *f)
{
    tamis_grader_destroy(f->grader);
    tamis_quality_close(f->quality);
    free(f->text);
    f->grader = NULL;
    f->quality = NULL;
    f->text = NULL;
}

static int teardown(void **state)
{
    fixture *f = *state;

    close_quality(f);
    (void)unlink(f->path);
    tamis_buf_fini(&f->skipped);
    tamis_buf_fini(&f->spec);
    free(f);
    return 0;
}

static tamis_quality_request request_of(const char *profile)
{
    return (tamis_quality_request){.profile = profile, .language_score_min = -1, .keep_above = -1};
}

static tamis_status resolve(fixture *f, const char *yaml, tamis_quality_mode mode)
{
    tamis_quality_request request = request_of(f->path);
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_true(fputs(yaml, file) >= 0);
    assert_int_equal(fclose(file), 0);
    request.mode = mode;
    return tamis_quality_resolve(&request, &f->spec, &f->skipped, &f->err);
}

static void open_spec(fixture *f)
{
    close_quality(f);
    if (tamis_quality_open(tamis_buf_slice(&f->spec), NULL, &f->quality, &f->err) != TAMIS_OK ||
        tamis_grader_create(f->quality, &f->grader, &f->err) != TAMIS_OK) {
        fail_msg("%s", f->err.text);
    }
}

static void open_yaml(fixture *f, const char *yaml, tamis_quality_mode mode)
{
    if (resolve(f, yaml, mode) != TAMIS_OK) {
        fail_msg("%s", f->err.text);
    }
    open_spec(f);
}

static const char *grade(fixture *f, const char *text)
{
    size_t size = strlen(text);

    free(f->text);
    f->text = calloc(size + TAMIS_BUF_SLACK, 1);
    assert_non_null(f->text);
    memcpy(f->text, text, size);
    if (tamis_grader_run(f->grader, tamis_slice_of((const uint8_t *)f->text, size),
                         f->url == NULL ? tamis_slice_of(NULL, 0) : tamis_slice_of_string(f->url),
                         &f->grade, &f->err) != TAMIS_OK) {
        fail_msg("%s", f->err.text);
    }
    return tamis_quality_reason(f->quality, f->grade.reason);
}

static double value(const fixture *f, const char *name)
{
    for (size_t i = 0; i < tamis_quality_column_count(f->quality); i++) {
        if (strcmp(tamis_quality_column(f->quality, i), name) == 0) {
            return f->grade.values[i];
        }
    }
    fail_msg("no column '%s'", name);
    return 0;
}

static void refuses(fixture *f, const char *yaml, const char *part)
{
    assert_int_equal(resolve(f, yaml, TAMIS_QUALITY_PROFILE), TAMIS_EARG);
    if (strstr(f->err.text, part) == NULL) {
        fail_msg("'%s' lacks '%s'", f->err.text, part);
    }
}

static void mistakes_are_named(void **state)
{
    fixture *f = *state;

    refuses(f, "name: x\nsteps:\n  - {rule: a, signal: rps_doc_word_cuont, drop: \"< 5\"}\n",
            ":3: unknown signal 'rps_doc_word_cuont'; did you mean 'rps_doc_word_count'?");
    refuses(f, "name: x\nsteps:\n  - {rule: a, signal: rps_lines_num_words, drop: \"< 5\"}\n",
            "a value for each line");
    refuses(f, "name: x\nsteps:\n  - {rule: a, signal: rps_doc_word_count, drop: \"5\"}\n",
            "takes a comparison");
    refuses(f, "name: x\nsteps:\n  - {rule: a, signal: rps_doc_word_count}\n", "'drop' is missing");
    refuses(f, "name: x\nsteps:\n  - {rule: a, signl: b}\n", "did you mean 'signal'?");
    refuses(f, "name: x\nsteps:\n  - {rul: a}\n", "did you mean 'rule'?");
    refuses(f, "name: x\nsteps:\n  - {edit: c4-papr}\n", "did you mean 'c4-paper'?");
    refuses(f, "name: x\n", "'steps' is missing");
    refuses(f, "steps: []\n", "'name' is missing");
    refuses(f, "name: x\nname: y\nsteps: []\n", "given twice");
    refuses(f, "name: &a x\nsteps: []\n", "anchors");
    refuses(f, "name: x\nsteps: [[[[[[]]]]]]\n", "nested too deeply");
    refuses(f, "- a\n", "a profile is a map");
    refuses(f, "", "empty");
}

static void unknown_profiles_are_guessed(void **state)
{
    fixture *f = *state;
    tamis_quality_request request = request_of("fineweb-v2");

    assert_int_equal(tamis_quality_resolve(&request, &f->spec, &f->skipped, &f->err), TAMIS_EARG);
    assert_non_null(strstr(f->err.text, "fineweb-v1"));
}

static void the_first_failing_rule_is_the_reason(void **state)
{
    static const char yaml[] =
        "name: x\nsteps:\n"
        "  - {rule: long, signal: rps_doc_word_count, drop: \"> 3\"}\n"
        "  - {rule: short, signal: rps_doc_word_count, drop: \"<= 1\"}\n"
        "  - {rule: lines, signal: ccnet_nlines, drop: \">= 2\"}\n"
        "  - {rule: null_one, signal: rps_doc_mean_word_length, drop: \"> 99\", \"null\": drop}\n";
    static const tamis_quality_mode modes[] = {TAMIS_QUALITY_PROFILE, TAMIS_QUALITY_ALL,
                                               TAMIS_QUALITY_VERDICT};
    fixture *f = *state;

    for (size_t i = 0; i < 3; i++) {
        open_yaml(f, yaml, modes[i]);
        assert_string_equal(grade(f, "one two three"), "");
        assert_string_equal(grade(f, "one two three four\nfive"), "long");
        assert_string_equal(grade(f, "one"), "short");
        assert_string_equal(grade(f, "one two\n"), "lines");
        assert_string_equal(grade(f, ""), "short");
    }
}

static void stored_values_are_judged_alike(void **state)
{
    static const char loose[] = "name: x\nsteps:\n"
                                "  - {rule: short, signal: rps_doc_word_count, drop: \"< 2\"}\n"
                                "  - {edit: c4-paper}\n";
    static const char strict[] = "name: y\nsteps:\n"
                                 "  - {rule: brief, signal: rps_doc_word_count, drop: \"< 4\"}\n"
                                 "  - {edit: c4-paper}\n";
    static const char other[] = "name: z\nsteps:\n"
                                "  - {rule: brief, signal: rps_doc_word_count, drop: \"< 4\"}\n"
                                "  - {edit: c4-tfds}\n";
    fixture *f = *state;
    tamis_quality *wanted = NULL;
    uint16_t map[TAMIS_QUALITY_COLUMNS_MAX];
    double values[TAMIS_QUALITY_COLUMNS_MAX];

    assert_int_equal(resolve(f, strict, TAMIS_QUALITY_PROFILE), TAMIS_OK);
    assert_int_equal(tamis_quality_open(tamis_buf_slice(&f->spec), NULL, &wanted, &f->err),
                     TAMIS_OK);
    open_yaml(f, loose, TAMIS_QUALITY_PROFILE);
    assert_int_equal(tamis_quality_map(wanted, f->quality, map, &f->err), TAMIS_OK);
    (void)grade(f, "one two three");
    for (size_t i = 0; i < tamis_quality_column_count(wanted); i++) {
        values[i] = f->grade.values[map[i]];
    }
    assert_string_equal(
        tamis_quality_reason(wanted, tamis_quality_judge(wanted, values, "", (double)NAN)),
        "brief");
    tamis_quality_close(wanted);
    /* The edit's verdict is known though an earlier rule gave the reason. */
    open_yaml(f, strict, TAMIS_QUALITY_PROFILE);
    assert_int_equal(resolve(f, loose, TAMIS_QUALITY_PROFILE), TAMIS_OK);
    assert_int_equal(tamis_quality_open(tamis_buf_slice(&f->spec), NULL, &wanted, &f->err),
                     TAMIS_OK);
    assert_int_equal(tamis_quality_map(wanted, f->quality, map, &f->err), TAMIS_OK);
    assert_string_equal(grade(f, "one two"), "brief");
    for (size_t i = 0; i < tamis_quality_column_count(wanted); i++) {
        values[i] = f->grade.values[map[i]];
    }
    assert_string_equal(
        tamis_quality_reason(wanted, tamis_quality_judge(wanted, values, "", (double)NAN)),
        "too_few_sentences");
    assert_true(value(f, "c4-paper.drop") >= 1);
    tamis_quality_close(wanted);
    assert_int_equal(resolve(f, loose, TAMIS_QUALITY_VERDICT), TAMIS_OK);
    assert_int_equal(tamis_quality_open(tamis_buf_slice(&f->spec), NULL, &wanted, &f->err),
                     TAMIS_OK);
    assert_int_equal(tamis_quality_map(wanted, f->quality, map, &f->err), TAMIS_EARG);
    tamis_quality_close(wanted);
    open_yaml(f, loose, TAMIS_QUALITY_PROFILE);
    assert_int_equal(resolve(f, other, TAMIS_QUALITY_PROFILE), TAMIS_OK);
    assert_int_equal(tamis_quality_open(tamis_buf_slice(&f->spec), NULL, &wanted, &f->err),
                     TAMIS_OK);
    assert_int_equal(tamis_quality_map(wanted, f->quality, map, &f->err), TAMIS_EARG);
    tamis_quality_close(wanted);
}

static void edits_change_what_later_rules_see(void **state)
{
    static const char yaml[] = "name: x\nsteps:\n"
                               "  - {rule: lines, signal: ccnet_nlines, drop: \"> 9\"}\n"
                               "  - {edit: c4-fineweb}\n"
                               "  - {rule: few, signal: ccnet_nlines, drop: \"< 5\"}\n";
    static const char text[] = "The first line has some words here.\n"
                               "We use javascript on this page here.\n"
                               "The second line has some words too.\n"
                               "A third one follows with many words.\n"
                               "The fourth line is not long at all.\n"
                               "Here the fifth line has its end now.\n";
    fixture *f = *state;

    open_yaml(f, yaml, TAMIS_QUALITY_PROFILE);
    assert_true(tamis_quality_edits_text(f->quality));
    assert_string_equal(grade(f, text), "");
    assert_true(value(f, "ccnet_nlines") == 7);
    assert_true(value(f, "ccnet_nlines@c4-fineweb") == 5);
    assert_true(value(f, "c4-fineweb.lines_kept") == 5);
    assert_non_null(f->grade.edits);
    assert_null(memmem(f->grade.text.data, f->grade.text.size, "javascript", 10));
    {
        tamis_buf again;

        tamis_buf_init(&again, 0);
        assert_int_equal(tamis_edits_apply(f->grade.edits,
                                           tamis_slice_of((const uint8_t *)f->text, strlen(text)),
                                           &again),
                         TAMIS_OK);
        assert_true(tamis_slice_is_equal(tamis_buf_slice(&again), f->grade.text));
        tamis_buf_fini(&again);
    }
    assert_string_equal(grade(f, "{ is a curly bracket of some code.\n"), "curly_bracket");
}

static void personal_data_is_masked_or_reported(void **state)
{
    fixture *f = *state;

    open_yaml(f, "name: x\nsteps:\n  - {pii: pii, action: mask, types: email}\n",
              TAMIS_QUALITY_PROFILE);
    assert_string_equal(grade(f, "Write to jane.doe@company-mail.org today."), "");
    assert_true(value(f, "pii_email") == 1);
    assert_null(memmem(f->grade.text.data, f->grade.text.size, "jane", 4));
    open_yaml(f, "name: x\nsteps:\n  - {pii: pii, action: report, types: email}\n",
              TAMIS_QUALITY_PROFILE);
    assert_string_equal(grade(f, "Write to jane.doe@company-mail.org today."), "");
    assert_null(f->grade.edits);
    assert_non_null(f->grade.spans);
    assert_int_equal(f->grade.spans->count, 1);
    assert_int_equal(f->grade.spans->items[0].begin, 9);
    open_yaml(f, "name: x\nsteps:\n  - {pii: has_pii, action: drop, types: email}\n",
              TAMIS_QUALITY_PROFILE);
    assert_string_equal(grade(f, "Write to jane.doe@company-mail.org today."), "has_pii");
}

static void languages_decide(void **state)
{
    static const char english[] = "The weather was fine, and the children were playing in the "
                                  "garden while their parents prepared the dinner.";
    fixture *f = *state;

    open_yaml(f, "name: x\nsteps:\n  - {language: language, codes: [en]}\n", TAMIS_QUALITY_PROFILE);
    assert_string_equal(grade(f, english), "");
    assert_string_equal(f->grade.language, "en");
    assert_string_equal(grade(f, "Das Wetter war sch\303\266n, und die Kinder spielten im Garten, "
                                 "w\303\244hrend die Eltern das Essen vorbereiteten."),
                        "language");
    assert_string_equal(f->grade.language, "de");
}

static void blocklists_drop_by_url(void **state)
{
    fixture *f = *state;
    tamis_quality_request request = request_of(NULL);
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_true(fputs("# domains\nbad.example\n[word]\ncasino\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    request.blocklist = f->path;
    assert_int_equal(tamis_quality_resolve(&request, &f->spec, &f->skipped, &f->err), TAMIS_OK);
    open_spec(f);
    f->url = "https://www.bad.example/page";
    assert_string_equal(grade(f, "Text."), "domain");
    f->url = "https://good.example/casino/";
    assert_string_equal(grade(f, "Text."), "hard_blacklisted");
    f->url = "https://good.example/";
    assert_string_equal(grade(f, "Text."), "");
    f->url = NULL;
    assert_string_equal(grade(f, "Text."), "");
}

static void write_list(const fixture *f, const char *text)
{
    FILE *file = fopen(f->path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Between the making of a job and its opening elsewhere, and between a profile and its use. */
static void changed_files_are_told(void **state)
{
    static const char digest[] = "00112233445566778899aabbccddeeff";
    fixture *f = *state;
    tamis_quality_request request = request_of(NULL);
    char profile[sizeof(f->path) + sizeof(".yaml")];
    FILE *file = NULL;

    write_list(f, "bad.example\n");
    request.blocklist = f->path;
    assert_int_equal(tamis_quality_resolve(&request, &f->spec, &f->skipped, &f->err), TAMIS_OK);
    write_list(f, "worse.example\n");
    assert_int_equal(tamis_quality_open(tamis_buf_slice(&f->spec), NULL, &f->quality, &f->err),
                     TAMIS_ECHANGED);
    assert_non_null(strstr(f->err.text, "(blocklist) has the digest"));

    (void)snprintf(profile, sizeof(profile), "%s.yaml", f->path);
    file = fopen(profile, "w");
    assert_non_null(file);
    assert_true(fprintf(file,
                        "name: x\nfiles:\n  - {role: blocklist, path: %s, digest: %s}\n"
                        "steps:\n  - {url: url}\n",
                        f->path, digest) > 0);
    assert_int_equal(fclose(file), 0);
    request = request_of(profile);
    assert_int_equal(tamis_quality_resolve(&request, &f->spec, &f->skipped, &f->err),
                     TAMIS_ECHANGED);
    (void)unlink(profile);
    assert_non_null(strstr(f->err.text, "(blocklist) has the digest"));
    assert_non_null(strstr(f->err.text, digest));
}

/* Every built-in profile resolves, opens, and its specification is its own canonical form. */
static void built_in_profiles_work(void **state)
{
    fixture *f = *state;
    const char *const *names = tamis_quality_profile_names();

    for (size_t i = 0; names[i] != NULL; i++) {
        tamis_quality_request request = request_of(names[i]);
        tamis_buf again;

        (void)printf("%s\n", names[i]);
        tamis_buf_init(&again, 0);
        request.mode = TAMIS_QUALITY_ALL;
        if (tamis_quality_resolve(&request, &f->spec, &f->skipped, &f->err) != TAMIS_OK) {
            fail_msg("%s: %s", names[i], f->err.text);
        }
        {
            FILE *file = fopen(f->path, "w");

            assert_non_null(file);
            assert_int_equal(fwrite(f->spec.data, 1, f->spec.size, file), f->spec.size);
            assert_int_equal(fclose(file), 0);
            request.profile = f->path;
            assert_int_equal(tamis_quality_resolve(&request, &again, &f->skipped, &f->err),
                             TAMIS_OK);
            assert_true(tamis_slice_is_equal(tamis_buf_slice(&again), tamis_buf_slice(&f->spec)));
        }
        open_spec(f);
        assert_string_equal(tamis_quality_name(f->quality), names[i]);
        (void)grade(f, "");
        (void)grade(f, "One short text.\n");
        tamis_buf_fini(&again);
    }
}

static void missing_models_are_named_or_refused(void **state)
{
    fixture *f = *state;
    tamis_quality_request request = request_of("dclm");

    assert_int_equal(tamis_quality_resolve(&request, &f->spec, &f->skipped, &f->err), TAMIS_OK);
    assert_non_null(memmem(f->skipped.data, f->skipped.size, "classifier: needs a file", 24));
    assert_null(memmem(f->spec.data, f->spec.size, "classifier_score", 16));
    request.requires_models = true;
    assert_int_equal(tamis_quality_resolve(&request, &f->spec, &f->skipped, &f->err), TAMIS_EARG);
}

/* Repetition of lines and paragraphs has no value where there is only one: that is no fault. */
static void one_line_is_no_repetition(void **state)
{
    static const char text[] =
        "When the rain had stopped, the old keeper of the lighthouse climbed down to the harbor "
        "and "
        "looked for the boat that his brother had promised to mend before winter; nobody knew "
        "where "
        "it was, and with every hour the tide rose higher against the black stones, while gulls "
        "cried above empty nets and a dog followed him to the very end of the long pier.";
    static const char *const profiles[] = {"dclm", "gopher-paper"};
    fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        tamis_quality_request request = request_of(profiles[i]);

        assert_int_equal(tamis_quality_resolve(&request, &f->spec, &f->skipped, &f->err), TAMIS_OK);
        open_spec(f);
        assert_string_equal(grade(f, text), "");
    }
}

/* datatrove throws on the empty text; a part of the profile that lacks the rule of length drops it
 * too. */
static void repetition_drops_the_empty_text(void **state)
{
    fixture *f = *state;

    open_yaml(f,
              "name: x\nsteps:\n  - {rule: chars, signal: datatrove_dup_para_char_frac, "
              "drop: \"> 0.2\", \"null\": drop}\n",
              TAMIS_QUALITY_PROFILE);
    assert_string_equal(grade(f, ""), "chars");
    assert_string_equal(grade(f, "x"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mistakes_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_profiles_are_guessed, setup, teardown),
        cmocka_unit_test_setup_teardown(the_first_failing_rule_is_the_reason, setup, teardown),
        cmocka_unit_test_setup_teardown(stored_values_are_judged_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(edits_change_what_later_rules_see, setup, teardown),
        cmocka_unit_test_setup_teardown(personal_data_is_masked_or_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(languages_decide, setup, teardown),
        cmocka_unit_test_setup_teardown(blocklists_drop_by_url, setup, teardown),
        cmocka_unit_test_setup_teardown(changed_files_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(built_in_profiles_work, setup, teardown),
        cmocka_unit_test_setup_teardown(one_line_is_no_repetition, setup, teardown),
        cmocka_unit_test_setup_teardown(repetition_drops_the_empty_text, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_models_are_named_or_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
