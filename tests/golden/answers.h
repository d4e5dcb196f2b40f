// Everything that a database or a durable log answers, as text of one line an answer: what the maker of the golden directories writes down, and the test compares.
// Threading: one thread.
#pragma once

#include <firn.h>

#include <string>
#include <string_view>

namespace firn_golden {

// The lines. Bytes that are not printable, and spaces, are %XX.
std::string entry_line(std::string_view ns, std::string_view key, uint64_t version, int64_t expiry_ms, std::string_view value);
std::string change_line(uint64_t version, uint32_t op, uint32_t ns, std::string_view key, int64_t expiry_ms, std::string_view value);
std::string record_line(uint64_t index, std::string_view data);

// All namespaces by name, the default one first, their entries by key.
std::string entries_of(firn_db* db);
// The change feed from its beginning.
std::string changes_of(firn_db* db);
// Bounds, then all records. The times are the engine's own: they must not fall, and are no part of it.
std::string records_of(firn_log* log);

}  // namespace firn_golden
