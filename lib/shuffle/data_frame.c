/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/data_frame.h"

#include "tamis/bytes.h"
#include "tamis/exchange.h"
#include "tamis/hash.h"

#define REQUEST_MAGIC 0x51444d54u /* "TMDQ" */
#define REPLY_MAGIC   0x52444d54u /* "TMDR" */
#define INDEX_MAGIC   0x58494454u /* "TDIX" */

/* Bytes of a request in front of its tasks. */
#define REQUEST_HEAD 112u
#define REQUEST_END  8u
#define FLAG_IDS     1u

static bool is_hex16(const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))) {
            return false;
        }
    }
    return length == TAMIS_DATA_ID_SIZE - 1;
}

static bool tasks_are_valid(const tamis_data_object *object)
{
    for (uint32_t i = 1; i < object->task_count; i++) {
        if (object->tasks[i] <= object->tasks[i - 1]) {
            return false;
        }
    }
    return object->task_count >= 1 &&
           object->task_count <= (object->kind == TAMIS_DATA_PIECES ? TAMIS_DATA_TASKS_MAX : 1);
}

static bool request_is_valid(const tamis_data_request *request)
{
    const tamis_data_object *object = &request->object;
    bool is_valid = request->length >= 1 && request->length <= TAMIS_DATA_CHUNK_MAX &&
                    request->offset <= UINT64_MAX - request->length && is_hex16(object->job) &&
                    (object->folder_id[0] == 0 || is_hex16(object->folder_id)) &&
                    object->stage < TAMIS_STAGES_MAX && tasks_are_valid(object);

    switch (object->kind) {
    case TAMIS_DATA_FILE:
        return is_valid && tamis_result_file_name((tamis_result_file)object->file) != NULL;
    case TAMIS_DATA_PIECES:
        return is_valid && object->first_part < object->end_part;
    case TAMIS_DATA_RECORDS:
        return is_valid && object->block_bytes <= TAMIS_DATA_CHUNK_MAX &&
               (object->bound == 0 || object->first < object->bound);
    }
    return false;
}

size_t tamis_data_request_encode(const tamis_data_request *request,
                                 uint8_t out[TAMIS_DATA_REQUEST_MAX])
{
    const tamis_data_object *object = &request->object;
    size_t size = REQUEST_HEAD;

    TAMIS_ASSERT(request_is_valid(request));
    memset(out, 0, REQUEST_HEAD);
    tamis_put32le(out, REQUEST_MAGIC);
    tamis_put16le(out + 4, TAMIS_DATA_VERSION);
    out[6] = (uint8_t)object->kind;
    out[7] = object->is_ids ? FLAG_IDS : 0;
    tamis_put64le(out + 8, request->id);
    tamis_put64le(out + 16, request->offset);
    tamis_put32le(out + 24, request->length);
    tamis_put32le(out + 28, object->stage);
    memcpy(out + 32, object->job, strlen(object->job));
    memcpy(out + 48, object->folder_id, strlen(object->folder_id));
    tamis_put32le(out + 64, object->file);
    tamis_put32le(out + 68, object->piece);
    tamis_put32le(out + 72, object->first_part);
    tamis_put32le(out + 76, object->end_part);
    tamis_put64le(out + 80, object->first);
    tamis_put64le(out + 88, object->bound);
    tamis_put32le(out + 96, object->block_bytes);
    tamis_put32le(out + 100, object->task_count);
    for (uint32_t i = 0; i < object->task_count; i++) {
        tamis_put32le(out + size, object->tasks[i]);
        size += 4;
    }
    tamis_put64le(out + size, tamis_hash64(out, size));
    return size + REQUEST_END;
}

/* Magic, version, checksum at the end. */
static tamis_status check_frame(tamis_slice bytes, size_t least, uint32_t magic)
{
    if (bytes.size < least || tamis_get32le(bytes.data) != magic) {
        return TAMIS_EFORMAT;
    }
    if (tamis_get16le(bytes.data + 4) != TAMIS_DATA_VERSION) {
        return TAMIS_EVERSION;
    }
    return tamis_hash64(bytes.data, bytes.size - 8) == tamis_get64le(bytes.data + bytes.size - 8)
               ? TAMIS_OK
               : TAMIS_EFORMAT;
}

