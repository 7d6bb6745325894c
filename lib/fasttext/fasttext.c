/* SPDX-License-Identifier: Apache-2.0 */
#include "tamis/fasttext.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fasttext_model.h"
#include "tamis/cpu.h"

#define MAGIC            793712314
#define VERSION_NEWEST   12
#define VERSION_OLDEST   11
#define MODEL_SUPERVISED 3
#define SCRATCH_ALIGN    64

static const ft_kernels *kernels_get(tamis_kernel kernel)
{
#if defined(__x86_64__)
    switch (kernel) {
    case TAMIS_KERNEL_AVX512:
        return &ft_kernels_avx512;
    case TAMIS_KERNEL_AVX2:
        return &ft_kernels_avx2;
    case TAMIS_KERNEL_SCALAR:
    case TAMIS_KERNEL_COUNT:
        break;
    }
#else
    (void)kernel;
#endif
    return &ft_kernels_scalar;
}

/* ---- The head ---- */

/* The settings of the training, as they stand in the file. */
enum {
    ARG_DIM,
    ARG_WINDOW,
    ARG_EPOCHS,
    ARG_MIN_COUNT,
    ARG_NEGATIVES,
    ARG_WORD_NGRAMS,
    ARG_LOSS,
    ARG_MODEL,
    ARG_BUCKETS,
    ARG_NGRAM_MIN,
    ARG_NGRAM_MAX,
    ARG_RATE_UPDATE,
    ARG_COUNT
};

static tamis_status check_arg(const ft_cursor *cursor, uint64_t begin, unsigned index,
                              const int32_t *args, const char *what, int32_t min, int32_t max,
                              tamis_err *err)
{
    if (args[index] >= min && args[index] <= max) {
        return TAMIS_OK;
    }
    return tamis_err_set(err, TAMIS_EFORMAT,
                         "%s: offset %" PRIu64 ": %s is %" PRId32 " instead of %" PRId32
                         " to %" PRId32 "; fetch or train the model again",
                         cursor->name, begin + (uint64_t)4 * index, what, args[index], min, max);
}

static tamis_status check_args(const ft_cursor *cursor, uint64_t begin, const int32_t *args,
                               tamis_err *err)
{
    bool has_ngrams = args[ARG_NGRAM_MAX] > 0 || args[ARG_WORD_NGRAMS] > 1;
    tamis_status status = TAMIS_OK;

    if (args[ARG_MODEL] != MODEL_SUPERVISED) {
        return tamis_err_set(err, TAMIS_EUNSUPPORTED,
                             "%s: offset %" PRIu64 ": a model of word vectors (kind %" PRId32
                             "), not one that predicts labels; train one with 'supervised'",
                             cursor->name, begin + 4 * ARG_MODEL, args[ARG_MODEL]);
    }
    status = check_arg(cursor, begin, ARG_DIM, args, "dim", 1, TAMIS_FASTTEXT_DIM_MAX, err);
    if (status == TAMIS_OK) {
        status = check_arg(cursor, begin, ARG_WORD_NGRAMS, args, "wordNgrams", 0,
                           TAMIS_FASTTEXT_NGRAM_MAX, err);
    }
    if (status == TAMIS_OK) {
        status = check_arg(cursor, begin, ARG_LOSS, args, "loss", FT_LOSS_HS, FT_LOSS_OVA, err);
    }
    if (status == TAMIS_OK) {
        status =
            check_arg(cursor, begin, ARG_NGRAM_MIN, args, "minn", 0, TAMIS_FASTTEXT_NGRAM_MAX, err);
    }
    if (status == TAMIS_OK) {
        status =
            check_arg(cursor, begin, ARG_NGRAM_MAX, args, "maxn", 0, TAMIS_FASTTEXT_NGRAM_MAX, err);
    }
    return status != TAMIS_OK ? status
                              : check_arg(cursor, begin, ARG_BUCKETS, args, "bucket",
                                          has_ngrams ? 1 : 0, INT32_MAX, err);
}

