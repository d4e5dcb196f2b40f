// Everything is damaged (T10): five small databases and three durable logs; every bit flipped; bytes set to 0x00, 0xff and anything; sectors zeroed, exchanged inside a file and across
// files, or replaced by what they were earlier; files cut off or made longer, missing, doubled or renamed under another number, or those of another database. DAMAGE-1 says what
// may come of it; the matrix of what did is printed at the end.
//   FIRN_SEED repeats a share; FIRN_DEEP=1 does every bit, byte and sector.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "crashfs/damage_subject.h"
#include "crashfs/effort.h"

namespace firn {
namespace {

constexpr size_t kSectorBytes = 512;
constexpr size_t kZeroStrideBytes = 64;  // behind the last sector in use a file is a reservation of zeros: of it a byte in so many

std::unique_ptr<DamageSubject> make_subject(const std::string& name) {
  auto subject = make_damaged_database(name);
  return subject != nullptr ? std::move(subject) : make_damaged_log(name);
}

class DamageTest : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() { matrix_ = new DamageMatrix; }
  static void TearDownTestSuite() {
    std::printf("\nThe matrix of damage (every opening is counted):\n\n%s\n", matrix_->markdown().c_str());
    delete matrix_;
  }
  void TearDown() override { EXPECT_GT(refused_count_, 0u) << "no damage was refused: it shows nothing, " << replay_command(); }
  void SetUp() override {
    subject_ = make_subject(GetParam());
    ASSERT_NE(nullptr, subject_);
    for (const Opening opening : {Opening::kReadOnly, Opening::kWritableTwice}) {
      const Verdict whole = subject_->judge(original().image, opening);
      ASSERT_EQ(Outcome::kSame, whole.outcome) << whole.why;
    }
    ASSERT_TRUE(subject_->verify(original().image).ok());
    for (const auto& [path, content] : original().image.files) {
      if (path.find("/LOCK") == std::string::npos) paths_.push_back(path);
    }
  }

  const DamageOriginal& original() const { return subject_->original(); }
  const std::string& bytes_of(const std::string& path) const { return original().image.files.at(path)->bytes; }
  // Up to the first sector behind which there is nothing but the zeros of a reservation.
  size_t used_bytes(const std::string& path) const {
    const size_t last = bytes_of(path).find_last_not_of('\0');
    return std::min(bytes_of(path).size(), (last == std::string::npos ? 0 : last) / kSectorBytes * kSectorBytes + 2 * kSectorBytes);
  }
  // Every place in a deep run, else a few, chosen by the seed.
  std::vector<size_t> places(size_t count, size_t sample) {
    std::vector<size_t> all(count);
    for (size_t i = 0; i < count; i++) all[i] = i;
    if (!effort_.is_deep) {
      std::shuffle(all.begin(), all.end(), random_);
      all.resize(std::min(all.size(), std::max<size_t>(1, sample / effort_.slowness)));
    }
    return all;
  }

