// Lines of `dump`: {"ns": ..., "key": ..., "value": ..., "expiry_ms": ...}; ns and expiry_ms may be missing, bytes may be name_base64 or name_hex.
#include <charconv>

#include "foreign.h"
#include "json_bytes.h"

namespace firn::cli {
namespace {

class DumpSource final : public ForeignSource {
 public:
  bool next(ForeignEntry& entry) override {
    std::string_view line;
    do {
      if (!reader_.next(line)) return false;
    } while (line.find_first_not_of(" \t\r") == std::string_view::npos);
    JsonReader json(line, 1);
    if (!json.read_object(members_)) reader_.fail("byte " + std::to_string(json.offset()) + ": " + json.error());
    bool has_ns = false;
    bool has_key = false;
    bool has_value = false;
    entry.expiry_ms = 0;
    ns_.clear();
    for (JsonMember& member : members_) {
      if (member.path == "expiry_ms") {
        entry.expiry_ms = expiry_of(member);
      } else if (!take_bytes(reader_, member, "key", key_, has_key) && !take_bytes(reader_, member, "value", value_, has_value) &&
                 !take_bytes(reader_, member, "ns", ns_, has_ns)) {
        reader_.fail("member '" + member.path + "' is none of ns, key, value, expiry_ms");
      }
    }
    if (!has_key || !has_value) reader_.fail(has_key ? "no value" : "no key");
    entry.ns = ns_;
    entry.key = key_;
    entry.value = value_;
    return true;
  }

 private:
  int64_t expiry_of(const JsonMember& member) const {
    int64_t expiry_ms = 0;
    const char* const end = member.text.data() + member.text.size();
    const auto [at, error] = std::from_chars(member.text.data(), end, expiry_ms);
    if (error != std::errc() || at != end || expiry_ms < 0) reader_.fail("expiry_ms is not a Unix time in milliseconds");
    return expiry_ms;
  }

  LineReader reader_;
  std::vector<JsonMember> members_;
  std::string ns_;
  std::string key_;
  std::string value_;
};

}  // namespace

std::unique_ptr<ForeignSource> open_dump_source() { return std::make_unique<DumpSource>(); }

}  // namespace firn::cli
