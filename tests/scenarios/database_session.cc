#include "scenarios/database_session.h"

#include <unistd.h>

#include <thread>

#include "capi/capi_fixture.h"

namespace firn_test {
namespace {

using Answer = DatabaseSession::Answer;

int64_t number_of(const Command& command, const char* argument) {
  const std::string* text = command.find(argument);
  return text == nullptr ? 0 : number(*text);
}
Answer decided(int64_t code) { return {code < 0 ? error(code) : code == 1 ? "true" : "false"}; }

// Calls `call(buffer, capacity)` until what it returns fits.
template <typename Call>
int64_t into(std::string* out, const Call& call) {
  out->resize(256);
  for (;;) {
    const int64_t length = call(reinterpret_cast<uint8_t*>(out->data()), out->size());
    const bool fits = length <= static_cast<int64_t>(out->size());
    out->resize(length > 0 ? static_cast<size_t>(length) : 0);
    if (fits) return length;
  }
}

template <typename T>
T take(const std::string& from, size_t* at) {
  T value{};
  if (*at + sizeof value <= from.size()) std::memcpy(&value, from.data() + *at, sizeof value);
  *at += sizeof value;
  return value;
}

}  // namespace

DatabaseSession::DatabaseSession(const std::string& mode, std::vector<std::string> options)
    : is_in_memory_(mode == "memory"),
      options_(std::move(options)),
      path_(std::filesystem::temp_directory_path() / ("firn-scenario-" + std::to_string(getpid()))) {
  if (mode == "single_threaded") options_.emplace_back("single_threaded=true");
  std::filesystem::remove_all(path_);
  const auto in_ns = [this](int32_t (*call)(firn_db*, uint32_t)) {
    return [this, call](const Command& c) { return done(call(db_, ns_named(c.word(0)))); };
  };
  const auto on_db = [this](int32_t (*call)(firn_db*)) { return [this, call](const Command&) { return done(call(db_)); }; };
  add({
      {"flush", on_db(firn_flush)},
      {"compact", on_db(firn_compact)},
      {"sync", on_db(firn_sync)},
      {"put", [this](const Command& c) { return put(c, 0); }},
      {"put_if_absent", [this](const Command& c) { return put(c, FIRN_IF_ABSENT); }},
      {"put_if_present", [this](const Command& c) { return put(c, FIRN_IF_PRESENT); }},
      {"put_if_version", [this](const Command& c) { return put(c, FIRN_IF_VERSION); }},
      {"get", [this](const Command& c) { return get(c); }},
      {"get_entry", [this](const Command& c) { return get_entry(c); }},
      {"exists", [this](const Command& c) { return exists(c); }},
      {"delete", [this](const Command& c) { return remove(c); }},
      {"swap", [this](const Command& c) { return swap(c); }},
      {"compare_swap", [this](const Command& c) { return compare_swap(c); }},
      {"add", [this](const Command& c) { return increase(c); }},
      {"expire",
       [this](const Command& c) { return done(firn_expire(db_, ns_of(c), bytes(c.word(0)), c.word(0).size(), number(c.word(1)))); }},
      {"persist", [this](const Command& c) { return done(firn_persist(db_, ns_of(c), bytes(c.word(0)), c.word(0).size())); }},
      {"ttl", [this](const Command& c) { return ttl(c); }},
      {"wait_expired",
       [this](const Command& c) {
         while (firn_exists(db_, ns_of(c), bytes(c.word(0)), c.word(0).size()) == 1) std::this_thread::yield();
         return Answer{"ok"};
       }},
      {"multi_get", [this](const Command& c) { return multi_get(c); }},
      {"batch", [this](const Command& c) { return batch(c); }},
      {"delete_range", [this](const Command& c) { return delete_range(c); }},
      {"scan", [this](const Command& c) { return scan(c, false); }},
      {"count", [this](const Command& c) { return scan(c, true); }},
      {"iter_open", [this](const Command& c) { return iter_open(c); }},
      {"iter_next", [this](const Command& c) { return iter_next(c); }},
      {"iter_seek",
       [this](const Command& c) { return done(firn_iter_seek(iterators_[c.word(0)].handle, bytes(c.word(1)), c.word(1).size())); }},
      {"iter_close",
       [this](const Command& c) {
         firn_iter_close(iterators_[c.word(0)].handle);
         iterators_.erase(c.word(0));
         return Answer{"ok"};
       }},
      {"ns_open", [this](const Command& c) { return ns_open(c); }},
      {"ns_clear", in_ns(firn_ns_clear)},
      {"ns_drop", in_ns(firn_ns_drop)},
      {"ns_list", [this](const Command&) { return ns_list(); }},
      {"begin", [this](const Command& c) { return begin(c); }},
      {"commit", [this](const Command& c) { return commit(c); }},
      {"rollback", [this](const Command& c) { return rollback(c); }},
      {"version", [this](const Command& c) { return versioned(c, static_cast<int64_t>(firn_txn_version(txns_[c.word(0)]))); }},
      {"same", [this](const Command& c) { return same(c); }},
      {"order",
       [this](const Command& c) {
         const uint64_t a = version_of(c.word(0)), b = version_of(c.word(1));
         return Answer{a < b ? "less" : a == b ? "equal" : "greater"};
       }},
      {"fill", [this](const Command& c) { return fill(c); }},
  });
}

DatabaseSession::~DatabaseSession() {
  if (db_ != nullptr) close();
  std::filesystem::remove_all(path_);
}

// ---- Opening and closing

firn_options* DatabaseSession::make_options(const std::vector<std::string>& more, int32_t* code) const {
  firn_options* options = firn_options_new();
  *code = FIRN_OK;
  for (const auto* list : {&options_, &more}) {
    for (const std::string& option : *list) {
      if (*code == FIRN_OK) *code = firn_options_parse(options, option.c_str());
    }
  }
  return options;
}

bool DatabaseSession::are_options_supported() const {
  int32_t code = FIRN_OK;
  firn_options_free(make_options({}, &code));
  return code != FIRN_UNSUPPORTED;
}

Answer DatabaseSession::open(const Command& command) {
  std::vector<std::string> more;
  for (const auto& [name, value] : command.named) more.push_back(name + "=" + value);
  int32_t code = FIRN_OK;
  firn_options* options = make_options(more, &code);
  firn_error failure = FIRN_ERROR_INIT;
  if (code == FIRN_OK) db_ = firn_open(is_in_memory_ ? ":memory:" : path_.c_str(), options, &failure);
  firn_options_free(options);
  return done(code == FIRN_OK ? failure.code : code);
}

Answer DatabaseSession::close() {
  for (const auto& [name, iterator] : iterators_) firn_iter_close(iterator.handle);
  for (const auto& [name, txn] : txns_) firn_txn_close(txn);
  iterators_.clear();
  txns_.clear();
  return done(firn_close(std::exchange(db_, nullptr)));
}

Answer DatabaseSession::check() const { return done(firn_check(path_.c_str(), nullptr)); }

// ---- Keys and values

Answer DatabaseSession::put(const Command& c, uint32_t condition) {
  const std::string& key = c.word(0);
  const std::string& value = c.word(1);
  if (firn_txn* const txn = txn_of(c)) return done(firn_txn_put(txn, ns_of(c), bytes(key), key.size(), bytes(value), value.size()));
  const bool is_plain = condition == 0 && !c.is_set("ttl") && !c.is_set("keep_ttl") && !c.is_set("sync") && !c.is_set("as");
  if (is_plain) return done(firn_put(db_, ns_of(c), bytes(key), key.size(), bytes(value), value.size()));
  firn_put_opts opts = FIRN_PUT_OPTS_INIT;
  opts.flags = condition | (c.is_set("keep_ttl") ? FIRN_KEEP_TTL : 0) | (c.is_set("sync") ? FIRN_SYNC : 0);
  opts.ttl_ms = number_of(c, "ttl");
  if (const std::string* version = c.find("version")) opts.if_version = version_of(*version);
  return versioned(c, firn_put_ex(db_, ns_of(c), bytes(key), key.size(), bytes(value), value.size(), &opts));
}

Answer DatabaseSession::get(const Command& c) {
  const std::string& key = c.word(0);
  firn_txn* const txn = txn_of(c);
  std::string value;
  const int64_t length = into(&value, [&](uint8_t* out, size_t cap) {
    return txn ? firn_txn_get(txn, ns_of(c), bytes(key), key.size(), out, cap) : firn_get(db_, ns_of(c), bytes(key), key.size(), out, cap);
  });
  return {length < 0 ? error(length) : encode_word(value)};
}

Answer DatabaseSession::get_entry(const Command& c) {
  const std::string& key = c.word(0);
  firn_txn* const txn = txn_of(c);
  firn_entry entry = FIRN_ENTRY_INIT;
  std::string value;
  const int64_t length = into(&value, [&](uint8_t* out, size_t cap) {
    return txn ? firn_txn_get_entry(txn, ns_of(c), bytes(key), key.size(), out, cap, &entry)
               : firn_get_entry(db_, ns_of(c), bytes(key), key.size(), out, cap, &entry);
  });
  return {length < 0 ? error(length) : encode_word(value) + show_entry(entry.version, entry.expiry_ms)};
}

Answer DatabaseSession::exists(const Command& c) {
  const std::string& key = c.word(0);
  firn_txn* const txn = txn_of(c);
  return decided(txn ? firn_txn_exists(txn, ns_of(c), bytes(key), key.size()) : firn_exists(db_, ns_of(c), bytes(key), key.size()));
}

Answer DatabaseSession::remove(const Command& c) {
  const std::string& key = c.word(0);
  firn_txn* const txn = txn_of(c);
  return done(txn ? firn_txn_delete(txn, ns_of(c), bytes(key), key.size()) : firn_delete(db_, ns_of(c), bytes(key), key.size()));
}

Answer DatabaseSession::swap(const Command& c) {
  const std::string& key = c.word(0);
  const std::string& value = c.word(1);
  std::string old_value;
  const int64_t length = into(&old_value, [&](uint8_t* out, size_t cap) {
    return firn_swap(db_, ns_of(c), bytes(key), key.size(), bytes(value), value.size(), out, cap);
  });
  return {length < 0 ? error(length) : encode_word(old_value)};
}

Answer DatabaseSession::compare_swap(const Command& c) {
  const std::string& key = c.word(0);
  return decided(firn_compare_swap(db_, ns_of(c), bytes(key), key.size(), bytes(c.word(1)), c.word(1).size(), bytes(c.word(2)),
                                   c.word(2).size(), number_of(c, "ttl")));
}

Answer DatabaseSession::increase(const Command& c) {
  const std::string& key = c.word(0);
  firn_txn* const txn = txn_of(c);
  const int64_t delta = number(c.word(1));
  const firn_i64 sum =
      txn ? firn_txn_add(txn, ns_of(c), bytes(key), key.size(), delta) : firn_add(db_, ns_of(c), bytes(key), key.size(), delta);
  return {sum.status != FIRN_OK ? error(sum.status) : std::to_string(sum.value)};
}

Answer DatabaseSession::ttl(const Command& c) {
  const int64_t left_ms = firn_ttl(db_, ns_of(c), bytes(c.word(0)), c.word(0).size());
  if (left_ms < 0) return {error(left_ms)};
  const bool is_within = left_ms >= number_of(c, "least") && (!c.is_set("most") || left_ms <= number_of(c, "most"));
  return {is_within ? "true" : "false"};
}

Answer DatabaseSession::multi_get(const Command& c) {
  std::string requests;
  for (const Command& line : c.lines) append_request(&requests, ns_of(line), line.name == "\"\"" ? "" : *decode_word(line.name));
  firn_txn* const txn = txn_of(c);
  std::string packed;
  const int64_t length = into(&packed, [&](uint8_t* out, size_t cap) {
    return txn ? firn_txn_multi_get(txn, bytes(requests), requests.size(), out, cap)
               : firn_multi_get(db_, bytes(requests), requests.size(), out, cap);
  });
  if (length < 0) return {error(length)};
  Answer answer;
  for (size_t at = 0; at < packed.size();) {
    const auto value_len = take<int64_t>(packed, &at);
    answer.push_back(value_len < 0 ? error(value_len) : encode_word(packed.substr(at, static_cast<size_t>(value_len))));
    at += value_len > 0 ? static_cast<size_t>(value_len) : 0;
  }
  return answer;
}

Answer DatabaseSession::batch(const Command& c) {
  static const std::map<std::string, uint32_t> kinds = {{"put", FIRN_OP_PUT},
                                                        {"delete", FIRN_OP_DELETE},
                                                        {"delete_range", FIRN_OP_DELETE_RANGE},
                                                        {"add", FIRN_OP_ADD},
                                                        {"put_keep_ttl", FIRN_OP_PUT_KEEP_TTL},
                                                        {"expect", FIRN_OP_EXPECT_VERSION}};
  std::string packed;
  for (const Command& line : c.lines) {
    const auto kind = kinds.find(line.name);
    if (kind == kinds.end()) return {"unknown: " + line.name};
    std::string value = line.word(1);
    int64_t argument = number_of(line, "ttl");
    if (kind->second == FIRN_OP_ADD) {
      value.clear();
      append<int64_t>(&value, number(line.word(1)));
    }
    if (const std::string* version = line.find("version")) argument = static_cast<int64_t>(version_of(*version));
    append_operation(&packed, kind->second, ns_of(line), line.word(0), value, argument);
  }
  if (firn_txn* const txn = txn_of(c)) return done(firn_txn_write(txn, bytes(packed), packed.size()));
  return versioned(c, firn_write(db_, bytes(packed), packed.size(), c.is_set("sync") ? FIRN_SYNC : 0));
}

Answer DatabaseSession::delete_range(const Command& c) {
  const std::string* lower = c.find("lower");
  const std::string* upper = c.find("upper");
  const int64_t count =
      firn_delete_range(db_, ns_of(c), lower ? bytes(*lower) : nullptr, lower ? lower->size() : 0, upper ? bytes(*upper) : nullptr,
                        upper ? upper->size() : 0, static_cast<uint64_t>(number_of(c, "limit")));
  return counted(count);
}

Answer DatabaseSession::fill(const Command& c) {
  for (int64_t i = 0; i < number(c.word(1)); i++) {
    const std::string digits = std::to_string(i);
    const int32_t code = firn_test::put(db_, c.word(0) + std::string(6 - digits.size(), '0') + digits, c.word(2), ns_of(c));
    if (code != FIRN_OK) return done(code);
  }
  return {"ok"};
}

// ---- Namespaces, transactions, versions

Answer DatabaseSession::ns_open(const Command& c) {
  const std::string& name = c.word(0);
  const int64_t id = firn_ns_open(db_, bytes(name), name.size(), c.is_set("existing") ? FIRN_NS_EXISTING : 0);
  if (id >= 0) namespaces_[c.is_set("as") ? *c.find("as") : name] = static_cast<uint32_t>(id);
  return done(id);
}

Answer DatabaseSession::ns_list() {
  std::string packed;
  const int64_t length = into(&packed, [&](uint8_t* out, size_t cap) { return firn_ns_list(db_, out, cap); });
  if (length < 0) return {error(length)};
  Answer answer;
  for (size_t at = 0; at < packed.size();) {
    take<uint32_t>(packed, &at);
    const auto name_len = take<uint32_t>(packed, &at);
    answer.push_back(encode_word(packed.substr(at, name_len)));
    at += name_len;
  }
  return answer;
}

Answer DatabaseSession::begin(const Command& c) {
  rollback(c);
  firn_error failure = FIRN_ERROR_INIT;
  const uint32_t flags = (c.is_set("read_only") ? FIRN_TXN_READ_ONLY : 0) | (c.is_set("serializable") ? FIRN_TXN_SERIALIZABLE : 0);
  txns_[c.word(0)] = firn_txn_begin(db_, flags, &failure);
  return done(failure.code);
}

Answer DatabaseSession::commit(const Command& c) {
  return versioned(c, firn_txn_commit_ex(txns_[c.word(0)], c.is_set("sync") ? FIRN_SYNC : 0));
}

Answer DatabaseSession::rollback(const Command& c) {
  firn_txn_close(txns_[c.word(0)]);
  txns_.erase(c.word(0));
  return {"ok"};
}

Answer DatabaseSession::same(const Command& c) {
  const std::string& a = c.word(0);
  const std::string& b = c.word(1);
  const bool are_versions = !a.empty() && a[0] == '$';
  return {(are_versions ? version_of(a) == version_of(b) : ns_named(a) == ns_named(b)) ? "true" : "false"};
}

uint32_t DatabaseSession::ns_of(const Command& command) const {
  const std::string* alias = command.find("ns");
  return alias == nullptr ? 0 : ns_named(*alias);
}

uint32_t DatabaseSession::ns_named(const std::string& alias) const {
  const auto at = namespaces_.find(alias);
  return at != namespaces_.end() ? at->second : static_cast<uint32_t>(number(alias));
}

firn_txn* DatabaseSession::txn_of(const Command& command) const {
  const std::string* name = command.find("txn");
  const auto at = name == nullptr ? txns_.end() : txns_.find(*name);
  return at == txns_.end() ? nullptr : at->second;
}

uint64_t DatabaseSession::version_of(const std::string& name) const {
  for (auto at = versions_.rbegin(); at != versions_.rend(); ++at) {
    if (at->first == name) return at->second;
  }
  return static_cast<uint64_t>(number(name));
}

Answer DatabaseSession::versioned(const Command& command, int64_t version_or_code) {
  const std::string* name = command.find("as");
  if (version_or_code >= 0 && name != nullptr) versions_.emplace_back(*name, static_cast<uint64_t>(version_or_code));
  return done(version_or_code);
}

std::string DatabaseSession::show_version(uint64_t version) const {
  if (version == 0) return "0";
  for (const auto& [name, named] : versions_) {
    if (named == version) return name;
  }
  return "?";
}

std::string DatabaseSession::show_entry(uint64_t version, int64_t expiry_ms) const {
  return " version=" + show_version(version) + " expiry=" + (expiry_ms == 0 ? "never" : "set");
}

}  // namespace firn_test
