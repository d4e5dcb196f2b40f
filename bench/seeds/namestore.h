// What namestore's rows have in common.
#pragma once

#include "seeds/row.h"

namespace bench {

// The part of namestore_rows that is about several keys at once, and about its client, which puts a prefix in front of each.
std::vector<Row> namestore_many_rows();

namespace namestore {

inline constexpr uint64_t kHotCount = 1000;
inline constexpr uint64_t kTenCount = 10;
inline constexpr std::string_view kValue = "benchmark-value";
inline constexpr Variant kMem{.name = "mem", .in_memory = true};
inline constexpr Variant kLogOn{.name = "log on", .options = "durability=process"};

// Keys key:0 .. of the database's namespace.
void preload(Database& db, uint64_t count, std::string_view value = kValue);

// By the seed's definition all values are alike, so that one key's would pass for another's. Behind the clock: ten keys key:0 .. get values of their
// own, and have to give them.
void check_owners(Database& db);

}  // namespace namestore
}  // namespace bench
