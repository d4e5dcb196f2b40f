// Firn through firn.h, as users call it: default options, only the durability is named.
#include "firn.h"

#include "compare/engine.h"

namespace bench {
namespace {

const uint8_t* bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }
const char* chars(const uint8_t* data) { return reinterpret_cast<const char*>(data); }

void must(int64_t code) {
  if (code < 0) fail(std::string("firn: ") + firn_status_name(static_cast<int32_t>(code)));
}

// Packed formats are little-endian, as is every machine that this program runs on.
template <class Number>
void pack(std::vector<uint8_t>& to, Number number) {
  const size_t place = to.size();
  to.resize(place + sizeof number);
  std::memcpy(to.data() + place, &number, sizeof number);
}

class FirnSession final : public Session {
 public:
  FirnSession(firn_db* db, const Setup& setup) : db_(db), pins_(setup.value_bytes >= kPinBytesMin), buffer_(4096) {}
  void put(std::string_view key, std::string_view value) override {
    must(firn_put(db_, 0, bytes(key), key.size(), bytes(value), value.size()));
  }
  bool get(std::string_view key, ValueSink& sink) override { return pins_ ? get_pinned(key, sink) : get_copied(key, sink); }
  void remove(std::string_view key) override { must(firn_delete(db_, 0, bytes(key), key.size())); }
  void write(std::span<const Entry> batch) override {
    packed_.clear();
    for (const auto& entry : batch) {
      const uint32_t head[4] = {FIRN_OP_PUT, 0, static_cast<uint32_t>(entry.key.size()), static_cast<uint32_t>(entry.value.size())};
      pack_bytes(head, sizeof head);
      pack(packed_, int64_t{0});
      pack_bytes(entry.key.data(), entry.key.size());
      pack_bytes(entry.value.data(), entry.value.size());
    }
    must(firn_write(db_, packed_.data(), packed_.size(), 0));
  }
  size_t multi_get(std::span<const std::string_view> keys, ValueSink& sink) override;
  uint64_t scan(std::string_view start, uint64_t limit, EntrySink& sink) override;
  int64_t add(std::string_view key, int64_t delta) override {
    const firn_i64 sum = firn_add(db_, 0, bytes(key), key.size(), delta);
    must(sum.status);
    return sum.value;
  }