static tamis_status read_head(ft_cursor *cursor, tamis_fasttext *model, tamis_err *err)
{
    int32_t magic = 0;
    int32_t version = 0;
    int32_t args[ARG_COUNT] = {0};
    const uint8_t *threshold = NULL;
    uint64_t begin = 0;
    tamis_status status = ft_take_i32(cursor, "head", &magic, err);

    if (status == TAMIS_OK && magic != MAGIC) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset 0: no fastText model (it does not begin as one)",
                             cursor->name);
    }
    if (status == TAMIS_OK) {
        status = ft_take_i32(cursor, "head", &version, err);
    }
    if (status == TAMIS_OK && (version < VERSION_OLDEST || version > VERSION_NEWEST)) {
        return tamis_err_set(err, TAMIS_EVERSION,
                             "%s: offset 4: format version %" PRId32 "; %d and %d are read",
                             cursor->name, version, VERSION_OLDEST, VERSION_NEWEST);
    }
    begin = cursor->at;
    for (unsigned i = 0; i < ARG_COUNT && status == TAMIS_OK; i++) {
        status = ft_take_i32(cursor, "settings", &args[i], err);
    }
    if (status == TAMIS_OK) {
        status = ft_take(cursor, 8, "settings", &threshold, err);
    }
    if (status == TAMIS_OK) {
        status = check_args(cursor, begin, args, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    model->dim = (uint32_t)args[ARG_DIM];
    model->word_ngrams = (uint32_t)args[ARG_WORD_NGRAMS];
    model->loss = args[ARG_LOSS];
    model->ngram_min = (uint32_t)args[ARG_NGRAM_MIN];
    /* Supervised models of version 11 were trained without. */
    model->ngram_max = version == VERSION_OLDEST ? 0 : (uint32_t)args[ARG_NGRAM_MAX];
    model->buckets = (uint32_t)args[ARG_BUCKETS];
    model->buckets_reciprocal = model->buckets == 0 ? 0 : UINT64_MAX / model->buckets + 1;
    return TAMIS_OK;
}

/* ---- The matrices ---- */

/* Every row that a feature can have must be there. */
static tamis_status check_rows(const ft_cursor *cursor, uint64_t begin, const tamis_fasttext *model,
                               tamis_err *err)
{
    bool has_ngrams = model->ngram_max > 0 || model->word_ngrams > 1;
    uint64_t needed = model->word_count;

    if (!model->is_pruned && has_ngrams) {
        needed += model->buckets;
    }
    for (uint64_t i = 0; model->pruned_rows != NULL && i < model->pruned_count; i++) {
        uint64_t row = model->pruned_rows[i];

        needed = row < needed ? needed : row + 1;
    }
    if (model->input.rows < needed || needed > UINT32_MAX) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset %" PRIu64 ": the input matrix has %" PRIu64
                             " rows, the dictionary needs %" PRIu64
                             "; fetch or train the model again",
                             cursor->name, begin, model->input.rows, needed);
    }
    return TAMIS_OK;
}

static tamis_status prepare_input(const ft_cursor *cursor, tamis_fasttext *model, tamis_err *err)
{
    size_t stride = ((size_t)model->dim + 15) / 16 * 16;
    uint64_t bytes = model->input.rows * stride * sizeof(float); /* below 2^32 * 2^18 */

    model->input_stride = model->dim;
    if (model->input.dense != NULL || bytes > TAMIS_FASTTEXT_EXPANDED_BYTES_MAX) {
        return TAMIS_OK;
    }
    model->input_expanded = aligned_alloc(64, bytes);
    if (model->input_expanded == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the input matrix", cursor->name);
    }
    memset(model->input_expanded, 0, bytes);
    for (uint64_t i = 0; i < model->input.rows; i++) {
        ft_matrix_row(&model->input, i, model->input_expanded + i * stride);
    }
    model->input_stride = stride;
    return TAMIS_OK;
}

