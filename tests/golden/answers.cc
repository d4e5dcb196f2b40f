#include "answers.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

namespace firn_golden {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;

template <typename T>
T take(const std::string& bytes, size_t* at) {
  T number{};
  std::memcpy(&number, bytes.data() + *at, sizeof number);
  *at += sizeof number;
  return number;
}
std::string_view take_text(const std::string& bytes, size_t* at, size_t length) {
  const std::string_view text = std::string_view(bytes).substr(*at, length);
  *at += length;
  return text;
}

std::string printable(std::string_view bytes) {
  std::string text = "'";
  for (const char c : bytes) {
    if (c > ' ' && c < 127 && c != '%') {
      text += c;
    } else {
      char hex[4];
      std::snprintf(hex, sizeof hex, "%%%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      text += hex;
    }
  }
  return text + "'";
}

// What a call has filled, or the name of its code, which no golden answer is.
std::string filled(std::string chunk, int64_t length, std::string* text) {
  if (length < 0) {
    *text += std::string(firn_status_name(static_cast<int32_t>(length))) + "\n";
    length = 0;
  }
  chunk.resize(static_cast<size_t>(length));
  return chunk;
}

std::string entries_of_one(firn_db* db, uint32_t ns, std::string_view name) {
  std::string text;
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  opts.ns = ns;
  opts.flags = FIRN_SCAN_ENTRIES;
  firn_error error = FIRN_ERROR_INIT;
  firn_iter* const iter = firn_scan(db, nullptr, &opts, &error);
  if (iter == nullptr) return std::string(firn_status_name(error.code)) + "\n";
  for (;;) {
    std::string chunk(kChunkBytes, '\0');
    const int64_t length = firn_iter_chunk(iter, reinterpret_cast<uint8_t*>(chunk.data()), chunk.size());
    chunk = filled(std::move(chunk), length, &text);
    if (chunk.empty()) break;
    for (size_t at = 0; at < chunk.size();) {
      const auto key_len = take<uint32_t>(chunk, &at);
      const auto val_len = take<uint32_t>(chunk, &at);
      const auto version = take<uint64_t>(chunk, &at);
      const auto expiry_ms = take<int64_t>(chunk, &at);
      const std::string_view key = take_text(chunk, &at, key_len);
      text += entry_line(name, key, version, expiry_ms, take_text(chunk, &at, val_len));
    }
  }
  firn_iter_close(iter);
  return text;
}

}  // namespace

std::string entry_line(std::string_view ns, std::string_view key, uint64_t version, int64_t expiry_ms, std::string_view value) {
  return "entry " + printable(ns) + " " + printable(key) + " " + std::to_string(version) + " " + std::to_string(expiry_ms) + " " +
         printable(value) + "\n";
}

std::string change_line(uint64_t version, uint32_t op, uint32_t ns, std::string_view key, int64_t expiry_ms, std::string_view value) {
  return "change " + std::to_string(version) + " " + std::to_string(op) + " " + std::to_string(ns) + " " + printable(key) + " " +
         std::to_string(expiry_ms) + " " + printable(value) + "\n";
}

std::string record_line(uint64_t index, std::string_view data) { return "record " + std::to_string(index) + " " + printable(data) + "\n"; }

std::string entries_of(firn_db* db) {
  std::string text = entries_of_one(db, 0, "");
  std::string list(kChunkBytes, '\0');
  const int64_t length = firn_ns_list(db, reinterpret_cast<uint8_t*>(list.data()), list.size());
  list = filled(std::move(list), length, &text);
  for (size_t at = 0; at < list.size();) {
    const auto id = take<uint32_t>(list, &at);
    const auto name_len = take<uint32_t>(list, &at);
    text += entries_of_one(db, id, take_text(list, &at, name_len));
  }
  return text;
}

std::string changes_of(firn_db* db) {
  std::string text;
  for (uint64_t from = 0;;) {
    std::string chunk(kChunkBytes, '\0');
    const int64_t length = firn_changes(db, from, reinterpret_cast<uint8_t*>(chunk.data()), chunk.size(), 0);
    chunk = filled(std::move(chunk), length, &text);
    if (chunk.empty()) return text;
    for (size_t at = 0; at < chunk.size();) {
      const auto version = take<uint64_t>(chunk, &at);
      const auto op = take<uint32_t>(chunk, &at);
      const auto ns = take<uint32_t>(chunk, &at);
      const auto key_len = take<uint32_t>(chunk, &at);
      const auto val_len = take<uint32_t>(chunk, &at);
      const auto expiry_ms = take<int64_t>(chunk, &at);
      const std::string_view key = take_text(chunk, &at, key_len);
      text += change_line(version, op, ns, key, expiry_ms, take_text(chunk, &at, val_len));
      from = version + 1;
    }
  }
}

std::string records_of(firn_log* log) {
  const firn_log_range bounds = firn_log_bounds(log);
  std::string text = "bounds " + std::to_string(bounds.first) + " " + std::to_string(bounds.next) + "\n";
  int64_t last_time_ms = 0;
  for (uint64_t from = bounds.first; from < bounds.next;) {
    std::string chunk(kChunkBytes, '\0');
    const int64_t length = firn_log_read_chunk(log, from, reinterpret_cast<uint8_t*>(chunk.data()), chunk.size());
    chunk = filled(std::move(chunk), length, &text);
    if (chunk.empty()) break;
    for (size_t at = 0; at < chunk.size();) {
      const auto index = take<uint64_t>(chunk, &at);
      const auto time_ms = take<int64_t>(chunk, &at);
      const auto len = take<uint32_t>(chunk, &at);
      text += record_line(index, take_text(chunk, &at, len));
      if (time_ms < last_time_ms) text += "the time falls\n";
      last_time_ms = time_ms;
      from = index + 1;
    }
  }
  return text;
}

}  // namespace firn_golden
