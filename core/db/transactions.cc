// Transactions and batches of commands: the part of DbImpl that begins, commits and retries them.
#include "db/db_impl.h"
#include "db/read_validation.h"
#include "db/transaction.h"

namespace firn {
namespace {

constexpr int kAttemptsOutsideMax = 3;  // of a batch whose reading may take long; then it is made up inside the door

}  // namespace

std::shared_ptr<Transaction> DbImpl::begin(const TransactionFlags& flags) {
  core_.stats.calls.mine().add(DbStats::kTransactions, 1);
  return std::make_shared<Transaction>(core_, core_.views->snapshot(core_.visible, 0), flags);
}

Result<Seq> DbImpl::commit(Transaction& transaction, WriteFlags flags) {
  Result<Seq> seq = transaction.is_read_only() ? transaction.snapshot().seq() : commit_changes(transaction, flags);
  if (seq.status().is(Code::kConflict)) core_.stats.calls.mine().add(DbStats::kConflicts, 1);
  // Indeterminate: the commit is visible, and must not be made a second time.
  if (seq.ok() || seq.status().is(Code::kConflict) || seq.status().is(Code::kIndeterminate)) transaction.end();
  if (core_.options.single_threaded) after_write();
  return seq;
}

Result<Seq> DbImpl::commit_changes(Transaction& transaction, WriteFlags flags) {
  FIRN_TRY(begin_writing());
  ReadValidation validation(core_, transaction);
  const std::vector<Operation> operations = transaction.writes().operations();
  if (!operations.empty()) return timed_write(flags, [&] { return door_.commit(operations, &validation, flags); });
  if (core_.wal == nullptr) return transaction.snapshot().seq();  // a read-only opening: nothing changes
  CommitDoor::Moment now = door_.look();
  FIRN_TRY(validation.advance(*now.snapshot.view(), now.snapshot.seq(), std::move(now.active), now.log_offset));
  if (flags.sync) FIRN_TRY(sync());
  return now.snapshot.seq();
}

Result<Seq> DbImpl::run(const Command* commands, size_t count, WriteFlags flags, uint64_t* deleted_count) {
  FIRN_TRY(core_.check_writable());
  FIRN_TRY(begin_writing());
  const TransactionFlags serializable{.serializable = true};
  const bool reads_ranges =
      std::any_of(commands, commands + count, [](const Command& command) { return command.kind == Command::Kind::kDeleteRange; });
  std::optional<Transaction> transaction;
  Result<Seq> seq = Code::kConflict;
  for (int attempt = 0; reads_ranges && attempt < kAttemptsOutsideMax && seq.status().is(Code::kConflict); attempt++) {
    transaction.emplace(core_, core_.views->snapshot(core_.visible, 0), serializable);
    FIRN_TRY(transaction->apply(commands, count));
    seq = commit_changes(*transaction, flags);
  }
  if (seq.status().is(Code::kConflict)) {
    const auto build = [&](Snapshot snapshot, std::vector<Operation>* operations) -> Status {
      transaction.emplace(core_, std::move(snapshot), serializable);
      FIRN_TRY(transaction->apply(commands, count));
      *operations = transaction->writes().operations();
      return {};
    };
    seq = timed_write(flags, [&] { return door_.commit_alone(build, flags); });
  }
  if (seq.ok() && deleted_count != nullptr) *deleted_count = transaction->deleted_count();
  if (core_.options.single_threaded) after_write();
  return seq;
}

}  // namespace firn
