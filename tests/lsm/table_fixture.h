// Tables for tests of versions and compaction: real ones, in memory, with a file size of the test's choice.
#pragma once

#include "lsm/version.h"
#include "table/table_model.h"

namespace firn {

inline TableRef make_table(uint64_t id, const Model& model, uint64_t file_bytes = 0) {
  auto table = open_bytes(build_table(model), TableIo::kMmap);
  EXPECT_TRUE(table.ok()) << table.status().message();
  auto handle = std::make_shared<TableHandle>();
  handle->id = id;
  handle->table = std::move(*table);
  handle->file_bytes = file_bytes != 0 ? file_bytes : handle->table->properties().file_bytes;
  return handle;
}

// A table whose smallest and largest keys are these.
inline TableRef make_table(uint64_t id, const std::string& smallest, const std::string& largest, uint64_t file_bytes, uint64_t seq = 1,
                           EntryKind kind = EntryKind::kPut, Prefix prefix = 1) {
  const ModelValue value{kind == EntryKind::kDelete ? "" : "v" + std::to_string(seq), seq, kind, kind == EntryKind::kPutExpiring ? 1 : 0};
  return make_table(id, Model{{{prefix, smallest}, value}, {{prefix, largest}, value}}, file_bytes);
}

inline std::vector<uint64_t> ids_of(const std::vector<TableRef>& tables) {
  std::vector<uint64_t> ids;
  for (const TableRef& table : tables) ids.push_back(table->id);
  return ids;
}

}  // namespace firn
