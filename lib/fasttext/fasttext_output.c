/* SPDX-License-Identifier: Apache-2.0 */
/* From the mean of a line's rows to the probabilities of labels. */
#include "fasttext_model.h"

#include <inttypes.h>

#include "fasttext_exp.h"
#include "tamis/bytes.h"

#define COUNT_UNBUILT INT64_C(1000000000000000) /* of nodes of the tree that are not made yet */

/* A node of the tree that waits to be looked at, with the logarithm of its probability. */
typedef struct ft_visit {
    int32_t node;
    float score;
} ft_visit;

/* The logarithm as the reference has it, never of zero. */
static float log_of(float probability)
{
    return (float)ft_log((double)probability + 1e-5);
}

/* ---- Preparing ---- */

/* Puts 16 labels side by side, so that the sums of 16 labels run in parallel and yet each in the
 * order of the columns. */
static void transpose(const ft_matrix *matrix, float *row, float *out)
{
    for (uint64_t label = 0; label < matrix->rows; label++) {
        float *block = out + label / FT_OUTPUT_LANES * FT_OUTPUT_LANES * matrix->cols;

        ft_matrix_row(matrix, label, row);
        for (uint32_t c = 0; c < matrix->cols; c++) {
            block[(size_t)c * FT_OUTPUT_LANES + label % FT_OUTPUT_LANES] = row[c];
        }
    }
}

static tamis_status copy_output(const ft_cursor *cursor, const ft_matrix *output,
                                tamis_fasttext *model, tamis_err *err)
{
    uint64_t rows = (output->rows + FT_OUTPUT_LANES - 1) / FT_OUTPUT_LANES * FT_OUTPUT_LANES;
    uint64_t bytes = rows * output->cols * sizeof(float); /* below 2^20 * 2^16 * 4 */
    float *row = NULL;

    if (bytes > TAMIS_FASTTEXT_OUTPUT_BYTES_MAX) {
        return tamis_err_set(err, TAMIS_ELIMIT,
                             "%s: the output matrix takes %" PRIu64 " bytes; %" PRIu64
                             " at most are read",
                             cursor->name, bytes, TAMIS_FASTTEXT_OUTPUT_BYTES_MAX);
    }
    row = malloc(output->cols * sizeof(float));
    model->output = aligned_alloc(64, bytes);
    if (row == NULL || model->output == NULL) {
        free(row);
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the output matrix",
                             cursor->name);
    }
    memset(model->output, 0, bytes);
    if (model->loss == FT_LOSS_HS) {
        for (uint64_t i = 0; i < output->rows; i++) {
            ft_matrix_row(output, i, model->output + i * output->cols);
        }
    } else {
        transpose(output, row, model->output);
    }
    free(row);
    return TAMIS_OK;
}

/* The Huffman tree of the labels' counts, which stand in falling order: leaves are taken from the
 * end, inner nodes in the order in which they are made, the smaller one first. */
static void build_tree(tamis_fasttext *model)
{
    int32_t labels = (int32_t)model->label_count;
    int32_t leaf = labels - 1;
    int32_t node = labels;

    for (int32_t i = labels; i < (int32_t)model->node_count; i++) {
        int32_t child[2] = {0};

        for (unsigned j = 0; j < 2; j++) {
            if (leaf >= 0 && model->nodes[leaf].count < model->nodes[node].count) {
                child[j] = leaf--;
            } else {
                child[j] = node++;
            }
        }
        model->nodes[i].left = child[0];
        model->nodes[i].right = child[1];
        model->nodes[i].count = model->nodes[child[0]].count + model->nodes[child[1]].count;
    }
}

static tamis_status prepare_tree(const ft_cursor *cursor, tamis_fasttext *model, tamis_err *err)
{
    model->node_count = 2 * model->label_count - 1;
    model->nodes = malloc(model->node_count * sizeof(*model->nodes));
    if (model->nodes == NULL) {
        return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for the tree of labels",
                             cursor->name);
    }
    for (uint32_t i = 0; i < model->node_count; i++) {
        model->nodes[i] = (ft_node){.count = COUNT_UNBUILT, .left = -1, .right = -1};
    }
    for (uint32_t i = 0; i < model->label_count; i++) {
        uint64_t offset = model->entries[model->word_count + i + 1] - 9;
        int64_t count = (int64_t)tamis_get64le(model->data + offset);

        if (count < 0 || count >= COUNT_UNBUILT) {
            return ft_fail(cursor, offset, err, "the count of a label makes no sense");
        }
        model->nodes[i].count = count;
    }
    build_tree(model);
    return TAMIS_OK;
}