static tamis_status read_matrices(ft_cursor *cursor, tamis_fasttext *model, tamis_err *err)
{
    ft_matrix output = {0};
    bool is_quantized = false;
    bool is_output_quantized = false;
    uint64_t begin = cursor->at;
    tamis_status status = ft_take_bool(cursor, "flag of quantization", &is_quantized, err);

    if (status == TAMIS_OK && model->is_pruned && !is_quantized) {
        return ft_fail(cursor, begin, err, "a pruned model that is not quantized");
    }
    begin = cursor->at + (is_quantized ? 1 : 0);
    if (status == TAMIS_OK) {
        status =
            ft_matrix_read(cursor, "input matrix", is_quantized, model->dim, &model->input, err);
    }
    if (status == TAMIS_OK) {
        status = check_rows(cursor, begin, model, err);
    }
    if (status == TAMIS_OK) {
        status =
            ft_take_bool(cursor, "flag of the output's quantization", &is_output_quantized, err);
    }
    begin = cursor->at + (is_quantized && is_output_quantized ? 1 : 0);
    if (status == TAMIS_OK) {
        status = ft_matrix_read(cursor, "output matrix", is_quantized && is_output_quantized,
                                model->dim, &output, err);
    }
    if (status == TAMIS_OK && output.rows != model->label_count) {
        status = ft_fail(cursor, begin, err, "the output matrix has not one row a label");
    }
    if (status == TAMIS_OK && cursor->at != cursor->size) {
        status = ft_fail(cursor, cursor->at, err, "the model is over, the file goes on");
    }
    if (status == TAMIS_OK) {
        status = prepare_input(cursor, model, err);
    }
    if (status == TAMIS_OK) {
        status = ft_output_prepare(cursor, &output, model, err);
    }
    ft_matrix_fini(&output);
    return status;
}

/* ---- Opening ---- */

static tamis_status load(tamis_slice bytes, const char *name, tamis_fasttext *model, tamis_err *err)
{
    ft_cursor cursor = {.name = name, .data = bytes.data, .size = bytes.size};
    tamis_status status = TAMIS_OK;

    model->kernels = kernels_get(tamis_kernel_best());
    model->data = bytes.data;
    status = read_head(&cursor, model, err);
    if (status == TAMIS_OK) {
        status = ft_words_read(&cursor, model, err);
    }
    if (status == TAMIS_OK) {
        status = read_matrices(&cursor, model, err);
    }
    if (status == TAMIS_OK) {
        status = ft_words_prepare(model, err);
    }
    if (status == TAMIS_OK) {
        model->digest = tamis_hash128(bytes.data, bytes.size);
    }
    return status;
}

tamis_status tamis_fasttext_open_memory(tamis_slice bytes, const char *name,
                                        tamis_fasttext **out_model, tamis_err *err)
{
    tamis_fasttext *model = calloc(1, sizeof(*model));
    tamis_status status = TAMIS_OK;

    if (model == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the model", name);
    }
    status = load(bytes, name, model, err);
    if (status == TAMIS_OK) {
        *out_model = model;
        model = NULL;
    }
    tamis_fasttext_destroy(model);
    return status;
}

static tamis_status map_file(int file, const char *path, void **out_map, size_t *out_size,
                             tamis_err *err)
{
    struct stat stat;
    void *map = NULL;

    if (fstat(file, &stat) != 0) {
        return tamis_err_errno(err, errno, "%s", path);
    }
    if (!S_ISREG(stat.st_mode)) {
        return tamis_err_set(err, TAMIS_EARG, "%s: no regular file; a model must be one", path);
    }
    if (stat.st_size == 0) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: offset 0: the file is empty; fetch or train the model again",
                             path);
    }
    map = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (map == MAP_FAILED) {
        return tamis_err_errno(err, errno, "%s: cannot map it", path);
    }
    *out_map = map;
    *out_size = (size_t)stat.st_size;
    return TAMIS_OK;
}

