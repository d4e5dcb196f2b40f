#include "durable_log/log_state.h"

#include <algorithm>
#include <cstdio>

#include "base/checksum.h"
#include "base/coding.h"
#include "base/newer_format.h"

namespace firn {
namespace {

constexpr uint64_t kMagic = 0x0a474f4c4e524946;  // "FIRNLOG\n"
constexpr uint32_t kVersion = 1;
constexpr size_t kHeadBytes = 64;  // magic, version, crc, number, log_id, first, next, next_base, flags and count
constexpr size_t kPartBytes = 48;
constexpr size_t kCrcOffset = 12;
constexpr uint32_t kClosedClean = 1;
constexpr uint32_t kPartCountMax = 1u << 24;

std::string state_name(uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "state-%016llx", static_cast<unsigned long long>(number));
  return name;
}

std::string encode(const LogState& state) {
  std::string bytes;
  const auto put = [&bytes](auto value) { bytes.append(reinterpret_cast<const char*>(&value), sizeof value); };
  put(kMagic);
  put(kVersion);
  put(uint32_t{0});  // the checksum
  for (const uint64_t value : {state.number, state.log_id, state.first, state.next, state.next_base}) put(value);
  put(state.closed_clean ? kClosedClean : uint32_t{0});
  put(static_cast<uint32_t>(state.parts.size()));
  for (const PartRecord& part : state.parts) {
    for (const uint64_t value : {part.segment_id, part.first, part.until, part.base, part.end}) put(value);
    put(part.last_time_ms);
  }
  const uint32_t crc = crc32(0, Slice(std::string_view(bytes)));
  std::memcpy(bytes.data() + kCrcOffset, &crc, sizeof crc);
  return bytes;
}

Result<LogState> decode(std::string bytes, const std::string& path, uint64_t number) {
  auto* at = reinterpret_cast<uint8_t*>(bytes.data());
  if (bytes.size() < kHeadBytes || load_u64(at) != kMagic) return Status::corrupt("the state of the log is not one", path, 0);
  const uint32_t crc = load_u32(at + kCrcOffset);
  store<uint32_t>(at + kCrcOffset, 0);
  if (crc32(0, Slice(std::string_view(bytes))) != crc) return Status::corrupt("the state of the log does not verify", path, 0);
  if (const uint32_t version = load_u32(at + 8); version > kVersion)
    return newer_format("the state of the log", version, kVersion, path, 8);
  LogState state;
  state.number = load_u64(at + 16);
  state.log_id = load_u64(at + 24);
  state.first = load_u64(at + 32);
  state.next = load_u64(at + 40);
  state.next_base = load_u64(at + 48);
  state.closed_clean = (load_u32(at + 56) & kClosedClean) != 0;
  const uint32_t count = load_u32(at + 60);
  if (state.number != number || count > kPartCountMax || bytes.size() != kHeadBytes + size_t{count} * kPartBytes ||
      state.first > kIndexMax) {
    return Status::corrupt("the state of the log contradicts itself", path, 0);
  }
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t* part = at + kHeadBytes + size_t{i} * kPartBytes;
    state.parts.push_back(
        {load_u64(part), load_u64(part + 8), load_u64(part + 16), load_u64(part + 24), load_u64(part + 32), load<int64_t>(part + 40)});
    // Who trims the end of a log knows where its segments begin.
    if (state.parts[i].is_known() ? state.parts[i].until < state.parts[i].first : state.parts[i].until != UINT64_MAX) {
      return Status::corrupt("a segment in the state of the log ends before it begins", path, kHeadBytes + size_t{i} * kPartBytes);
    }
    if (i > 0 && state.parts[i].segment_id <= state.parts[i - 1].segment_id) {
      return Status::corrupt("the segments in the state of the log do not ascend", path, kHeadBytes + size_t{i} * kPartBytes);
    }
  }
  return state;
}

Result<LogState> read(Directory& directory, uint64_t number) {
  FIRN_TRY_ASSIGN(auto file, directory.open_file(state_name(number), OpenMode::kRead));
  FIRN_TRY_ASSIGN(const uint64_t size, file->size());
  if (size > kHeadBytes + uint64_t{kPartCountMax} * kPartBytes)
    return Status::corrupt("the state of the log is too long", file->path(), size);
  std::string bytes(size, '\0');
  if (size > 0) FIRN_TRY(file->read(0, reinterpret_cast<uint8_t*>(bytes.data()), size));
  return decode(std::move(bytes), file->path(), number);
}

// kNotFound: a file that was listed has been replaced by a newer one since.
Result<LogState> load_once(Directory& directory) {
  FIRN_TRY_ASSIGN(const auto names, directory.list());
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    if (uint64_t number = 0; parse_state_name(name, &number)) numbers.push_back(number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  if (numbers.empty()) return LogState();
  // A state goes only when a newer one is durable: those in front of the first that is whole were cut short when they were made.
  Status newest;
  for (const uint64_t number : numbers) {
    Result<LogState> state = read(directory, number);
    if (state.ok()) {
      state->number = numbers[0];  // the next one is above all
      state->is_newest = number == numbers[0];
    }
    if (!state.status().is(Code::kCorrupt)) return state;
    if (newest.ok()) newest = state.status();
  }
  if (numbers.back() != 1) return newest;
  LogState none;
  none.number = numbers[0];
  none.is_newest = false;
  return none;
}

}  // namespace

bool parse_state_name(const std::string& name, uint64_t* number) {
  unsigned long long value = 0;
  if (std::sscanf(name.c_str(), "state-%16llx", &value) != 1 || state_name(value) != name) return false;
  *number = value;
  return true;
}

Result<LogState> LogState::load(Directory& directory) {
  constexpr int kAttemptCountMax = 20;  // a writer who replaced it each time would save states as fast as a reader lists a directory
  for (int attempt = 1;; attempt++) {
    Result<LogState> state = load_once(directory);
    if (!state.status().is(Code::kNotFound) || attempt == kAttemptCountMax) return state;
  }
}

Status LogState::save(Directory& directory) {
  number++;
  const std::string name = state_name(number);
  // Before the state is there: when it is durable nothing may fail any more, also not for lack of memory.
  auto older = directory.list();
  if (older.ok()) {
    std::erase_if(*older, [this](const std::string& other) {
      uint64_t its_number = 0;
      return !parse_state_name(other, &its_number) || its_number >= number;
    });
  }
  {
    FIRN_TRY_ASSIGN(auto file, directory.open_file(name, OpenMode::kCreate));
    FIRN_TRY(file->write(0, Slice(std::string_view(encode(*this)))));
    FIRN_TRY(file->sync());
  }
  FIRN_TRY(directory.sync());
  // The state is saved: an older one that could not be found, or cannot be removed, goes with the next.
  for (size_t i = 0; older.ok() && i < older->size(); i++) (void)directory.remove((*older)[i]).ok();
  return {};
}

}  // namespace firn
