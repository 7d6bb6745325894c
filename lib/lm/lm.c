/* SPDX-License-Identifier: Apache-2.0 */
#include "lm_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const tamis_lm_text_names[] = {"ccnet_compat", "per_line", "raw", NULL};

tamis_status tamis_lm_open_memory(tamis_slice bytes, const char *name, tamis_lm **out_model,
                                  tamis_err *err)
{
    tamis_lm *model = calloc(1, sizeof(*model));
    tamis_status status = TAMIS_OK;

    if (model == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "no memory for a model");
    }
    if (lm_is_own(bytes)) {
        status = lm_read_own(model, bytes, name, err);
    } else if (lm_is_kenlm(bytes)) {
        status = lm_read_kenlm(model, bytes, name, err);
    } else {
        status = lm_read_arpa(model, bytes, name, err);
    }
    if (status == TAMIS_OK) {
        model->info.digest = tamis_hash128(bytes.data, bytes.size);
        *out_model = model;
        model = NULL;
    }
    tamis_lm_destroy(model);
    return status;
}

/* Maps a regular file; an empty one gives an empty slice. */
static tamis_status map_file(const char *path, tamis_slice *out_bytes, tamis_err *err)
{
    struct stat info;
    void *mapped = NULL;
    tamis_status status = TAMIS_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    *out_bytes = tamis_slice_of(NULL, 0);
    if (fd < 0) {
        return tamis_err_errno(err, errno, "%s", path);
    }
    if (fstat(fd, &info) != 0) {
        status = tamis_err_errno(err, errno, "%s", path);
    } else if (!S_ISREG(info.st_mode)) {
        status = tamis_err_set(err, TAMIS_EARG, "%s: is no regular file", path);
    } else if (info.st_size > 0) {
        mapped = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (mapped == MAP_FAILED) {
            status = tamis_err_errno(err, errno, "%s: cannot be mapped", path);
        } else {
            *out_bytes = tamis_slice_of(mapped, (size_t)info.st_size);
        }
    }
    (void)close(fd); /* only read from */
    return status;
}

static void unmap(tamis_slice mapped)
{
    if (mapped.data != NULL) {
        (void)munmap((void *)(uintptr_t)mapped.data, mapped.size);
    }
}

tamis_status tamis_lm_open(const char *path, tamis_lm **out_model, tamis_err *err)
{
    tamis_slice file;
    tamis_lm *model = NULL;
    tamis_status status = map_file(path, &file, err);

    if (status != TAMIS_OK) {
        return status;
    }
    status = tamis_lm_open_memory(file, path, &model, err);
    if (status != TAMIS_OK) {
        unmap(file);
        return status;
    }
    if (model->info.format == TAMIS_LM_FORMAT_ARPA) {
        unmap(file); /* its tables are in memory */
    } else {
        model->mapped = file;
    }
    *out_model = model;
    return TAMIS_OK;
}

void tamis_lm_destroy(tamis_lm *model)
{
    if (model == NULL) {
        return;
    }
    lm_fill_free(&model->owned_words);
    for (unsigned i = 0; i < TAMIS_LM_ORDER_MAX; i++) {
        lm_fill_free(&model->owned_orders[i]);
    }
    free(model->owned_unigrams);
    unmap(model->mapped);
    free(model);
}

const tamis_lm_info *tamis_lm_get_info(const tamis_lm *model)
{
    return &model->info;
}

uint32_t tamis_lm_find(const tamis_lm *model, tamis_slice word)
{
    uint64_t key = model->is_murmur ? lm_murmur(word.data, word.size) : lm_word_key(word);
    const uint8_t *entry = lm_table_find(&model->words, key);

    return entry == NULL ? TAMIS_LM_UNKNOWN : lm_get32(entry + 8);
}

tamis_status lm_find_ends(tamis_lm *model, const char *name, tamis_err *err)
{
    model->begin_id = tamis_lm_find(model, tamis_slice_of_string("<s>"));
    model->end_id = tamis_lm_find(model, tamis_slice_of_string("</s>"));
    if (model->begin_id == TAMIS_LM_UNKNOWN || model->end_id == TAMIS_LM_UNKNOWN) {
        return tamis_err_set(err, TAMIS_EFORMAT,
                             "%s: the model lacks %s; train it on sentences between <s> and </s>",
                             name, model->begin_id == TAMIS_LM_UNKNOWN ? "<s>" : "</s>");
    }
    return TAMIS_OK;
}

tamis_status lm_check_words(const tamis_lm *model, tamis_slice file, const char *name,
                            tamis_err *err)
{
    for (uint64_t i = 0; i < model->words.buckets; i++) {
        const uint8_t *entry = model->words.entries + i * LM_WORD_BYTES;

        if (lm_get64(entry) != 0 && lm_get32(entry + 8) >= model->word_count) {
            return tamis_err_set(err, TAMIS_EFORMAT,
                                 "%s: offset %zu: a word has the number %u of %llu words; the file "
                                 "is damaged, fetch it again",
                                 name, (size_t)(entry - file.data), lm_get32(entry + 8),
                                 (unsigned long long)model->word_count);
        }
    }
    return TAMIS_OK;
}
