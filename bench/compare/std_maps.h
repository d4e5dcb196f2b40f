// std::map and std::unordered_map behind the interface: no disk. Limits, not peers.
#pragma once

#include <mutex>
#include <shared_mutex>
#include <string>

#include "compare/engine.h"

namespace bench {

// In the place of a mutex where there is one thread.
struct NoMutex {
  void lock() {}
  void unlock() {}
  void lock_shared() {}
  void unlock_shared() {}
};

// Map must map std::string to std::string with transparent look-up. Without a mutex values are copied out, as a caller who goes on writing needs them.
template <class Map, class Mutex>
class MapSession : public Session {
 public:
  MapSession(Map& map, Mutex& mutex) : map_(map), mutex_(mutex) {}
  void put(std::string_view key, std::string_view value) override {
    const std::unique_lock lock(mutex_);
    assign(key, value);
  }
  bool get(std::string_view key, ValueSink& sink) override {
    const std::shared_lock lock(mutex_);
    return find(key, 0, sink);
  }
  void remove(std::string_view key) override {
    const std::unique_lock lock(mutex_);
    const auto place = map_.find(key);
    if (place != map_.end()) map_.erase(place);
  }
  void write(std::span<const Entry> batch) override {
    const std::unique_lock lock(mutex_);
    for (const auto& entry : batch) assign(entry.key, entry.value);
  }
  size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) override {
    const std::shared_lock lock(mutex_);
    size_t found = 0;
    for (size_t i = 0; i < keys.size(); ++i) found += find(keys[i], i, sink);
    return found;
  }
  uint64_t scan([[maybe_unused]] std::string_view start, [[maybe_unused]] uint64_t limit, [[maybe_unused]] EntrySink& sink) override {
    uint64_t count = 0;
    if constexpr (requires { map_.lower_bound(start); }) {
      const std::shared_lock lock(mutex_);
      for (auto place = map_.lower_bound(start); place != map_.end() && count < limit; ++place, ++count)
        sink.take(place->first, place->second);
    }
    return count;
  }
  int64_t add(std::string_view key, int64_t delta) override {
    const std::unique_lock lock(mutex_);
    auto place = map_.find(key);
    if (place == map_.end()) place = map_.emplace(std::string(key), std::string(sizeof delta, '\0')).first;
    int64_t sum = 0;
    std::memcpy(&sum, place->second.data(), sizeof sum);
    sum += delta;
    std::memcpy(place->second.data(), &sum, sizeof sum);
    return sum;
  }

 private:
  void assign(std::string_view key, std::string_view value) {
    const auto place = map_.find(key);
    if (place != map_.end())
      place->second.assign(value);
    else
      map_.emplace(std::string(key), std::string(value));
  }
  bool find(std::string_view key, size_t position, ValueSink& sink) {
    const auto place = map_.find(key);
    if (place == map_.end()) return false;
    const std::string* value = &place->second;
    if constexpr (std::is_same_v<Mutex, NoMutex>) value = &copy_.assign(*value);
    sink.take(position, value->data(), value->size());
    return true;
  }
  Map& map_;
  Mutex& mutex_;
  std::string copy_;
};

template <class Map, class Mutex>
class MapEngine : public Engine {
 public:
  explicit MapEngine(const Setup& setup) {
    if constexpr (requires { map_.reserve(1); }) map_.reserve(setup.key_count);
  }
  std::unique_ptr<Session> session() override { return std::make_unique<MapSession<Map, Mutex>>(map_, mutex_); }
  void sync() override {}
  void compact() override {}

 private:
  Map map_;
  Mutex mutex_;
};

}  // namespace bench
