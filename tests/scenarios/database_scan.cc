// The scans of a scenario.
#include <algorithm>
#include <cstring>

#include "capi/capi_fixture.h"
#include "scenarios/database_session.h"

namespace firn_test {
namespace {

uint64_t number_of(const Command& command, const char* argument) {
  const std::string* text = command.find(argument);
  return text == nullptr ? 0 : std::strtoull(text->c_str(), nullptr, 10);
}

}  // namespace

int32_t DatabaseSession::open_iterator(const Command& c, Iterator* iterator) {
  firn_scan_opts opts = FIRN_SCAN_OPTS_INIT;
  iterator->keys_only = c.is_set("keys_only");
  iterator->entries = c.is_set("entries");
  iterator->chunk_bytes = static_cast<size_t>(number_of(c, "chunk"));
  opts.flags = (c.is_set("reverse") ? FIRN_SCAN_REVERSE : 0) | (iterator->keys_only ? FIRN_SCAN_KEYS_ONLY : 0) |
               (iterator->entries ? FIRN_SCAN_ENTRIES : 0);
  opts.ns = ns_of(c);
  opts.limit = number_of(c, "limit");
  if (const std::string* lower = c.find("lower")) opts.lower = bytes(*lower), opts.lower_len = lower->size();
  if (const std::string* upper = c.find("upper")) opts.upper = bytes(*upper), opts.upper_len = upper->size();
  if (const std::string* prefix = c.find("prefix")) opts.prefix = bytes(*prefix), opts.prefix_len = prefix->size();
  if (const std::string* glob = c.find("glob")) opts.glob = glob->data(), opts.glob_len = glob->size();
  firn_error failure = FIRN_ERROR_INIT;
  iterator->handle = firn_scan(db_, txn_of(c), &opts, &failure);
  if (iterator->handle == nullptr) return failure.code;
  const std::string* target = c.find("seek");
  return target == nullptr ? FIRN_OK : firn_iter_seek(iterator->handle, bytes(*target), target->size());
}

int32_t DatabaseSession::read(const Iterator& iterator, size_t max, std::vector<Scanned>* entries) {
  if (iterator.entries || iterator.chunk_bytes != 0) return read_chunks(iterator, entries);
  while (entries->size() < max) {
    firn_kv kv[3];
    const int64_t count = firn_iter_entries(iterator.handle, kv, std::min<size_t>(3, max - entries->size()));
    if (count < 0) return static_cast<int32_t>(count);
    if (count == 0) break;
    for (int64_t i = 0; i < count; i++) {
      entries->push_back({std::string(reinterpret_cast<const char*>(kv[i].key), kv[i].key_len),
                          std::string(reinterpret_cast<const char*>(kv[i].val), kv[i].val_len)});
    }
  }
  return FIRN_OK;
}

int32_t DatabaseSession::read_chunks(const Iterator& iterator, std::vector<Scanned>* entries) {
  std::string chunk(iterator.chunk_bytes != 0 ? iterator.chunk_bytes : 4096, '\0');
  for (;;) {
    const int64_t length = firn_iter_chunk(iterator.handle, reinterpret_cast<uint8_t*>(chunk.data()), chunk.size());
    if (length <= 0) return static_cast<int32_t>(length);
    for (size_t at = 0; at < static_cast<size_t>(length);) {
      uint32_t lengths[2];
      Scanned entry;
      std::memcpy(lengths, chunk.data() + at, sizeof lengths);
      at += sizeof lengths;
      if (iterator.entries) {
        std::memcpy(&entry.version, chunk.data() + at, 8);
        std::memcpy(&entry.expiry_ms, chunk.data() + at + 8, 8);
        at += 16;
      }
      entry.key = chunk.substr(at, lengths[0]);
      entry.value = chunk.substr(at + lengths[0], lengths[1]);
      at += lengths[0] + lengths[1];
      entries->push_back(std::move(entry));
    }
  }
}

std::string DatabaseSession::show(const Iterator& iterator, const Scanned& entry) const {
  std::string line = encode_word(entry.key);
  if (!iterator.keys_only) line += " " + encode_word(entry.value);
  if (iterator.entries) line += show_entry(entry.version, entry.expiry_ms);
  return line;
}

DatabaseSession::Answer DatabaseSession::scan(const Command& c, bool count_only) {
  Iterator iterator;
  std::vector<Scanned> entries;
  int32_t code = open_iterator(c, &iterator);
  if (code == FIRN_OK) code = read(iterator, SIZE_MAX, &entries);
  firn_iter_close(iterator.handle);
  if (code < 0) return {std::string("error ") + firn_status_name(code)};
  if (count_only) return {std::to_string(entries.size())};
  Answer answer;
  for (const Scanned& entry : entries) answer.push_back(show(iterator, entry));
  return answer;
}

DatabaseSession::Answer DatabaseSession::iter_open(const Command& c) {
  Iterator iterator;
  const int32_t code = open_iterator(c, &iterator);
  if (code < 0) {
    firn_iter_close(iterator.handle);
    return {std::string("error ") + firn_status_name(code)};
  }
  iterators_[c.word(0)] = iterator;
  return {"ok"};
}

DatabaseSession::Answer DatabaseSession::iter_next(const Command& c) {
  const Iterator& iterator = iterators_[c.word(0)];
  const size_t max = std::strtoull(c.word(1).c_str(), nullptr, 10);
  std::vector<Scanned> entries;
  const int32_t code = read(iterator, max, &entries);
  if (code < 0) return {std::string("error ") + firn_status_name(code)};
  Answer answer;
  for (const Scanned& entry : entries) answer.push_back(show(iterator, entry));
  if (entries.size() < max) answer.emplace_back("end");
  return answer;
}

}  // namespace firn_test
