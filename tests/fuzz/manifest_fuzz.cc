// Records of any bytes are applied to the state of a manifest. A state that was taken survives being written out and read again.
#include "fuzz/fuzz_target.h"
#include "lsm/manifest_state.h"

using namespace firn;

FIRN_FUZZ_TARGET(manifest)(FuzzInput& input) {
  ManifestState state;
  while (!input.empty()) {
    const std::string record = input.piece(255);
    ManifestState next = state;
    if (next.apply(Slice(record), "fuzz", 0).ok()) state = std::move(next);
  }
  const std::string snapshot = state.snapshot().bytes();
  ManifestState again;
  FIRN_DEMAND(again.apply(Slice(snapshot), "fuzz", 0).ok());
  FIRN_DEMAND(again.snapshot().bytes() == snapshot);
}
