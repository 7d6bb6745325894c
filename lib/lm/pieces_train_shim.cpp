// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <unordered_map>

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include "pieces_shim.h"

namespace {

// Hands lines of a C callback to the library.
class Lines : public sentencepiece::SentenceIterator {
  public:
    explicit Lines(const shim_train *options) : options_(options)
    {
        Next();
    }
    bool done() const override
    {
        return outcome_ != 1;
    }
    void Next() override
    {
        const char *line = nullptr;
        size_t size = 0;

        outcome_ = options_->next(options_->context, &line, &size);
        if (outcome_ == 1) {
            line_.assign(line, size);
        }
    }
    const std::string &value() const override
    {
        return line_;
    }
    sentencepiece::util::Status status() const override
    {
        return sentencepiece::util::Status();
    }
    bool has_failed() const
    {
        return outcome_ < 0;
    }

  private:
    const shim_train *options_;
    int outcome_ = 0;
    std::string line_;
};

} // namespace

static void keep(const std::string &message, char *out_message, size_t message_size)
{
    size_t size = std::min(message.size(), message_size - 1);

    std::copy_n(message.data(), size, out_message);
    out_message[size] = '\0';
}

static int train(const shim_train *options, shim_put take, char *out_message, size_t message_size)
{
    Lines lines(options);
    std::string model;
    const std::unordered_map<std::string, std::string> settings = {
        {"model_type", "unigram"},
        {"vocab_size", std::to_string(options->vocabulary)},
        {"character_coverage", std::to_string(options->coverage)},
        {"hard_vocab_limit", "false"},
        {"num_threads", "4"}, // sums are added in so many parts: part of the result
        {"minloglevel", "2"},
        {"train_extremely_large_corpus", "true"},
    };
    const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &lines, &model);

    if (lines.has_failed()) {
        return SHIM_CALLER;
    }
    if (!status.ok()) {
        keep(status.ToString(), out_message, message_size);
        return SHIM_REFUSED;
    }
    return take(options->context, model.data(), model.size()) == 0 ? SHIM_OK : SHIM_CALLER;
}

int shim_pieces_train(const shim_train *options, shim_put take, char *out_message,
                      size_t message_size)
{
    try {
        return train(options, take, out_message, message_size);
    } catch (const std::bad_alloc &) {
        return SHIM_NO_MEMORY;
    } catch (const std::exception &e) {
        keep(e.what(), out_message, message_size);
        return SHIM_REFUSED;
    }
}
