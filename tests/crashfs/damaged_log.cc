// The three durable logs that damage is done to: sealed segments, a trim at either end, records that were synced and some behind them that were not.
#include <gtest/gtest.h>

#include <algorithm>

#include "crashfs/crash_fs.h"
#include "crashfs/damage_subject.h"
#include "durable_log/durable_log.h"
#include "env/thread_mark.h"

namespace firn {
namespace {

constexpr const char* kPath = "/log";
constexpr uint64_t kRecordCount = 130;
constexpr uint64_t kTrimmedBefore = 9;
constexpr uint64_t kTrimmedAfter = 70;  // the last index kept when the end was trimmed; what follows was appended anew
constexpr uint64_t kSynced = 105;       // records below are durable, and the next append's mark says so

struct Recipe {
  std::string name;
  uint64_t segment_bytes;
  LogIo log_io;
  bool is_closed;
};

const std::vector<Recipe>& recipes() {
  static const auto* const made = new std::vector<Recipe>{{"log_mapped", 8 << 10, LogIo::kMmap, false},
                                                          {"log_pwrite", 8 << 10, LogIo::kPwrite, false},
                                                          {"log_closed", 32 << 10, LogIo::kMmap, true}};
  return *made;
}

std::string record_of(const std::string& foreign, uint64_t index) {
  return foreign + std::to_string(index) + std::string(index % 90, static_cast<char>('a' + index % 26));
}

struct Answer {
  Status status;
  std::string record;
  int64_t time_ms = 0;
};

struct Reading {
  Status opened;
  uint64_t dropped_bytes = 0;
  uint64_t first = 0;
  uint64_t next = 0;
  std::vector<Answer> answers;  // of each index in [first, next)
};

// Without bounds a damaged length could ask for ever.
constexpr uint64_t kIndexCountMax = 2 * kRecordCount;

class DamagedLog final : public DamageSubject {
 public:
  explicit DamagedLog(const Recipe& recipe) : recipe_(recipe) {
    make("", &original_.image, &original_.earlier);
    DiskImage ignored;
    make("foreign ", &original_.foreign, &ignored);
    whole_ = read(original_.image, true, nullptr);
  }

  std::string kind_of(const std::string& path) const override {
    if (path.find("/state-") != std::string::npos) return "state";
    return may_cut(path) ? "last segment" : "segment";
  }
  bool may_cut(const std::string& path) const override {
    const auto before = original_.earlier.files.find(path);
    return !recipe_.is_closed && path.find("/segments/") != std::string::npos &&
           (before == original_.earlier.files.end() || before->second->hash != original_.image.files.at(path)->hash);
  }

  Verdict judge(const DiskImage& image, Opening opening) const override {
    const bool read_only = opening == Opening::kReadOnly;
    Reading again;
    const Reading found = read(image, read_only, opening == Opening::kWritableTwice ? &again : nullptr);
    const Verdict verdict = judge_reading(found);
    if (opening != Opening::kWritableTwice || verdict.outcome == Outcome::kSilent || !found.opened.ok()) return verdict;
    if (!again.opened.ok()) return is_refusal(again.opened) ? verdict : Verdict{Outcome::kSilent, "another code when opened again"};
    again.dropped_bytes = found.dropped_bytes;
    const Verdict second = judge_reading(again);
    const bool is_worse = again.next != found.next || second.outcome == Outcome::kSilent;
    return is_worse ? Verdict{Outcome::kSilent, "opened again: " + second.why} : verdict;
  }

  Status verify(const DiskImage& image) const override {
    CrashFs fs(image);
    const ThreadMark mark;
    LogOptions given = options();
    given.read_only = true;
    given.verify_on_open = true;
    return DurableLog::open(kPath, given, fs).status();
  }

 private:
  LogOptions options() const {
    LogOptions options;
    options.create_if_missing = false;
    options.segment_bytes = recipe_.segment_bytes;
    options.log_io = recipe_.log_io;
    options.single_threaded = true;
    return options;
  }

