/* SPDX-License-Identifier: Apache-2.0 */
/* Radix sort, most significant bits first, of records of one to four words; wider records are
 * sorted by index (sort_index.c).
 *
 * A range of records is spread over twice as many buckets, in proportion to the word; what is left
 * to do is mostly a swap of neighbors, done by one pass of insertion over the whole range. Where a
 * bucket got many records, it is spread again by what varies within it, word after word. Ranges
 * that do not fit the cache are first spread over fewer buckets that do. Each step uses up bits, so
 * the cost is bounded whatever the words are. */
#include "sort_index.h"
#include "sort_parts.h"

#include "run_block.h"
#include "tamis/hash.h"
#include "tamis/sorter.h"

#define SMALL_MAX     24u    /* insertion sort up to here */
#define BUCKETS_MAX   32768u /* their counts take 128 KiB of stack */
#define CACHE_BYTES   (512u * 1024)
#define SPREAD_MAX    2048u /* destinations that the second-level TLB still covers */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Records lie in `home`, and must in the end, or in `other`. */
typedef struct sort_range {
    uint64_t *home;
    uint64_t *other;
    size_t count;
    uint32_t word; /* the first that may vary */
    bool is_home;
} sort_range;

ALWAYS_INLINE void copy_record(uint64_t *to, const uint64_t *from, uint32_t words)
{
    for (uint32_t word = 0; word < words; word++) {
        to[word] = from[word];
    }
}

/* Insertion sort from `from` to `to`, which may be the same. */
ALWAYS_INLINE void insert_all(const uint64_t *from, uint64_t *to, size_t count, uint32_t words)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t record[4];
        size_t at = i;

        copy_record(record, from + i * words, words);
        if (at == 0 || to[(at - 1) * words] < record[0]) {
            copy_record(to + at * words, record, words);
            continue;
        }
        while (at > 0 && tamis_record_is_less(record, to + (at - 1) * words, words)) {
            copy_record(to + at * words, to + (at - 1) * words, words);
            at--;
        }
        copy_record(to + at * words, record, words);
    }
}

/* Bucket = ((value - least) << left) * scale / 2^64: the range of values is spread evenly over
 * `buckets`, whatever its size. */
typedef struct radix_digit {
    uint64_t least;
    uint64_t scale;
    uint32_t left;
    uint32_t buckets;
} radix_digit;

ALWAYS_INLINE uint32_t bucket_of(uint64_t value, radix_digit digit)
{
    return (uint32_t)(((tamis_uint128)((value - digit.least) << digit.left) * digit.scale) >> 64);
}

static uint32_t bucket_count(size_t count, uint32_t words)
{
    size_t buckets = 2 * count;

    if (count * words * 8 > CACHE_BYTES) {
        /* First into ranges that fit the cache. */
        buckets = count * words * 8 / (CACHE_BYTES / 4);
        buckets = buckets < 64 ? 64 : buckets;
        return buckets > SPREAD_MAX ? SPREAD_MAX : (uint32_t)buckets;
    }
    return buckets > BUCKETS_MAX ? BUCKETS_MAX : (uint32_t)buckets;
}

static radix_digit make_digit(uint64_t least, uint64_t greatest, uint32_t buckets)
{
    uint64_t span = greatest - least;
    radix_digit digit = {.least = least, .left = (uint32_t)__builtin_clzll(span)};

    if (span < buckets) {
        digit.buckets = (uint32_t)span + 1;
        digit.scale = UINT64_C(1) << (64 - digit.left);
        return digit;
    }
    /* Rounded down, so that the greatest value falls into the last bucket. */
    span <<= digit.left;
    digit.buckets = buckets;
    digit.scale = span == UINT64_MAX
                      ? buckets
                      : (uint64_t)(((tamis_uint128)buckets << 64) / ((tamis_uint128)span + 1));
    return digit;
}

/* False: the word is the same in all records. */
ALWAYS_INLINE bool choose_digit(const uint64_t *records, size_t count, uint32_t word,
                                uint32_t words, radix_digit *out)
{
    uint64_t least = records[word];
    uint64_t greatest = least;

    for (size_t i = 1; i < count; i++) {
        uint64_t value = records[i * words + word];

        least = value < least ? value : least;
        greatest = value > greatest ? value : greatest;
    }
    if (least == greatest) {
        return false;
    }
    *out = make_digit(least, greatest, bucket_count(count, words));
    return true;
}

/* Counts become places; returns the size of the largest bucket. */
static uint32_t sum_counts(uint32_t *places, uint32_t buckets)
{
    uint32_t place = 0;
    uint32_t largest = 0;

    for (uint32_t i = 0; i < buckets; i++) {
        uint32_t size = places[i];

        places[i] = place;
        place += size;
        largest = size > largest ? size : largest;
    }
    return largest;
}

/* Moves the records of all parts into their buckets; returns the size of the largest bucket. */
ALWAYS_INLINE size_t spread(const tamis_sort_part *parts, size_t part_count, uint64_t *to,
                            uint32_t word, uint32_t words, radix_digit digit)
{
    uint32_t places[BUCKETS_MAX];
    uint32_t largest = 0;

    memset(places, 0, sizeof(places[0]) * digit.buckets);
    for (size_t part = 0; part < part_count; part++) {
        const uint64_t *from = parts[part].records;

        for (size_t i = 0; i < parts[part].count; i++) {
            places[bucket_of(from[i * words + word], digit)]++;
        }
    }
    largest = sum_counts(places, digit.buckets);
    for (size_t part = 0; part < part_count; part++) {
        const uint64_t *from = parts[part].records;

        for (size_t i = 0; i < parts[part].count; i++) {
            const uint64_t *record = from + i * words;
            size_t at = places[bucket_of(record[word], digit)]++;

            copy_record(to + at * words, record, words);
        }
    }
    return largest;
}

