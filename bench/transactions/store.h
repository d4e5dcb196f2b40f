// What a store can do in one atomic step that depends on what is there. One file a store implements it with what the store has for it: RocksDB its optimistic
// transactions, LMDB its write transactions, firn its own calls. All survive the end of the process (kill -9), none syncs.
//
// Threading: one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace bench {

class TransactionalStore {
 public:
  virtual ~TransactionalStore() = default;
  virtual const char* name() const = 0;
  virtual void put(std::string_view key, std::string_view value) = 0;
  virtual void compact() = 0;
  // A counter of 8 bytes.
  virtual void add(std::string_view key, int64_t delta) = 0;
  // True: the key was absent and has the value now.
  virtual bool put_if_absent(std::string_view key, std::string_view value) = 0;
  // Reads the key, and replaces the value if nobody has changed it meanwhile.
  virtual void swap(std::string_view key, std::string_view value) = 0;
  virtual void begin_and_close_read_only() = 0;
  virtual bool read_only_get(std::string_view key) = 0;
  // A transaction of its own: get, put, commit.
  virtual void read_modify_write(std::string_view key, std::string_view value) = 0;
  // A transaction that reads and writes ten keys.
  virtual void read_modify_write_ten(const std::string* keys, std::string_view value) = 0;
};

std::unique_ptr<TransactionalStore> open_firn(const std::string& path);
std::unique_ptr<TransactionalStore> open_rocksdb(const std::string& path);
std::unique_ptr<TransactionalStore> open_lmdb(const std::string& path);

[[noreturn]] void fail(const char* what);
inline void must(bool ok, const char* what) {
  if (!ok) fail(what);
}

}  // namespace bench
