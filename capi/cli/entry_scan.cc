#include "entry_scan.h"

#include <cstring>

namespace firn::cli {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;

}  // namespace

SharedSnapshot::SharedSnapshot(const Database& database) {
  firn_error error = FIRN_ERROR_INIT;
  txn_ = firn_txn_begin(database.handle(), FIRN_TXN_READ_ONLY, &error);
  if (txn_ == nullptr) throw failure_of(error.code, error);
}

EntryScan::EntryScan(const Database& database, const SharedSnapshot& snapshot, uint32_t ns) : database_(database), chunk_(kChunkBytes, 0) {
  firn_scan_opts options = FIRN_SCAN_OPTS_INIT;
  options.ns = ns;
  options.flags = FIRN_SCAN_ENTRIES;
  firn_error error = FIRN_ERROR_INIT;
  iter_ = firn_scan(database.handle(), snapshot.handle(), &options, &error);
  if (iter_ == nullptr) throw failure_of(error.code, error);
}

bool EntryScan::fill() {
  for (;;) {
    const int64_t bytes = firn_iter_chunk(iter_, reinterpret_cast<uint8_t*>(chunk_.data()), chunk_.size());
    if (bytes == FIRN_TOO_LARGE) {
      uint64_t needed = 0;
      std::memcpy(&needed, chunk_.data(), sizeof needed);
      chunk_.resize(static_cast<size_t>(needed));
      continue;
    }
    database_.check(bytes);
    rest_ = std::string_view(chunk_).substr(0, static_cast<size_t>(bytes));
    return bytes > 0;
  }
}

bool EntryScan::next(ScannedEntry& entry) {
  if (rest_.empty() && !fill()) return false;
  uint32_t lengths[2];  // of key and value
  std::memcpy(lengths, rest_.data(), sizeof lengths);
  std::memcpy(&entry.version, rest_.data() + 8, sizeof entry.version);
  std::memcpy(&entry.expiry_ms, rest_.data() + 16, sizeof entry.expiry_ms);
  rest_.remove_prefix(24);
  entry.key = rest_.substr(0, lengths[0]);
  rest_.remove_prefix(lengths[0]);
  entry.value = rest_.substr(0, lengths[1]);
  rest_.remove_prefix(lengths[1]);
  return true;
}

}  // namespace firn::cli
