// A sequence of calls of the C interface against a map: puts, deletes, batches, ranges, reads, scans, flushes, compactions. A wrong answer traps.
#include <firn.h>

#include <map>

#include "fuzz/fuzz_target.h"

namespace {

using Model = std::map<std::string, std::string>;
constexpr size_t kKeyBytesMax = 12;
constexpr size_t kValueBytesMax = 200;

const uint8_t* bytes_of(const std::string& text) { return reinterpret_cast<const uint8_t*>(text.data()); }
std::string text_of(const uint8_t* bytes, size_t count) {
  return count == 0 ? std::string() : std::string(reinterpret_cast<const char*>(bytes), count);
}

void compare(firn_db* db, const Model& model) {
  firn_iter* iter = firn_scan(db, nullptr, nullptr, nullptr);
  FIRN_DEMAND(iter != nullptr);
  auto at = model.begin();
  firn_kv entry;
  while (firn_iter_entries(iter, &entry, 1) == 1) {
    FIRN_DEMAND(at != model.end() && text_of(entry.key, entry.key_len) == at->first && text_of(entry.val, entry.val_len) == at->second);
    ++at;
  }
  FIRN_DEMAND(at == model.end());
  firn_iter_close(iter);
}

void get(firn_db* db, const Model& model, const std::string& key) {
  uint8_t buf[kValueBytesMax];
  const int64_t length = firn_get(db, 0, bytes_of(key), key.size(), buf, sizeof buf);
  const auto at = model.find(key);
  const int64_t absent = key.empty() ? FIRN_INVALID : FIRN_NOT_FOUND;
  FIRN_DEMAND(length == (at == model.end() ? absent : static_cast<int64_t>(at->second.size())));
  FIRN_DEMAND(length < 0 || text_of(buf, at->second.size()) == at->second);
}

void delete_range(firn_db* db, Model* model, const std::string& lower, const std::string& upper) {
  const uint8_t* const end_bytes = upper.empty() ? nullptr : bytes_of(upper);  // NULL: an open bound
  const int64_t deleted = firn_delete_range(db, 0, bytes_of(lower), lower.size(), end_bytes, upper.size(), 0);
  if (deleted < 0) return;
  const auto begin = model->lower_bound(lower);
  const auto end = upper.empty() ? model->end() : model->lower_bound(upper);
  if (upper.empty() || lower < upper) model->erase(begin, end);
}

void step(firn_db* db, Model* model, firn::FuzzInput& input) {
  const uint8_t action = input.byte() % 8;
  const std::string key = input.piece(kKeyBytesMax);
  switch (action) {
    case 0:
    case 1: {
      const std::string value = input.piece(kValueBytesMax);
      const int32_t code = firn_put(db, 0, bytes_of(key), key.size(), bytes_of(value), value.size());
      FIRN_DEMAND(code == (key.empty() ? FIRN_INVALID : FIRN_OK));
      if (code == FIRN_OK) (*model)[key] = value;
      break;
    }
    case 2:
      if (firn_delete(db, 0, bytes_of(key), key.size()) == FIRN_OK) model->erase(key);
      break;
    case 3:
      get(db, *model, key);
      break;
    case 4:
      delete_range(db, model, key, input.piece(kKeyBytesMax));
      break;
    case 5:
      FIRN_DEMAND(firn_flush(db) == FIRN_OK);
      break;
    case 6:
      FIRN_DEMAND(firn_compact(db) == FIRN_OK);
      break;
    default:
      compare(db, *model);
  }
}

}  // namespace

FIRN_FUZZ_TARGET(calls)(firn::FuzzInput& input) {
  firn_options* options = firn_options_new();
  FIRN_DEMAND(firn_options_parse(options, "memtable_bytes=4KiB,single_threaded=true") == FIRN_OK);
  firn_db* db = firn_open(":memory:", options, nullptr);
  firn_options_free(options);
  FIRN_DEMAND(db != nullptr);
  Model model;
  while (!input.empty()) step(db, &model, input);
  compare(db, model);
  FIRN_DEMAND(firn_close(db) == FIRN_OK);
}
