// Namespaces.
#include <algorithm>
#include <cstring>

#include "args.h"
#include "base/coding.h"
#include "call.h"

using namespace firn;

namespace {
constexpr size_t kNameBytesMax = 255;
}  // namespace

int64_t firn_ns_open(firn_db* db, const uint8_t* name, size_t name_len, uint32_t flags) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    const Code limits = check_bytes(name, name_len, kNameBytesMax);
    if (limits != Code::kOk) return to_c(limits);
    if (name_len == 0 || check_flags(flags, FIRN_NS_EXISTING) != Code::kOk) return FIRN_INVALID;
    const Result<uint32_t> id = call->ns_open(Slice(name, name_len), (flags & FIRN_NS_EXISTING) != 0);
    return id.ok() ? int64_t{id.value()} : to_c(id.status().code());
  });
}

int32_t firn_ns_clear(firn_db* db, uint32_t ns) {
  return guarded([&] {
    const DbCall call(db);
    return to_c(call.ok() ? call->ns_clear(ns).code() : call.code());
  });
}

int32_t firn_ns_drop(firn_db* db, uint32_t ns) {
  return guarded([&] {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    return to_c(ns == 0 ? Code::kInvalid : call->ns_drop(ns).code());
  });
}

int64_t firn_ns_list(firn_db* db, uint8_t* out, size_t cap) {
  return guarded([&]() -> int64_t {
    const DbCall call(db);
    if (!call.ok()) return to_c(call.code());
    if (check_buffer(out, cap) != Code::kOk) return FIRN_INVALID;
    auto names = call->ns_list();
    std::sort(names.begin(), names.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    size_t bytes = 0;
    for (const auto& [id, name] : names) bytes += 2 * sizeof(uint32_t) + name.size();
    if (bytes > cap) return static_cast<int64_t>(bytes);
    for (const auto& [id, name] : names) {
      store<uint32_t>(out, id);
      store<uint32_t>(out + 4, static_cast<uint32_t>(name.size()));
      std::memcpy(out + 8, name.data(), name.size());
      out += 8 + name.size();
    }
    return static_cast<int64_t>(bytes);
  });
}
