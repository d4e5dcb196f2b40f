// The state of a durable log, of any bytes, is loaded; one that counts is saved and loaded again. The first byte says whether the checksum is made right.
#include "crashfs/crash_fs.h"
#include "durable_log/log_state.h"
#include "fuzz/checksum_repair.h"
#include "fuzz/directory_image.h"

using namespace firn;

FIRN_FUZZ_TARGET(log_state)(FuzzInput& input) {
  const bool repairs = input.byte() % 2 != 0;
  std::string bytes = input.rest();
  if (repairs) repair_log_state(&bytes);
  CrashFs fs(image_of("/log", "state-0000000000000001", std::move(bytes)));
  const auto directory = std::move(*fs.open_directory("/log", false));
  auto state = LogState::load(*directory);
  if (!state.ok() || state->log_id == 0) return;
  FIRN_DEMAND(state->save(*directory).ok());
  const auto again = LogState::load(*directory);
  FIRN_DEMAND(again.ok() && again->number == 2 && again->parts.size() == state->parts.size() && again->next == state->next);
}
