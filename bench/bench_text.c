/* SPDX-License-Identifier: Apache-2.0 */
/* bench_text [FILE...] - how fast text goes through each step of the analyzer, on one core.
 *
 * A FILE is JSON lines with a string field "text" (its name ends in .jsonl), or plain text, which
 * is cut into documents of about 4 KB at line ends. Without files, text is made up for four
 * languages. Texts lie in memory, repaired; each step includes the ones before it; the best of
 * several rounds counts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tamis/analyzer.h"
#include "tamis/cpu.h"
#include "tamis/normalizer.h"
#include "tamis/rng.h"
#include "tamis/tokens.h"
#include "tamis/utf8.h"

#define DOCUMENT_BYTES  4096
#define SYNTHETIC_BYTES (4u << 20)
#define ROUNDS          25

/* Documents one behind the other, with slack between them. */
typedef struct corpus {
    tamis_buf bytes;
    tamis_buf documents; /* tamis_slice, with offsets in place of pointers */
    size_t text_bytes;
} corpus;

typedef struct bench {
    tamis_profile profile;
    tamis_normalizer *normalizer;
    tamis_folder *folder;
    tamis_analyzer *analyzer;
    tamis_buf normalized;
    uint64_t *tokens;
    uint64_t *shingles;
    size_t token_count;
    size_t token_room;
    uint64_t sum; /* keeps the compiler from leaving work out */
} bench;

static void must(tamis_status status)
{
    if (status != TAMIS_OK) {
        (void)fprintf(stderr, "bench_text: %s\n", tamis_status_text(status));
        exit(1);
    }
}

