// TxnCall: one call on a transaction's handle, from lookup to release: the handle is held alone, then its database.
// Threading: lives on the stack of the call.
#pragma once

#include <memory>
#include <optional>

#include "call.h"
#include "db/transaction.h"

namespace firn {

// What lies in the slot of a transaction's handle.
struct TxnBody {
  const firn_db* db;
  std::shared_ptr<Transaction> transaction;  // shared with its scans and pins
};

class TxnCall {
 public:
  // `when_over`: what a call on a transaction that was committed answers.
  explicit TxnCall(const firn_txn* handle, Code when_over = Code::kMisuse)
      : use_(handle, HandleType::kTxn, WhenBusy::kRefuse), code_(use_.code()) {
    if (code_ != Code::kOk) return;
    body_ = use_.slot()->body_as<TxnBody>();
    call_.emplace(body_->db);
    code_ = call_->code();
    if (code_ == Code::kOk && body_->transaction->is_over()) code_ = when_over;
  }

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  // These need ok().
  const firn_db* db_handle() const { return body_->db; }
  Db& db() const { return call_->db(); }
  Transaction& transaction() const { return *body_->transaction; }
  const std::shared_ptr<Transaction>& shared() const { return body_->transaction; }

 private:
  ExclusiveUse use_;
  Code code_;
  TxnBody* body_ = nullptr;
  std::optional<DbCall> call_;
};

// Releases a pin that came from a transaction; false: `owner` is none.
bool close_txn_pin(const void* owner);

}  // namespace firn
