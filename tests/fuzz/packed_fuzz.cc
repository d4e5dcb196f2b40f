// Any bytes as packed batches, look-ups, transactions, batches of a durable log, patterns and bounds of scans. A batch that is refused changes nothing.
#include <firn.h>

#include <vector>

#include "fuzz/fuzz_target.h"

namespace {

const uint8_t* bytes_of(const std::string& text) { return reinterpret_cast<const uint8_t*>(text.data()); }

std::vector<uint8_t> content(firn_db* db) {
  std::vector<uint8_t> bytes(1 << 16);
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  opts.flags = FIRN_SCAN_ENTRIES;
  firn_iter* iter = firn_scan(db, nullptr, &opts, nullptr);
  FIRN_DEMAND(iter != nullptr);
  const int64_t filled = firn_iter_chunk(iter, bytes.data(), bytes.size());
  firn_iter_close(iter);
  bytes.resize(filled < 0 ? 0 : static_cast<size_t>(filled));
  return bytes;
}

void write(firn_db* db, const std::string& batch) {
  const auto before = content(db);
  const int64_t version = firn_write(db, bytes_of(batch), batch.size(), 0);
  if (version < 0) FIRN_DEMAND(content(db) == before);
  firn_txn* txn = firn_txn_begin(db, 0, nullptr);
  FIRN_DEMAND(txn != nullptr);
  (void)firn_txn_write(txn, bytes_of(batch), batch.size());
  (void)firn_txn_commit(txn);
  firn_txn_close(txn);
}

void look_up(firn_db* db, const std::string& keys) {
  uint8_t out[256];
  const int64_t needed = firn_multi_get(db, bytes_of(keys), keys.size(), out, sizeof out);
  if (needed > static_cast<int64_t>(sizeof out)) {
    std::vector<uint8_t> larger(static_cast<size_t>(needed));
    FIRN_DEMAND(firn_multi_get(db, bytes_of(keys), keys.size(), larger.data(), larger.size()) == needed);
  }
  firn_pin_t pin;
  const int64_t count = firn_multi_pin(db, bytes_of(keys), keys.size(), nullptr, 0, &pin);
  FIRN_DEMAND(pin.owner == nullptr && (needed < 0 ? count == needed : count >= 0 && 8 * count <= needed));
  if (count <= 0) return;
  std::vector<firn_answer> answers(static_cast<size_t>(count));
  FIRN_DEMAND(firn_multi_pin(db, bytes_of(keys), keys.size(), answers.data(), answers.size(), &pin) == count);
  int64_t bytes = 8 * count;
  for (const firn_answer& answer : answers) bytes += static_cast<int64_t>(answer.len);
  FIRN_DEMAND(bytes == needed);
  firn_unpin(&pin);
}

void scan(firn_db* db, const std::string& text, uint8_t flags) {
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  opts.flags = flags % 8;
  const size_t half = text.size() / 2;
  opts.lower = bytes_of(text);
  opts.lower_len = half;
  if ((flags & 8) != 0) {
    opts.upper = bytes_of(text) + half;
    opts.upper_len = text.size() - half;
  }
  if ((flags & 16) != 0) {
    opts.prefix = bytes_of(text);
    opts.prefix_len = half / 2;
  }
  if ((flags & 32) != 0 && !text.empty()) {
    opts.glob = text.c_str();
    opts.glob_len = text.size();
    opts.lower_len = 0;
    opts.lower = nullptr;
  }
  firn_iter* iter = firn_scan(db, nullptr, &opts, nullptr);
  if (iter == nullptr) return;
  uint8_t out[128];
  for (int i = 0; i < 100 && firn_iter_chunk(iter, out, sizeof out) > 0; i++) {
  }
  (void)firn_iter_seek(iter, bytes_of(text), text.size());
  (void)firn_iter_chunk(iter, out, sizeof out);
  firn_iter_close(iter);
}

}  // namespace

FIRN_FUZZ_TARGET(packed)(firn::FuzzInput& input) {
  firn_options* options = firn_options_new();
  FIRN_DEMAND(firn_options_parse(options, "memtable_bytes=4KiB,single_threaded=true") == FIRN_OK);
  firn_db* db = firn_open(":memory:", options, nullptr);
  firn_options_free(options);
  FIRN_DEMAND(db != nullptr);
  FIRN_DEMAND(firn_put(db, 0, bytes_of("key"), 3, bytes_of("12345678"), 8) == FIRN_OK);
  while (!input.empty()) {
    const uint8_t action = input.byte();
    const std::string bytes = input.piece(512);
    switch (action % 4) {
      case 0:
      case 1:
        write(db, bytes);
        break;
      case 2:
        look_up(db, bytes);
        break;
      default:
        scan(db, bytes, action / 4);
    }
  }
  FIRN_DEMAND(firn_close(db) == FIRN_OK);
}
