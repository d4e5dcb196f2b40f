// Tkrzw's HashDBM over a memory-mapped file: unordered, updates in place, buckets for the keys that will come. A kill of the process loses nothing, as
// the mapping is shared.
#include <tkrzw_dbm_hash.h>

#include "compare/tkrzw_store.h"

namespace bench {
namespace {

std::unique_ptr<Engine> open(const Setup& setup) {
  tkrzw::HashDBM::TuningParameters tuning;
  tuning.update_mode = tkrzw::HashDBM::UPDATE_IN_PLACE;
  tuning.num_buckets = static_cast<int64_t>(2 * setup.key_count + 1000);
  return std::make_unique<TkrzwEngine<tkrzw::HashDBM>>(setup, "db.tkh", tuning);
}

const bool registered =
    register_engine({.name = "tkrzw_hash",
                     .rank = 20,
                     .ordered = false,
                     .version = tkrzw::PACKAGE_VERSION,
                     .settings = "HashDBM, memory-mapped, updates in place, 2 buckets a key; a batch is not atomic; no checksums",
                     .open = open});

}  // namespace
}  // namespace bench
