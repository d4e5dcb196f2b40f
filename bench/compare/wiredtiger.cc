// WiredTiger: a row-store table, the log on, auto-commit, one session and cursor a thread. Process durability: the log record is handed to the OS at
// commit (transaction_sync method=none); without transaction_sync it would stay in a buffer of the process and a kill would lose it. Sync: method=fsync.
#include <wiredtiger.h>

#include "compare/engine.h"

namespace bench {
namespace {

constexpr const char* kTable = "table:bench";

void must(int code) {
  if (code != 0) fail(std::string("wiredtiger: ") + wiredtiger_strerror(code));
}

WT_ITEM item(std::string_view bytes) {
  WT_ITEM result{};
  result.data = bytes.data();
  result.size = bytes.size();
  return result;
}
std::string_view view(const WT_ITEM& bytes) { return {static_cast<const char*>(bytes.data), bytes.size}; }

class WiredtigerSession final : public Session {
 public:
  explicit WiredtigerSession(WT_CONNECTION* connection) {
    must(connection->open_session(connection, nullptr, nullptr, &session_));
    must(session_->open_cursor(session_, kTable, nullptr, "overwrite=true", &cursor_));
  }
  ~WiredtigerSession() override { must(session_->close(session_, nullptr)); }
  void put(std::string_view key, std::string_view value) override {
    set_key(key);
    const WT_ITEM v = item(value);
    cursor_->set_value(cursor_, &v);
    must(cursor_->insert(cursor_));
  }
  bool get(std::string_view key, ValueSink& sink) override { return get_one(key, 0, sink); }
  void remove(std::string_view key) override {
    set_key(key);
    must(cursor_->remove(cursor_));
  }
  void write(std::span<const Entry> batch) override {
    must(session_->begin_transaction(session_, nullptr));
    for (const auto& entry : batch) put(entry.key, entry.value);
    must(session_->commit_transaction(session_, nullptr));
  }
  size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) override {
    size_t found = 0;
    for (size_t i = 0; i < keys.size(); ++i) found += get_one(keys[i], i, sink);
    return found;
  }
  uint64_t scan(std::string_view start, uint64_t limit, EntrySink& sink) override {
    int code = 0;
    if (start.empty()) {
      code = cursor_->next(cursor_);
    } else {
      int where = 0;
      set_key(start);
      code = cursor_->search_near(cursor_, &where);
      if (code == 0 && where < 0) code = cursor_->next(cursor_);
    }
    uint64_t count = 0;
    for (; code == 0 && count < limit; code = cursor_->next(cursor_)) {
      WT_ITEM k, v;
      must(cursor_->get_key(cursor_, &k));
      must(cursor_->get_value(cursor_, &v));
      sink.take(view(k), view(v));
      if (++count == limit) break;
    }
    if (code != WT_NOTFOUND) must(code);
    must(cursor_->reset(cursor_));
    return count;
  }

 private:
  void set_key(std::string_view key) {
    const WT_ITEM k = item(key);
    cursor_->set_key(cursor_, &k);
  }
  bool get_one(std::string_view key, size_t position, ValueSink& sink) {
    set_key(key);
    const int code = cursor_->search(cursor_);
    if (code == WT_NOTFOUND) return false;
    must(code);
    WT_ITEM v;
    must(cursor_->get_value(cursor_, &v));
    sink.take(position, static_cast<const char*>(v.data), v.size);
    must(cursor_->reset(cursor_));
    return true;
  }
  WT_SESSION* session_ = nullptr;
  WT_CURSOR* cursor_ = nullptr;
};

class WiredtigerEngine final : public Engine {
 public:
  explicit WiredtigerEngine(const Setup& setup) {
    const uint64_t cache_mib = 1024 + 4 * setup.key_count * (setup.key_bytes + setup.value_bytes) / (1 << 20);
    const char* method = setup.durability == Durability::kSync ? "fsync" : "none";
    const std::string config = "create,cache_size=" + std::to_string(cache_mib) +
                               "M,log=(enabled=true),transaction_sync=(enabled=true,method=" + method +
                               "),checkpoint=(wait=60),eviction=(threads_min=1,threads_max=2)";
    must(wiredtiger_open(setup.path.c_str(), nullptr, config.c_str(), &connection_));
    must(connection_->open_session(connection_, nullptr, nullptr, &session_));
    must(session_->create(session_, kTable, "key_format=u,value_format=u"));
  }
  ~WiredtigerEngine() override { must(connection_->close(connection_, nullptr)); }
  std::unique_ptr<Session> session() override { return std::make_unique<WiredtigerSession>(connection_); }
  void sync() override { must(session_->log_flush(session_, "sync=on")); }
  void compact() override {
    must(session_->checkpoint(session_, nullptr));
    must(session_->compact(session_, kTable, nullptr));
  }

 private:
  WT_CONNECTION* connection_ = nullptr;
  WT_SESSION* session_ = nullptr;
};

std::string version() {
  int major = 0, minor = 0, patch = 0;
  wiredtiger_version(&major, &minor, &patch);
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

const bool registered = register_engine(
    {.name = "wiredtiger",
     .rank = 13,
     .peer = true,
     .version = version(),
     .settings = "log on, transaction_sync method=none (fillsync: fsync), cache above the data, checkpoint every 60 s, no compression",
     .open = [](const Setup& setup) { return std::make_unique<WiredtigerEngine>(setup); }});

}  // namespace
}  // namespace bench
