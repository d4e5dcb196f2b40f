// What damage is done to: a small database or durable log as a process left it, and a judge of how a damaged copy of it answers.
//
//   DAMAGE-1  A damaged copy answers as before; or an opening or a read refuses, and every answer that is still given is right; or commits from the end of its log are gone,
//             none of those that a mark covers, and the opening says so.
//
// Threading: one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "crashfs/damage_matrix.h"
#include "crashfs/disk_image.h"

namespace firn {

struct Verdict {
  Outcome outcome = Outcome::kSilent;
  std::string why;  // of kSilent
};

// The files of a database or log, at the moments that damage takes sectors from.
struct DamageOriginal {
  DiskImage image;    // as the process left it
  DiskImage earlier;  // some commits before
  DiskImage foreign;  // of another one, made alike
};

class DamageSubject {
 public:
  virtual ~DamageSubject() = default;
  const DamageOriginal& original() const { return original_; }

  // "table", "manifest", "log", "retained log" of databases; "state", "segment", "last segment" of durable logs.
  virtual std::string kind_of(const std::string& path) const = 0;
  // Whether damage to this file may cost commits from the end of the log.
  virtual bool may_cut(const std::string& path) const = 0;
  enum class Opening { kReadOnly, kWritable, kWritableTwice };
  // Opens a damaged image and reads all that there is, each key by itself, and forwards, and backwards. Twice: what the first opening wrote is read once more.
  virtual Verdict judge(const DiskImage& image, Opening opening) const = 0;
  // What the deep verification says.
  virtual Status verify(const DiskImage& image) const = 0;

 protected:
  DamageOriginal original_;
};

inline bool is_refusal(const Status& status) {
  return status.is(Code::kCorrupt) || status.is(Code::kNewerFormat) || status.is(Code::kNotADatabase);
}

// The subjects by name. Making one takes milliseconds.
const std::vector<std::string>& damaged_database_names();
std::unique_ptr<DamageSubject> make_damaged_database(std::string_view name);
const std::vector<std::string>& damaged_log_names();
std::unique_ptr<DamageSubject> make_damaged_log(std::string_view name);

}  // namespace firn
