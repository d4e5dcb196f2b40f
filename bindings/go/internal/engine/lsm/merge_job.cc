#include "lsm/merge_job.h"

#include <utility>

#include "base/coverage_mark.h"
#include "base/hash.h"

namespace firn {
namespace {

constexpr uint64_t kStepBytesMax = uint64_t{1} << 20;
constexpr uint64_t kReadBackBytes = uint64_t{4} << 20;  // in a step: half a millisecond, as what was just written is in the page cache

}  // namespace

MergeJob::MergeJob(MergeOptions options, Directory& tables, std::function<uint64_t()> next_table_id,
                   std::vector<std::unique_ptr<Iterator>> parts)
    : options_(std::move(options)), tables_(tables), next_table_id_(std::move(next_table_id)), parts_(std::move(parts)) {}

MergeJob::~MergeJob() {
  builder_.reset();
  file_.reset();
  const auto remove = [this](uint64_t id) {
    char name[32];
    write_table_name(id, name);
    (void)tables_.remove(name).ok();
  };
  if (table_id_ != 0) remove(table_id_);
  for (const TableRef& output : outputs_) remove(output->id);
}

Result<bool> MergeJob::step(uint64_t entry_count) {
  if (!is_read_back()) {
    FIRN_TRY(read_back());
    return false;
  }
  const uint64_t end_bytes = passed_bytes_ + kStepBytesMax;
  for (; part_ < parts_.size(); part_++, started_ = false) {
    Iterator& input = *parts_[part_];
    if (!started_) {
      input.seek_to_first();
      started_ = true;
    }
    while (input.valid()) {
      if (entry_count-- == 0 || passed_bytes_ >= end_bytes) return false;
      const Entry& entry = input.entry();
      passed_bytes_ += entry.key.user.size() + entry.value.size();
      if (!is_dropped(entry)) FIRN_TRY(add(entry));
      input.next();
    }
    FIRN_TRY(input.status());  // an error is never the end of the input
    FIRN_TRY(finish_table());
  }
  if (!is_read_back()) return false;
  if (!outputs_.empty()) FIRN_TRY(tables_.sync());
  return true;
}

bool MergeJob::is_dropped(const Entry& entry) {
  if (entry.key.prefix != known_prefix_) {
    known_prefix_ = entry.key.prefix;
    known_live_ = entry.key.prefix == kSystemPrefix || options_.is_live_prefix(entry.key.prefix);
  }
  if (!known_live_) {
    FIRN_MARK("an entry of a namespace that is gone is dropped");
    return true;
  }
  if (!options_.drop_tombstones || entry.is_live(options_.now_ms)) return false;
  FIRN_MARK("a tombstone or an expired entry is dropped");
  return true;
}

Status MergeJob::add(const Entry& entry) {
  if (builder_ != nullptr && builder_->file_bytes_estimate() >= options_.table_bytes_max) FIRN_TRY(finish_table());
  const uint64_t hash = hash_key(options_.hash_seed, entry.key);
  if (builder_ != nullptr) {
    Status status = builder_->add(entry, hash);
    if (!status.is(Code::kTooLarge)) return status;
    FIRN_TRY(finish_table());
  }
  const uint64_t id = next_table_id_();
  FIRN_TRY_ASSIGN(file_, tables_.open_file(table_name(id), OpenMode::kCreate));
  table_id_ = id;  // from here on the file is this job's, to be removed if it fails
  TableBuilderOptions table_options;
  table_options.identity = {options_.db_id, table_id_};
  table_options.compression = options_.compression;
  table_options.seq_lower = options_.seq_lower;
  table_options.seq_upper = options_.seq_upper;
  builder_ = TableBuilder::create(file_.get(), table_options);
  return builder_->add(entry, hash);
}

Status MergeJob::finish_table() {
  if (builder_ == nullptr) return {};
  FIRN_TRY(builder_->finish().status());
  builder_.reset();
  file_.reset();
  FIRN_TRY_ASSIGN(TableRef table, open_table(tables_, {options_.db_id, table_id_}, options_.table_io));
  bytes_written_ += table->file_bytes;
  outputs_.push_back(std::move(table));
  table_id_ = 0;
  return {};
}

// While the log or the inputs still have what the tables say, and before a reader would have to do it chunk by chunk.
Status MergeJob::read_back() {
  FIRN_TRY_ASSIGN(const bool more, outputs_[read_back_count_]->table->read_back(read_back_bytes_, kReadBackBytes));
  read_back_bytes_ = more ? read_back_bytes_ + kReadBackBytes : 0;
  if (!more) read_back_count_++;
  return {};
}

std::vector<TableRef> MergeJob::take_outputs() { return std::exchange(outputs_, {}); }

}  // namespace firn
