/* SPDX-License-Identifier: Apache-2.0 */
/* In C++, since the C interface takes a logger but makes none. */
#include "rocksdb_quiet.h"

#include <rocksdb/env.h>

#include <memory>
#include <new>

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
    /* One for all, in a place of its own: it takes no memory that may be wanting, and outlives the
     * threads of the library at the end of the process. So it has no owner that counts. */
    alignas(quiet_logger) static unsigned char place[sizeof(quiet_logger)];
    static rocksdb::Logger *const quiet = new (place) quiet_logger();
    rocksdb_logger_t logger{std::shared_ptr<rocksdb::Logger>(std::shared_ptr<void>(), quiet)};

    rocksdb_options_set_info_log(options, &logger);
}
