// DbCall: one call on a database's handle, from lookup to release. Marks the thread, and keeps calls of a single-threaded database apart.
// Threading: lives on the stack of the call.
#pragma once

#include <atomic>

#include "boundary.h"
#include "db/db.h"
#include "handle.h"

namespace firn {

// What lies in the slot of a database's handle.
struct DbBody {
  DbBody(Db* opened, bool is_single_threaded) : db(opened), single_threaded(is_single_threaded) {}

  Db* db;
  bool single_threaded;
  std::atomic<bool> busy{false};  // single_threaded: a call goes on
};

class DbCall {
 public:
  explicit DbCall(const firn_db* handle) : use_(handle, HandleType::kDb), code_(use_.code()) {
    if (code_ != Code::kOk) [[unlikely]]
      return;
    body_ = use_.slot()->body_as<DbBody>();
    if (body_->single_threaded) enter_alone();
  }
  ~DbCall() {
    if (alone_) body_->busy.store(false, std::memory_order_release);
  }
  DbCall(const DbCall&) = delete;
  DbCall& operator=(const DbCall&) = delete;

  bool ok() const { return code_ == Code::kOk; }
  Code code() const { return code_; }
  Db* operator->() const { return body_->db; }  // needs ok()
  Db& db() const { return *body_->db; }         // needs ok()

 private:
  void enter_alone() {
    if (body_->busy.exchange(true, std::memory_order_acquire)) {
      code_ = Code::kMisuse;
    } else {
      alone_ = true;
    }
  }

  SharedUse use_;
  Code code_;
  bool alone_ = false;
  DbBody* body_ = nullptr;
};

}  // namespace firn
