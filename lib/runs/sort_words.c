/* SPDX-License-Identifier: Apache-2.0 */
/* Radix sort, most significant bits first, of records of one to four words; wider records are
 * sorted by index (sort_index.c).
 *
 * A range of records is spread over so many buckets that each gets one or two, by the top bits of
 * (word - least word of the range); what is left to do is mostly a swap of neighbors, done by one
 * pass of insertion over the whole range. Where a bucket got many records, it is spread again by
 * what varies within it, word after word. Ranges that do not fit the cache are first spread over
 * fewer buckets that do. Each step uses up bits, so the cost is bounded whatever the words are. */
#include "sort_index.h"

#include "run_block.h"
#include "tamis/sorter.h"

#define SMALL_MAX       24u /* insertion sort up to here */
#define BUCKET_BITS_MAX 13u
#define CACHE_BYTES     (512u * 1024)
#define SPREAD_BITS_MAX 11u /* destinations that the second-level TLB still covers */
#define ALWAYS_INLINE   static inline __attribute__((always_inline))

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
        while (at > 0 && tamis_record_is_less(record, to + (at - 1) * words, words)) {
            copy_record(to + at * words, to + (at - 1) * words, words);
            at--;
        }
        copy_record(to + at * words, record, words);
    }
}

/* The top bits of (value - least) that say the bucket. */
typedef struct radix_digit {
    uint64_t least;
    uint32_t shift;
    uint32_t bits;
} radix_digit;

/* False: the word is the same in all records. */
ALWAYS_INLINE bool choose_digit(const uint64_t *records, size_t count, uint32_t word,
                                uint32_t words, radix_digit *out)
{
    uint64_t least = records[word];
    uint64_t greatest = least;
    uint32_t span = 0;
    uint32_t bits = (uint32_t)(63 - __builtin_clzll(count));

    for (size_t i = 1; i < count; i++) {
        uint64_t value = records[i * words + word];

        least = value < least ? value : least;
        greatest = value > greatest ? value : greatest;
    }
    if (least == greatest) {
        return false;
    }
    span = (uint32_t)(64 - __builtin_clzll(greatest - least));
    if (count * words * 8 <= CACHE_BYTES || bits <= BUCKET_BITS_MAX) {
        bits = bits > BUCKET_BITS_MAX ? BUCKET_BITS_MAX : bits;
    } else {
        bits =
            bits > BUCKET_BITS_MAX + SPREAD_BITS_MAX ? SPREAD_BITS_MAX : bits - BUCKET_BITS_MAX + 1;
        bits = bits < 8 ? 8 : bits;
        bits = bits > SPREAD_BITS_MAX ? SPREAD_BITS_MAX : bits;
    }
    bits = bits > span ? span : bits;
    *out = (radix_digit){.least = least, .shift = span - bits, .bits = bits};
    return true;
}

/* Moves the records into their buckets; returns the size of the largest one. */
ALWAYS_INLINE size_t spread(const uint64_t *from, uint64_t *to, size_t count, uint32_t word,
                            uint32_t words, radix_digit digit)
{
    uint32_t places[1u << BUCKET_BITS_MAX];
    uint32_t place = 0;
    uint32_t largest = 0;

    memset(places, 0, sizeof(places[0]) << digit.bits);
    for (size_t i = 0; i < count; i++) {
        places[(from[i * words + word] - digit.least) >> digit.shift]++;
    }
    for (size_t i = 0; i < (size_t)1 << digit.bits; i++) {
        uint32_t size = places[i];

        places[i] = place;
        place += size;
        largest = size > largest ? size : largest;
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t *record = from + i * words;
        size_t at = places[(record[word] - digit.least) >> digit.shift]++;

        copy_record(to + at * words, record, words);
    }
    return largest;
}

/* End of the bucket that begins at `first`; the records are ordered by bucket. */
ALWAYS_INLINE size_t bucket_end(const uint64_t *records, size_t first, size_t count, uint32_t word,
                                uint32_t words, radix_digit digit)
{
    uint64_t bucket = (records[first * words + word] - digit.least) >> digit.shift;
    size_t step = 1;
    size_t last = first; /* lies in the bucket */

    while (step < count - last &&
           (records[(last + step) * words + word] - digit.least) >> digit.shift == bucket) {
        last += step;
        step *= 2;
    }
    for (; step > 0; step /= 2) {
        if (step < count - last &&
            (records[(last + step) * words + word] - digit.least) >> digit.shift == bucket) {
            last += step;
        }
    }
    return last + 1;
}

#define DEFINE_SORT(WORDS)                                                                         \
    static size_t __attribute__((noinline)) spread##WORDS(                                         \
        const uint64_t *from, uint64_t *to, size_t count, uint32_t word, radix_digit digit)        \
    {                                                                                              \
        return spread(from, to, count, word, WORDS, digit);                                        \
    }                                                                                              \
                                                                                                   \
    static void sort##WORDS(sort_range range)                                                      \
    {                                                                                              \
        uint64_t *from = range.is_home ? range.home : range.other;                                 \
        uint64_t *to = range.is_home ? range.other : range.home;                                   \
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
        if (spread##WORDS(from, to, range.count, range.word, digit) <= SMALL_MAX) {                \
            insert_all(to, range.home, range.count, WORDS);                                        \
            return;                                                                                \
        }                                                                                          \
        for (size_t first = 0; first < range.count;) {                                             \
            size_t end = bucket_end(to, first, range.count, range.word, WORDS, digit);             \
                                                                                                   \
            sort##WORDS((sort_range){.home = range.home + first * WORDS,                           \
                                     .other = range.other + first * WORDS,                         \
                                     .count = end - first,                                         \
                                     .word = range.word,                                           \
                                     .is_home = !range.is_home});                                  \
            first = end;                                                                           \
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
