/* SPDX-License-Identifier: Apache-2.0 */
#include "fasttext_model.h"

#include <inttypes.h>

static tamis_status wrong(const ft_cursor *cursor, uint64_t offset, const char *what, int64_t value,
                          const char *expected, tamis_err *err)
{
    return tamis_err_set(err, TAMIS_EFORMAT,
                         "%s: offset %" PRIu64 ": the %s is %" PRId64 " instead of %s; fetch or "
                         "train the model again",
                         cursor->name, offset, what, value, expected);
}

/* Reads a table of centroids for rows of `cols` columns and copies it, aligned. */
static tamis_status read_centroids(ft_cursor *cursor, uint32_t cols, ft_matrix *matrix, float *out,
                                   tamis_err *err)
{
    int32_t fields[4] = {0}; /* columns, parts, columns of a part, of the last part */
    const uint8_t *bytes = NULL;
    uint64_t begin = cursor->at;
    tamis_status status = TAMIS_OK;
    int32_t parts = 0;

    for (unsigned i = 0; i < 4 && status == TAMIS_OK; i++) {
        status = ft_take_i32(cursor, "head of the quantizer", &fields[i], err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    if (fields[0] != (int32_t)cols) {
        return wrong(cursor, begin, "quantizer's dimension", fields[0], "the matrix's", err);
    }
    if (fields[2] < 1 || fields[2] > fields[0]) {
        return wrong(cursor, begin + 8, "quantizer's part", fields[2], "1 to the dimension", err);
    }
    parts = (fields[0] + fields[2] - 1) / fields[2];
    if (fields[1] != parts) {
        return wrong(cursor, begin + 4, "quantizer's number of parts", fields[1],
                     "what the dimension makes", err);
    }
    if (fields[3] != fields[0] - (parts - 1) * fields[2]) {
        return wrong(cursor, begin + 12, "quantizer's last part", fields[3], "what is left", err);
    }
    status = ft_take_floats(cursor, (uint64_t)cols * FT_CENTROIDS, "centroids", &bytes, err);
    if (status != TAMIS_OK) {
        return status;
    }
    if (out == NULL) {
        out = malloc((size_t)cols * FT_CENTROIDS * sizeof(float));
        if (out == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the centroids",
                                 cursor->name);
        }
        matrix->centroids = out;
        matrix->subs = (uint32_t)fields[1];
        matrix->sub_cols = (uint32_t)fields[2];
        matrix->last_cols = (uint32_t)fields[3];
    }
    memcpy(out, bytes, (size_t)cols * FT_CENTROIDS * sizeof(float));
    return TAMIS_OK;
}

static tamis_status read_quantized(ft_cursor *cursor, bool has_norms, ft_matrix *matrix,
                                   tamis_err *err)
{
    uint64_t begin = cursor->at;
    int32_t code_bytes = 0;
    tamis_status status = ft_take_i32(cursor, "size of the codes", &code_bytes, err);

    if (status == TAMIS_OK && code_bytes < 0) {
        status = wrong(cursor, begin, "size of the codes", code_bytes, "0 or more", err);
    }
    if (status == TAMIS_OK) {
        status = ft_take(cursor, (uint64_t)code_bytes, "codes", &matrix->codes, err);
    }
    if (status == TAMIS_OK) {
        status = read_centroids(cursor, matrix->cols, matrix, NULL, err);
    }
    if (status == TAMIS_OK && matrix->rows * matrix->subs != (uint64_t)code_bytes) {
        status = wrong(cursor, begin, "size of the codes", code_bytes, "rows by parts", err);
    }
    if (status == TAMIS_OK && has_norms) {
        status = ft_take(cursor, matrix->rows, "codes of norms", &matrix->norm_codes, err);
    }
    if (status == TAMIS_OK && has_norms) {
        status = read_centroids(cursor, 1, matrix, matrix->norms, err);
    }
    return status;
}

tamis_status ft_matrix_read(ft_cursor *cursor, const char *what, bool is_quantized, uint32_t cols,
                            ft_matrix *out_matrix, tamis_err *err)
{
    uint64_t begin = cursor->at;
    bool has_norms = false;
    int64_t found_rows = 0;
    int64_t found_cols = 0;
    tamis_status status = TAMIS_OK;

    if (is_quantized) {
        status = ft_take_bool(cursor, "flag of norms", &has_norms, err);
    }
    if (status == TAMIS_OK) {
        status = ft_take_i64(cursor, what, &found_rows, err);
    }
    if (status == TAMIS_OK) {
        status = ft_take_i64(cursor, what, &found_cols, err);
    }
    if (status != TAMIS_OK) {
        return status;
    }
    begin += is_quantized ? 1 : 0;
    if (found_rows < 1 || found_rows > UINT32_MAX) {
        return wrong(cursor, begin, "number of rows", found_rows, "1 to 4294967295", err);
    }
    if (found_cols != cols) {
        return wrong(cursor, begin + 8, "number of columns", found_cols, "the dimension", err);
    }
    out_matrix->rows = (uint64_t)found_rows;
    out_matrix->cols = cols;
    if (is_quantized) {
        return read_quantized(cursor, has_norms, out_matrix, err);
    }
    return ft_take_floats(cursor, out_matrix->rows * cols, what, &out_matrix->dense, err);
}

void ft_matrix_fini(ft_matrix *matrix)
{
    free(matrix->centroids);
    *matrix = (ft_matrix){0};
}

/* The centroid that stands for one part of a row, and how many columns it has. */
static const float *part_of(const ft_matrix *matrix, uint64_t row, uint32_t part,
                            uint32_t *out_count)
{
    uint32_t count = part + 1 == matrix->subs ? matrix->last_cols : matrix->sub_cols;
    size_t code = matrix->codes[row * matrix->subs + part];

    *out_count = count;
    return matrix->centroids + (size_t)part * matrix->sub_cols * FT_CENTROIDS + code * count;
}

static float row_norm(const ft_matrix *matrix, uint64_t row)
{
    return matrix->norm_codes == NULL ? 1.0F : matrix->norms[matrix->norm_codes[row]];
}

void ft_matrix_row(const ft_matrix *matrix, uint64_t row, float *out_row)
{
    float norm = row_norm(matrix, row);

    if (matrix->dense != NULL) {
        memcpy(out_row, matrix->dense + row * matrix->cols * sizeof(float),
               matrix->cols * sizeof(float));
        return;
    }
    for (uint32_t part = 0; part < matrix->subs; part++) {
        uint32_t count = 0;
        const float *centroid = part_of(matrix, row, part, &count);

        for (uint32_t i = 0; i < count; i++) {
            *out_row++ = norm * centroid[i];
        }
    }
}

void ft_matrix_add(const ft_matrix *matrix, uint64_t row, float *sum)
{
    float norm = row_norm(matrix, row);

    for (uint32_t part = 0; part < matrix->subs; part++) {
        uint32_t count = 0;
        const float *centroid = part_of(matrix, row, part, &count);

        for (uint32_t i = 0; i < count; i++) {
            *sum++ += norm * centroid[i];
        }
    }
}
