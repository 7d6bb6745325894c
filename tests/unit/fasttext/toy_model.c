/* SPDX-License-Identifier: Apache-2.0 */
#include "toy_model.h"

#include "tamis/bytes.h"

static void put(tamis_buf *out, const void *data, size_t size)
{
    tamis_status status = tamis_buf_append(out, data, size);

    TAMIS_ASSERT(status == TAMIS_OK);
}

static void put_i32(tamis_buf *out, int32_t value)
{
    uint8_t bytes[4];

    tamis_put32le(bytes, (uint32_t)value);
    put(out, bytes, sizeof(bytes));
}

static void put_i64(tamis_buf *out, int64_t value)
{
    uint8_t bytes[8];

    tamis_put64le(bytes, (uint64_t)value);
    put(out, bytes, sizeof(bytes));
}

static void put_byte(tamis_buf *out, uint8_t value)
{
    put(out, &value, 1);
}

static void put_float(tamis_buf *out, float value)
{
    put(out, &value, sizeof(value));
}

static void put_entry(tamis_buf *out, const char *text, int64_t count, uint8_t kind)
{
    put(out, text, strlen(text) + 1);
    put_i64(out, count);
    put_byte(out, kind);
}

static void put_quantizer(tamis_buf *out, int32_t cols, const float *centroids, size_t count)
{
    put_i32(out, cols);
    put_i32(out, cols);
    put_i32(out, 1);
    put_i32(out, 1);
    for (int32_t col = 0; col < cols; col++) {
        for (size_t i = 0; i < 256; i++) {
            put_float(out, i < count ? centroids[i] : 0.0F);
        }
    }
}

/* The same rows as the dense matrix has, made of centroids and norms. */
static void put_quantized(tamis_buf *out)
{
    static const float parts[] = {0.0F, 1.0F, 0.5F};
    static const float norms[] = {1.0F, 0.5F};
    static const uint8_t codes[] = {1, 0, 0, 1, 0, 0, 1, 2};
    static const uint8_t norm_codes[] = {0, 0, 0, 1};

    put_byte(out, 1);
    put_byte(out, 1); /* has norms */
    put_i64(out, 4);
    put_i64(out, 2);
    put_i32(out, (int32_t)sizeof(codes));
    put(out, codes, sizeof(codes));
    put_quantizer(out, 2, parts, 3);
    put(out, norm_codes, sizeof(norm_codes));
    put_quantizer(out, 1, norms, 2);
    put_byte(out, 0);
}

static void put_dense(const toy_options *options, tamis_buf *out)
{
    static const float rows[] = {1.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F};

    put_byte(out, 0);
    put_i64(out, 3 + options->buckets);
    put_i64(out, 2);
    put(out, rows, sizeof(rows));
    for (int i = 0; i < options->buckets; i++) {
        put_float(out, 0.5F);
        put_float(out, 0.25F);
    }
    put_byte(out, 0);
}

toy_options toy_model_defaults(void)
{
    return (toy_options){.loss = 3,
                         .version = 12,
                         .kind = 3,
                         .word_ngrams = 1,
                         .labels = {"__label__x", "__label__y"}};
}

void toy_model_write(const toy_options *options, tamis_buf *out)
{
    const int32_t args[] = {2,
                            5,
                            5,
                            1,
                            5,
                            options->word_ngrams,
                            options->loss,
                            options->kind,
                            options->buckets,
                            options->ngram_min,
                            options->ngram_max,
                            100};
    static const float output[] = {2.0F, 0.0F, 0.0F, 1.0F};

    put_i32(out, 793712314);
    put_i32(out, options->version);
    for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
        put_i32(out, args[i]);
    }
    put_i64(out, 0); /* the sampling threshold: 0.0 */
    put_i32(out, 5);
    put_i32(out, 3);
    put_i32(out, 2);
    put_i64(out, 20);
    put_i64(out, options->is_quantized ? 1 : -1);
    put_entry(out, "aa", 5, 0);
    put_entry(out, "bb", 4, 0);
    put_entry(out, "</s>", 3, 0);
    put_entry(out, options->labels[0], 3, 1);
    put_entry(out, options->labels[1], 2, 1);
    if (options->is_quantized) {
        put_i32(out, 1);
        put_i32(out, 0);
        put_quantized(out);
    } else {
        put_dense(options, out);
    }
    put_i64(out, 2);
    put_i64(out, 2);
    put(out, output, sizeof(output));
}