/* Time of this thread: what else the machine does counts little. */
static double now_s(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void corpus_add(corpus *all, tamis_slice raw)
{
    static const uint8_t slack[TAMIS_BUF_SLACK] = {0};
    size_t first = all->bytes.size;
    tamis_buf copy;
    tamis_slice place = {0};

    tamis_buf_init(&copy, 0);
    must(tamis_buf_append(&copy, raw.data, raw.size));
    must(tamis_utf8_repair(tamis_buf_slice(&copy), &all->bytes));
    tamis_buf_fini(&copy);
    place.size = all->bytes.size - first;
    must(tamis_buf_append(&all->bytes, slack, sizeof(slack)));
    must(tamis_buf_append(&all->documents, &first, sizeof(first)));
    must(tamis_buf_append(&all->documents, &place.size, sizeof(place.size)));
    all->text_bytes += place.size;
}

static size_t document_count(const corpus *all)
{
    return all->documents.size / (2 * sizeof(size_t));
}

static tamis_slice document(const corpus *all, size_t index)
{
    size_t place[2];

    memcpy(place, all->documents.data + index * sizeof(place), sizeof(place));
    return tamis_slice_of(all->bytes.data + place[0], place[1]);
}

static void add_plain(corpus *all, tamis_slice bytes)
{
    size_t first = 0;

    while (first < bytes.size) {
        size_t end = first + DOCUMENT_BYTES < bytes.size ? first + DOCUMENT_BYTES : bytes.size;

        while (end < bytes.size && bytes.data[end - 1] != '\n') {
            end++;
        }
        corpus_add(all, tamis_slice_of(bytes.data + first, end - first));
        first = end;
    }
}

/* The text of one line, without the rarer escapes (\u stays as it is). */
static void add_line(corpus *all, const uint8_t *line, size_t size)
{
    static const char key[] = "\"text\":";
    const uint8_t *found = memmem(line, size, key, sizeof(key) - 1);
    const uint8_t *end = line + size;
    tamis_buf text;

    if (found == NULL) {
        return;
    }
    tamis_buf_init(&text, 0);
    found += sizeof(key) - 1;
    while (found < end && *found != '"') {
        found++;
    }
    for (found++; found < end && *found != '"'; found++) {
        uint8_t byte = *found;

        if (byte == '\\' && found + 1 < end && found[1] != 'u') {
            found++;
            byte = *found == 'n' ? '\n' : *found == 't' ? '\t' : *found;
        }
        must(tamis_buf_append_byte(&text, byte));
    }
    corpus_add(all, tamis_buf_slice(&text));
    tamis_buf_fini(&text);
}

static void add_file(corpus *all, const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t length = strlen(path);
    tamis_buf bytes;

    if (file == NULL) {
        (void)fprintf(stderr, "bench_text: cannot read %s\n", path);
        exit(1);
    }
    tamis_buf_init(&bytes, 0);
    for (size_t got = 1; got > 0;) {
        must(tamis_buf_reserve(&bytes, 1 << 16));
        got = fread(bytes.data + bytes.size, 1, 1 << 16, file);
        bytes.size += got;
    }
    (void)fclose(file);
    if (length > 6 && strcmp(path + length - 6, ".jsonl") == 0) {
        for (size_t first = 0; first < bytes.size;) {
            const uint8_t *end = memchr(bytes.data + first, '\n', bytes.size - first);
            size_t size = end != NULL ? (size_t)(end - bytes.data) - first : bytes.size - first;

            add_line(all, bytes.data + first, size);
            first += size + 1;
        }
    } else {
        add_plain(all, tamis_buf_slice(&bytes));
    }
    tamis_buf_fini(&bytes);
}

/* Words of letters from a range, with spaces and stops; for solo scripts one range of signs, a stop
 * now and then, and a second range mixed in. */
static void add_synthetic(corpus *all, uint32_t first, uint32_t count, bool is_solo)
{
    tamis_rng rng = {.state = 1};
    tamis_buf text;

    tamis_buf_init(&text, 0);
    while (text.size < SYNTHETIC_BYTES) {
        uint64_t length = is_solo ? 5 + tamis_rng_below(&rng, 20) : 1 + tamis_rng_below(&rng, 10);
        bool is_capital = !is_solo && tamis_rng_below(&rng, 12) == 0;
        uint8_t bytes[4];

        for (uint64_t i = 0; i < length; i++) {
            /* The squared draw makes some letters frequent. */
            uint64_t pick = tamis_rng_below(&rng, 1 + tamis_rng_below(&rng, count));
            uint32_t point = first + (uint32_t)pick;

            if (is_capital && i == 0) {
                point -= 0x20;
            }
            must(tamis_buf_append(&text, bytes, tamis_utf8_encode(point, bytes)));
        }
        if (is_solo) {
            must(tamis_buf_append_string(&text,
                                         tamis_rng_below(&rng, 3) == 0 ? "\u3002\n" : "\uFF0C"));
        } else {
            must(tamis_buf_append_string(&text, tamis_rng_below(&rng, 8) == 0 ? ",\n" : " "));
        }
    }
    add_plain(all, tamis_buf_slice(&text));
    tamis_buf_fini(&text);
}

static void step_validate(bench *b, tamis_slice text)
{
    b->sum += tamis_utf8_valid_prefix(text);
}

static void step_normalize(bench *b, tamis_slice text)
{
    tamis_buf_reset(&b->normalized);
    must(tamis_normalizer_run(b->normalizer, text, &b->normalized));
    b->sum += b->normalized.size;
}

static void step_tokens(bench *b, tamis_slice text)
{
    step_normalize(b, text);
    if (b->token_room < TAMIS_TOKENS_ROOM(b->normalized.size)) {
        b->token_room = 2 * TAMIS_TOKENS_ROOM(b->normalized.size);
        free(b->tokens);
        free(b->shingles);
        b->tokens = malloc(b->token_room * sizeof(*b->tokens));
        b->shingles = malloc(b->token_room * sizeof(*b->shingles));
        must(b->tokens == NULL || b->shingles == NULL ? TAMIS_ENOMEM : TAMIS_OK);
    }
    b->token_count = tamis_token_hashes(tamis_buf_slice(&b->normalized), b->tokens);
    b->sum += b->token_count;
}

static void step_shingles(bench *b, tamis_slice text)
{
    step_tokens(b, text);
    b->sum += tamis_shingle_hashes(b->tokens, b->token_count, 5, b->shingles);
}

static void step_digest(bench *b, tamis_slice text)
{
    b->sum += tamis_hash128(text.data, text.size).low;
}

static void step_fold(bench *b, tamis_slice text)
{
    tamis_digest digest = tamis_hash128(text.data, text.size);

    must(tamis_folder_digest(b->folder, text, digest, &digest));
    b->sum += digest.low;
}

static void step_analyze(bench *b, tamis_slice text)
{
    tamis_analysis analysis;

    must(tamis_analyzer_run(b->analyzer, text, &analysis, NULL));
    b->sum += analysis.exact.low + analysis.token_count;
}

static void measure(const char *name, const corpus *all, tamis_profile profile)
{
    static const struct {
        const char *name;
        void (*run)(bench *b, tamis_slice text);
    } steps[] = {
        {"validate UTF-8", step_validate},           {"normalize", step_normalize},
        {"  + token hashes", step_tokens},           {"  + 5-gram hashes", step_shingles},
        {"digest of the text", step_digest},         {"  + digest of the fold", step_fold},
        {"analyze (all, and sketch)", step_analyze},
    };
    tamis_settings settings = {.levels = 1u << TAMIS_LEVEL_EXACT | 1u << TAMIS_LEVEL_NEAR,
                               .threshold_ppm = 800000,
                               .slots = 128,
                               .shingle = 5,
                               .profile = profile};
    bench b = {.profile = profile};

    must(tamis_normalizer_create(profile, &b.normalizer));
    must(tamis_folder_create(&b.folder));
    must(tamis_analyzer_create(&settings, &b.analyzer, NULL));
    tamis_buf_init(&b.normalized, 0);
    (void)printf("%s, profile %s, kernel %s: %zu documents, %.1f MB\n", name,
                 profile == TAMIS_PROFILE_TEXT ? "text" : "code",
                 tamis_kernel_name(tamis_kernel_best()), document_count(all),
                 1e-6 * (double)all->text_bytes);
    for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
        double best = 1e9;

        for (int round = 0; round < ROUNDS; round++) {
            double start = now_s();

            for (size_t i = 0; i < document_count(all); i++) {
                steps[s].run(&b, document(all, i));
            }
            best = now_s() - start < best ? now_s() - start : best;
        }
        (void)printf("  %-26s %8.0f MB/s %8.2f us/document\n", steps[s].name,
                     1e-6 * (double)all->text_bytes / best,
                     1e6 * best / (double)document_count(all));
    }
    tamis_normalizer_destroy(b.normalizer);
    tamis_folder_destroy(b.folder);
    tamis_analyzer_destroy(b.analyzer);
    tamis_buf_fini(&b.normalized);
    free(b.tokens);
    free(b.shingles);
}

static void measure_all(const char *name, corpus *all)
{
    if (document_count(all) > 0) {
        measure(name, all, TAMIS_PROFILE_TEXT);
        if (getenv("BENCH_CODE") != NULL) {
            measure(name, all, TAMIS_PROFILE_CODE);
        }
    }
    tamis_buf_fini(&all->bytes);
    tamis_buf_fini(&all->documents);
}

int main(int argument_count, char **arguments)
{
    static const struct {
        const char *name;
        uint32_t first, count;
        bool is_solo;
    } languages[] = {{"synthetic English", 'a', 26, false},
                     {"synthetic Russian", 0x430, 32, false},
                     {"synthetic Chinese", 0x4E00, 6000, true},
                     {"synthetic Japanese", 0x3042, 80, true}};

    for (int i = 1; i < argument_count; i++) {
        corpus all = {0};

        add_file(&all, arguments[i]);
        measure_all(arguments[i], &all);
    }
    for (size_t i = 0; argument_count < 2 && i < sizeof(languages) / sizeof(languages[0]); i++) {
        corpus all = {0};

        add_synthetic(&all, languages[i].first, languages[i].count, languages[i].is_solo);
        measure_all(languages[i].name, &all);
    }
    return 0;
}
