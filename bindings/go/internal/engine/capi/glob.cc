#include "glob.h"

#include <optional>

namespace firn {
namespace {

// One byte, or an escaped one; nothing at the end of the pattern.
std::optional<uint8_t> take_byte(Slice pattern, size_t* at) {
  if (*at < pattern.size() && pattern[*at] == '\\') ++*at;
  if (*at >= pattern.size()) return std::nullopt;
  return pattern[(*at)++];
}

}  // namespace

// *at is behind the '['; it moves behind the ']'.
bool Glob::compile_class(Slice pattern, size_t* at, ByteSet* set) {
  if (*at < pattern.size() && (pattern[*at] == '^' || pattern[*at] == '!')) return false;
  while (*at < pattern.size()) {
    if (pattern[*at] == ']') {
      ++*at;
      return set->any();
    }
    const auto first = take_byte(pattern, at);
    if (!first) return false;
    auto last = first;
    if (*at + 1 < pattern.size() && pattern[*at] == '-' && pattern[*at + 1] != ']') {
      ++*at;
      last = take_byte(pattern, at);
      if (!last || *last < *first) return false;
    }
    for (uint32_t byte = *first; byte <= *last; ++byte) set->set(byte);
  }
  return false;
}

Result<Glob> Glob::compile(Slice pattern) {
  Glob glob;
  bool literal = true;
  for (size_t at = 0; at < pattern.size();) {
    const uint8_t byte = pattern[at];
    if (byte == '*') {
      const bool repeated = !glob.tokens_.empty() && glob.tokens_.back().kind == Kind::kAnyRun;
      if (!repeated) glob.tokens_.push_back({Kind::kAnyRun});
      ++at;
    } else if (byte == '?') {
      glob.tokens_.push_back({Kind::kAnyByte});
      ++at;
    } else if (byte == '[') {
      ByteSet set;
      if (!compile_class(pattern, &++at, &set)) return Code::kInvalid;
      glob.tokens_.push_back({Kind::kClass, 0, static_cast<uint32_t>(glob.classes_.size())});
      glob.classes_.push_back(set);
    } else {
      const auto taken = take_byte(pattern, &at);
      if (!taken) return Code::kInvalid;
      glob.tokens_.push_back({Kind::kByte, *taken});
    }
    literal = literal && glob.tokens_.back().kind == Kind::kByte;
    if (literal) glob.literal_prefix_.push_back(static_cast<char>(glob.tokens_.back().byte));
  }
  return glob;
}

bool Glob::accepts(const Token& token, uint8_t byte) const {
  switch (token.kind) {
    case Kind::kByte:
      return token.byte == byte;
    case Kind::kAnyByte:
      return true;
    case Kind::kClass:
      return classes_[token.class_index][byte];
    case Kind::kAnyRun:
      break;
  }
  return false;
}

// Only the last run has to be tried again when what follows it fails, since a shorter match of an earlier run leaves a later one no
// less room: no recursion, and at most tokens x bytes steps.
bool Glob::matches(Slice key) const {
  size_t token = 0;
  size_t at = 0;
  std::optional<size_t> run_token;  // the token behind the last run
  size_t run_end = 0;               // where the run ends at present
  while (at < key.size()) {
    if (token < tokens_.size() && tokens_[token].kind == Kind::kAnyRun) {
      run_token = ++token;
      run_end = at;
    } else if (token < tokens_.size() && accepts(tokens_[token], key[at])) {
      ++token;
      ++at;
    } else if (run_token) {
      token = *run_token;
      at = ++run_end;
    } else {
      return false;
    }
  }
  while (token < tokens_.size() && tokens_[token].kind == Kind::kAnyRun) ++token;
  return token == tokens_.size();
}

}  // namespace firn