tamis_status tamis_fasttext_open(const char *path, tamis_fasttext **out_model, tamis_err *err)
{
    tamis_fasttext *model = NULL;
    void *map = NULL;
    size_t size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    tamis_status status = TAMIS_OK;

    if (file < 0) {
        return tamis_err_errno(err, errno, "%s", path);
    }
    status = map_file(file, path, &map, &size, err);
    (void)close(file); /* the map stays; nothing was written */
    if (status != TAMIS_OK) {
        return status;
    }
    status = tamis_fasttext_open_memory(tamis_slice_of(map, size), path, &model, err);
    if (status != TAMIS_OK) {
        (void)munmap(map, size);
        return status;
    }
    model->map = map;
    model->map_size = size;
    *out_model = model;
    return TAMIS_OK;
}

void tamis_fasttext_destroy(tamis_fasttext *model)
{
    if (model == NULL) {
        return;
    }
    free(model->entries);
    free(model->slots);
    free(model->pruned_blocks);
    free(model->pruned_rows);
    free(model->known_first);
    free(model->known_rows);
    ft_matrix_fini(&model->input);
    free(model->input_expanded);
    free(model->output);
    free(model->sigmoids);
    free(model->nodes);
    if (model->map != NULL) {
        (void)munmap(model->map, model->map_size);
    }
    free(model);
}

tamis_digest tamis_fasttext_digest(const tamis_fasttext *model)
{
    return model->digest;
}

size_t tamis_fasttext_label_count(const tamis_fasttext *model)
{
    return model->label_count;
}

tamis_slice tamis_fasttext_label(const tamis_fasttext *model, size_t label)
{
    TAMIS_ASSERT(label < model->label_count);
    const uint8_t *text = model->data + model->entries[model->word_count + label];

    return tamis_slice_of_string((const char *)text);
}

bool tamis_fasttext_find_label(const tamis_fasttext *model, tamis_slice name, size_t *out_label)
{
    for (size_t i = 0; i < model->label_count; i++) {
        if (tamis_slice_is_equal(tamis_fasttext_label(model, i), name)) {
            *out_label = i;
            return true;
        }
    }
    return false;
}

/* ---- Predicting ---- */

static void *padded(size_t floats)
{
    size_t bytes = (floats * sizeof(float) + SCRATCH_ALIGN - 1) / SCRATCH_ALIGN * SCRATCH_ALIGN;

    return aligned_alloc(SCRATCH_ALIGN, bytes);
}

tamis_status tamis_fasttext_scratch_create(const tamis_fasttext *model,
                                           tamis_fasttext_scratch **out_scratch, tamis_err *err)
{
    tamis_fasttext_scratch *scratch = calloc(1, sizeof(*scratch));

    if (scratch == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for predictions");
    }
    scratch->model = model;
    scratch->hidden = padded(model->dim);
    scratch->output = padded(model->label_count);
    scratch->rows = padded(FT_ROWS_BATCH);
    scratch->heap = malloc((model->label_count + (size_t)1) * sizeof(*scratch->heap));
    scratch->visits = malloc(ft_output_visit_bytes(model));
    if (scratch->hidden == NULL || scratch->output == NULL || scratch->rows == NULL ||
        scratch->heap == NULL || scratch->visits == NULL) {
        tamis_fasttext_scratch_destroy(scratch);
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for predictions");
    }
    *out_scratch = scratch;
    return TAMIS_OK;
}

void tamis_fasttext_scratch_destroy(tamis_fasttext_scratch *scratch)
{
    if (scratch != NULL) {
        free(scratch->hidden);
        free(scratch->output);
        free(scratch->rows);
        free(scratch->hashes);
        free(scratch->heap);
        free(scratch->visits);
        free(scratch);
    }
}

tamis_status tamis_fasttext_predict(tamis_fasttext_scratch *scratch, tamis_slice text,
                                    tamis_fasttext_prediction *out_predictions, size_t wanted,
                                    size_t *out_count, tamis_err *err)
{
    bool has_any = false;
    tamis_status status = ft_features_line(scratch, text, &has_any, err);

    TAMIS_ASSERT(wanted > 0);
    if (status == TAMIS_OK) {
        *out_count = has_any ? ft_output_predict(scratch, out_predictions, wanted) : 0;
    }
    return status;
}
