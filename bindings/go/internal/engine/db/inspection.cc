#include "db/inspection.h"

#include <algorithm>
#include <map>

#include "db/inspected_directory.h"
#include "log/record.h"
#include "lsm/log_entry.h"
#include "table/format.h"

namespace firn {
namespace {

// ---- The manifest

Status write_files(JsonText* json, const char* name, Directory* directory) {
  json->begin_array(name);
  if (directory != nullptr) {
    FIRN_TRY_ASSIGN(const auto names, directory->list());
    for (const std::string& file_name : names) {
      auto file = directory->open_file(file_name, OpenMode::kRead);
      const auto bytes = file.ok() ? (*file)->size() : Result<uint64_t>(file.status());
      json->begin_object();
      json->text("file", file_name);
      if (bytes.ok()) json->number("bytes", *bytes);
      if (!bytes.ok()) write_error(json, bytes.status());
      json->end_object();
    }
  }
  json->end_array();
  return {};
}

Status write_manifest(JsonText* json, const InspectedDirectory& directory) {
  const ManifestState& state = directory.state;
  json->id("db_id", state.db_id);
  json->id("log_id", state.wal_id);
  json->boolean("closed_clean", state.closed_clean);
  json->number("version_floor", state.seq_floor.value);
  json->number("next_table", state.next_table_id);
  json->number("next_run", state.next_run_id);
  json->number("next_segment", state.wal_next_id);
  json->number("first_segment", state.wal_start);
  json->begin_array("segments");
  for (const uint64_t id : state.wal_segments) json->number({}, id);
  json->end_array();
  json->begin_array("retained_segments");
  for (const RetainedSegment& segment : state.retained) json->number({}, segment.id);
  json->end_array();
  json->begin_array("tables");
  for (const TableRecord& table : state.tables) {
    json->begin_object();
    json->number("run", table.run_id);
    json->number("table", table.table_id);
    json->number("bytes", table.file_bytes);
    json->end_object();
  }
  json->end_array();
  FIRN_TRY(write_files(json, "manifest_files", directory.manifest.get()));
  FIRN_TRY(write_files(json, "log_files", directory.wal.get()));
  return write_files(json, "table_files", directory.tables.get());
}

// ---- Tables

const char* name_of(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return "none";
    case Compression::kLz4:
      return "lz4";
    case Compression::kZstd:
      return "zstd";
  }
  return "";
}

Result<Footer> read_footer(Directory& tables, const TableIdentity& identity) {
  FIRN_TRY_ASSIGN(const auto file, tables.open_file(table_name(identity.table_id), OpenMode::kRead));
  FIRN_TRY_ASSIGN(const uint64_t bytes, file->size());
  uint8_t tail[kFooterBytes];
  const size_t tail_bytes = static_cast<size_t>(std::min<uint64_t>(bytes, sizeof tail));
  FIRN_TRY(file->read(bytes - tail_bytes, tail, tail_bytes));
  return decode_footer(Slice(tail, tail_bytes), bytes, identity, file->path());
}

void write_key(JsonText* json, const char* name, const InternalKey& key) {
  json->begin_object(name);
  json->number("prefix", key.prefix);
  json->hex("key_hex", key.user);
  json->end_object();
}

void write_table(JsonText* json, const Footer& footer, const TableHandle& handle) {
  const TableProperties& properties = handle.table->properties();
  const Layout layout(footer);
  json->text("compression", name_of(footer.compression));
  json->number("entries", properties.entry_count);
  json->number("tombstones", properties.tombstone_count);
  json->number("expiring", properties.expiring_count);
  if (properties.expiring_count != 0) json->integer("expiry_median_ms", properties.expiry_median_ms);
  json->number("key_value_bytes", properties.key_value_bytes);
  json->number("version_min", properties.seq_min.value);
  json->number("version_max", properties.seq_max.value);
  json->number("entries_bytes", layout.entries_bytes);
  json->number("stored_bytes", footer.stored_bytes);
  json->number("groups", layout.group_count);
  json->number("index_bytes", uint64_t{layout.bucket_count} * kBucketBytes);
  json->number("chunks", layout.chunk_count);
  json->number("namespaces", layout.namespace_count);
  write_key(json, "smallest", properties.smallest());
  write_key(json, "largest", properties.largest());
}

Status write_tables(JsonText* json, const InspectedDirectory& directory) {
  std::map<uint64_t, std::vector<TableRecord>, std::greater<>> runs;
  for (const TableRecord& record : directory.state.tables) runs[record.run_id].push_back(record);
  json->begin_array("runs");
  for (const auto& [run_id, records] : runs) {
    json->begin_object();
    json->number("run", run_id);
    json->begin_array("tables");
    for (const TableRecord& record : records) {
      const TableIdentity identity{directory.state.db_id, record.table_id};
      json->begin_object();
      json->number("table", record.table_id);
      json->text("file", "tables/" + table_name(record.table_id));
      json->number("bytes", record.file_bytes);
      const Status missing = Status::corrupt("the directory of tables is missing", "tables", 0);
      const auto footer = directory.tables == nullptr ? Result<Footer>(missing) : read_footer(*directory.tables, identity);
      const auto table = footer.ok() ? open_table(*directory.tables, identity, TableIo::kPread) : Result<TableRef>(footer.status());
      if (table.ok()) write_table(json, *footer, **table);
      if (!table.ok()) write_error(json, table.status());
      json->end_object();
    }
    json->end_array();
    json->end_object();
  }
  json->end_array();
  return {};
}

// ---- The log

struct SegmentContent {
  uint64_t record_count = 0;
  uint64_t mark_count = 0;
  uint64_t entry_count = 0;
  uint64_t end = kSegmentHeaderBytes;  // of the records that verify
  uint64_t durable = 0;                // the highest position that a mark calls durable
  uint64_t behind_bytes = 0;           // from there to the last byte that is not zero
  Seq seq_min = kSeqMax;
  Seq seq_max;
};

SegmentContent walk(const Segment& segment) {
  SegmentContent content;
  const uint64_t capacity = segment.capacity();
  for (RecordView record; read_record(segment.image(), content.end, capacity, segment.header().generation, &record);
       content.end += record_bytes(record.payload.size())) {
    if (record.kind == RecordKind::kMark) {
      content.mark_count++;
      content.durable = std::max(content.durable, decode_mark(record.payload).durable);
      continue;
    }
    content.record_count++;
    for (Slice rest = record.payload; !rest.empty(); content.entry_count++) {
      const uint64_t bytes = check_log_entry(rest);
      if (bytes == 0) break;
      const Seq seq = log_entry_seq(rest.data());
      content.seq_min = std::min(content.seq_min, seq);
      content.seq_max = std::max(content.seq_max, seq);
      rest = rest.without_first(bytes);
    }
  }
  uint64_t last = capacity;
  while (last > content.end && segment.image()[last - 1] == 0) last--;
  content.behind_bytes = last - content.end;
  return content;
}

const char* state_of(const ManifestState& state, uint64_t id) {
  for (const RetainedSegment& segment : state.retained) {
    if (segment.id == id) return "retained";
  }
  return std::find(state.wal_segments.begin(), state.wal_segments.end(), id) != state.wal_segments.end() ? "live" : "left over";
}

void write_segment(JsonText* json, const InspectedDirectory& directory, uint64_t id) {
  json->begin_object();
  json->number("segment", id);
  json->text("file", "wal/" + segment_name(id));
  json->text("state", state_of(directory.state, id));
  const auto segment = Segment::open(*directory.wal, id, directory.state.wal_id, SegmentIo::kPwrite);
  if (segment.ok()) {
    const SegmentContent content = walk(**segment);
    json->number("bytes", (*segment)->capacity());
    json->number("base", (*segment)->base());
    json->number("end", content.end);
    json->number("records", content.record_count);
    json->number("entries", content.entry_count);
    json->number("marks", content.mark_count);
    json->number("durable_position", content.durable);
    json->number("bytes_behind", content.behind_bytes);
    if (content.entry_count > 0) {
      json->number("version_min", content.seq_min.value);
      json->number("version_max", content.seq_max.value);
    }
  } else {
    write_error(json, segment.status());
  }
  json->end_object();
}

Status write_log(JsonText* json, const InspectedDirectory& directory) {
  std::vector<uint64_t> ids = directory.state.wal_segments;  // also those that are missing
  for (const RetainedSegment& segment : directory.state.retained) ids.push_back(segment.id);
  if (directory.wal != nullptr) {
    FIRN_TRY_ASSIGN(const auto names, directory.wal->list());
    for (const std::string& name : names) {
      uint64_t id = 0;
      if (parse_segment_name(name, &id)) ids.push_back(id);
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  json->begin_array("segments");
  if (directory.wal != nullptr) {
    for (const uint64_t id : ids) write_segment(json, directory, id);
  }
  json->end_array();
  return {};
}

}  // namespace

Result<std::string> inspect(const std::string& path, InspectionPart part, Env& env) {
  FIRN_TRY_ASSIGN(const InspectedDirectory directory, InspectedDirectory::open(path, env));
  JsonText json;
  json.begin_object();
  switch (part) {
    case InspectionPart::kManifest:
      FIRN_TRY(write_manifest(&json, directory));
      break;
    case InspectionPart::kTables:
      FIRN_TRY(write_tables(&json, directory));
      break;
    case InspectionPart::kLog:
      FIRN_TRY(write_log(&json, directory));
      break;
    default:
      return Status(Code::kInvalid, "there is no such part of a database");
  }
  json.end_object();
  return json.str();
}

}  // namespace firn
