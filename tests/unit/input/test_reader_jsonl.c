/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Lines through the reader: rows, faults, places for edits, splits, samples, all compressions.
 */
#include "input_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef struct fixture {
    char folder[SUPPORT_PATH_SIZE];
    tamis_settings settings;
    tamis_reader *reader;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    support_folder_make(f->folder);
    f->settings = support_settings();
    assert_int_equal(tamis_reader_create(&f->settings, &f->reader, NULL), TAMIS_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    tamis_reader_destroy(f->reader);
    support_folder_remove(f->folder);
    free(f);
    return 0;
}

/* Reads bytes as one plain file. */
static void read_bytes(fixture *f, const void *data, size_t size, support_rows *out_rows)
{
    char path[SUPPORT_PATH_SIZE];
    tamis_input input;
    tamis_split split;

    support_write_memory(path, data, size);
    input = support_input(path, TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_NONE);
    split = support_whole(&input);
    support_read(f->reader, &input, &split, 0, out_rows);
    assert_int_equal(out_rows->end, TAMIS_END);
    assert_int_equal(out_rows->summary.stored_bytes, size);
    assert_int_equal(out_rows->summary.decoded_bytes, size);
    assert_true(tamis_digest_is_equal(out_rows->summary.stored_digest, tamis_hash128(data, size)));
}

static void read_text(fixture *f, const char *text, support_rows *out_rows)
{
    read_bytes(f, text, strlen(text), out_rows);
}

static void test_usual_records(void **state)
{
    fixture *f = *state;
    support_rows r;

    read_text(f,
              "{\"id\":\"a\",\"url\":\"http://x/\",\"text\":\"one\\ntwo\"}\n"
              "{\"text\": \"\", \"id\": 17, \"n\": [1, {\"text\": 2}]}\r\n"
              "\n \t\r\n"
              " { \"text\" : \"\\u00e4\\ud83d\\ude00\" , \"id\" : null } \n"
              "{\"te\\u0078t\":\"escaped key\"}",
              &r);
    assert_int_equal(r.count, 4);
    assert_slice(r.rows[0].doc.text, "one\ntwo");
    assert_slice(r.rows[0].doc.id, "a");
    assert_slice(r.rows[0].doc.url, "http://x/");
    assert_int_equal(r.rows[0].doc.flags, 0);
    assert_slice(r.rows[1].doc.text, "");
    assert_slice(r.rows[1].doc.id, "17");
    assert_int_equal(r.rows[1].doc.offset, 47);
    assert_slice(r.rows[2].doc.text, "\xc3\xa4\xf0\x9f\x98\x80");
    assert_slice(r.rows[2].doc.id, "");
    assert_slice(r.rows[2].doc.raw, "{ \"text\" : \"\\u00e4\\ud83d\\ude00\" , \"id\" : null }");
    assert_int_equal(r.rows[2].doc.close_offset, r.rows[2].doc.raw.size - 1);
    assert_slice(r.rows[3].doc.text, "escaped key");
    assert_int_equal(r.summary.skipped.blank_lines, 2);
    assert_int_equal(r.summary.quarantined, 0);
    support_rows_free(&r);
}

typedef struct verdict_case {
    const char *line;
    tamis_fault fault;
} verdict_case;