  void make(const std::string& foreign, DiskImage* image, DiskImage* earlier) const {
    CrashFs fs({}, foreign.size());
    const ThreadMark mark;
    LogOptions given = options();
    given.create_if_missing = true;
    auto log = std::move(*DurableLog::open(kPath, given, fs));
    const auto append_until = [&](uint64_t end) {
      while (log->next() < end) {
        const std::string record = record_of(foreign, log->next());
        const Slice slice(record);
        ASSERT_TRUE(log->append(&slice, 1).ok());
      }
    };
    append_until(kTrimmedAfter + 30);
    EXPECT_TRUE(log->trim_after(kTrimmedAfter).ok());
    EXPECT_TRUE(log->trim_before(kTrimmedBefore).ok());
    append_until(kSynced - 10);
    *earlier = fs.live();
    append_until(kSynced);
    EXPECT_TRUE(log->sync().ok());
    append_until(kRecordCount);
    if (recipe_.is_closed) {
      EXPECT_TRUE(log->close().ok());
    }
    *image = fs.live();
  }

  static void read_log(DurableLog& log, Reading* reading) {
    reading->dropped_bytes = log.report().bytes_dropped;
    reading->first = log.first();
    reading->next = log.next();
    for (uint64_t index = reading->first; index < std::min(reading->next, kIndexCountMax); index++) {
      DurableLog::Found found;
      Answer answer;
      answer.status = log.find(index, &found);
      if (answer.status.ok()) {
        answer.record = found.data.to_string();
        answer.time_ms = found.time_ms;
      }
      reading->answers.push_back(std::move(answer));
    }
  }

  Reading read(const DiskImage& image, bool read_only, Reading* again) const {
    Reading reading;
    CrashFs fs(image);
    LogOptions given = options();
    given.read_only = read_only;
    const ThreadMark mark;
    {
      auto log = DurableLog::open(kPath, given, fs);
      reading.opened = log.status();
      if (!log.ok()) return reading;
      read_log(**log, &reading);
      if (read_only || again == nullptr) return reading;
      const Status closed = (*log)->close();
      EXPECT_TRUE(closed.ok() || is_refusal(closed)) << closed.message();
    }
    given.read_only = true;
    auto log = DurableLog::open(kPath, given, fs);
    again->opened = log.status();
    if (log.ok()) read_log(**log, again);
    return reading;
  }

  Verdict judge_reading(const Reading& found) const {
    if (!found.opened.ok()) {
      if (is_refusal(found.opened)) return {Outcome::kRefused, ""};
      return {Outcome::kSilent, "the opening ends with " + std::string(found.opened.message())};
    }
    if (found.first != kTrimmedBefore) return {Outcome::kSilent, "the first index is " + std::to_string(found.first)};
    if (found.next > kRecordCount) return {Outcome::kSilent, "the next index is " + std::to_string(found.next)};
    bool refused = false;
    for (size_t i = 0; i < found.answers.size(); i++) {
      const Answer& answer = found.answers[i];
      const std::string which = "record " + std::to_string(found.first + i);
      if (!answer.status.ok() && !is_refusal(answer.status)) return {Outcome::kSilent, "the code of " + which};
      refused = refused || !answer.status.ok();
      const bool is_same =
          answer.record == record_of("", found.first + i) && (whole_.answers.empty() || answer.time_ms == whole_.answers[i].time_ms);
      if (answer.status.ok() && !is_same) return {Outcome::kSilent, which};
    }
    if (found.next < kRecordCount && found.dropped_bytes == 0) return {Outcome::kCutUntold, ""};
    if (found.next < kRecordCount) return {found.next >= kSynced ? Outcome::kCut : Outcome::kCutWithMark, ""};
    return {refused ? Outcome::kRefused : Outcome::kSame, ""};
  }

  const Recipe& recipe_;
  Reading whole_;
};

}  // namespace

const std::vector<std::string>& damaged_log_names() {
  static const auto* const names = [] {
    auto* const made = new std::vector<std::string>;
    for (const Recipe& recipe : recipes()) made->push_back(recipe.name);
    return made;
  }();
  return *names;
}

std::unique_ptr<DamageSubject> make_damaged_log(std::string_view name) {
  for (const Recipe& recipe : recipes()) {
    if (recipe.name == name) return std::make_unique<DamagedLog>(recipe);
  }
  return nullptr;
}

}  // namespace firn
