// firn_scan and firn_iter_*: scans behind handles.
#include <memory>

#include "args.h"
#include "call.h"
#include "error.h"
#include "scan.h"
#include "txn.h"

namespace firn {
namespace {

struct IterBody {
  Scan* scan;
};

firn_iter* scan_failed(firn_error* error, const Status& status) {
  report(error, status);
  return nullptr;
}

firn_iter* publish(Result<std::unique_ptr<Scan>> scan, firn_error* error) {
  if (!scan.ok()) return scan_failed(error, scan.status());
  ReservedHandle handle;
  if (!handle.ok()) return scan_failed(error, Code::kNoMemory);
  report(error, Status());
  return static_cast<firn_iter*>(handle.publish<IterBody>(HandleType::kIter, scan->release()));
}

firn_iter* open_scan(firn_db* db, const firn_txn* txn, const firn_scan_opts* given, firn_error* error) {
  firn_scan_opts opts;
  const auto read_opts = [&]() -> Status {
    const Code code = read_scan_opts(given, &opts);
    if (code == Code::kOk) return {};
    return {code, "firn_scan_opts: set it up with FIRN_SCAN_OPTS_INIT and known flags only"};
  };
  if (txn == nullptr) {
    const DbCall call(db);
    if (!call.ok()) return scan_failed(error, call.code());
    if (const Status status = read_opts(); !status.ok()) return scan_failed(error, status);
    return publish(Scan::open(call.db(), db, opts), error);
  }
  const TxnCall call(txn);
  if (!call.ok()) return scan_failed(error, call.code());
  if (call.db_handle() != db) return scan_failed(error, {Code::kMisuse, "the transaction is not one of this database"});
  if (const Status status = read_opts(); !status.ok()) return scan_failed(error, status);
  return publish(Scan::open(txn, call.shared(), opts), error);
}

// Calls `body(Scan&)` with the iterator, and its transaction or database, held. What goes wrong in it is for good.
template <typename Body>
auto with_scan(const firn_iter* iter, Body&& body) -> decltype(body(std::declval<Scan&>())) {
  using Answer = decltype(body(std::declval<Scan&>()));
  return guarded([&]() -> Answer {
    const ExclusiveUse use(iter, HandleType::kIter, WhenBusy::kRefuse);
    if (use.code() != Code::kOk) return to_c(use.code());
    Scan& scan = *use.slot()->body_as<IterBody>()->scan;
    const auto run = [&]() -> Answer {
      if (scan.failed() != Code::kOk) return to_c(scan.failed());
      return guarded([&]() -> Answer { return body(scan); },
                     [&](Code code) -> Answer {
                       scan.fail(code);
                       return to_c(code);
                     });
    };
    if (scan.txn_handle() != nullptr) {
      const TxnCall call(scan.txn_handle(), Code::kClosed);
      return call.ok() ? run() : to_c(call.code());
    }
    const DbCall call(scan.db_handle());
    return call.ok() ? run() : to_c(call.code());
  });
}

}  // namespace
}  // namespace firn

using namespace firn;

firn_iter* firn_scan(firn_db* db, firn_txn* txn, const firn_scan_opts* opts, firn_error* error) {
  return guarded([&] { return open_scan(db, txn, opts, error); }, [&](Code code) { return scan_failed(error, code); });
}

int64_t firn_iter_chunk(firn_iter* iter, uint8_t* out, size_t cap) {
  return with_scan(iter, [&](Scan& scan) -> int64_t {
    if (check_buffer(out, cap) != Code::kOk) return FIRN_INVALID;
    return scan.chunk(out, cap);
  });
}

int64_t firn_iter_entries(firn_iter* iter, firn_kv* out, size_t max) {
  return with_scan(iter, [&](Scan& scan) -> int64_t {
    if (check_buffer(out, max) != Code::kOk) return FIRN_INVALID;
    return scan.entries(out, max);
  });
}

int32_t firn_iter_seek(firn_iter* iter, const uint8_t* key, size_t key_len) {
  return with_scan(iter, [&](Scan& scan) -> int32_t {
    const Code limits = check_bytes(key, key_len, kKeyBytesMax);
    return to_c(limits != Code::kOk ? limits : scan.seek(Slice(key, key_len)));
  });
}

void firn_iter_close(firn_iter* iter) {
  HandleSlot* slot = nullptr;
  if (close_exclusive(iter, HandleType::kIter, &slot) != Code::kOk) return;
  delete slot->body_as<IterBody>()->scan;  // without a mark: an own mark would keep a retired view from being freed
  unreserve_handle(slot);
}
