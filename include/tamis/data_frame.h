/* SPDX-License-Identifier: Apache-2.0 */
/* data_frame.h - requests and replies of the data protocol, as bytes.
 *
 * A request names an object and a range of its bytes; a reply carries one chunk of them in a frame
 * of its own. Frames are fixed fields in little-endian with an XXH3-64 of themselves at the end;
 * nothing in them is a path. docs/PROTOCOL.md, "Data protocol".
 *
 * Pure:    bytes in, values out; no allocation.
 * Threads: any.
 */
#ifndef TAMIS_DATA_FRAME_H
#define TAMIS_DATA_FRAME_H

#include "tamis/slice.h"
#include "tamis/status.h"

#define TAMIS_DATA_VERSION     1u
#define TAMIS_DATA_CHUNK_MAX   (1u << 20) /* bytes of one chunk */
#define TAMIS_DATA_TASKS_MAX   256u       /* of one PIECES object */
#define TAMIS_DATA_ID_SIZE     17         /* 16 hex digits and a zero: of a job, of a folder */
#define TAMIS_DATA_REQUEST_MAX (128u + 4u * TAMIS_DATA_TASKS_MAX)
#define TAMIS_DATA_REPLY_BYTES 56u
#define TAMIS_DATA_INDEX_HEAD  16u /* of the index of a bundle: see tamis_data_index_bytes */

typedef enum tamis_data_kind {
    TAMIS_DATA_FILE = 1,   /* one file of a task's result */
    TAMIS_DATA_PIECES = 2, /* a bundle: of up to 256 tasks the images of some pieces */
    TAMIS_DATA_RECORDS = 3 /* document records or ids from an ord on, as stored */
} tamis_data_kind;

typedef struct tamis_data_object {
    tamis_data_kind kind;
    char job[TAMIS_DATA_ID_SIZE];
    char folder_id[TAMIS_DATA_ID_SIZE]; /* of the folder that is meant; "": whichever is served */
    uint32_t stage;
    /* FILE: */
    uint32_t file; /* tamis_result_file */
    /* PIECES: */
    uint32_t piece;
    uint32_t first_part;
    uint32_t end_part;
    /* RECORDS: blocks whose last row is at least `first`, below `bound` (0: no bound), as many as
     * go into block_bytes, but at least one. */
    bool is_ids;
    uint64_t first;
    uint64_t bound;
    uint32_t block_bytes;
    /* FILE, RECORDS (of SCAN): one; PIECES: 1 .. TAMIS_DATA_TASKS_MAX, ascending. */
    uint32_t task_count;
    uint32_t tasks[TAMIS_DATA_TASKS_MAX];
} tamis_data_object;

typedef struct tamis_data_request {
    uint64_t id;
    uint64_t offset;
    uint32_t length; /* 1 .. TAMIS_DATA_CHUNK_MAX */
    tamis_data_object object;
} tamis_data_request;

typedef struct tamis_data_reply {
    uint64_t id;
    tamis_status status; /* TAMIS_OK: a chunk follows; else why not */
    uint64_t total;      /* bytes of the object */
    uint64_t offset;
    uint32_t length;   /* of the chunk: less than asked for only at the end */
    uint64_t checksum; /* XXH3-64 of the chunk */
} tamis_data_reply;

/* Writes at most TAMIS_DATA_REQUEST_MAX bytes; returns how many. The request must be one that
 * _decode takes (asserted). */
size_t tamis_data_request_encode(const tamis_data_request *request,
                                 uint8_t out[TAMIS_DATA_REQUEST_MAX]);
/* TAMIS_EVERSION: of another version; TAMIS_EFORMAT: malformed, or a value out of its range. */
TAMIS_MUST_USE
tamis_status tamis_data_request_decode(tamis_slice bytes, tamis_data_request *out_request);

void tamis_data_reply_encode(const tamis_data_reply *reply, uint8_t out[TAMIS_DATA_REPLY_BYTES]);
/* Likewise; whether the chunk beside it is the one is for the caller to see. */
TAMIS_MUST_USE
tamis_status tamis_data_reply_decode(tamis_slice bytes, tamis_data_reply *out_reply);

/* What leads the blocks of a RECORDS object: u32 count, u32 flags, 8 bytes 0. */
#define TAMIS_DATA_BLOCKS_HEAD 16u
#define TAMIS_DATA_BLOCKS_END  1u /* there are no blocks behind these */

/* ---- The index that leads a bundle ----------------------------------------------------------- */

/* Magic "TDIX", count, a size for each task (0: it has no such piece), XXH3-64 of all before. */
size_t tamis_data_index_bytes(uint32_t count);
void tamis_data_index_encode(const uint64_t *sizes, uint32_t count, uint8_t *out);
/* bytes: the index alone; sizes must add up to total - bytes.size. TAMIS_ECORRUPT. */
TAMIS_MUST_USE
tamis_status tamis_data_index_decode(tamis_slice bytes, uint32_t count, uint64_t total,
                                     uint64_t *out_sizes);

#endif
