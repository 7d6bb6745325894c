/* SPDX-License-Identifier: Apache-2.0 */
/* Writes what was estimated: our own format into a mapped file, ARPA text as one temporary file an
 * order, since n-grams of all orders come mixed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tamis/path.h"
#include "train_parts.h"

#define LOG10_LEAST (-99.0f) /* for a probability of 0, and for <s>, which is never predicted */
#define ARPA_BUFFER (1u << 18)
#define COPY_BUFFER (1u << 20)

struct train_output {
    const train_model *model;
    uint32_t order;
    uint64_t done[TAMIS_LM_ORDER_MAX];
    /* Our own format */
    char temp_path[TAMIS_PATH_MAX]; /* empty: there is nothing to remove */
    int fd;
    uint8_t *mapped;
    uint64_t mapped_size;
    lm_own_header header;
    lm_fill fills[TAMIS_LM_ORDER_MAX]; /* within the mapping; [0]: words */
    uint8_t *unigrams;
    /* ARPA */
    FILE *sections[TAMIS_LM_ORDER_MAX];
};

static float log10_of(double value)
{
    float result = value > 0 ? (float)log10(value) : LOG10_LEAST;

    if (result > 0.0f) {
        return 0.0f; /* 1 and a rounding error */
    }
    return result < LOG10_LEAST ? LOG10_LEAST : result;
}

/* ---- Our own format ----------------------------------------------------------------------------
 */