static const verdict_case verdict_cases[] = {
    {"{\"text\":\"x\"}", TAMIS_FAULT_NONE},
    {"{\"text\":\"x\",\"a\":-0.5e+10,\"b\":[[],{}],\"c\":true,\"d\":false,\"e\":null}",
     TAMIS_FAULT_NONE},
    {"{\"text\":\"\\/\\b\\f\\r\\t\\\\\\\"\"}", TAMIS_FAULT_NONE},
    {"{}", TAMIS_FAULT_MISSING_TEXT},
    {"{\"Text\":\"x\"}", TAMIS_FAULT_MISSING_TEXT},
    {"{\"a\":{\"text\":\"x\"}}", TAMIS_FAULT_MISSING_TEXT},
    {"{\"text\":1}", TAMIS_FAULT_TEXT_NOT_STRING},
    {"{\"text\":null}", TAMIS_FAULT_TEXT_NOT_STRING},
    {"{\"text\":[\"x\"]}", TAMIS_FAULT_TEXT_NOT_STRING},
    {"{\"text\":\"x\",\"text\":\"x\"}", TAMIS_FAULT_DUPLICATE_TEXT_KEY},
    {"{\"text\":1,\"text\":\"x\"}", TAMIS_FAULT_DUPLICATE_TEXT_KEY},
    {"{\"text\":\"x\",\"t\\u0065xt\":2}", TAMIS_FAULT_DUPLICATE_TEXT_KEY},
    {"x", TAMIS_FAULT_INVALID_JSON},
    {"[]", TAMIS_FAULT_INVALID_JSON},
    {"\"text\"", TAMIS_FAULT_INVALID_JSON},
    {"{", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\"", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\"}}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\"}{}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",}", TAMIS_FAULT_INVALID_JSON},
    {"{,\"text\":\"x\"}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\" \"x\"}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":}", TAMIS_FAULT_INVALID_JSON},
    {"{text:\"x\"}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":'x'}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"a\tb\"}", TAMIS_FAULT_INVALID_JSON},
    {"{\"a\tb\":1,\"text\":\"\"}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"\\x\"}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"\\u12g4\"}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"\\", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"\\u", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":01}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":1.}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":.5}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":1e}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":+1}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":-}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":NaN}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":tru}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":truex}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":[1,]}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":[1 2]}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":[}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":{]}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":[1}}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":{\"b\"}}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\",\"a\":{1:2}}", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\"} x", TAMIS_FAULT_INVALID_JSON},
    {"{\"text\":\"x\"}\v", TAMIS_FAULT_INVALID_JSON},
};

static void test_verdicts(void **state)
{
    fixture *f = *state;

    for (size_t i = 0; i < sizeof(verdict_cases) / sizeof(verdict_cases[0]); i++) {
        const verdict_case *c = &verdict_cases[i];
        support_rows r;

        read_text(f, c->line, &r);
        assert_int_equal(r.count, 1);
        if (r.rows[0].doc.fault != c->fault) {
            print_error("case %zu: %s: got %s\n", i, c->line,
                        tamis_fault_code(r.rows[0].doc.fault));
        }
        assert_int_equal(r.rows[0].doc.fault, c->fault);
        assert_int_equal(r.summary.quarantined, c->fault != TAMIS_FAULT_NONE);
        if (c->fault != TAMIS_FAULT_NONE) {
            assert_true(tamis_digest_is_equal(r.rows[0].doc.raw_digest,
                                              tamis_hash128(c->line, strlen(c->line))));
        }
        support_rows_free(&r);
    }
}

static void test_text_that_needs_repair(void **state)
{
    fixture *f = *state;
    support_rows r;

    read_text(f,
              "{\"text\":\"a\\u0000b\"}\n"
              "{\"text\":\"\\ud800x\\udc00\"}\n"
              "{\"text\":\"\\ud800\\ud83d\\ude00\"}\n"
              "{\"text\":\"\xff\"}\n"
              "{\"text\":\"fine\",\"id\":\"\xff\",\"url\":\"\\udfff\",\"o\":\"\xc0\"}\n",
              &r);
    assert_int_equal(r.count, 5);
    assert_slice(r.rows[0].doc.text, "a\xef\xbf\xbd"
                                     "b");
    assert_slice(r.rows[1].doc.text, "\xef\xbf\xbdx\xef\xbf\xbd");
    assert_slice(r.rows[2].doc.text, "\xef\xbf\xbd\xf0\x9f\x98\x80");
    assert_slice(r.rows[3].doc.text, "\xef\xbf\xbd");
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(r.rows[i].doc.flags, TAMIS_DOC_REPAIRED);
    }
    assert_slice(r.rows[4].doc.id, "\xef\xbf\xbd");
    assert_slice(r.rows[4].doc.url, "\xef\xbf\xbd");
    assert_int_equal(r.rows[4].doc.flags, 0);
    support_rows_free(&r);
}

