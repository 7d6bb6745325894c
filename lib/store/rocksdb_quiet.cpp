/* SPDX-License-Identifier: Apache-2.0 */
/* In C++, since the C interface takes a logger but makes none. */
#include "rocksdb_quiet.h"

#include <rocksdb/env.h>

#include <memory>

/* As in the library's own db/c.cc, which alone knows what is behind the name. */
struct rocksdb_logger_t {
    std::shared_ptr<rocksdb::Logger> rep;
};

namespace {

class quiet_logger : public rocksdb::Logger {
  public:
    using rocksdb::Logger::Logv;

    void Logv(const char *, va_list) override
    {
    }
};

} // namespace

extern "C" void rocksdb_quiet_set(rocksdb_options_t *options)
{
    rocksdb_logger_t logger{std::make_shared<quiet_logger>()};

    rocksdb_options_set_info_log(options, &logger); /* takes a reference */
}
