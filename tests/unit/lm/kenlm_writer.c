/* SPDX-License-Identifier: Apache-2.0 */
#include "kenlm_writer.h"

#include <stdlib.h>

#include "tamis/bytes.h"

#define ORDER_MAX 6
#define WORDS_MAX 64
#define WORD_SIZE 32

typedef struct build {
    unsigned order;
    uint64_t counts[ORDER_MAX];
    uint64_t buckets[ORDER_MAX]; /* [0]: words */
    size_t offsets[ORDER_MAX];   /* [0]: unigrams */
    size_t words_offset;
    char words[WORDS_MAX][WORD_SIZE];
    size_t word_count; /* with <unk> at 0 */
    uint8_t *file;
} build;

static void must(bool is_so)
{
    if (!is_so) {
        (void)fprintf(stderr, "kenlm_writer: the text is not what it takes\n");
        abort();
    }
}

/* MurmurHash64A, seed 0, written from its description. */
static uint64_t murmur(const char *text)
{
    const uint64_t m = 0xc6a4a7935bd1e995ull;
    size_t size = strlen(text);
    uint64_t h = (uint64_t)size * m;
    size_t at = 0;

    for (; at + 8 <= size; at += 8) {
        uint64_t k = tamis_get64le((const uint8_t *)text + at);

        k *= m;
        k ^= k >> 47;
        k *= m;
        h ^= k;
        h *= m;
    }
    if (at < size) {
        for (size_t i = size; i > at; i--) {
            h ^= (uint64_t)(uint8_t)text[i - 1] << 8 * (i - 1 - at);
        }
        h *= m;
    }
    h ^= h >> 47;
    h *= m;
    h ^= h >> 47;
    return h;
}

static uint32_t id_of(const build *b, const char *word)
{
    for (uint32_t i = 0; i < b->word_count; i++) {
        if (strcmp(b->words[i], word) == 0) {
            return i;
        }
    }
    must(false);
    return 0;
}

static uint8_t *probe(build *b, size_t offset, uint64_t buckets, size_t entry_bytes, uint64_t key)
{
    uint64_t slot = key % buckets;

    while (tamis_get64le(b->file + offset + slot * entry_bytes) != 0) {
        slot = (slot + 1) % buckets;
    }
    tamis_put64le(b->file + offset + slot * entry_bytes, key);
    return b->file + offset + slot * entry_bytes + 8;
}

static void put_float(uint8_t *out, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    tamis_put32le(out, bits);
}

static void add_line(build *b, unsigned n, const char *line)
{
    float probability = 0;
    float backoff = 0;
    char words[ORDER_MAX][WORD_SIZE];
    int used = 0;
    uint64_t key = 0;
    uint8_t *entry = NULL;

    must(sscanf(line, "%f%n", &probability, &used) == 1);
    line += used;
    for (unsigned i = 0; i < n; i++) {
        must(sscanf(line, "%31s%n", words[i], &used) == 1);
        line += used;
    }
    if (*line != '\n') {
        must(sscanf(line, "%f", &backoff) == 1);
    }
    if (n == 1) {
        bool is_unknown = strcmp(words[0], "<unk>") == 0;
        size_t id = is_unknown ? 0 : b->word_count++;

        must(id < WORDS_MAX);
        (void)snprintf(b->words[id], WORD_SIZE, "%s", words[0]);
        if (!is_unknown) {
            tamis_put32le(probe(b, b->words_offset, b->buckets[0], 12, murmur(words[0])),
                          (uint32_t)id);
        }
        entry = b->file + b->offsets[0] + id * 8;
    } else {
        key = id_of(b, words[n - 1]);
        for (unsigned i = n - 1; i > 0; i--) {
            key = key * 8978948897894561157ull ^
                  (1 + (uint64_t)id_of(b, words[i - 1])) * 17894857484156487943ull;
        }
        entry = probe(b, b->offsets[n - 1], b->buckets[n - 1], n < b->order ? 16 : 12, key);
    }
    /* The sign says whether longer n-grams end so: it is clear where they may. */
    put_float(entry, n < b->order ? -probability : probability);
    if (n < b->order) {
        put_float(entry + 4, backoff);
    }
}

static void write_header(build *b, float multiplier)
{
    static const char magic[] = "mmap lm http://kheafield.com/code format version 5\n";

    memcpy(b->file, magic, sizeof(magic) - 1);
    put_float(b->file + 60, 1.0f);
    put_float(b->file + 64, -0.5f);
    tamis_put32le(b->file + 68, 1);
    tamis_put32le(b->file + 72, UINT32_MAX);
    tamis_put64le(b->file + 80, 1);
    b->file[88] = (uint8_t)b->order;
    put_float(b->file + 92, multiplier);
    for (unsigned i = 0; i < b->order; i++) {
        tamis_put64le(b->file + 108 + 8 * i, b->counts[i]);
    }
}

static size_t lay_out(build *b, float multiplier)
{
    size_t offset = (108 + 8 * b->order + 7) / 8 * 8 + 8;

    for (unsigned i = 0; i < b->order; i++) {
        uint64_t scaled = (uint64_t)(multiplier * (float)b->counts[i]);

        b->buckets[i] = scaled > b->counts[i] + 1 ? scaled : b->counts[i] + 1;
    }
    b->words_offset = offset;
    offset += b->buckets[0] * 12;
    b->offsets[0] = offset;
    offset += (b->counts[0] + 1) * 8;
    for (unsigned i = 1; i < b->order; i++) {
        b->offsets[i] = offset;
        offset += b->buckets[i] * (i + 1 < b->order ? 16 : 12);
    }
    return offset;
}

void kenlm_write(const char *arpa, float multiplier, tamis_buf *out)
{
    build b = {.word_count = 1};
    unsigned section = 0;
    const char *line = arpa;

    while (line != NULL && *line != '\0') {
        unsigned n = 0;
        unsigned long long count = 0;
        const char *end = strchr(line, '\n');

        if (sscanf(line, "ngram %u=%llu", &n, &count) == 2) {
            b.counts[n - 1] = count;
            b.order = n;
        } else if (sscanf(line, "\\%u-grams:", &n) == 1) {
            if (n == 1) {
                size_t size = lay_out(&b, multiplier);

                must(tamis_buf_reserve(out, size) == TAMIS_OK);
                b.file = out->data + out->size;
                memset(b.file, 0, size);
                out->size += size;
                write_header(&b, multiplier);
            }
            section = n;
        } else if (section != 0 && *line != '\n' && *line != '\\') {
            add_line(&b, section, line);
        }
        line = end == NULL ? NULL : end + 1;
    }
    must(b.file != NULL);
}