static void check_cut(fixture *f, const char *line, const char *rest, bool is_empty)
{
    support_rows r;
    char cut[256];
    const tamis_doc *doc = NULL;
    size_t before = 0;

    read_text(f, line, &r);
    assert_int_equal(r.count, 1);
    doc = &r.rows[0].doc;
    assert_true((doc->flags & TAMIS_DOC_HAS_TAMIS) != 0);
    before = doc->tamis_begin;
    memcpy(cut, doc->raw.data, before);
    memcpy(cut + before, doc->raw.data + doc->tamis_end, doc->raw.size - doc->tamis_end);
    cut[before + doc->raw.size - doc->tamis_end] = '\0';
    assert_string_equal(cut, rest);
    assert_int_equal(doc->is_empty_object, is_empty);
    assert_int_equal(doc->raw.data[doc->close_offset], '}');
    support_rows_free(&r);
}

static void test_tamis_member(void **state)
{
    fixture *f = *state;
    support_rows r;

    (void)snprintf(f->settings.text_field, sizeof(f->settings.text_field), "tamis.t");
    tamis_reader_destroy(f->reader);
    assert_int_equal(tamis_reader_create(&f->settings, &f->reader, NULL), TAMIS_OK);
    check_cut(f, "{\"a\":1, \"tamis\" : {\"t\":\"x\"} ,\"b\":2}", "{\"a\":1 ,\"b\":2}", false);
    check_cut(f, "{\"a\":1,\"tamis\":{\"t\":\"x\"} }", "{\"a\":1 }", false);
    check_cut(f, "{ \"tamis\":{\"t\":\"x\"} , \"b\":2}", "{ \"b\":2}", false);
    check_cut(f, "{\"tamis\":{\"t\":\"x\"}}", "{}", true);
    check_cut(f, "{\"t\\u0061mis\":{\"t\":\"x\"} }", "{ }", true);
    read_text(f, "{\"a\":{\"tamis\":1},\"tamis.t\":\"x\"}", &r);
    assert_int_equal(r.rows[0].doc.flags, 0);
    assert_false(r.rows[0].doc.is_empty_object);
    support_rows_free(&r);
}

static void test_field_paths(void **state)
{
    fixture *f = *state;
    support_rows r;

    (void)snprintf(f->settings.text_field, sizeof(f->settings.text_field), "m.c.text");
    (void)snprintf(f->settings.url_field, sizeof(f->settings.url_field), "m.url");
    (void)snprintf(f->settings.id_field, sizeof(f->settings.id_field), "m.id");
    (void)snprintf(f->settings.scope_field, sizeof(f->settings.scope_field), "m.lang");
    f->settings.scope = TAMIS_SCOPE_FIELD;
    tamis_reader_destroy(f->reader);
    assert_int_equal(tamis_reader_create(&f->settings, &f->reader, NULL), TAMIS_OK);
    read_text(f,
              "{\"m\":{\"id\":-1.50e3 ,\"url\":\"u\\u002fv\",\"c\":{\"text\":\"in\\t\"},"
              "\"lang\":true}}\n"
              "{\"m\":{\"c\":{\"text\":\"in\"},\"id\":[1],\"lang\":{}},\"m.c.text\":\"literal\"}\n"
              "{\"m\":{\"c.text\":\"half\"},\"m.id\":\"x\",\"m.lang\":7}\n"
              "{\"m\":{\"c\":{\"text\":\"a\",\"text\":\"b\"}}}\n"
              "{\"m\":{\"c\":[{\"text\":\"a\"}]}}\n"
              "{\"m\":{\"c\":{\"text\":\"a\"}},\"m\":{\"c\":{\"text\":\"b\"}}}\n"
              "{\"m\":{\"c\":{\"text\":0}}}\n",
              &r);
    assert_int_equal(r.count, 7);
    assert_slice(r.rows[0].doc.text, "in\t");
    assert_slice(r.rows[0].doc.id, "-1.50e3");
    assert_slice(r.rows[0].doc.url, "u/v");
    assert_slice(r.rows[0].doc.scope, "true");
    assert_slice(r.rows[1].doc.text, "literal");
    assert_slice(r.rows[1].doc.id, "");
    assert_slice(r.rows[1].doc.scope, "");
    assert_slice(r.rows[2].doc.text, "half");
    assert_slice(r.rows[2].doc.id, "x");
    assert_slice(r.rows[2].doc.scope, "7");
    assert_int_equal(r.rows[3].doc.fault, TAMIS_FAULT_DUPLICATE_TEXT_KEY);
    assert_int_equal(r.rows[4].doc.fault, TAMIS_FAULT_MISSING_TEXT);
    assert_int_equal(r.rows[5].doc.fault, TAMIS_FAULT_DUPLICATE_TEXT_KEY);
    assert_int_equal(r.rows[6].doc.fault, TAMIS_FAULT_TEXT_NOT_STRING);
    support_rows_free(&r);
}