 private:
  // From here on a pinned value is cheaper than a copied one.
  static constexpr size_t kPinBytesMin = 1024;
  bool get_copied(std::string_view key, ValueSink& sink) {
    int64_t length = firn_get(db_, 0, bytes(key), key.size(), buffer_.data(), buffer_.size());
    while (length > static_cast<int64_t>(buffer_.size())) {
      buffer_.resize(static_cast<size_t>(length));
      length = firn_get(db_, 0, bytes(key), key.size(), buffer_.data(), buffer_.size());
    }
    if (length == FIRN_NOT_FOUND) return false;
    must(length);
    sink.take(0, chars(buffer_.data()), static_cast<size_t>(length));
    return true;
  }
  bool get_pinned(std::string_view key, ValueSink& sink) {
    firn_pin_t pin;
    const int32_t code = firn_pin(db_, 0, bytes(key), key.size(), &pin);
    if (code == FIRN_NOT_FOUND) return false;
    must(code);
    sink.take(0, chars(pin.data), pin.len);
    firn_unpin(&pin);
    return true;
  }
  size_t multi_get_copied(size_t count, ValueSink& sink);
  size_t multi_get_pinned(size_t count, ValueSink& sink);
  void pack_bytes(const void* data, size_t size) {
    const size_t place = packed_.size();
    packed_.resize(place + size);
    std::memcpy(packed_.data() + place, data, size);
  }
  firn_db* db_;
  bool pins_;
  std::vector<uint8_t> buffer_;
  std::vector<uint8_t> packed_;
  std::vector<firn_answer> answers_;
  firn_kv entries_[128];
};

size_t FirnSession::multi_get(std::span<const std::string_view> keys, ValueSink& sink) {
  packed_.clear();
  for (const auto& key : keys) {
    const uint32_t head[2] = {0, static_cast<uint32_t>(key.size())};
    pack_bytes(head, sizeof head);
    pack_bytes(key.data(), key.size());
  }
  return pins_ ? multi_get_pinned(keys.size(), sink) : multi_get_copied(keys.size(), sink);
}

size_t FirnSession::multi_get_copied(size_t count, ValueSink& sink) {
  int64_t length = firn_multi_get(db_, packed_.data(), packed_.size(), buffer_.data(), buffer_.size());
  while (length > static_cast<int64_t>(buffer_.size())) {
    buffer_.resize(static_cast<size_t>(length));
    length = firn_multi_get(db_, packed_.data(), packed_.size(), buffer_.data(), buffer_.size());
  }
  must(length);
  size_t found = 0, place = 0;
  for (size_t i = 0; i < count; ++i) {
    int64_t size = 0;
    std::memcpy(&size, buffer_.data() + place, sizeof size);
    place += sizeof size;
    if (size == FIRN_NOT_FOUND) continue;
    must(size);
    sink.take(i, chars(buffer_.data()) + place, static_cast<size_t>(size));
    place += static_cast<size_t>(size);
    ++found;
  }
  return found;
}

size_t FirnSession::multi_get_pinned(size_t count, ValueSink& sink) {
  answers_.resize(count);
  firn_pin_t pin;
  must(firn_multi_pin(db_, packed_.data(), packed_.size(), answers_.data(), answers_.size(), &pin));
  size_t found = 0;
  for (size_t i = 0; i < count; ++i) {
    if (answers_[i].code == FIRN_NOT_FOUND) continue;
    must(answers_[i].code);
    sink.take(i, chars(answers_[i].data), answers_[i].len);
    ++found;
  }
  firn_unpin(&pin);
  return found;
}

uint64_t FirnSession::scan(std::string_view start, uint64_t limit, EntrySink& sink) {
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  opts.lower = bytes(start);
  opts.lower_len = start.size();
  opts.limit = limit;
  firn_error error = FIRN_ERROR_INIT;
  firn_iter* iterator = firn_scan(db_, nullptr, &opts, &error);
  if (iterator == nullptr) fail(std::string("firn: scan: ") + error.message);
  uint64_t count = 0;
  int64_t filled = 0;
  do {
    filled = firn_iter_entries(iterator, entries_, std::size(entries_));
    must(filled);
    for (int64_t i = 0; i < filled; ++i) {
      const firn_kv& kv = entries_[i];
      sink.take({chars(kv.key), kv.key_len}, {chars(kv.val), kv.val_len});
    }
    count += static_cast<uint64_t>(filled);
  } while (filled > 0 && count < limit);
  firn_iter_close(iterator);
  return count;
}

class FirnEngine final : public Engine {
 public:
  FirnEngine(const Setup& setup, const char* path, bool single_threaded = false) : setup_(setup) {
    firn_options* options = firn_options_new();
    must(firn_options_set(options, "durability", setup.durability == Durability::kSync ? "sync" : "process"));
    if (single_threaded) must(firn_options_set(options, "single_threaded", "true"));
    firn_error error = FIRN_ERROR_INIT;
    db_ = firn_open(path, options, &error);
    firn_options_free(options);
    if (db_ == nullptr) fail(std::string("firn: open: ") + firn_status_name(error.code) + ": " + error.message);
  }
  ~FirnEngine() override { must(firn_close(db_)); }
  std::unique_ptr<Session> session() override { return std::make_unique<FirnSession>(db_, setup_); }
  void sync() override { must(firn_sync(db_)); }
  void compact() override { must(firn_compact(db_)); }

 private:
  Setup setup_;
  firn_db* db_ = nullptr;
};

std::string version() {
  const uint32_t v = firn_version();
  return std::to_string(v >> 16) + "." + std::to_string((v >> 8) & 255) + "." + std::to_string(v & 255);
}

const bool registered = register_engine(
    {.name = "firn",
     .rank = 0,
     .counters = true,
     .version = version(),
     .settings = "default options (durability process; fillsync: sync), values of 1 KiB and above read by firn_pin and firn_multi_pin",
     .open = [](const Setup& setup) { return std::make_unique<FirnEngine>(setup, (setup.path + "/db").c_str()); }});

const bool registered_memory =
    register_engine({.name = "firn_memory",
                     .rank = 1,
                     .persistent = false,
                     .counters = true,
                     .version = version(),
                     .settings = "\":memory:\", otherwise default options",
                     .open = [](const Setup& setup) { return std::make_unique<FirnEngine>(setup, ":memory:"); }});

const bool registered_single =
    register_engine({.name = "firn_single",
                     .rank = 2,
                     .persistent = false,
                     .threads = false,
                     .counters = true,
                     .version = version(),
                     .settings = "\":memory:\", single_threaded, otherwise default options",
                     .open = [](const Setup& setup) { return std::make_unique<FirnEngine>(setup, ":memory:", true); }});

}  // namespace
}  // namespace bench
