#include "database.h"

#include "engine_options.h"

namespace firn::cli {

Database::Database(const Settings& settings, OpenMode mode) {
  const bool create = mode == OpenMode::kCreate;
  const std::string ns_name = settings.bytes_of(settings.ns_name, "the namespace");
  const EngineOptions options = engine_options_of(settings, create);
  firn_error error = FIRN_ERROR_INIT;
  db_ = firn_open(settings.path.c_str(), options.get(), &error);
  if (db_ == nullptr) throw failure_of(error.code, error);
  if (ns_name.empty()) return;
  try {
    if (create) {
      const int64_t id = firn_ns_open(db_, octets(ns_name), ns_name.size(), 0);
      check(id);
      ns_ = static_cast<uint32_t>(id);
    } else {
      ns_ = find_ns(ns_name);
    }
  } catch (...) {
    firn_close(db_);
    throw;
  }
}

Database::~Database() { firn_close(db_); }

void Database::close() {
  firn_db* const db = db_;
  db_ = nullptr;
  const int32_t code = firn_close(db);
  if (code != FIRN_OK) throw Failure{code, std::string("closing: ") + firn_status_text(code), {}};
}

void Database::check(int64_t code) const {
  if (code >= 0) return;
  const auto status = static_cast<int32_t>(code);
  firn_error error = FIRN_ERROR_INIT;
  const bool has_details = exit_status_of(status) >= kExitCorrupt && firn_db_error(db_, &error) != FIRN_OK;
  if (!has_details) error = FIRN_ERROR_INIT;
  throw failure_of(status, error);
}

uint32_t Database::find_ns(std::string_view name) const {
  const int64_t id = firn_ns_open(db_, octets(name), name.size(), FIRN_NS_EXISTING);
  if (id == FIRN_NOT_FOUND) throw Failure{FIRN_NOT_FOUND, "there is no namespace '" + std::string(name) + "'", {}};
  check(id);
  return static_cast<uint32_t>(id);
}

Pin::Pin(const Database& database, std::string_view key) {
  const int32_t code = firn_pin(database.handle(), database.ns(), octets(key), key.size(), &pin_);
  if (code != FIRN_NOT_FOUND) database.check(code);
  found_ = code == FIRN_OK;
}

Scan::Scan(const Database& database, const firn_scan_opts& options) : database_(database) {
  firn_error error = FIRN_ERROR_INIT;
  iter_ = firn_scan(database.handle(), nullptr, &options, &error);
  if (iter_ == nullptr) throw failure_of(error.code, error);
}

size_t Scan::next(const firn_kv*& entries) {
  const int64_t count = firn_iter_entries(iter_, entries_, kEntriesMax);
  database_.check(count);
  entries = entries_;
  return static_cast<size_t>(count);
}

}  // namespace firn::cli