/* {"text":"","a":[[...]]} with `depth` containers in all. */
static void check_depth(fixture *f, unsigned depth, tamis_fault fault)
{
    char line[1024] = "{\"text\":\"\",\"a\":";
    size_t size = strlen(line);
    support_rows r;

    for (unsigned i = 1; i < depth; i++) {
        line[size++] = '[';
    }
    for (unsigned i = 1; i < depth; i++) {
        line[size++] = ']';
    }
    line[size++] = '}';
    read_bytes(f, line, size, &r);
    assert_int_equal(r.rows[0].doc.fault, fault);
    support_rows_free(&r);
}

static void test_nesting(void **state)
{
    fixture *f = *state;

    assert_true(f->settings.nesting_max < 400);
    check_depth(f, f->settings.nesting_max, TAMIS_FAULT_NONE);
    check_depth(f, f->settings.nesting_max + 1, TAMIS_FAULT_NESTING);
}

static void test_byte_order_mark(void **state)
{
    fixture *f = *state;
    support_rows r;

    read_text(f, "\xef\xbb\xbf{\"text\":\"x\"}\n\xef\xbb\xbf{\"text\":\"y\"}\n", &r);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.rows[0].doc.fault, TAMIS_FAULT_NONE);
    assert_int_equal(r.rows[0].doc.offset, 3);
    assert_int_equal(r.rows[1].doc.fault, TAMIS_FAULT_INVALID_JSON);
    support_rows_free(&r);
    read_text(f, "\xef\xbb\xbf\r\n\n", &r);
    assert_int_equal(r.count, 0);
    assert_int_equal(r.summary.skipped.blank_lines, 2);
    support_rows_free(&r);
}

/* A record of exactly `size` bytes. */
static char *record_make(size_t size)
{
    char *line = malloc(size + 1);

    assert_non_null(line);
    assert_true(size > 16);
    memset(line, 'x', size);
    memcpy(line, "{\"text\":\"", 9);
    memcpy(line + size - 2, "\"}", 3);
    return line;
}

static void check_size(fixture *f, size_t size, const char *feed, bool is_good)
{
    char *line = record_make(size);
    tamis_buf file;
    support_rows r;

    tamis_buf_init(&file, 0);
    assert_int_equal(tamis_buf_append_string(&file, "{\"text\":\"before\"}\n"), TAMIS_OK);
    assert_int_equal(tamis_buf_append(&file, line, size), TAMIS_OK);
    assert_int_equal(tamis_buf_append_string(&file, feed), TAMIS_OK);
    if (*feed != '\0') {
        assert_int_equal(tamis_buf_append_string(&file, "{\"text\":\"after\"}\n"), TAMIS_OK);
    }
    read_bytes(f, file.data, file.size, &r);
    assert_int_equal(r.count, *feed != '\0' ? 3 : 2);
    assert_int_equal(r.rows[1].doc.offset, 18);
    if (is_good) {
        assert_int_equal(r.rows[1].doc.fault, TAMIS_FAULT_NONE);
        assert_int_equal(r.rows[1].doc.text.size, size - 11);
    } else {
        assert_int_equal(r.rows[1].doc.fault, TAMIS_FAULT_RECORD_TOO_LARGE);
        assert_true(tamis_digest_is_equal(r.rows[1].doc.raw_digest, tamis_hash128(line, size)));
    }
    if (*feed != '\0') {
        assert_slice(r.rows[2].doc.text, "after");
    }
    support_rows_free(&r);
    tamis_buf_fini(&file);
    free(line);
}

