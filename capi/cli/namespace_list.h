// The named namespaces of a database.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "database.h"

namespace firn::cli {

struct NamespaceName {
  uint32_t id = 0;
  std::string name;
};

std::vector<NamespaceName> list_namespaces(const Database& database);  // by name
// The same, and in front of them the default one, id 0, whose name is empty.
std::vector<NamespaceName> list_all_namespaces(const Database& database);

}  // namespace firn::cli
