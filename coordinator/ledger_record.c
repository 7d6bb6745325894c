/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_record.h"

#include <assert.h>

#include "tamis/bytes.h"

#define RECORD_VERSION  2
#define COUNTER_ENTRY   9 /* index, value */
#define STAGE_LOCAL     1u
#define STAGE_SKIPPED   2u
#define JOB_ID_BYTES    (TAMIS_JOB_ID_SIZE - 1)
#define CHUNK_KEY_SIZE  (1 + JOB_ID_BYTES + 4)
#define STAGE_KEY_SIZE  (1 + JOB_ID_BYTES + 2)
#define TASK_KEY_SIZE   (1 + JOB_ID_BYTES + 2 + 4)
#define FOLDER_KEY_SIZE 3

static_assert(TASK_KEY_SIZE == TAMIS_LEDGER_KEY_SIZE_MAX, "the longest key");
static_assert(TAMIS_COUNTER_COUNT < 256, "a counter's index is one byte");

static void put32be(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static uint32_t get32be(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

size_t tamis_ledger_key_write(const tamis_ledger_key *key, unsigned part_count,
                              uint8_t out[TAMIS_LEDGER_KEY_SIZE_MAX])
{
    size_t size = 1;

    out[0] = key->group;
    if (key->group == TAMIS_LEDGER_FOLDER) {
        out[1] = (uint8_t)(key->stage >> 8);
        out[2] = (uint8_t)key->stage;
        return FOLDER_KEY_SIZE;
    }
    if (part_count >= 1) {
        memcpy(out + size, key->job, JOB_ID_BYTES);
        size += JOB_ID_BYTES;
    }
    if (part_count >= 2 && key->group == TAMIS_LEDGER_CHUNK_KEY) {
        put32be(out + size, key->stage);
        return size + 4;
    }
    if (part_count >= 2) {
        out[size] = (uint8_t)(key->stage >> 8);
        out[size + 1] = (uint8_t)key->stage;
        size += 2;
    }
    if (part_count >= 3) {
        put32be(out + size, key->task);
        size += 4;
    }
    return size;
}

static size_t key_size(uint8_t group)
{
    switch (group) {
    case TAMIS_LEDGER_EPOCH:
        return 1;
    case TAMIS_LEDGER_FOLDER:
        return FOLDER_KEY_SIZE;
    case TAMIS_LEDGER_JOB:
        return 1 + JOB_ID_BYTES;
    case TAMIS_LEDGER_CHUNK_KEY:
        return CHUNK_KEY_SIZE;
    case TAMIS_LEDGER_STAGE:
        return STAGE_KEY_SIZE;
    case TAMIS_LEDGER_TASK:
    case TAMIS_LEDGER_BLOB:
        return TASK_KEY_SIZE;
    default:
        return 0;
    }
}

tamis_status tamis_ledger_key_read(tamis_slice bytes, tamis_ledger_key *out_key)
{
    tamis_ledger_key key = {.group = bytes.size == 0 ? 0 : bytes.data[0]};
    const uint8_t *rest = bytes.data + 1 + JOB_ID_BYTES;

    if (bytes.size == 0 || bytes.size != key_size(key.group)) {
        return TAMIS_EFORMAT;
    }
    if (key.group == TAMIS_LEDGER_FOLDER) {
        key.stage = (uint32_t)bytes.data[1] << 8 | bytes.data[2];
        *out_key = key;
        return TAMIS_OK;
    }
    if (bytes.size > 1) {
        memcpy(key.job, bytes.data + 1, JOB_ID_BYTES);
        if (!tamis_job_id_is_valid(key.job)) {
            return TAMIS_EFORMAT;
        }
    }
    if (bytes.size == CHUNK_KEY_SIZE) {
        key.stage = get32be(rest);
    } else if (bytes.size >= STAGE_KEY_SIZE) {
        key.stage = (uint32_t)rest[0] << 8 | rest[1];
    }
    if (bytes.size == TASK_KEY_SIZE) {
        key.task = get32be(rest + 2);
    }
    *out_key = key;
    return TAMIS_OK;
}

/* ---- Values ---------------------------------------------------------------------------------- */

/* Appends fields until one fails; the first failure is kept. */
typedef struct record_writer {
    tamis_buf *out;
    tamis_status status;
} record_writer;

static void write_bytes(record_writer *writer, const void *data, size_t size)
{
    if (writer->status == TAMIS_OK) {
        writer->status = tamis_buf_append(writer->out, data, size);
    }
}

static void write8(record_writer *writer, uint8_t value)
{
    write_bytes(writer, &value, 1);
}

static void write16(record_writer *writer, uint16_t value)
{
    uint8_t bytes[2];

    tamis_put16le(bytes, value);
    write_bytes(writer, bytes, sizeof(bytes));
}

static void write32(record_writer *writer, uint32_t value)
{
    uint8_t bytes[4];

    tamis_put32le(bytes, value);
    write_bytes(writer, bytes, sizeof(bytes));
}

static void write64(record_writer *writer, uint64_t value)
{
    uint8_t bytes[8];

    tamis_put64le(bytes, value);
    write_bytes(writer, bytes, sizeof(bytes));
}

static void write_text(record_writer *writer, tamis_slice text)
{
    if (text.size > UINT16_MAX) {
        writer->status = TAMIS_ELIMIT;
        return;
    }
    write16(writer, (uint16_t)text.size);
    write_bytes(writer, text.data, text.size);
}

static void write_counters(record_writer *writer, const uint64_t counters[TAMIS_COUNTER_COUNT])
{
    uint8_t count = 0;

    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        count = (uint8_t)(count + (counters[i] != 0));
    }
    write8(writer, count);
    for (size_t i = 0; i < TAMIS_COUNTER_COUNT; i++) {
        if (counters[i] != 0) {
            write8(writer, (uint8_t)i);
            write64(writer, counters[i]);
        }
    }
}

/* Takes fields from the front; past the end it yields zeros and remembers. */
typedef struct record_reader {
    tamis_slice rest;
    bool is_short;
} record_reader;

static const uint8_t *read_bytes(record_reader *reader, size_t size)
{
    static const uint8_t zeros[8];
    const uint8_t *bytes = reader->rest.data;

    if (size > reader->rest.size) {
        reader->is_short = true;
        return size <= sizeof(zeros) ? zeros : NULL;
    }
    reader->rest.data += size;
    reader->rest.size -= size;
    return bytes;
}

static uint8_t read8(record_reader *reader)
{
    return read_bytes(reader, 1)[0];
}

static uint16_t read16(record_reader *reader)
{
    return tamis_get16le(read_bytes(reader, 2));
}

static uint32_t read32(record_reader *reader)
{
    return tamis_get32le(read_bytes(reader, 4));
}

static uint64_t read64(record_reader *reader)
{
    return tamis_get64le(read_bytes(reader, 8));
}

static tamis_slice read_text(record_reader *reader)
{
    size_t size = read16(reader);
    const uint8_t *bytes = size <= reader->rest.size ? read_bytes(reader, size) : NULL;

    if (bytes == NULL) {
        reader->is_short = true;
        return tamis_slice_of("", 0);
    }
    return tamis_slice_of(bytes, size);
}

static bool read_counters(record_reader *reader, uint64_t counters[TAMIS_COUNTER_COUNT])
{
    size_t count = read8(reader);

    memset(counters, 0, TAMIS_COUNTER_COUNT * sizeof(counters[0]));
    for (size_t i = 0; i < count; i++) {
        size_t index = read8(reader);
        uint64_t value = read64(reader);

        if (index >= TAMIS_COUNTER_COUNT) {
            return false;
        }
        counters[index] = value;
    }
    return true;
}

/* The version byte is the first of each value. */
static tamis_status reader_begin(record_reader *reader, tamis_slice value)
{
    *reader = (record_reader){.rest = value};
    if (value.size == 0) {
        return TAMIS_EFORMAT;
    }
    return read8(reader) == RECORD_VERSION ? TAMIS_OK : TAMIS_EVERSION;
}

static tamis_status reader_end(const record_reader *reader, bool is_valid)
{
    return is_valid && !reader->is_short && reader->rest.size == 0 ? TAMIS_OK : TAMIS_EFORMAT;
}

tamis_status tamis_ledger_write_epoch(const tamis_ledger_epoch *epoch, tamis_buf *out)
{
    record_writer writer = {.out = out};

    write8(&writer, RECORD_VERSION);
    write64(&writer, epoch->epoch);
    write_text(&writer, tamis_slice_of_string(epoch->cluster));
    return writer.status;
}

/* 16 hex digits, or nothing. */
static bool read_id(record_reader *reader, char out_id[TAMIS_FOLDER_ID_SIZE])
{
    tamis_slice text = read_text(reader);

    if (text.size >= TAMIS_FOLDER_ID_SIZE) {
        return false;
    }
    memcpy(out_id, text.data, text.size);
    out_id[text.size] = 0;
    return text.size == 0 || tamis_job_id_is_valid(out_id);
}

tamis_status tamis_ledger_read_epoch(tamis_slice value, tamis_ledger_epoch *out_epoch)
{
    record_reader reader;
    tamis_status status = reader_begin(&reader, value);
    bool is_valid = false;

    if (status == TAMIS_OK) {
        out_epoch->epoch = read64(&reader);
        is_valid = read_id(&reader, out_epoch->cluster);
        status = reader_end(&reader, is_valid && out_epoch->epoch <= UINT32_MAX);
    }
    return status;
}

tamis_status tamis_ledger_write_folder(const tamis_ledger_folder *folder, tamis_buf *out)
{
    record_writer writer = {.out = out};

    write8(&writer, RECORD_VERSION);
    write_text(&writer, folder->id);
    write_text(&writer, folder->path);
    write_text(&writer, folder->host);
    write8(&writer, folder->drain);
    write_text(&writer, folder->drain_peer);
    return writer.status;
}

tamis_status tamis_ledger_read_folder(tamis_slice value, tamis_ledger_folder *out_folder)
{
    record_reader reader;
    char id[TAMIS_FOLDER_ID_SIZE];
    tamis_status status = reader_begin(&reader, value);
    record_reader again;
    bool is_valid = false;

    if (status != TAMIS_OK) {
        return status;
    }
    again = reader;
    is_valid = read_id(&again, id);
    out_folder->id = read_text(&reader);
    out_folder->path = read_text(&reader);
    out_folder->host = read_text(&reader);
    out_folder->drain = read8(&reader);
    out_folder->drain_peer = read_text(&reader);
    return reader_end(&reader, is_valid && out_folder->path.size != 0 &&
                                   out_folder->path.size <= TAMIS_WIRE_TEXT_MAX &&
                                   out_folder->host.size <= TAMIS_WIRE_TEXT_MAX &&
                                   out_folder->drain <= 2 &&
                                   out_folder->drain_peer.size <= TAMIS_OUTBOX_PEER_MAX);
}

tamis_status tamis_ledger_write_job(const tamis_ledger_job *job, tamis_buf *out)
{
    record_writer writer = {.out = out};

    write8(&writer, RECORD_VERSION);
    write8(&writer, (uint8_t)job->state);
    write8(&writer, job->is_data_kept);
    write64(&writer, job->order);
    write64(&writer, job->digest.low);
    write64(&writer, job->digest.high);
    write64(&writer, job->size_bytes);
    write8(&writer, (uint8_t)job->fault);
    write_text(&writer, job->fault_text);
    write_text(&writer, job->output);
    write64(&writer, job->executed);
    write64(&writer, job->lost);
    write64(&writer, job->backups);
    write64(&writer, job->rescued);
    return writer.status;
}

tamis_status tamis_ledger_read_job(tamis_slice value, tamis_ledger_job *out_job)
{
    record_reader reader;
    tamis_status status = reader_begin(&reader, value);

    if (status != TAMIS_OK) {
        return status;
    }
    out_job->state = (tamis_run_state)read8(&reader);
    out_job->is_data_kept = read8(&reader) != 0;
    out_job->order = read64(&reader);
    out_job->digest.low = read64(&reader);
    out_job->digest.high = read64(&reader);
    out_job->size_bytes = read64(&reader);
    out_job->fault = (tamis_status)read8(&reader);
    out_job->fault_text = read_text(&reader);
    out_job->output = read_text(&reader);
    out_job->executed = read64(&reader);
    out_job->lost = read64(&reader);
    out_job->backups = read64(&reader);
    out_job->rescued = read64(&reader);
    return reader_end(&reader, out_job->state < TAMIS_RUN_STATE_COUNT &&
                                   out_job->size_bytes <= TAMIS_JOB_BYTES_MAX &&
                                   out_job->output.size <= TAMIS_WIRE_TEXT_MAX);
}

tamis_status tamis_ledger_write_stage(const tamis_ledger_stage *stage, tamis_buf *out)
{
    record_writer writer = {.out = out};

    write8(&writer, RECORD_VERSION);
    write8(&writer, (uint8_t)stage->stage.kind);
    write8(&writer, (uint8_t)stage->stage.level);
    write8(&writer, (uint8_t)((stage->stage.is_local ? STAGE_LOCAL : 0) |
                              (stage->is_skipped ? STAGE_SKIPPED : 0)));
    write32(&writer, stage->stage.task_count);
    write64(&writer, stage->elapsed_ms);
    write64(&writer, stage->bytes);
    write64(&writer, stage->documents);
    write_counters(&writer, stage->counters);
    return writer.status;
}

tamis_status tamis_ledger_read_stage(tamis_slice value, tamis_ledger_stage *out_stage)
{
    record_reader reader;
    tamis_status status = reader_begin(&reader, value);
    uint8_t flags = 0;
    bool is_valid = true;

    if (status != TAMIS_OK) {
        return status;
    }
    out_stage->stage.kind = (tamis_stage_kind)read8(&reader);
    out_stage->stage.level = (tamis_level_id)read8(&reader);
    flags = read8(&reader);
    out_stage->stage.is_local = (flags & STAGE_LOCAL) != 0;
    out_stage->is_skipped = (flags & STAGE_SKIPPED) != 0;
    out_stage->stage.task_count = read32(&reader);
    out_stage->elapsed_ms = read64(&reader);
    out_stage->bytes = read64(&reader);
    out_stage->documents = read64(&reader);
    is_valid = read_counters(&reader, out_stage->counters);
    return reader_end(&reader, is_valid && out_stage->stage.kind < TAMIS_STAGE_KIND_COUNT &&
                                   out_stage->stage.level < TAMIS_LEVEL_COUNT);
}

tamis_status tamis_ledger_write_task(const tamis_ledger_task *task, tamis_buf *out)
{
    record_writer writer = {.out = out};

    write8(&writer, RECORD_VERSION);
    write8(&writer, (uint8_t)task->state);
    write64(&writer, task->fence);
    write16(&writer, task->lost);
    write8(&writer, task->executed);
    write8(&writer, task->backups);
    write8(&writer, task->rescued);
    write8(&writer, task->losses);
    if (task->state == TAMIS_LEDGER_LEASED) {
        write8(&writer, (uint8_t)task->holder_count);
        for (uint32_t i = 0; i < task->holder_count; i++) {
            write64(&writer, task->holders[i].fence);
            write16(&writer, (uint16_t)task->holders[i].folder);
            write_text(&writer, task->holders[i].peer);
        }
    } else if (task->state == TAMIS_LEDGER_DONE) {
        write16(&writer, (uint16_t)task->folder);
        write8(&writer, (uint8_t)task->skip_stages);
        write64(&writer, task->bytes);
        write64(&writer, task->documents);
        write_counters(&writer, task->counters);
    }
    return writer.status;
}

static bool read_holders(record_reader *reader, tamis_ledger_task *out_task)
{
    out_task->holder_count = read8(reader);
    if (out_task->holder_count == 0 || out_task->holder_count > TAMIS_LEDGER_HOLDERS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < out_task->holder_count; i++) {
        out_task->holders[i].fence = read64(reader);
        out_task->holders[i].folder = read16(reader);
        out_task->holders[i].peer = read_text(reader);
        if (out_task->holders[i].peer.size > TAMIS_OUTBOX_PEER_MAX ||
            out_task->holders[i].folder == TAMIS_WIRE_NO_FOLDER) {
            return false;
        }
    }
    return true;
}

tamis_status tamis_ledger_read_task(tamis_slice value, tamis_ledger_task *out_task)
{
    record_reader reader;
    tamis_status status = reader_begin(&reader, value);
    bool is_valid = true;

    if (status != TAMIS_OK) {
        return status;
    }
    *out_task = (tamis_ledger_task){.state = (tamis_ledger_state)read8(&reader)};
    out_task->fence = read64(&reader);
    out_task->lost = read16(&reader);
    out_task->executed = read8(&reader);
    out_task->backups = read8(&reader);
    out_task->rescued = read8(&reader);
    out_task->losses = read8(&reader);
    if (out_task->state == TAMIS_LEDGER_LEASED) {
        is_valid = read_holders(&reader, out_task);
    } else if (out_task->state == TAMIS_LEDGER_DONE) {
        out_task->folder = read16(&reader);
        out_task->skip_stages = read8(&reader);
        out_task->bytes = read64(&reader);
        out_task->documents = read64(&reader);
        is_valid =
            read_counters(&reader, out_task->counters) && out_task->folder != TAMIS_WIRE_NO_FOLDER;
    }
    return reader_end(&reader, is_valid && out_task->state < TAMIS_LEDGER_STATE_COUNT);
}