static void test_record_limit(void **state)
{
    fixture *f = *state;
    static const size_t limits[] = {100, 300000, 600000};

    for (size_t i = 0; i < 3; i++) {
        f->settings.record_bytes_max = limits[i];
        check_size(f, limits[i], "\n", true);
        check_size(f, limits[i], "", true);
        check_size(f, limits[i] + 1, "\n", false);
        check_size(f, limits[i] + 1, "", false);
        check_size(f, limits[i] + 2000000, "\n", false);
        check_size(f, limits[i] + 2000000, "", false);
    }
}

/* A file of many records, some long, some blank lines; `count` rows. */
static void records_make(tamis_buf *out, unsigned count, uint64_t seed)
{
    tamis_rng rng = {seed};

    for (unsigned i = 0; i < count; i++) {
        size_t size = tamis_rng_below(&rng, 40) == 0 ? tamis_rng_below(&rng, 3000)
                                                     : tamis_rng_below(&rng, 60);

        assert_int_equal(tamis_buf_append_format(out, "{\"id\":%u,\"text\":\"", i), TAMIS_OK);
        for (size_t j = 0; j < size; j++) {
            assert_int_equal(tamis_buf_append_byte(out, (uint8_t)('a' + tamis_rng_below(&rng, 26))),
                             TAMIS_OK);
        }
        assert_int_equal(tamis_buf_append_string(out, i % 7 == 0 ? "\"}\n\n" : "\"}\n"), TAMIS_OK);
    }
}

/* Every line belongs to exactly one split, wherever the cut falls. */
static void test_ranges_of_plain_files(void **state)
{
    fixture *f = *state;
    char path[SUPPORT_PATH_SIZE];
    tamis_buf file;
    tamis_input input;

    tamis_buf_init(&file, 0);
    records_make(&file, 60, 1);
    support_write_memory(path, file.data, file.size);
    input = support_input(path, TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_NONE);
    for (uint64_t step = 1; step <= file.size + 1; step += step < 90 ? 1 : 977) {
        unsigned next = 0;
        uint64_t blank_lines = 0;
        uint64_t stored_bytes = 0;

        for (uint64_t begin = 0; begin < file.size; begin += step) {
            uint64_t end = begin + step < file.size ? begin + step : file.size;
            tamis_split split = {.begin = begin, .end = end};
            support_rows r;

            support_read(f->reader, &input, &split, 0, &r);
            for (size_t i = 0; i < r.count; i++) {
                char id[16];

                (void)snprintf(id, sizeof(id), "%u", next++);
                assert_int_equal(r.rows[i].doc.fault, TAMIS_FAULT_NONE);
                assert_int_equal(r.rows[i].doc.id.size, strlen(id));
                assert_memory_equal(r.rows[i].doc.id.data, id, strlen(id));
                assert_memory_equal(file.data + r.rows[i].doc.offset, r.rows[i].doc.raw.data,
                                    r.rows[i].doc.raw.size);
            }
            blank_lines += r.summary.skipped.blank_lines;
            stored_bytes += r.summary.stored_bytes;
            assert_true(tamis_digest_is_equal(r.summary.stored_digest,
                                              tamis_hash128(file.data + begin, end - begin)));
            support_rows_free(&r);
        }
        assert_int_equal(next, 60);
        assert_int_equal(blank_lines, 9);
        assert_int_equal(stored_bytes, file.size);
    }
    tamis_buf_fini(&file);
}

