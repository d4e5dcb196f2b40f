#include "namespace_list.h"

#include <cstring>

namespace firn::cli {

std::vector<NamespaceName> list_namespaces(const Database& database) {
  // Another process cannot change the list between the two calls: the database is locked, or this is a read-only opening that stays where it is.
  std::string packed;
  int64_t bytes = firn_ns_list(database.handle(), nullptr, 0);
  database.check(bytes);
  packed.resize(static_cast<size_t>(bytes));
  bytes = firn_ns_list(database.handle(), reinterpret_cast<uint8_t*>(packed.data()), packed.size());
  database.check(bytes);
  std::vector<NamespaceName> names;
  uint32_t head[2];  // id, name_len
  for (std::string_view rest = packed; rest.size() >= sizeof head;) {
    std::memcpy(head, rest.data(), sizeof head);
    rest.remove_prefix(sizeof head);
    names.push_back({head[0], std::string(rest.substr(0, head[1]))});
    rest.remove_prefix(names.back().name.size());
  }
  return names;
}

std::vector<NamespaceName> list_all_namespaces(const Database& database) {
  std::vector<NamespaceName> names = list_namespaces(database);
  names.insert(names.begin(), NamespaceName{});
  return names;
}

}  // namespace firn::cli
