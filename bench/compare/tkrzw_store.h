// Tkrzw behind the interface: what its hash and its tree share. Dbm is one of its database classes.
#pragma once

#include <tkrzw_lib_common.h>

#include "compare/engine.h"

namespace bench {

inline void must(const tkrzw::Status& status) {
  if (!status.IsOK()) fail("tkrzw: " + tkrzw::ToString(status));
}

template <class Dbm>
class TkrzwSession final : public Session {
 public:
  TkrzwSession(Dbm& dbm, bool sync) : dbm_(dbm), sync_(sync) {}
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
  uint64_t scan(std::string_view start, uint64_t limit, EntrySink& sink) override {
    const auto iterator = dbm_.MakeIterator();
    must(start.empty() ? iterator->First() : iterator->Jump(start));
    uint64_t count = 0;
    for (; count < limit; ++count, must(iterator->Next())) {
      const auto status = iterator->Get(&key_, &value_);
      if (status == tkrzw::Status::NOT_FOUND_ERROR) break;
      must(status);
      sink.take(key_, value_);
    }
    return count;
  }

 private:
  bool get_one(std::string_view key, size_t position, ValueSink& sink) {
    const auto status = dbm_.Get(key, &value_);
    if (status == tkrzw::Status::NOT_FOUND_ERROR) return false;
    must(status);
    sink.take(position, value_.data(), value_.size());
    return true;
  }
  Dbm& dbm_;
  bool sync_;
  std::string key_, value_;
};

template <class Dbm>
class TkrzwEngine final : public Engine {
 public:
  TkrzwEngine(const Setup& setup, const std::string& file, const typename Dbm::TuningParameters& tuning)
      : sync_(setup.durability == Durability::kSync) {
    must(dbm_.OpenAdvanced(setup.path + "/" + file, true, tkrzw::File::OPEN_DEFAULT, tuning));
  }
  ~TkrzwEngine() override { must(dbm_.Close()); }
  std::unique_ptr<Session> session() override { return std::make_unique<TkrzwSession<Dbm>>(dbm_, sync_); }
  void sync() override { must(dbm_.Synchronize(true)); }
  void compact() override { must(dbm_.Rebuild()); }

 private:
  bool sync_;
  Dbm dbm_;
};

}  // namespace bench
