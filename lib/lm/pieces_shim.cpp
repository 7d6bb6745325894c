// SPDX-License-Identifier: Apache-2.0
#include "pieces_shim.h"

#include <exception>
#include <new>
#include <string>
#include <vector>

#include <sentencepiece_processor.h>

struct shim_pieces {
    sentencepiece::SentencePieceProcessor processor;
};

template <typename Work> static int guarded(const Work &work) noexcept
{
    try {
        return work();
    } catch (const std::bad_alloc &) {
        return SHIM_NO_MEMORY;
    } catch (const std::exception &) {
        return SHIM_REFUSED;
    }
}

static int load(const void *bytes, size_t size, shim_pieces **out_pieces)
{
    shim_pieces *pieces = new shim_pieces;
    const char *data = static_cast<const char *>(bytes);

    if (!pieces->processor.LoadFromSerializedProto(absl::string_view(data, size)).ok()) {
        delete pieces;
        return SHIM_REFUSED;
    }
    *out_pieces = pieces;
    return SHIM_OK;
}

int shim_pieces_load(const void *bytes, size_t size, shim_pieces **out_pieces)
{
    return guarded([&] { return load(bytes, size, out_pieces); });
}

void shim_pieces_destroy(shim_pieces *pieces)
{
    delete pieces;
}

int shim_pieces_count(const shim_pieces *pieces)
{
    return pieces->processor.GetPieceSize();
}

static int cut(const shim_pieces *pieces, const void *text, size_t size, shim_put put,
               void *context)
{
    static thread_local std::vector<std::string> cuts;
    const char *data = static_cast<const char *>(text);

    if (!pieces->processor.Encode(absl::string_view(data, size), &cuts).ok()) {
        return SHIM_REFUSED;
    }
    for (const std::string &piece : cuts) {
        if (put(context, piece.data(), piece.size()) != 0) {
            return SHIM_CALLER;
        }
    }
    return SHIM_OK;
}

int shim_pieces_cut(const shim_pieces *pieces, const void *text, size_t size, shim_put put,
                    void *context)
{
    return guarded([&] { return cut(pieces, text, size, put, context); });
}