  using Opening = DamageSubject::Opening;
  enum class Loss { kNone, kTold, kWithMark };  // of the end of the log; kWithMark: also what a mark covered, and untold
  enum class Ways { kAll, kReader, kWriter };   // to open: read-only, writable, and after the deep verification
  void try_file(const std::string& path, std::string bytes, const char* fault_class, const std::string& what, Loss loss,
                Ways ways = Ways::kAll) {
    if (bytes == bytes_of(path)) return;
    DiskImage image = original().image;
    image.files[path] = std::make_shared<const Content>(std::move(bytes));
    try_image(image, path, fault_class, what, subject_->may_cut(path) ? loss : Loss::kNone, ways);
  }
  void try_image(const DiskImage& image, const std::string& path, const char* fault_class, const std::string& what, Loss loss,
                 Ways ways = Ways::kAll) {
    const bool is_verified = ways == Ways::kAll && subject_->verify(image).ok();
    if (ways != Ways::kWriter) try_opening(image, path, fault_class, what, loss, Opening::kReadOnly, is_verified);
    const Opening writable = ways == Ways::kAll ? Opening::kWritableTwice : Opening::kWritable;
    if (ways != Ways::kReader) try_opening(image, path, fault_class, what, loss, writable, is_verified);
  }
  // One place in so many is opened in all ways, the others in the way that reads most at the least cost: of a database's retained log a reader sees nothing.
  Ways ways_for(const std::string& path, uint64_t one_in) {
    if (random_() % one_in == 0) return Ways::kAll;
    return subject_->kind_of(path) == "retained log" ? Ways::kWriter : Ways::kReader;
  }
  void try_opening(const DiskImage& image, const std::string& path, const char* fault_class, const std::string& what, Loss loss,
                   Opening opening, bool is_verified) {
    const Verdict verdict = subject_->judge(image, opening);
    matrix_->count(subject_->kind_of(path), fault_class, verdict.outcome);
    if (verdict.outcome == Outcome::kRefused) refused_count_++;
    const auto where = [&] {
      return replay_command() + "\n" + path + ": " + what + (opening == Opening::kReadOnly ? ", read-only: " : ", writable: ") +
             name_of(verdict.outcome) + " " + verdict.why;
    };
    EXPECT_NE(Outcome::kSilent, verdict.outcome) << where();
    EXPECT_FALSE(verdict.outcome == Outcome::kCut && loss == Loss::kNone) << where();
    EXPECT_FALSE(verdict.outcome == Outcome::kCutUntold && loss != Loss::kWithMark) << where();
    EXPECT_FALSE(verdict.outcome == Outcome::kCutWithMark && loss != Loss::kWithMark) << where();
    EXPECT_FALSE(verdict.outcome == Outcome::kShorterFeed && subject_->kind_of(path) != "retained log") << where();
    EXPECT_FALSE(verdict.outcome == Outcome::kRefused && is_verified) << where() << ": the verification has found nothing";
  }

