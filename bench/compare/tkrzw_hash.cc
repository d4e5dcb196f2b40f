// Tkrzw's HashDBM over a memory-mapped file: unordered, updates in place, buckets for the keys that will come. A kill of the process loses nothing, as
// the mapping is shared. (Its TreeDBM keeps changed pages in the process until it is synchronized: not this durability class, so not here.)
#include <tkrzw_dbm_hash.h>
#include <tkrzw_lib_common.h>

#include "compare/engine.h"

namespace bench {
namespace {

void must(const tkrzw::Status& status) {
  if (!status.IsOK()) fail("tkrzw_hash: " + tkrzw::ToString(status));
}

class TkrzwSession final : public Session {
 public:
  TkrzwSession(tkrzw::HashDBM& dbm, bool sync) : dbm_(dbm), sync_(sync) {}
  void put(std::string_view key, std::string_view value) override {
    must(dbm_.Set(key, value));
    if (sync_) must(dbm_.Synchronize(true));
  }
  bool get(std::string_view key, ValueSink& sink) override { return get_one(key, 0, sink); }
  void remove(std::string_view key) override {
    const auto status = dbm_.Remove(key);
    if (status != tkrzw::Status::NOT_FOUND_ERROR) must(status);
    if (sync_) must(dbm_.Synchronize(true));
  }
  void write(std::span<const Entry> batch) override {
    for (const auto& entry : batch) must(dbm_.Set(entry.key, entry.value));
    if (sync_) must(dbm_.Synchronize(true));
  }
  size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) override {
    size_t found = 0;
    for (size_t i = 0; i < keys.size(); ++i) found += get_one(keys[i], i, sink);
    return found;
  }
  uint64_t scan(std::string_view, uint64_t, EntrySink&) override { return 0; }

 private:
  bool get_one(std::string_view key, size_t position, ValueSink& sink) {
    const auto status = dbm_.Get(key, &value_);
    if (status == tkrzw::Status::NOT_FOUND_ERROR) return false;
    must(status);
    sink.take(position, value_.data(), value_.size());
    return true;
  }
  tkrzw::HashDBM& dbm_;
  bool sync_;
  std::string value_;
};

class TkrzwEngine final : public Engine {
 public:
  explicit TkrzwEngine(const Setup& setup) : sync_(setup.durability == Durability::kSync) {
    tkrzw::HashDBM::TuningParameters tuning;
    tuning.update_mode = tkrzw::HashDBM::UPDATE_IN_PLACE;
    tuning.num_buckets = static_cast<int64_t>(2 * setup.key_count + 1000);
    must(dbm_.OpenAdvanced(setup.path + "/db.tkh", true, tkrzw::File::OPEN_DEFAULT, tuning));
  }
  ~TkrzwEngine() override { must(dbm_.Close()); }
  std::unique_ptr<Session> session() override { return std::make_unique<TkrzwSession>(dbm_, sync_); }
  void sync() override { must(dbm_.Synchronize(true)); }
  void compact() override { must(dbm_.Rebuild()); }

 private:
  bool sync_;
  tkrzw::HashDBM dbm_;
};

const bool registered =
    register_engine({.name = "tkrzw_hash",
                     .rank = 20,
                     .ordered = false,
                     .version = tkrzw::PACKAGE_VERSION,
                     .settings = "HashDBM, memory-mapped, updates in place, 2 buckets a key; a batch is not atomic; no checksums",
                     .open = [](const Setup& setup) { return std::make_unique<TkrzwEngine>(setup); }});

}  // namespace
}  // namespace bench
