#include "crashfs/trace_lint.h"

#include <algorithm>

#include "crashfs/crash_fs.h"
#include "crashfs/disk.h"
#include "log/recovery.h"

namespace firn {
namespace {

constexpr uint64_t kManifestLogId = 0x5453454e49464d46ull;  // core/lsm/FORMAT.md
constexpr const char* kNamed = "TRACE-1";
constexpr const char* kPromised = "TRACE-5";
constexpr const char* kCopyPath = "/copy";

// Where the records of a segment end, and where the last one ends that promises something: which is no mark, and not trimmed (of a durable log: ends above `first`).
struct RecordEnds {
  uint64_t all = 0;
  uint64_t promised = 0;
};

RecordEnds ends_of(const std::string& segment, std::optional<uint64_t> first = std::nullopt) {
  RecordEnds ends;
  if (segment.size() < kSegmentHeaderBytes) return ends;
  const auto* image = reinterpret_cast<const uint8_t*>(segment.data());
  const uint64_t generation = load_u64(image + 24);
  ends.all = kSegmentHeaderBytes;
  for (RecordView record; read_record(image, ends.all, segment.size(), generation, &record);) {
    ends.all += record_bytes(record.payload.size());
    if (record.kind == RecordKind::kMark) continue;
    if (!first || load_u64(record.payload.data()) + load_u32(record.payload.data() + 16) > *first) ends.promised = ends.all;
  }
  return ends;
}

}  // namespace

void TraceLint::Counts::add(const Counts& other) {
  named += other.named;
  removed += other.removed;
  acknowledged += other.acknowledged;
}

std::string TraceLint::Counts::text() const {
  return "lint: " + std::to_string(named) + " names, " + std::to_string(removed) + " removals, " + std::to_string(acknowledged) +
         " acknowledgements";
}

TraceLint::TraceLint(const DiskImage& start) {
  const auto numbers = number_nodes(start);
  directories_[kRootNode];
  for (const auto& [path, number] : numbers) {
    if (path.empty()) continue;
    const size_t slash = path.rfind('/');
    const NodeId parent = numbers.at(path.substr(0, slash));
    const std::string name = path.substr(slash + 1);
    if (const auto file = start.files.find(path); file != start.files.end()) {
      files_[number].newest = files_[number].durable = file->second->bytes;
      places_[number] = {parent, name};
    } else {
      directories_[number].parent = parent;
      directories_[number].name = name;
    }
    directories_[parent].newest[name] = directories_[parent].durable[name] = number;
  }
}

TraceLint::~TraceLint() = default;

size_t TraceLint::apply(const Trace& trace, size_t from) {
  for (size_t i = from; i < trace.size() && violation_.empty(); i++) apply(trace[i]);
  return trace.size();
}

void TraceLint::apply(const Step& step) {
  switch (step.kind) {
    case StepKind::kCreate:
      places_[step.child] = {step.node, step.name};
      files_[step.child];
      [[fallthrough]];
    case StepKind::kLink:
      directories_.at(step.node).newest[step.name] = step.child;
      break;
    case StepKind::kMakeDirectory:
      directories_[step.child].parent = step.node;
      directories_[step.child].name = step.name;
      directories_.at(step.node).newest[step.name] = step.child;
      break;
    case StepKind::kRemove:
      remove(step);
      break;
    case StepKind::kWrite:
      write(step);
      break;
    case StepKind::kAllocate: {
      std::string& newest = files_.at(step.node).newest;
      newest.resize(std::max<size_t>(newest.size(), step.offset), '\0');
      break;
    }
    case StepKind::kPunch:
      punch(step);
      break;
    case StepKind::kSync:
    case StepKind::kSyncLost:
    case StepKind::kSyncDropped:
      settle(files_.at(step.node), step.kind);
      forget(places_.at(step.node).first);
      break;
    case StepKind::kSyncDirectory:
      forget(step.node);
      directories_.at(step.node).durable = directories_.at(step.node).newest;
      break;
  }
}

void TraceLint::write(const Step& step) {
  File& file = files_.at(step.node);
  const uint64_t end = step.offset + step.bytes.size();
  if (file.newest.size() < end) file.newest.resize(end, '\0');
  const auto& [directory, name] = places_.at(step.node);
  for (size_t i = 0; i < step.bytes.size(); i++) {
    char& byte = file.newest[step.offset + i];
    if (byte != '\0' && byte != step.bytes[i])
      violate("TRACE-3", directory, name, "byte " + std::to_string(step.offset + i) + " is written a second time, and differently");
    byte = step.bytes[i];
  }
  std::erase_if(file.unsynced, [&](const Range& range) { return range.begin >= step.offset && range.end <= end; });
  file.unsynced.push_back({step.offset, end, false});
  const Kind kind = kind_of(directory, name);
  if (kind == Kind::kManifest) check_manifest(directory, kNamed);
  if (kind == Kind::kState) check_state(directory, kNamed);
  if ((kind == Kind::kWal || kind == Kind::kSegment) && end > kSegmentHeaderBytes) check_record(directory, name, kind);
}

void TraceLint::punch(const Step& step) {
  File& file = files_.at(step.node);
  const auto& [directory, name] = places_.at(step.node);
  if (step.offset < ends_of(file.newest).all)
    violate("TRACE-3", directory, name,
            "a hole is punched from " + std::to_string(step.offset) + " on, in front of the end of its records");
  if (step.offset >= file.newest.size()) return;
  std::fill(file.newest.begin() + static_cast<ptrdiff_t>(step.offset), file.newest.end(), '\0');
  file.unsynced.push_back({step.offset, file.newest.size(), false});
}

// TRACE-4
void TraceLint::settle(File& file, StepKind kind) {
  if (kind == StepKind::kSyncLost) {
    for (Range& range : file.unsynced) range.is_lost = true;
    return;
  }
  if (kind == StepKind::kSyncDropped) {
    const size_t length = file.newest.size();
    file.newest = file.durable;
    file.newest.resize(length, '\0');
    file.unsynced.clear();
    return;
  }
  file.durable.resize(file.newest.size(), '\0');
  std::vector<Range> lost;
  for (const Range& range : file.unsynced) {
    if (range.is_lost)
      lost.push_back(range);
    else
      file.durable.replace(range.begin, range.end - range.begin, file.newest, range.begin, range.end - range.begin);
  }
  file.unsynced = std::move(lost);
}

// What is written once more, and is the same, is as durable as it was, also if that writing is lost.
bool TraceLint::File::is_durable(uint64_t bytes) const {
  const auto is_missing = [&](const Range& range) {
    if (range.begin >= bytes) return false;
    const uint64_t length = std::min(range.end, bytes) - range.begin;
    return newest.compare(range.begin, length, durable, range.begin, length) != 0;
  };
  return durable.size() >= bytes && std::none_of(unsynced.begin(), unsynced.end(), is_missing);
}

void TraceLint::check_manifest(NodeId manifest_directory, const char* rule) {
  const bool is_promised = rule == kPromised;
  const auto manifest = is_promised ? durable_manifest(manifest_directory) : read_manifest(manifest_directory, Copy::kNewest);
  const NodeId directory = directories_.at(manifest_directory).parent;
  const auto tables = subdirectory(directory, "tables");
  const auto wal = subdirectory(directory, "wal");
  if (!manifest || !tables || !wal) return;
  for (const TableRecord& table : manifest->state.tables) expect_durable(rule, *tables, table_name(table.table_id), table.file_bytes);
  for (const uint64_t id : manifest->state.wal_segments) {
    const std::string name = segment_name(id);
    expect_durable(rule, *wal, name, is_promised ? ends_of(newest(*wal, name)).promised : kSegmentHeaderBytes);
  }
  for (const RetainedSegment& segment : manifest->state.retained) expect_durable(rule, *wal, segment_name(segment.id), segment.end);
}

void TraceLint::check_state(NodeId directory, const char* rule) {
  const bool is_promised = rule == kPromised;
  const auto state = is_promised ? durable_state(directory) : read_state(directory, Copy::kNewest);
  const auto segments = subdirectory(directory, "segments");
  if (!state || !segments) return;
  for (const PartRecord& part : state->parts) {
    const std::string name = segment_name(part.segment_id);
    const bool is_closed = part.end != 0 && (state->closed_clean || part.until != UINT64_MAX);
    const uint64_t bytes = is_closed ? part.end - part.base : kSegmentHeaderBytes;
    expect_durable(rule, *segments, name, is_promised ? ends_of(newest(*segments, name), state->first).promised : bytes);
  }
}

// TRACE-6
void TraceLint::check_record(NodeId directory, const std::string& name, Kind kind) {
  if (names_of(directory, kind).count(name) == 0)
    violate("TRACE-6", directory, name, "a record is written to it before what names it is durable");
}

// The tables or segments that the durable manifest or state needs.
std::set<std::string> TraceLint::names_of(NodeId directory, Kind kind) {
  std::set<std::string> names;
  const NodeId above = directories_.at(directory).parent;
  if (kind == Kind::kSegment) {
    if (const auto& state = durable_state(above)) {
      for (const PartRecord& part : state->parts) names.insert(segment_name(part.segment_id));
    }
    return names;
  }
  const auto manifests = subdirectory(above, "manifest");
  if (!manifests || !durable_manifest(*manifests)) return names;
  const ManifestState& state = durable_manifest(*manifests)->state;
  if (kind == Kind::kTable) {
    for (const TableRecord& table : state.tables) names.insert(table_name(table.table_id));
  } else {
    for (const uint64_t id : state.wal_segments) names.insert(segment_name(id));
    for (const RetainedSegment& segment : state.retained) names.insert(segment_name(segment.id));
  }
  return names;
}

const std::string& TraceLint::newest(NodeId directory, const std::string& name) const {
  static const std::string kNothing;
  const auto& names = directories_.at(directory).newest;
  const auto found = names.find(name);
  return found == names.end() ? kNothing : files_.at(found->second).newest;
}

void TraceLint::expect_durable(const char* rule, NodeId directory, const std::string& name, uint64_t bytes) {
  counts_.named++;
  const auto found = directories_.at(directory).newest.find(name);
  if (found == directories_.at(directory).newest.end()) return violate(rule, directory, name, "it is named, and it is not there");
  if (!is_durable_name(directory, name)) violate(rule, directory, name, "it is named, and its name is not durable");
  if (!files_.at(found->second).is_durable(bytes)) violate(rule, directory, name, "it is named, and its bytes are not durable");
}

void TraceLint::remove(const Step& step) {
  const Kind kind = kind_of(step.node, step.name);
  if (kind != Kind::kOther) counts_.removed++;
  if (kind == Kind::kTable || kind == Kind::kWal || kind == Kind::kSegment) expect_forgotten(step.node, step.name, kind);
  if (kind == Kind::kManifest || kind == Kind::kState) expect_newer(step.node, step.name, kind);
  directories_.at(step.node).newest.erase(step.name);
}

// TRACE-2: what the durable manifest or state says of a file that is unlinked.
void TraceLint::expect_forgotten(NodeId directory, const std::string& name, Kind kind) {
  if (names_of(directory, kind).count(name) != 0)
    return violate("TRACE-2", directory, name, "it is unlinked while what is durable names it");
  const auto manifests = subdirectory(directories_.at(directory).parent, "manifest");
  if (!manifests || !durable_manifest(*manifests) || durable_manifest(*manifests)->is_covered) return;
  // The output of a job that was cut short was never named.
  uint64_t table_id = 0;
  if (parse_table_name(name, &table_id) && table_id >= durable_manifest(*manifests)->state.next_table_id) return;
  violate("TRACE-2", directory, name, "it is unlinked before a mark covers the last edit of the manifest");
}

void TraceLint::expect_newer(NodeId directory, const std::string& name, Kind kind) {
  uint64_t number = 0;
  bool is_newer = false;
  if (kind == Kind::kManifest) {
    if (ends_of(newest(directory, name)).promised == 0) return;  // it never held anything
    const auto& manifest = durable_manifest(directory);
    is_newer = parse_segment_name(name, &number) && manifest && manifest->segment_id > number && manifest->is_covered;
  } else if (parse_state_name(name, &number)) {
    DiskImage newer = files_of(directory, Copy::kDurable);
    std::erase_if(newer.files, [number](const auto& file) {
      uint64_t other = 0;
      return !parse_state_name(file.first.substr(file.first.rfind('/') + 1), &other) || other <= number;
    });
    CrashFs fs(newer);
    const auto state = LogState::load(**fs.open_directory(kCopyPath, false));
    is_newer = state.ok() && state->log_id != 0;
  }
  if (!is_newer) violate("TRACE-2", directory, name, "it is unlinked before a newer one is durable");
}

void TraceLint::acknowledge() {
  counts_.acknowledged++;
  for (const auto& [number, directory] : directories_) {
    if (directory.name == "manifest") check_manifest(number, kPromised);
    if (directory.newest.contains("segments")) check_state(number, kPromised);
  }
}

TraceLint::Kind TraceLint::kind_of(NodeId directory, const std::string& name) const {
  const std::string& above = directories_.at(directory).name;
  uint64_t number = 0;
  if (above == "tables") return Kind::kTable;
  if (parse_segment_name(name, &number))
    return above == "manifest" ? Kind::kManifest : above == "wal" ? Kind::kWal : above == "segments" ? Kind::kSegment : Kind::kOther;
  return parse_state_name(name, &number) ? Kind::kState : Kind::kOther;
}

bool TraceLint::is_durable_name(NodeId directory, const std::string& name) const {
  const Directory& names = directories_.at(directory);
  const auto durable = names.durable.find(name);
  if (durable == names.durable.end() || durable->second != names.newest.at(name)) return false;
  return directory == kRootNode || is_durable_name(names.parent, names.name);
}

std::optional<NodeId> TraceLint::subdirectory(NodeId directory, const std::string& name) const {
  const auto& names = directories_.at(directory).newest;
  const auto found = names.find(name);
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

DiskImage TraceLint::files_of(NodeId directory, Copy copy) const {
  DiskImage image;
  image.directories.insert(kCopyPath);
  const Directory& names = directories_.at(directory);
  for (const auto& [name, node] : copy == Copy::kNewest ? names.newest : names.durable) {
    const auto file = files_.find(node);
    if (file == files_.end() || kind_of(directory, name) == Kind::kOther) continue;
    image.files[std::string(kCopyPath) + "/" + name] =
        std::make_shared<const Content>(copy == Copy::kNewest ? file->second.newest : file->second.durable);
  }
  return image;
}

// The newest segment whose records make a state.
std::optional<TraceLint::DurableManifest> TraceLint::read_manifest(NodeId directory, Copy copy) const {
  const DiskImage image = files_of(directory, copy);
  CrashFs fs(image);
  const auto files = std::move(*fs.open_directory(kCopyPath, false));
  for (auto file = image.files.rbegin(); file != image.files.rend(); ++file) {
    DurableManifest manifest;
    parse_segment_name(file->first.substr(file->first.rfind('/') + 1), &manifest.segment_id);
    LogPosition end = 0;
    const RecordVisitor apply = [&](const std::shared_ptr<Segment>& segment, uint64_t offset, Slice payload) {
      end = segment->base() + offset + payload.size();
      return manifest.state.apply(payload, segment->path(), offset);
    };
    const auto recovery = recover_log(*files, kManifestLogId, {manifest.segment_id}, SegmentIo::kMmap, apply);
    if (!recovery.ok() || manifest.state.db_id == 0) continue;
    manifest.is_covered = recovery->durable >= end;
    return manifest;
  }
  return std::nullopt;
}

// Read once, until a sync changes it.
const std::optional<TraceLint::DurableManifest>& TraceLint::durable_manifest(NodeId directory) {
  const auto [at, is_new] = durable_manifests_.try_emplace(directory);
  if (is_new) at->second = read_manifest(directory, Copy::kDurable);
  return at->second;
}

const std::optional<LogState>& TraceLint::durable_state(NodeId directory) {
  const auto [at, is_new] = durable_states_.try_emplace(directory);
  if (is_new) at->second = read_state(directory, Copy::kDurable);
  return at->second;
}

void TraceLint::forget(NodeId directory) {
  durable_manifests_.erase(directory);
  durable_states_.erase(directory);
}

std::optional<LogState> TraceLint::read_state(NodeId directory, Copy copy) const {
  CrashFs fs(files_of(directory, copy));
  auto state = LogState::load(**fs.open_directory(kCopyPath, false));
  if (!state.ok() || state->log_id == 0) return std::nullopt;
  return std::move(*state);
}

void TraceLint::violate(const std::string& rule, NodeId directory, const std::string& name, const std::string& what) {
  if (violation_.empty()) violation_ = rule + ": " + directories_.at(directory).name + "/" + name + ": " + what;
}

}  // namespace firn