tamis_status ft_output_prepare(const ft_cursor *cursor, const ft_matrix *output,
                               tamis_fasttext *model, tamis_err *err)
{
    tamis_status status = copy_output(cursor, output, model, err);

    if (status == TAMIS_OK && model->loss == FT_LOSS_HS) {
        status = prepare_tree(cursor, model, err);
    }
    if (status == TAMIS_OK && (model->loss == FT_LOSS_OVA || model->loss == FT_LOSS_NS)) {
        model->sigmoids = malloc((FT_SIGMOID_STEPS + 1) * sizeof(float));
        if (model->sigmoids == NULL) {
            return tamis_err_set(err, TAMIS_ENOMEM, "%s: no memory for a table", cursor->name);
        }
        for (int i = 0; i <= FT_SIGMOID_STEPS; i++) {
            float x = (float)(i * 2 * FT_SIGMOID_MAX) / FT_SIGMOID_STEPS - FT_SIGMOID_MAX;

            model->sigmoids[i] = (float)(1.0 / (1.0 + (double)(float)ft_exp(-(double)x)));
        }
    }
    return status;
}

/* ---- The best of all labels ----
 *
 * A heap with the least score in front, moved exactly as the reference's (the algorithms of
 * libstdc++), since that is what decides which of several labels with equal scores is reported:
 * with one-vs-all many are equal.
 */

static void heap_rise(tamis_fasttext_prediction *heap, size_t hole, tamis_fasttext_prediction value)
{
    while (hole > 0 && heap[(hole - 1) / 2].score > value.score) {
        heap[hole] = heap[(hole - 1) / 2];
        hole = (hole - 1) / 2;
    }
    heap[hole] = value;
}

/* Takes the front out and puts it behind the others. */
static void heap_pop(tamis_fasttext_prediction *heap, size_t count)
{
    tamis_fasttext_prediction value = heap[count - 1];
    size_t rest = count - 1;
    size_t hole = 0;
    size_t child = 0;

    heap[count - 1] = heap[0];
    while (child < (rest - 1) / 2) {
        child = 2 * (child + 1);
        if (heap[child].score > heap[child - 1].score) {
            child--;
        }
        heap[hole] = heap[child];
        hole = child;
    }
    if (rest % 2 == 0 && child == (rest - 2) / 2) {
        child = 2 * (child + 1);
        heap[hole] = heap[child - 1];
        hole = child - 1;
    }
    heap_rise(heap, hole, value);
}

/* `heap` has room for one more than `wanted`. */
static void offer(tamis_fasttext_prediction *heap, size_t *count, size_t wanted, size_t label,
                  float score)
{
    if (*count == wanted && (double)score < heap[0].score) {
        return;
    }
    heap_rise(heap, *count, (tamis_fasttext_prediction){.label = label, .score = (double)score});
    if (*count < wanted) {
        (*count)++;
    } else {
        heap_pop(heap, wanted + 1);
    }
}

static void heap_sort(tamis_fasttext_prediction *heap, size_t count)
{
    for (; count > 1; count--) {
        heap_pop(heap, count);
    }
}

/* From the logarithm that the reference keeps to what it prints, but not above 1. */
static void to_probabilities(tamis_fasttext_prediction *best, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double probability = (double)(float)ft_exp(best[i].score);

        best[i].score = probability > 1.0 ? 1.0 : probability;
    }
}

static void softmax(const tamis_fasttext *model, float *output)
{
    float top = output[0];
    float sum = 0.0F;

    for (uint32_t i = 1; i < model->label_count; i++) {
        top = output[i] > top ? output[i] : top;
    }
    model->kernels->exponentials(output, model->label_count, top);
    for (uint32_t i = 0; i < model->label_count; i++) {
        sum += output[i];
    }
    for (uint32_t i = 0; i < model->label_count; i++) {
        output[i] /= sum;
    }
}

