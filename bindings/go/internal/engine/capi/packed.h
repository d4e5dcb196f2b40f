// Packed arguments: batches, look-ups and their answers, as firn.h lays them out. An argument is decoded, and checked, as a whole before any of it is used.
// Threading: no state.
#pragma once

#include <vector>

#include "db/db.h"
#include "firn.h"

namespace firn {

inline constexpr size_t kPackedBytesMax = 2 * kBatchBytesMax;  // of a whole argument, with its headers

// A decoded batch; borrows from the argument. If it holds only puts and deletes they are `operations`, else all of it is `commands`.
struct PackedBatch {
  std::vector<Operation> operations;
  std::vector<Command> commands;

  size_t size() const { return operations.size() + commands.size(); }
};
// kInvalid, kTooLarge.
Code decode_batch(Slice packed, Db& db, PackedBatch* batch);
// The same with everything as commands.
Code decode_commands(Slice packed, Db& db, std::vector<Command>* commands);

// Of a call that answers into `cap` bytes or places at `out`. kInvalid, kTooLarge.
Code read_requests(const uint8_t* keys, size_t len, const void* out, size_t cap, std::vector<Lookup>* lookups);
// The bytes of the answers; copied if they fit.
int64_t answer_lookups(const std::vector<Lookup>& lookups, uint8_t* out, size_t cap);
// The answers in place, one for each.
void place_answers(const std::vector<Lookup>& lookups, firn_answer* answers);

}  // namespace firn
