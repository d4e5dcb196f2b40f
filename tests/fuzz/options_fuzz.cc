// Any text as options, names and values: what is refused changes nothing.
#include <cstring>

#include "db/options.h"
#include "fuzz/fuzz_target.h"

using namespace firn;

FIRN_FUZZ_TARGET(options)(FuzzInput& input) {
  const uint8_t number = input.byte();
  DbOptions options;
  const OptionInfo& option = option_at(number % option_count());
  const std::string text = input.rest();
  FIRN_DEMAND(set_option(&options, option.name, option.default_value) == Code::kOk);
  DbOptions before;
  DbOptions after;
  std::memcpy(static_cast<void*>(&before), &options, sizeof options);
  after = options;
  if (number >= 128 ? set_option(&after, option.name, text) != Code::kOk : parse_options(&after, text) != Code::kOk) {
    FIRN_DEMAND(after.memtable_bytes == before.memtable_bytes && after.durability == before.durability && after.log_io == before.log_io &&
                after.read_only == before.read_only && after.lock_timeout_ms == before.lock_timeout_ms);
  }
  FIRN_DEMAND(after.memtable_bytes >= 1024 && after.background_thread_count <= kBackgroundThreadCountMax);
}
