#include "json_figures.h"

#include <charconv>
#include <vector>

#include "failure.h"
#include "json_reader.h"

namespace firn::cli {
namespace {

constexpr unsigned kDepthMax = 16;

}  // namespace

JsonFigures::JsonFigures(const std::string& json) {
  std::vector<JsonMember> members;
  JsonReader reader(json, kDepthMax);
  if (!reader.read_object(members)) throw Failure{FIRN_INTERNAL, std::string("the library's answer is not JSON: ") + reader.error(), {}};
  for (JsonMember& member : members) {
    if (member.kind != JsonMember::Kind::kEmptyContainer) members_.emplace(std::move(member.path), std::move(member.text));
  }
}

bool JsonFigures::has(std::string_view path) const { return members_.find(path) != members_.end(); }

const std::string& JsonFigures::text(std::string_view path) const {
  static const std::string empty;
  const auto found = members_.find(path);
  return found == members_.end() ? empty : found->second;
}

uint64_t JsonFigures::number(std::string_view path) const {
  const std::string& digits = text(path);
  uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

size_t JsonFigures::element_count(const std::string& array) const {
  size_t count = 0;
  for (;; ++count) {
    const std::string path = array + "." + std::to_string(count);
    const auto found = members_.lower_bound(path);
    if (found == members_.end() || (found->first != path && !found->first.starts_with(path + "."))) return count;
  }
}

}  // namespace firn::cli
