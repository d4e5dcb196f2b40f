#include "batch_writer.h"

namespace firn::cli {
namespace {

constexpr size_t kBatchBytesMax = size_t{1} << 20;
constexpr size_t kKeyBytesMax = 65535;
constexpr size_t kValueBytesMax = size_t{1} << 30;

}  // namespace

void BatchWriter::put(uint32_t ns, std::string_view key, std::string_view value, int64_t ttl_ms) {
  ++entry_count_;
  // Checked here, because a batch that the library refuses as a whole says nothing about which of its entries was wrong.
  if (key.empty()) throw Failure{FIRN_INVALID, "entry " + std::to_string(entry_count_) + " has an empty key", {}};
  if (key.size() > kKeyBytesMax || value.size() > kValueBytesMax) {
    throw Failure{FIRN_TOO_LARGE, "entry " + std::to_string(entry_count_) + ": a key has at most 65,535 bytes, a value at most 1 GiB", {}};
  }
  if (!batch_.empty() && batch_.size() + key.size() + value.size() > kBatchBytesMax) flush();
  const uint32_t head[] = {FIRN_OP_PUT, ns, static_cast<uint32_t>(key.size()), static_cast<uint32_t>(value.size())};
  batch_.append(reinterpret_cast<const char*>(head), sizeof head);
  batch_.append(reinterpret_cast<const char*>(&ttl_ms), sizeof ttl_ms);
  batch_ += key;
  batch_ += value;
  bytes_ += key.size() + value.size();
}

void BatchWriter::flush() {
  if (batch_.empty()) return;
  database_.check(firn_write(database_.handle(), octets(batch_), batch_.size(), 0));
  batch_.clear();
}

}  // namespace firn::cli