static void sigmoid_each(const tamis_fasttext *model, float *output)
{
    for (uint32_t i = 0; i < model->label_count; i++) {
        float x = output[i];

        if (x < -FT_SIGMOID_MAX) {
            output[i] = 0.0F;
        } else if (x > FT_SIGMOID_MAX) {
            output[i] = 1.0F;
        } else if (x == x) {
            output[i] =
                model
                    ->sigmoids[(int)((x + FT_SIGMOID_MAX) * FT_SIGMOID_STEPS / FT_SIGMOID_MAX / 2)];
        }
    }
}

static size_t predict_flat(tamis_fasttext_scratch *scratch, size_t wanted)
{
    const tamis_fasttext *model = scratch->model;
    float *output = scratch->output;
    size_t blocks = (model->label_count + FT_OUTPUT_LANES - 1) / FT_OUTPUT_LANES;
    size_t count = 0;
    float least = 0.0F; /* a little below the heap's least score, as a probability */

    model->kernels->multiply(output, model->output, blocks, scratch->hidden, model->dim);
    if (model->loss == FT_LOSS_SOFTMAX) {
        softmax(model, output);
    } else {
        sigmoid_each(model, output);
    }
    for (uint32_t i = 0; i < model->label_count; i++) {
        /* Most labels are far below the heap's least, which saves the logarithm: of a quotient
         * below 1 - 2^-16 it differs also when it is rounded. Huge weights may add up to what is
         * no number: no probability either. */
        if (output[i] >= 0.0F && (count < wanted || output[i] + 1e-5F >= least)) {
            offer(scratch->heap, &count, wanted, i, log_of(output[i]));
            least = (float)ft_exp(scratch->heap[0].score) * (1.0F - 0x1p-16F);
        }
    }
    return count;
}

/* ---- The tree ---- */

static float node_probability(const tamis_fasttext_scratch *scratch, int32_t node)
{
    const tamis_fasttext *model = scratch->model;
    const float *row = model->output + (size_t)(node - (int32_t)model->label_count) * model->dim;
    float sum = 0.0F;

    for (uint32_t c = 0; c < model->dim; c++) {
        sum += row[c] * scratch->hidden[c];
    }
    return (float)(1.0 / (double)(1.0F + (float)ft_exp((double)(-sum > 88.0F ? 88.0F : -sum))));
}

static size_t predict_tree(tamis_fasttext_scratch *scratch, size_t wanted)
{
    const tamis_fasttext *model = scratch->model;
    const float least = log_of(0.0F);
    size_t count = 0;
    size_t visits = 0;

    scratch->visits[visits++] = (ft_visit){.node = (int32_t)model->node_count - 1, .score = 0.0F};
    while (visits > 0) {
        ft_visit visit = scratch->visits[--visits];
        const ft_node *node = &model->nodes[visit.node];

        if (!(visit.score >= least) ||
            (count == wanted && (double)visit.score < scratch->heap[0].score)) {
            continue;
        }
        if (node->left < 0) {
            offer(scratch->heap, &count, wanted, (size_t)visit.node, visit.score);
        } else {
            float right = node_probability(scratch, visit.node);
            float left = (float)(1.0 - (double)right);

            scratch->visits[visits++] =
                (ft_visit){.node = node->right, .score = visit.score + log_of(right)};
            scratch->visits[visits++] =
                (ft_visit){.node = node->left, .score = visit.score + log_of(left)};
        }
    }
    return count;
}

size_t ft_output_predict(tamis_fasttext_scratch *scratch, tamis_fasttext_prediction *out,
                         size_t wanted)
{
    const tamis_fasttext *model = scratch->model;
    size_t bounded = wanted < model->label_count ? wanted : model->label_count;
    size_t count =
        model->loss == FT_LOSS_HS ? predict_tree(scratch, bounded) : predict_flat(scratch, bounded);

    heap_sort(scratch->heap, count);
    memcpy(out, scratch->heap, count * sizeof(*out));
    to_probabilities(out, count);
    return count;
}

size_t ft_output_visit_bytes(const tamis_fasttext *model)
{
    return ((size_t)model->label_count + 2) * sizeof(ft_visit);
}