  static inline DamageMatrix* matrix_ = nullptr;
  const Effort effort_ = test_effort();
  std::mt19937_64 random_{effort_.seed};
  std::unique_ptr<DamageSubject> subject_;
  std::vector<std::string> paths_;
  uint64_t refused_count_ = 0;
};

TEST_P(DamageTest, a_flipped_bit_is_harmless_or_noticed) {
  const uint64_t one_in = effort_.is_deep ? 64 : 4;
  uint64_t flips = 0;
  for (const std::string& path : paths_) {
    const size_t used = used_bytes(path);
    for (const size_t place : places(8 * used, 120)) {
      std::string bytes = bytes_of(path);
      bytes[place / 8] = static_cast<char>(bytes[place / 8] ^ (1 << place % 8));
      flips++;
      try_file(path, std::move(bytes), "a bit", "byte " + std::to_string(place / 8) + ", bit " + std::to_string(place % 8), Loss::kTold,
               ways_for(path, one_in));
    }
    for (const size_t place : places((bytes_of(path).size() - used) / kZeroStrideBytes, 10)) {
      std::string bytes = bytes_of(path);
      bytes[used + place * kZeroStrideBytes] = static_cast<char>(1 << random_() % 8);
      try_file(path, std::move(bytes), "a bit of the reservation", std::to_string(place), Loss::kTold, ways_for(path, one_in));
    }
    if (HasFailure()) break;
  }
  std::printf("[ figures  ] %s: %llu bits\n", GetParam().c_str(), static_cast<unsigned long long>(flips));
}

TEST_P(DamageTest, a_byte_that_is_anything_is_harmless_or_noticed) {
  for (const std::string& path : paths_) {
    for (const size_t at : places(used_bytes(path), 12)) {
      for (const char byte : {'\0', '\xff', static_cast<char>(random_())}) {
        std::string bytes = bytes_of(path);
        bytes[at] = byte;
        try_file(path, std::move(bytes), "a byte", "byte " + std::to_string(at) + " is " + std::to_string(static_cast<unsigned char>(byte)),
                 Loss::kTold, ways_for(path, effort_.is_deep ? 32 : 1));
      }
    }
  }
}

TEST_P(DamageTest, a_sector_that_is_zero_older_or_another_one_is_harmless_or_noticed) {
  const auto replaced = [&](const std::string& path, size_t sector, std::string_view by) {
    std::string bytes = bytes_of(path);
    const size_t length = std::min({kSectorBytes, bytes.size() - sector * kSectorBytes, by.size()});
    return bytes.replace(sector * kSectorBytes, length, by.substr(0, length));
  };
  for (const std::string& path : paths_) {
    const size_t sector_count = (used_bytes(path) + kSectorBytes - 1) / kSectorBytes;
    for (const size_t sector : places(sector_count, 8)) {
      const std::string where = "sector " + std::to_string(sector);
      try_file(path, replaced(path, sector, std::string(kSectorBytes, '\0')), "a sector zeroed", where, Loss::kWithMark);
      const std::string own = bytes_of(path).substr(sector * kSectorBytes, kSectorBytes);
      for (const size_t other : places(sector_count, 1)) {
        if (effort_.is_deep && other <= sector) continue;  // each pair once
        std::string exchanged = replaced(path, sector, std::string_view(bytes_of(path)).substr(other * kSectorBytes, kSectorBytes));
        exchanged.replace(other * kSectorBytes, std::min(own.size(), exchanged.size() - other * kSectorBytes), own);
        try_file(path, exchanged.substr(0, bytes_of(path).size()), "sectors exchanged", where + " and " + std::to_string(other),
                 Loss::kWithMark);
      }
      for (const std::string& from : paths_) {
        const size_t there = random_() % ((used_bytes(from) + kSectorBytes - 1) / kSectorBytes);
        try_file(path, replaced(path, sector, std::string_view(bytes_of(from)).substr(there * kSectorBytes, kSectorBytes)),
                 "a sector of any file", where + " is " + std::to_string(there) + " of " + from, Loss::kWithMark);
      }
      const auto earlier = original().earlier.files.find(path);
      if (earlier != original().earlier.files.end() && earlier->second->bytes.size() > sector * kSectorBytes)
        try_file(path, replaced(path, sector, std::string_view(earlier->second->bytes).substr(sector * kSectorBytes, kSectorBytes)),
                 "a sector as it was", where, Loss::kWithMark);
    }
  }
}

TEST_P(DamageTest, a_file_that_is_cut_or_longer_is_harmless_or_noticed) {
  for (const std::string& path : paths_) {
    for (const size_t bytes : places(used_bytes(path), 25))
      try_file(path, bytes_of(path).substr(0, bytes), "cut off", "at " + std::to_string(bytes), Loss::kWithMark,
               ways_for(path, effort_.is_deep ? 16 : 1));
    for (const size_t more : {size_t{1}, kSectorBytes, size_t{5000}}) {
      std::string garbage(more, '\0');
      for (char& byte : garbage) byte = static_cast<char>(random_());
      try_file(path, bytes_of(path) + garbage, "made longer", "by " + std::to_string(more), Loss::kWithMark);
    }
  }
}

TEST_P(DamageTest, a_file_that_is_missing_doubled_or_of_another_database_is_harmless_or_noticed) {
  const auto folder_of = [](const std::string& path) { return path.substr(0, path.rfind('/') + 1); };
  for (const std::string& path : paths_) {
    const Loss loss = subject_->may_cut(path) ? Loss::kWithMark : Loss::kNone;
    DiskImage image = original().image;
    image.files.erase(path);
    try_image(image, path, "missing", "", Loss::kNone);
    for (const auto& [other, content] : original().foreign.files) {
      if (other.find("/LOCK") != std::string::npos || folder_of(other) != folder_of(path)) continue;
      image = original().image;
      image.files[path] = content;
      try_image(image, path, "of another database", other, Loss::kNone);
    }
    for (const std::string& other : paths_) {
      if (other == path || folder_of(other) != folder_of(path)) continue;
      image = original().image;
      image.files[path] = original().image.files.at(other);
      try_image(image, path, "another one's content", other, loss);
    }
    for (const char* number : {"0", "1", "5", "9", "f"}) {
      const size_t digit = path.find_last_of("0123456789abcdef", path.rfind('.') - 1);
      std::string name = path;
      name.replace(digit, 1, number);
      if (digit < folder_of(path).size() || original().image.files.contains(name)) continue;
      image = original().image;
      image.files[name] = original().image.files.at(path);
      try_image(image, path, "doubled", name, loss);
      image.files.erase(path);
      try_image(image, path, "renamed", name, Loss::kNone);
    }
  }
}

std::string name_of_parameter(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(Databases, DamageTest, testing::ValuesIn(damaged_database_names()), name_of_parameter);
INSTANTIATE_TEST_SUITE_P(Logs, DamageTest, testing::ValuesIn(damaged_log_names()), name_of_parameter);

}  // namespace
}  // namespace firn