/* Members end anywhere, also inside lines. */
static void test_ranges_of_gzip_members(void **state)
{
    fixture *f = *state;
    uint64_t seed = 7;
    tamis_rng rng = {seed};
    char path[SUPPORT_PATH_SIZE];
    tamis_buf plain;

    print_message("seed %llu\n", (unsigned long long)seed);
    tamis_buf_init(&plain, 0);
    records_make(&plain, 60, 2);
    support_path(path, f->folder, "in.jsonl.gz");
    for (int round = 0; round < 30; round++) {
        tamis_buf packed;
        uint64_t cuts[512] = {0};
        size_t cut_count = 0;
        size_t used = 0;
        unsigned next = 0;
        tamis_input input;

        tamis_buf_init(&packed, 0);
        while (used < plain.size && cut_count < 510) {
            size_t size = 1 + tamis_rng_below(&rng, 300);

            size = size > plain.size - used || cut_count == 509 ? plain.size - used : size;
            if (tamis_rng_below(&rng, 3) == 0) { /* up to the end of a line */
                const uint8_t *feed = memchr(plain.data + used, '\n', plain.size - used);
                size = (size_t)(feed - plain.data) + 1 - used;
            }
            cuts[cut_count++] = packed.size;
            support_pack(&packed, TAMIS_COMPRESSION_GZIP, plain.data + used, size);
            used += size;
        }
        cuts[cut_count] = packed.size;
        support_write(path, packed.data, packed.size);
        input = support_input(path, TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_GZIP);
        for (size_t first = 0; first < cut_count;) {
            size_t last = first + 1 + tamis_rng_below(&rng, 4);
            tamis_split split = {.begin = cuts[first]};
            support_rows r;

            last = last > cut_count ? cut_count : last;
            split.end = cuts[last];
            support_read(f->reader, &input, &split, 0, &r);
            for (size_t i = 0; i < r.count; i++) {
                char id[16];

                (void)snprintf(id, sizeof(id), "%u", next++);
                assert_int_equal(r.rows[i].doc.fault, TAMIS_FAULT_NONE);
                assert_memory_equal(r.rows[i].doc.id.data, id, strlen(id));
            }
            assert_int_equal(r.summary.stored_bytes, split.end - split.begin);
            assert_true(tamis_digest_is_equal(
                r.summary.stored_digest,
                tamis_hash128(packed.data + split.begin, split.end - split.begin)));
            support_rows_free(&r);
            first = last;
        }
        assert_int_equal(next, 60);
        tamis_buf_fini(&packed);
    }
    tamis_buf_fini(&plain);
}

static void test_compressed_like_plain(void **state)
{
    fixture *f = *state;
    char path[SUPPORT_PATH_SIZE];
    tamis_buf plain;
    support_rows expected;

    tamis_buf_init(&plain, 0);
    records_make(&plain, 20000, 3);
    assert_true(plain.size > (1u << 20));
    read_bytes(f, plain.data, plain.size, &expected);
    assert_int_equal(expected.count, 20000);
    for (int i = 0; i < 4; i++) {
        tamis_compression compression =
            i % 2 == 0 ? TAMIS_COMPRESSION_GZIP : TAMIS_COMPRESSION_ZSTD;
        size_t pieces = i < 2 ? 1 : 100;
        tamis_buf packed;
        tamis_input input;
        tamis_split split;
        support_rows r;

        tamis_buf_init(&packed, 0);
        for (size_t piece = 0; piece < pieces; piece++) {
            size_t begin = plain.size * piece / pieces;
            size_t end = plain.size * (piece + 1) / pieces;

            support_pack(&packed, compression, plain.data + begin, end - begin);
        }
        support_write_memory(path, packed.data, packed.size);
        input = support_input(path, TAMIS_INPUT_JSONL, compression);
        split = support_whole(&input);
        support_read(f->reader, &input, &split, 0, &r);
        assert_int_equal(r.end, TAMIS_END);
        assert_int_equal(r.count, expected.count);
        for (size_t row = 0; row < r.count; row++) {
            assert_int_equal(r.rows[row].doc.fault, TAMIS_FAULT_NONE);
            assert_int_equal(r.rows[row].doc.offset, expected.rows[row].doc.offset);
            assert_true(tamis_slice_is_equal(r.rows[row].doc.raw, expected.rows[row].doc.raw));
            assert_true(tamis_slice_is_equal(r.rows[row].doc.text, expected.rows[row].doc.text));
        }
        assert_int_equal(r.summary.decoded_bytes, plain.size);
        assert_int_equal(r.summary.stored_bytes, packed.size);
        support_rows_free(&r);
        tamis_buf_fini(&packed);
    }
    support_rows_free(&expected);
    tamis_buf_fini(&plain);
}