/* End of the bucket that begins at `first`; the records are ordered by bucket. */
ALWAYS_INLINE size_t bucket_end(const uint64_t *records, size_t first, size_t count, uint32_t word,
                                uint32_t words, radix_digit digit)
{
    uint32_t bucket = bucket_of(records[first * words + word], digit);
    size_t step = 1;
    size_t last = first; /* lies in the bucket */

    while (step < count - last &&
           bucket_of(records[(last + step) * words + word], digit) == bucket) {
        last += step;
        step *= 2;
    }
    for (; step > 0; step /= 2) {
        if (step < count - last &&
            bucket_of(records[(last + step) * words + word], digit) == bucket) {
            last += step;
        }
    }
    return last + 1;
}

#define DEFINE_SORT(WORDS)                                                                         \
    static size_t __attribute__((noinline))                                                        \
    spread##WORDS(const tamis_sort_part *parts, size_t part_count, uint64_t *to, uint32_t word,    \
                  radix_digit digit)                                                               \
    {                                                                                              \
        return spread(parts, part_count, to, word, WORDS, digit);                                  \
    }                                                                                              \
                                                                                                   \
    static void sort##WORDS(sort_range range);                                                     \
                                                                                                   \
    /* Sorts what was spread into `from`, bucket by bucket. */                                     \
    static void sort_buckets##WORDS(sort_range range, const uint64_t *from, radix_digit digit)     \
    {                                                                                              \
        for (size_t first = 0; first < range.count;) {                                             \
            size_t end = bucket_end(from, first, range.count, range.word, WORDS, digit);           \
                                                                                                   \
            sort##WORDS((sort_range){.home = range.home + first * WORDS,                           \
                                     .other = range.other + first * WORDS,                         \
                                     .count = end - first,                                         \
                                     .word = range.word,                                           \
                                     .is_home = range.is_home});                                   \
            first = end;                                                                           \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    static void sort##WORDS(sort_range range)                                                      \
    {                                                                                              \
        uint64_t *from = range.is_home ? range.home : range.other;                                 \
        uint64_t *to = range.is_home ? range.other : range.home;                                   \
        const tamis_sort_part part = {.records = from, .count = range.count};                      \
        radix_digit digit;                                                                         \
                                                                                                   \
        if (range.count <= SMALL_MAX) {                                                            \
            insert_all(from, range.home, range.count, WORDS);                                      \
            return;                                                                                \
        }                                                                                          \
        while (!choose_digit(from, range.count, range.word, WORDS, &digit)) {                      \
            if (++range.word == WORDS) {                                                           \
                if (!range.is_home) {                                                              \
                    memcpy(range.home, from, range.count *WORDS * 8);                              \
                }                                                                                  \
                return;                                                                            \
            }                                                                                      \
        }                                                                                          \
        if (spread##WORDS(&part, 1, to, range.word, digit) <= SMALL_MAX) {                         \
            insert_all(to, range.home, range.count, WORDS);                                        \
            return;                                                                                \
        }                                                                                          \
        range.is_home = !range.is_home;                                                            \
        sort_buckets##WORDS(range, to, digit);                                                     \
    }                                                                                              \
                                                                                                   \
    static void sort_parts##WORDS(const tamis_sort_part *parts, size_t part_count,                 \
                                  sort_range range, radix_digit digit)                             \
    {                                                                                              \
        if (spread##WORDS(parts, part_count, range.home, 0, digit) <= SMALL_MAX) {                 \
            insert_all(range.home, range.home, range.count, WORDS);                                \
        } else {                                                                                   \
            sort_buckets##WORDS(range, range.home, digit);                                         \
        }                                                                                          \
    }

DEFINE_SORT(1)
DEFINE_SORT(2)
DEFINE_SORT(3)
DEFINE_SORT(4)

void tamis_sort_words(uint64_t *records, size_t count, uint32_t words, uint64_t *scratch)
{
    sort_range all = {.home = records, .other = scratch, .count = count, .is_home = true};

    TAMIS_ASSERT(words > 0);
    TAMIS_ASSERT(count <= UINT32_MAX);
    switch (words) {
    case 1:
        sort1(all);
        break;
    case 2:
        sort2(all);
        break;
    case 3:
        sort3(all);
        break;
    case 4:
        sort4(all);
        break;
    default:
        tamis_sort_index(records, count, words, words, scratch);
        tamis_sort_gather(records, count, words, scratch);
        break;
    }
}

void tamis_sort_parts(const tamis_sort_part *parts, size_t part_count, uint32_t words,
                      uint64_t least, uint64_t greatest, uint64_t *out, uint64_t *scratch)
{
    sort_range all = {.home = out, .other = scratch, .is_home = true};
    radix_digit digit;

    for (size_t part = 0; part < part_count; part++) {
        all.count += parts[part].count;
    }
    if (words > TAMIS_SORT_MOVED_WORDS_MAX || all.count <= SMALL_MAX || least == greatest) {
        uint64_t *to = out;

        for (size_t part = 0; part < part_count; part++) {
            memcpy(to, parts[part].records, parts[part].count * words * 8);
            to += parts[part].count * words;
        }
        tamis_sort_words(out, all.count, words, scratch);
        return;
    }
    TAMIS_ASSERT(all.count <= UINT32_MAX);
    digit = make_digit(least, greatest, bucket_count(all.count, words));
    switch (words) {
    case 1:
        sort_parts1(parts, part_count, all, digit);
        break;
    case 2:
        sort_parts2(parts, part_count, all, digit);
        break;
    case 3:
        sort_parts3(parts, part_count, all, digit);
        break;
    default:
        sort_parts4(parts, part_count, all, digit);
        break;
    }
}
