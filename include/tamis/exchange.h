/* SPDX-License-Identifier: Apache-2.0 */
/* exchange.h - what the stages of a run hand to one another: pieces of run files and their records.
 *
 * Every task leaves its results in one folder: run file "out.run" with the pieces below, sorted,
 * plus the named extra files. Pieces are partitioned by `part` (tamis_plan) of the word that is
 * named, features by slot. docs/ARCHITECTURE.md draws which stage reads what.
 *
 * Pure.
 */
#ifndef TAMIS_EXCHANGE_H
#define TAMIS_EXCHANGE_H

#include "tamis/job.h"

#define TAMIS_RUN_NAME    "out.run"
#define TAMIS_SPLITS_NAME "splits.bin" /* SCAN: tamis_split_result of each split */
#define TAMIS_KEPT_NAME   "kept.bits"  /* RESOLVE, QUALITY: bitmap of kept documents */
#define TAMIS_CAPPED_NAME                                                                          \
    "capped.bits" /* RESOLVE: documents of capped buckets, of this and earlier levels */
#define TAMIS_WANTED_NAME "wanted.bits" /* SPOOL_PLAN: documents whose shingles are spooled */
#define TAMIS_GRADES_FILE "grades.bin"  /* SCAN with quality: tamis/grades.h, a row a document */
#define TAMIS_VERDICTS_FILE                                                                        \
    "verdicts.bin" /* SCAN with quality: the same, dropped documents and their reasons alone */

/* These files by number, as tasks ask for them; the numbers are on the wire. */
typedef enum tamis_result_file {
    TAMIS_RESULT_RUN = 1,
    TAMIS_RESULT_SPLITS = 2,
    TAMIS_RESULT_KEPT = 3,
    TAMIS_RESULT_CAPPED = 4,
    TAMIS_RESULT_WANTED = 5,
    TAMIS_RESULT_GRADES = 6,
    TAMIS_RESULT_VERDICTS = 7,
    TAMIS_RESULT_FILE_END
} tamis_result_file;

/* The file's name; NULL: no such number. */
const char *tamis_result_file_name(tamis_result_file file);

typedef enum tamis_piece {
    TAMIS_PIECE_FEATURES =
        0, /* + level. SCAN: key, [rest,] ord; part = slot (top slot_bits of key) */
    TAMIS_PIECE_ID_HASHES = 15, /* SCAN: XXH3-64 of the id, ord; part = slot. Counts repeated ids */
    TAMIS_PIECE_PAIRS =
        16, /* LINK: later, earlier; one for each bucket that offered them; by later */
    TAMIS_PIECE_CAPPED = 17, /* LINK: ord; by ord */
    TAMIS_PIECE_HALF = 18,   /* PAIR_LATER: earlier, later, bands_shared | distinct << 32, shingles,
                                signature   words; by earlier */
    TAMIS_PIECE_VERIFIED = 19, /* LINK of equality levels, PAIR_EARLIER, TEXT_EARLIER: removed,
                                  witness, evidence, fraction; by removed */
    TAMIS_PIECE_UNDECIDED =
        20, /* PAIR_EARLIER: like VERIFIED; decided by text or, without spool, by signature */
    TAMIS_PIECE_WANTED = 21, /* PAIR_EARLIER: ord, shingle_count; by ord; repeated ords allowed */
    TAMIS_PIECE_SPOOL =
        22, /* SPOOL: ord; payload: distinct shingle hashes, ascending, 8 bytes each; by ord */
    TAMIS_PIECE_TEXT_HALF =
        23, /* TEXT_LATER: earlier, later, evidence; payload: hashes of later; by earlier */
    TAMIS_PIECE_DROPS = 24,     /* RESOLVE: removed, witness, evidence, fraction; by removed */
    TAMIS_PIECE_FINAL = 25,     /* REPOINT: removed, witness, level, evidence, fraction, via[3]
                                   (TAMIS_NO_ORD: none); by removed */
    TAMIS_PIECE_WITNESSED = 26, /* REPOINT: witness, tamis_copy_kind, removed; by witness */
    TAMIS_PIECE_COPIES = 27,    /* WITNESS: witness, exact, near, url; by witness */
    TAMIS_PIECE_IDS = 28        /* WITNESS: removed; payload: id of the final witness; by removed */
} tamis_piece;

#define TAMIS_NO_ORD          UINT64_MAX
#define TAMIS_VIA_MAX         3
#define TAMIS_VERIFIED_WORDS  4
#define TAMIS_FINAL_WORDS     (5 + TAMIS_VIA_MAX)
#define TAMIS_WITNESSED_WORDS 3
#define TAMIS_COPIES_WORDS    4

typedef enum tamis_copy_kind { TAMIS_COPY_EXACT, TAMIS_COPY_NEAR, TAMIS_COPY_URL } tamis_copy_kind;

typedef enum tamis_verified {
    TAMIS_VERIFIED_EQUALITY,
    TAMIS_VERIFIED_SIGNATURE,
    TAMIS_VERIFIED_TEXT
} tamis_verified;

/* "equality", "signature", "text". */
const char *tamis_verified_name(tamis_verified verified);

#define TAMIS_RATIO_NONE 0xffffu /* the figure does not apply */

/* What stands behind a removal, in one word. */
typedef struct tamis_evidence {
    uint32_t similarity;   /* ten-thousandths, or TAMIS_RATIO_NONE */
    uint32_t containment;  /* ten-thousandths, or TAMIS_RATIO_NONE */
    uint32_t bands_shared; /* saturated at 0xffff; 0: not by bands */
    tamis_verified verified;
} tamis_evidence;

static inline uint64_t tamis_evidence_pack(tamis_evidence evidence)
{
    return (uint64_t)(evidence.similarity & 0xffff) |
           (uint64_t)(evidence.containment & 0xffff) << 16 |
           (uint64_t)(evidence.bands_shared > 0xffff ? 0xffff : evidence.bands_shared) << 32 |
           (uint64_t)evidence.verified << 48;
}

/* In the word of an UNDECIDED pair: the signature alone would accept it. */
#define TAMIS_EVIDENCE_ACCEPTED (UINT64_C(1) << 56)

static inline tamis_evidence tamis_evidence_unpack(uint64_t word)
{
    return (tamis_evidence){
        .similarity = (uint32_t)(word & 0xffff),
        .containment = (uint32_t)(word >> 16) & 0xffff,
        .bands_shared = (uint32_t)(word >> 32) & 0xffff,
        .verified = (tamis_verified)((word >> 48) & 0xff),
    };
}

/* The exact figure behind `similarity`: shared / union of shingles (text), matches / slots
 * (signature), 1 / 1 (equality); both saturated at 2^32 - 1. What `preview` compares with another
 * threshold. */
static inline uint64_t tamis_fraction_pack(uint64_t numerator, uint64_t denominator)
{
    while (denominator > UINT32_MAX) {
        numerator >>= 1;
        denominator >>= 1;
    }
    return numerator << 32 | denominator;
}

static inline uint32_t tamis_fraction_numerator(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static inline uint32_t tamis_fraction_denominator(uint64_t word)
{
    return (uint32_t)word;
}

#endif