tamis_status tamis_data_request_decode(tamis_slice bytes, tamis_data_request *out_request)
{
    const uint8_t *data = bytes.data;
    tamis_data_request request = {0};
    tamis_data_object *object = &request.object;
    tamis_status status = check_frame(bytes, REQUEST_HEAD + REQUEST_END, REQUEST_MAGIC);

    if (status != TAMIS_OK) {
        return status;
    }
    object->kind = (tamis_data_kind)data[6];
    object->is_ids = (data[7] & FLAG_IDS) != 0;
    request.id = tamis_get64le(data + 8);
    request.offset = tamis_get64le(data + 16);
    request.length = tamis_get32le(data + 24);
    object->stage = tamis_get32le(data + 28);
    memcpy(object->job, data + 32, TAMIS_DATA_ID_SIZE - 1);
    memcpy(object->folder_id, data + 48, TAMIS_DATA_ID_SIZE - 1);
    object->file = tamis_get32le(data + 64);
    object->piece = tamis_get32le(data + 68);
    object->first_part = tamis_get32le(data + 72);
    object->end_part = tamis_get32le(data + 76);
    object->first = tamis_get64le(data + 80);
    object->bound = tamis_get64le(data + 88);
    object->block_bytes = tamis_get32le(data + 96);
    object->task_count = tamis_get32le(data + 100);
    if (object->task_count > TAMIS_DATA_TASKS_MAX ||
        bytes.size != REQUEST_HEAD + 4 * (size_t)object->task_count + REQUEST_END ||
        data[7] > FLAG_IDS) {
        return TAMIS_EFORMAT;
    }
    for (uint32_t i = 0; i < object->task_count; i++) {
        object->tasks[i] = tamis_get32le(data + REQUEST_HEAD + 4 * (size_t)i);
    }
    if (!request_is_valid(&request)) {
        return TAMIS_EFORMAT;
    }
    *out_request = request;
    return TAMIS_OK;
}

void tamis_data_reply_encode(const tamis_data_reply *reply, uint8_t out[TAMIS_DATA_REPLY_BYTES])
{
    tamis_put32le(out, REPLY_MAGIC);
    tamis_put16le(out + 4, TAMIS_DATA_VERSION);
    tamis_put16le(out + 6, (uint16_t)reply->status);
    tamis_put64le(out + 8, reply->id);
    tamis_put64le(out + 16, reply->total);
    tamis_put64le(out + 24, reply->offset);
    tamis_put32le(out + 32, reply->length);
    tamis_put32le(out + 36, 0);
    tamis_put64le(out + 40, reply->checksum);
    tamis_put64le(out + 48, tamis_hash64(out, 48));
}

tamis_status tamis_data_reply_decode(tamis_slice bytes, tamis_data_reply *out_reply)
{
    const uint8_t *data = bytes.data;
    tamis_data_reply reply = {0};
    tamis_status status = check_frame(bytes, TAMIS_DATA_REPLY_BYTES, REPLY_MAGIC);

    if (status != TAMIS_OK) {
        return status;
    }
    reply.status = (tamis_status)tamis_get16le(data + 6);
    reply.id = tamis_get64le(data + 8);
    reply.total = tamis_get64le(data + 16);
    reply.offset = tamis_get64le(data + 24);
    reply.length = tamis_get32le(data + 32);
    reply.checksum = tamis_get64le(data + 40);
    if (bytes.size != TAMIS_DATA_REPLY_BYTES || reply.length > TAMIS_DATA_CHUNK_MAX ||
        reply.offset > reply.total || reply.length > reply.total - reply.offset ||
        strcmp(tamis_status_name(reply.status), "unknown") == 0) {
        return TAMIS_EFORMAT;
    }
    *out_reply = reply;
    return TAMIS_OK;
}

size_t tamis_data_index_bytes(uint32_t count)
{
    return TAMIS_DATA_INDEX_HEAD + 8 * (size_t)count;
}

void tamis_data_index_encode(const uint64_t *sizes, uint32_t count, uint8_t *out)
{
    size_t size = tamis_data_index_bytes(count);

    tamis_put32le(out, INDEX_MAGIC);
    tamis_put32le(out + 4, count);
    for (uint32_t i = 0; i < count; i++) {
        tamis_put64le(out + 8 + 8 * (size_t)i, sizes[i]);
    }
    tamis_put64le(out + size - 8, tamis_hash64(out, size - 8));
}

tamis_status tamis_data_index_decode(tamis_slice bytes, uint32_t count, uint64_t total,
                                     uint64_t *out_sizes)
{
    uint64_t sum = bytes.size;

    if (bytes.size != tamis_data_index_bytes(count) || tamis_get32le(bytes.data) != INDEX_MAGIC ||
        tamis_get32le(bytes.data + 4) != count ||
        tamis_hash64(bytes.data, bytes.size - 8) != tamis_get64le(bytes.data + bytes.size - 8)) {
        return TAMIS_ECORRUPT;
    }
    for (uint32_t i = 0; i < count; i++) {
        out_sizes[i] = tamis_get64le(bytes.data + 8 + 8 * (size_t)i);
        if (sum > total || out_sizes[i] > total - sum) {
            return TAMIS_ECORRUPT;
        }
        sum += out_sizes[i];
    }
    return sum == total ? TAMIS_OK : TAMIS_ECORRUPT;
}
