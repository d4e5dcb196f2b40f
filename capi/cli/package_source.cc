// Paragraphs of a Debian package index (deb822), as `apt-cache dumpavail` prints it. The value is the paragraph, each line with its newline; the
// key is the Package field, of later paragraphs of the same package "name=version", and should that be there too "name=version#2", "#3" ...
#include <unordered_set>

#include "entry_source.h"
#include "line_reader.h"

namespace firn::cli {
namespace {

class PackageSource : public EntrySource {
 public:
  bool next(Entry& entry) override {
    if (!read_paragraph()) return false;
    if (package_.empty()) reader_.fail("the paragraph that ends here has no Package field");
    key_ = package_;
    if (!keys_.insert(key_).second) {
      const std::string versioned = package_ + "=" + version_;
      key_ = versioned;
      for (unsigned occurrence = 2; !keys_.insert(key_).second; ++occurrence) key_ = versioned + "#" + std::to_string(occurrence);
    }
    entry = {key_, paragraph_};
    return true;
  }
  uint64_t input_bytes() const override { return reader_.input_bytes(); }
  uint64_t input_bytes_total() const override { return reader_.input_bytes_total(); }

 private:
  bool read_paragraph() {
    paragraph_.clear();
    package_.clear();
    version_.clear();
    std::string_view line;
    while (reader_.next(line)) {
      if (line.empty()) {
        if (!paragraph_.empty()) return true;
        continue;
      }
      take_field(line, "Package:", package_);
      take_field(line, "Version:", version_);
      paragraph_ += line;
      paragraph_ += '\n';
    }
    return !paragraph_.empty();
  }

  static void take_field(std::string_view line, std::string_view name, std::string& to) {
    if (!line.starts_with(name)) return;
    line.remove_prefix(name.size());
    const size_t begin = line.find_first_not_of(" \t");
    if (begin != std::string_view::npos) to = line.substr(begin, line.find_last_not_of(" \t") + 1 - begin);
  }

  LineReader reader_;
  std::string paragraph_;
  std::string package_;
  std::string version_;
  std::string key_;
  std::unordered_set<std::string> keys_;
};

}  // namespace

std::unique_ptr<EntrySource> open_package_source() { return std::make_unique<PackageSource>(); }

}  // namespace firn::cli
