// What a scenario is run on: a database, with the transactions, iterators, versions and namespaces that its commands have named.
#pragma once

#include <firn.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "scenarios/session.h"

namespace firn_test {

class DatabaseSession : public Session {
 public:
  // mode: "directory", "memory" or "single_threaded". Nothing is opened yet.
  DatabaseSession(const std::string& mode, std::vector<std::string> options);
  ~DatabaseSession() override;

  bool are_options_supported() const override;

 private:
  struct Iterator {
    firn_iter* handle = nullptr;
    bool keys_only = false;
    bool entries = false;
    size_t chunk_bytes = 0;
  };
  struct Scanned {
    std::string key, value;
    uint64_t version = 0;
    int64_t expiry_ms = 0;
  };

  firn_options* make_options(const std::vector<std::string>& more, int32_t* code) const;
  Answer open(const Command& command) override;
  Answer close() final;
  Answer check() const override;

  Answer put(const Command& command, uint32_t condition);
  Answer get(const Command& command);
  Answer get_entry(const Command& command);
  Answer exists(const Command& command);
  Answer remove(const Command& command);
  Answer swap(const Command& command);
  Answer compare_swap(const Command& command);
  Answer increase(const Command& command);
  Answer ttl(const Command& command);
  Answer multi_get(const Command& command);
  Answer batch(const Command& command);
  Answer delete_range(const Command& command);
  Answer fill(const Command& command);

  Answer scan(const Command& command, bool count_only);
  Answer iter_open(const Command& command);
  Answer iter_next(const Command& command);
  int32_t open_iterator(const Command& command, Iterator* iterator);
  // Up to max entries; FIRN_OK or a code.
  int32_t read(const Iterator& iterator, size_t max, std::vector<Scanned>* entries);
  int32_t read_chunks(const Iterator& iterator, std::vector<Scanned>* entries);
  std::string show(const Iterator& iterator, const Scanned& entry) const;

  Answer ns_open(const Command& command);
  Answer ns_list();
  Answer begin(const Command& command);
  Answer commit(const Command& command);
  Answer rollback(const Command& command);
  Answer same(const Command& command);

  uint32_t ns_of(const Command& command) const;
  uint32_t ns_named(const std::string& alias) const;
  firn_txn* txn_of(const Command& command) const;
  uint64_t version_of(const std::string& name) const;
  Answer versioned(const Command& command, int64_t version_or_code);
  std::string show_version(uint64_t version) const;
  std::string show_entry(uint64_t version, int64_t expiry_ms) const;

  bool is_in_memory_;
  std::vector<std::string> options_;
  std::filesystem::path path_;
  firn_db* db_ = nullptr;
  std::map<std::string, firn_txn*> txns_;
  std::map<std::string, Iterator> iterators_;
  std::map<std::string, uint32_t> namespaces_;
  std::vector<std::pair<std::string, uint64_t>> versions_;  // in the order in which they were named
};

}  // namespace firn_test
