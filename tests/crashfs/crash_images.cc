#include "crashfs/crash_images.h"

#include <algorithm>
#include <random>

namespace firn {
namespace {

class Visitor {
 public:
  Visitor(const Disk& disk, const ImageBudget& budget, uint64_t seed, const ImageVisitor& visit)
      : disk_(disk), budget_(budget), visit_(visit), random_(seed), pieces_(disk.pieces()) {
    none_.assign(pieces_.size(), 0);
    for (const Piece& piece : pieces_) all_.push_back(piece.states - 1);
  }

  void run() {
    show(all_, true);
    if (pieces_.empty()) return;
    show(none_);
    if (pieces_.size() <= budget_.subset_piece_count) {
      subsets();
    } else {
      singles();
      groups();
      prefixes();
    }
    for (size_t i = 0; i < budget_.random_count; i++) sample(i);
  }

 private:
  void show(const std::vector<uint32_t>& states, bool is_all = false) { visit_(disk_.image(pieces_, states), {is_all}); }

  void subsets() {
    for (uint64_t set = 1; set + 1 < uint64_t{1} << pieces_.size(); set++) {
      std::vector<uint32_t> states = none_;
      for (size_t i = 0; i < pieces_.size(); i++) {
        if ((set >> i & 1) != 0) states[i] = all_[i];
      }
      show(states);
    }
  }

  void singles() {
    std::vector<size_t> chosen(pieces_.size());
    for (size_t i = 0; i < chosen.size(); i++) chosen[i] = i;
    if (chosen.size() > budget_.single_count) {
      std::shuffle(chosen.begin(), chosen.end(), random_);
      chosen.resize(budget_.single_count);
    }
    for (const size_t i : chosen) {
      std::vector<uint32_t> states = none_;
      states[i] = all_[i];
      show(states);
      states = all_;
      states[i] = 0;
      show(states);
    }
  }

  // Files, with their lengths, and directories, as wholes.
  void groups() {
    std::vector<NodeId> nodes;
    for (const Piece& piece : pieces_) nodes.push_back(piece.node);
    std::sort(nodes.begin(), nodes.end());
    nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
    if (nodes.size() < 2) return;
    if (nodes.size() > budget_.file_subset_count) {
      std::shuffle(nodes.begin(), nodes.end(), random_);
      nodes.resize(budget_.file_subset_count);
    }
    for (uint64_t set = 0; set < uint64_t{1} << nodes.size(); set++) {
      std::vector<uint32_t> states = all_;
      for (size_t i = 0; i < pieces_.size(); i++) {
        const auto at = std::find(nodes.begin(), nodes.end(), pieces_[i].node);
        if (at != nodes.end() && (set >> (at - nodes.begin()) & 1) == 0) states[i] = 0;
      }
      show(states);
    }
  }

  // The names up to a moment, with all bytes and with none.
  void prefixes() {
    std::vector<size_t> entries;
    for (size_t i = 0; i < pieces_.size(); i++) {
      if (pieces_[i].kind == Piece::Kind::kEntry) entries.push_back(i);
    }
    for (size_t kept = 0; kept < entries.size(); kept++) {
      for (const auto& base : {all_, none_}) {
        std::vector<uint32_t> states = base;
        for (size_t i = 0; i < entries.size(); i++) states[entries[i]] = i < kept ? 1 : 0;
        show(states);
      }
    }
  }

  void sample(size_t round) {
    std::vector<uint32_t> states = none_;
    std::vector<size_t> sectors;
    for (size_t i = 0; i < pieces_.size(); i++) {
      states[i] = static_cast<uint32_t>(random_() % pieces_[i].states);
      if (round % 2 == 1 && random_() % 4 != 0) states[i] = all_[i];  // most is there, a little is not
      if (pieces_[i].kind == Piece::Kind::kSector && states[i] != 0) sectors.push_back(i);
    }
    if (sectors.empty()) return show(states);
    Tear tear;
    tear.piece = sectors[random_() % sectors.size()];
    tear.is_noise = random_() % 3 == 0;
    tear.seed = random_();
    visit_(disk_.image(pieces_, states, &tear), {});
  }

  const Disk& disk_;
  const ImageBudget& budget_;
  const ImageVisitor& visit_;
  std::mt19937_64 random_;
  const std::vector<Piece> pieces_;
  std::vector<uint32_t> none_;
  std::vector<uint32_t> all_;
};

}  // namespace

void visit_images(const Disk& disk, const ImageBudget& budget, uint64_t seed, const ImageVisitor& visit) {
  Visitor(disk, budget, seed, visit).run();
}

}  // namespace firn