static tamis_status map_output(train_output *output, tamis_err *err)
{
    const char *path = output->model->options->model_path;
    uint64_t offsets[TAMIS_LM_ORDER_MAX + 2];
    char temp_path[TAMIS_PATH_MAX];
    void *mapped = NULL;
    int failure = 0;
    tamis_status status = tamis_path_temp_name(temp_path, path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    lm_own_layout(&output->header, offsets);
    output->mapped_size = offsets[output->order + 1];
    output->fd = open(temp_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (output->fd < 0) {
        return tamis_err_errno(err, errno, "%s", temp_path);
    }
    memcpy(output->temp_path, temp_path, sizeof(temp_path));
    /* Written through the mapping: without the space the process would be killed. */
    failure = posix_fallocate(output->fd, 0, (off_t)output->mapped_size);
    if (failure != 0) {
        return tamis_err_errno(err, failure, "%s: no room for %" PRIu64 " bytes", path,
                               output->mapped_size);
    }
    mapped =
        mmap(NULL, (size_t)output->mapped_size, PROT_READ | PROT_WRITE, MAP_SHARED, output->fd, 0);
    if (mapped == MAP_FAILED) {
        return tamis_err_errno(err, errno, "%s: cannot be mapped", temp_path);
    }
    output->mapped = mapped;
    output->unigrams = output->mapped + offsets[1];
    for (uint32_t i = 0; i < output->order; i++) {
        uint32_t bytes = i + 1 < output->order ? LM_MIDDLE_BYTES : LM_HIGHEST_BYTES;

        output->fills[i] = (lm_fill){.entries = output->mapped + offsets[i == 0 ? 0 : i + 1],
                                     .buckets = output->header.buckets[i],
                                     .entry_bytes = i == 0 ? LM_WORD_BYTES : bytes};
    }
    return TAMIS_OK;
}

static void fill_words(train_output *output)
{
    for (uint32_t id = 1; id < output->model->words->count; id++) {
        bool is_old = false;
        uint8_t *entry = lm_fill_put(
            &output->fills[0], lm_word_key(train_words_get(output->model->words, id)), &is_old);

        memcpy(entry + 8, &id, sizeof(id));
    }
}

static tamis_status open_model(train_output *output, tamis_err *err)
{
    const tamis_lm_train_options *options = output->model->options;
    tamis_status status = TAMIS_OK;

    output->header = (lm_own_header){.order = options->order,
                                     .text = options->text,
                                     .has_pieces = options->has_pieces,
                                     .pieces_digest = options->pieces_digest};
    for (uint32_t i = 0; i < output->order; i++) {
        output->header.counts[i] = output->model->counts[i];
        output->header.buckets[i] = lm_buckets_for(output->model->counts[i]);
    }
    status = map_output(output, err);
    if (status == TAMIS_OK) {
        fill_words(output);
    }
    return status;
}

static void add_to_model(train_output *output, const uint32_t *words, uint32_t order,
                         float probability, float backoff)
{
    uint64_t key = lm_key(words, order);
    bool is_old = false;
    uint8_t *entry = NULL;

    if (order == 1) {
        entry = output->unigrams + (size_t)words[0] * LM_UNIGRAM_BYTES;
        memcpy(entry, &probability, sizeof(probability));
        memcpy(entry + 4, &backoff, sizeof(backoff));
        return;
    }
    /* Of n-grams that share a hash, one in 2^64, the first is kept. */
    entry = lm_fill_put(&output->fills[order - 1], key == 0 ? 1 : key, &is_old);
    if (is_old) {
        return;
    }
    memcpy(entry + 8, &probability, sizeof(probability));
    if (order < output->order) {
        memcpy(entry + 12, &backoff, sizeof(backoff));
    }
}

static tamis_status finish_model(train_output *output, tamis_lm_train_stats *stats, tamis_err *err)
{
    const char *path = output->model->options->model_path;
    tamis_status status = TAMIS_OK;

    output->header.body_digest = tamis_hash128(output->mapped + LM_OWN_HEADER_BYTES,
                                               (size_t)output->mapped_size - LM_OWN_HEADER_BYTES);
    lm_own_pack(&output->header, output->mapped);
    if (msync(output->mapped, (size_t)output->mapped_size, MS_SYNC) != 0 ||
        fsync(output->fd) != 0) {
        return tamis_err_errno(err, errno, "%s", output->temp_path);
    }
    status = tamis_path_rename(output->temp_path, path, err);
    if (status == TAMIS_OK) {
        output->temp_path[0] = '\0';
        stats->model_bytes = output->mapped_size;
    }
    return status;
}

/* ---- ARPA --------------------------------------------------------------------------------------
 */

static tamis_status write_fault(const train_output *output, tamis_err *err)
{
    return tamis_err_errno(err, errno, "%s", output->model->options->arpa_path);
}

static tamis_status open_arpa(train_output *output, tamis_err *err)
{
    const char *folder = output->model->options->temp_folder;

    for (uint32_t i = 0; i < output->order; i++) {
        int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

        output->sections[i] = fd < 0 ? NULL : fdopen(fd, "w+");
        if (output->sections[i] == NULL) {
            int failure = errno;

            if (fd >= 0) {
                (void)close(fd); /* nothing was written */
            }
            return tamis_err_errno(err, failure, "%s: a temporary file", folder);
        }
        (void)setvbuf(output->sections[i], NULL, _IOFBF, ARPA_BUFFER); /* else a smaller one */
    }
    return TAMIS_OK;
}

static tamis_status add_to_arpa(train_output *output, const uint32_t *words, uint32_t order,
                                float probability, float backoff, tamis_err *err)
{
    FILE *out = output->sections[order - 1];

    (void)fprintf(out, "%.9g", (double)probability); /* ferror below */
    for (uint32_t i = order; i > 0; i--) {
        tamis_slice word = train_words_get(output->model->words, words[i - 1]);

        (void)putc(i == order ? '\t' : ' ', out);
        (void)fwrite(word.data, 1, word.size, out);
    }
    if (order < output->order) {
        (void)fprintf(out, "\t%.9g", (double)backoff);
    }
    (void)putc('\n', out);
    return ferror(out) ? write_fault(output, err) : TAMIS_OK;
}

static tamis_status copy_section(train_output *output, uint32_t order, FILE *out, uint8_t *buffer,
                                 tamis_err *err)
{
    FILE *section = output->sections[order - 1];
    size_t size = 0;

    if (fflush(section) != 0 || fseeko(section, 0, SEEK_SET) != 0) {
        return write_fault(output, err);
    }
    (void)fprintf(out, "\n\\%u-grams:\n", order);
    while ((size = fread(buffer, 1, COPY_BUFFER, section)) != 0) {
        if (fwrite(buffer, 1, size, out) != size) {
            return write_fault(output, err);
        }
    }
    return ferror(section) ? write_fault(output, err) : TAMIS_OK;
}

static tamis_status write_arpa(train_output *output, FILE *out, tamis_lm_train_stats *stats,
                               tamis_err *err)
{
    uint8_t *buffer = malloc(COPY_BUFFER);
    tamis_status status = TAMIS_OK;

    if (buffer == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to write ARPA text");
    }
    (void)fprintf(out, "\\data\\\n");
    for (uint32_t i = 0; i < output->order; i++) {
        (void)fprintf(out, "ngram %u=%" PRIu64 "\n", i + 1, output->model->counts[i]);
    }
    for (uint32_t i = 1; status == TAMIS_OK && i <= output->order; i++) {
        status = copy_section(output, i, out, buffer, err);
    }
    free(buffer);
    (void)fprintf(out, "\n\\end\\\n");
    if (status == TAMIS_OK && (fflush(out) != 0 || ferror(out) || fsync(fileno(out)) != 0)) {
        status = write_fault(output, err);
    }
    stats->arpa_bytes = (uint64_t)ftello(out);
    return status;
}

static tamis_status finish_arpa(train_output *output, tamis_lm_train_stats *stats, tamis_err *err)
{
    const char *path = output->model->options->arpa_path;
    char temp_path[TAMIS_PATH_MAX];
    FILE *out = NULL;
    tamis_status status = tamis_path_temp_name(temp_path, path, err);

    if (status != TAMIS_OK) {
        return status;
    }
    out = fopen(temp_path, "wxe");
    if (out == NULL) {
        return tamis_err_errno(err, errno, "%s", temp_path);
    }
    status = write_arpa(output, out, stats, err);
    if (fclose(out) != 0 && status == TAMIS_OK) {
        status = write_fault(output, err);
    }
    if (status == TAMIS_OK) {
        status = tamis_path_rename(temp_path, path, err);
    }
    if (status != TAMIS_OK) {
        (void)unlink(temp_path); /* the first error is told */
    }
    return status;
}

/* ------------------------------------------------------------------------------------------------
 */

tamis_status train_output_open(const train_model *model, train_output **out_output, tamis_err *err)
{
    train_output *output = calloc(1, sizeof(*output));
    tamis_status status = TAMIS_OK;

    if (output == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory to write a model");
    }
    output->model = model;
    output->order = model->options->order;
    output->fd = -1;
    *out_output = output; /* closed by the caller in every case */
    if (model->options->model_path != NULL) {
        status = open_model(output, err);
    }
    if (status == TAMIS_OK && model->options->arpa_path != NULL) {
        status = open_arpa(output, err);
    }
    return status;
}

tamis_status train_output_add(train_output *output, const uint32_t *words, uint32_t order,
                              double probability, double backoff, tamis_err *err)
{
    bool is_begin = order == 1 && words[0] == TRAIN_BEGIN;
    float first = is_begin ? LOG10_LEAST : log10_of(probability);
    float second = log10_of(backoff);

    output->done[order - 1]++;
    if (output->mapped != NULL) {
        add_to_model(output, words, order, first, second);
    }
    return output->sections[0] == NULL ? TAMIS_OK
                                       : add_to_arpa(output, words, order, first, second, err);
}

tamis_status train_output_finish(train_output *output, tamis_lm_train_stats *stats, tamis_err *err)
{
    tamis_status status = TAMIS_OK;

    for (uint32_t i = 0; i < output->order; i++) {
        TAMIS_ASSERT(output->done[i] == output->model->counts[i]);
    }
    if (output->mapped != NULL) {
        status = finish_model(output, stats, err);
    }
    if (status == TAMIS_OK && output->sections[0] != NULL) {
        status = finish_arpa(output, stats, err);
    }
    return status;
}

void train_output_close(train_output *output)
{
    if (output == NULL) {
        return;
    }
    if (output->mapped != NULL) {
        (void)munmap(output->mapped, (size_t)output->mapped_size);
    }
    if (output->fd >= 0) {
        (void)close(output->fd); /* was synced */
    }
    if (output->temp_path[0] != '\0') {
        (void)unlink(output->temp_path); /* there is nobody to tell */
    }
    for (uint32_t i = 0; i < TAMIS_LM_ORDER_MAX; i++) {
        if (output->sections[i] != NULL) {
            (void)fclose(output->sections[i]); /* temporary */
        }
    }
    free(output);
}