static void test_sample_and_limit(void **state)
{
    fixture *f = *state;
    tamis_buf plain;
    support_rows r;
    uint64_t sampled = 0;

    tamis_buf_init(&plain, 0);
    records_make(&plain, 2000, 4);
    f->settings.sample_ppm = 250000;
    read_bytes(f, plain.data, plain.size, &r);
    sampled = r.count;
    assert_in_range(sampled, 400, 600);
    assert_int_equal(r.summary.skipped.sampled_out, 2000 - sampled);
    support_rows_free(&r);
    f->settings.sample_ppm = 0;
    read_bytes(f, plain.data, plain.size, &r);
    assert_int_equal(r.count, 0);
    support_rows_free(&r);
    f->settings.sample_ppm = TAMIS_PPM;
    f->settings.limit = 10;
    read_bytes(f, plain.data, plain.size, &r);
    assert_int_equal(r.count, 10);
    assert_slice(r.rows[9].doc.id, "9");
    support_rows_free(&r);
    tamis_buf_fini(&plain);
}

static void test_file_that_is_gone(void **state)
{
    fixture *f = *state;
    char path[SUPPORT_PATH_SIZE];
    tamis_input input;
    tamis_split split;
    support_rows r;

    support_path(path, f->folder, "in.jsonl");
    support_write_text(path, "{\"text\":\"x\"}\n");
    input = support_input(path, TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_NONE);
    split = support_whole(&input);
    support_write_text(path, "{\"text\":\"x\"}\n\n");
    support_read(f->reader, &input, &split, 0, &r);
    assert_int_equal(r.count, 0);
    assert_int_equal(r.summary.open_status, TAMIS_ECHANGED);
    assert_int_equal(remove(path), 0);
    support_read(f->reader, &input, &split, 0, &r);
    assert_int_equal(r.count, 0);
    assert_int_equal(r.end, TAMIS_END);
    assert_int_equal(r.summary.open_status, TAMIS_ENOENT);
    assert_non_null(strstr(r.summary.fault_text, "in.jsonl"));
}

/* What the process must not read says nothing of the input: an error, not a file set aside. */
static void test_file_outside(void **state)
{
    fixture *f = *state;
    char inside[SUPPORT_PATH_SIZE];
    char path[SUPPORT_PATH_SIZE];
    const char *const folders[] = {inside};
    tamis_roots *roots = NULL;
    tamis_err err = {.status = TAMIS_OK};
    tamis_input input;
    tamis_split split;
    support_rows r;

    support_path(path, f->folder, "in.jsonl");
    support_write_text(path, "{\"text\":\"x\"}\n");
    input = support_input(path, TAMIS_INPUT_JSONL, TAMIS_COMPRESSION_NONE);
    split = support_whole(&input);
    support_path(inside, f->folder, "inside");
    assert_int_equal(mkdir(inside, 0777), 0);
    assert_int_equal(tamis_roots_create(folders, 1, &roots, NULL), TAMIS_OK);
    tamis_reader_confine(f->reader, roots);
    assert_int_equal(tamis_reader_open(f->reader, &input, &split, 0, &err), TAMIS_EOUTSIDE);
    assert_non_null(strstr(err.text, "in.jsonl"));
    tamis_reader_confine(f->reader, NULL);
    tamis_roots_destroy(roots);
    support_read(f->reader, &input, &split, 0, &r);
    assert_int_equal(r.count, 1);
    support_rows_free(&r);
}

static void test_empty_file(void **state)
{
    support_rows r;

    read_text(*state, "", &r);
    assert_int_equal(r.count, 0);
    assert_int_equal(r.summary.stream_fault, TAMIS_FAULT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_usual_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_text_that_needs_repair, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tamis_member, setup, teardown),
        cmocka_unit_test_setup_teardown(test_field_paths, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nesting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_byte_order_mark, setup, teardown),
        cmocka_unit_test_setup_teardown(test_record_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ranges_of_plain_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ranges_of_gzip_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_compressed_like_plain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sample_and_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_that_is_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_outside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_file, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
