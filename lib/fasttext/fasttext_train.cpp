/* SPDX-License-Identifier: Apache-2.0 */
/* The library, which is C++, for C. */
extern "C" {
#define _Noreturn [[noreturn]] /* our headers are C */
#include "tamis/fasttext_train.h"
#undef _Noreturn
}

#include <fasttext/fasttext.h>

#include <exception>
#include <fstream>
#include <new>
#include <string>

static fasttext::loss_name loss_of(tamis_fasttext_loss loss)
{
    switch (loss) {
    case TAMIS_FASTTEXT_LOSS_HS:
        return fasttext::loss_name::hs;
    case TAMIS_FASTTEXT_LOSS_OVA:
        return fasttext::loss_name::ova;
    case TAMIS_FASTTEXT_LOSS_SOFTMAX:
        break;
    }
    return fasttext::loss_name::softmax;
}

static fasttext::Args arguments_of(const tamis_fasttext_train_options &options)
{
    fasttext::Args arguments;
    const bool has_ngrams = options.word_ngrams > 1 || options.ngram_max > 0;

    arguments.input = options.input_path;
    arguments.output = options.output_path;
    arguments.model = fasttext::model_name::sup;
    arguments.loss = loss_of(options.loss);
    arguments.lr = options.learning_rate;
    arguments.dim = static_cast<int>(options.dim);
    arguments.epoch = static_cast<int>(options.epochs);
    arguments.wordNgrams = static_cast<int>(options.word_ngrams);
    arguments.minn = static_cast<int>(options.ngram_min);
    arguments.maxn = static_cast<int>(options.ngram_max);
    arguments.bucket = has_ngrams ? static_cast<int>(options.buckets) : 0;
    arguments.minCount = static_cast<int>(options.min_count);
    arguments.minCountLabel = 0;
    arguments.seed = static_cast<int>(options.seed);
    arguments.thread = 1;
    arguments.verbose = 0;
    return arguments;
}

static void quantize(const tamis_fasttext_train_options &options, fasttext::FastText &model)
{
    fasttext::Args arguments = arguments_of(options);

    arguments.cutoff = options.cutoff;
    arguments.qnorm = options.has_norms;
    arguments.dsub = options.part_cols;
    arguments.qout = false; /* takes 256 labels at least */
    model.quantize(arguments);
}

static tamis_status train(const tamis_fasttext_train_options &options,
                          tamis_fasttext_train_progress progress, void *context, tamis_err *err)
{
    fasttext::FastText model;

    if (!std::ifstream(options.input_path).is_open()) {
        return tamis_err_set(err, TAMIS_EIO, "%s: cannot be read", options.input_path);
    }
    if (!std::ofstream(options.output_path).is_open()) {
        return tamis_err_set(err, TAMIS_EIO, "%s: cannot be written", options.output_path);
    }
    model.train(arguments_of(options),
                [progress, context](float share, float, double, double, int64_t) {
                    progress(context, static_cast<double>(share));
                });
    if (options.is_quantized) {
        quantize(options, model);
    }
    model.saveModel(options.output_path);
    return TAMIS_OK;
}

extern "C" tamis_status tamis_fasttext_train(const tamis_fasttext_train_options *options,
                                             tamis_fasttext_train_progress progress, void *context,
                                             tamis_err *err)
{
    try {
        return train(*options, progress, context, err);
    } catch (const std::bad_alloc &) {
        return tamis_err_set(err, TAMIS_ENOMEM,
                             "no memory for the model; use fewer buckets or dimensions");
    } catch (const std::exception &fault) {
        return tamis_err_set(err, TAMIS_EFORMAT, "fastText: %s", fault.what());
    }
}
