#include "scenarios/log_session.h"

#include <utility>

#include "durable_log/log_driver.h"

namespace firn_test {
namespace {

using Answer = LogSession::Answer;

uint64_t index(const std::string& text) { return static_cast<uint64_t>(number(text)); }

}  // namespace

LogSession::LogSession(std::vector<std::string> options) : options_(std::move(options)) {
  const auto at_index = [this](int32_t (*call)(firn_log*, uint64_t)) {
    return [this, call](const Command& c) { return done(call(log_, index(c.word(0)))); };
  };
  add({
      {"append", [this](const Command& c) { return append(c); }},
      {"append_batch", [this](const Command& c) { return append_batch(c); }},
      {"fill", [this](const Command& c) { return fill(c); }},
      {"read", [this](const Command& c) { return read(c); }},
      {"scan", [this](const Command& c) { return scan(c); }},
      {"pin", [this](const Command& c) { return pin(c); }},
      {"pinned", [this](const Command& c) { return pinned(c); }},
      {"bounds", [this](const Command&) { return bounds(); }},
      {"durable", [this](const Command&) { return counted(firn_log_durable(log_)); }},
      {"sync", [this](const Command&) { return done(firn_log_sync(log_)); }},
      {"wait", [this](const Command& c) { return done(firn_log_wait(log_, index(c.word(0)), 0)); }},
      {"seek_time", [this](const Command& c) { return counted(firn_log_seek_time(log_, number(c.word(0)))); }},
      {"trim_before", at_index(firn_log_trim_before)},
      {"trim_after", at_index(firn_log_trim_after)},
      {"reset", at_index(firn_log_reset)},
      {"retain", [this](const Command&) { return done(firn_log_retain(log_)); }},
  });
}

LogSession::~LogSession() {
  for (auto& [name, pin] : pins_) firn_unpin(&pin);
  if (log_ != nullptr) close();
}

Answer LogSession::open(const Command& command) {
  std::string text;
  for (const std::string& option : options_) text += (text.empty() ? "" : ",") + option;
  for (const auto& [name, value] : command.named) text += (text.empty() ? "" : ",") + name + "=" + value;
  firn_error error = FIRN_ERROR_INIT;
  log_ = durable_log_test::open_log(path(), text, &error);
  return done(error.code);
}

Answer LogSession::close() { return done(firn_log_close(std::exchange(log_, nullptr))); }

// Every record is verified, and nothing is written.
Answer LogSession::check() const {
  firn_error error = FIRN_ERROR_INIT;
  firn_log* const log = durable_log_test::open_log(path(), "read_only=true,verify_on_open=true", &error);
  return done(log == nullptr ? error.code : firn_log_close(log));
}

Answer LogSession::append(const Command& command) { return counted(durable_log_test::append(log_, command.word(0))); }

// A line `  record R` for each.
Answer LogSession::append_batch(const Command& command) {
  std::vector<std::string> records;
  for (const Command& line : command.lines) records.push_back(line.word(0));
  return counted(durable_log_test::append_batch(log_, records));
}

Answer LogSession::fill(const Command& command) {
  for (uint64_t i = 0; i < index(command.word(0)); i++) {
    if (const int64_t index = durable_log_test::append(log_, command.word(1)); index < 0) return {error(index)};
  }
  return {"ok"};
}

Answer LogSession::read(const Command& command) const {
  std::string record(size_t{1} << 20, '\0');
  const int64_t length = firn_log_read(log_, index(command.word(0)), reinterpret_cast<uint8_t*>(record.data()), record.size());
  if (length < 0) return {error(length)};
  record.resize(static_cast<size_t>(length));
  return {encode_word(record)};
}

Answer LogSession::scan(const Command& command) const {
  const firn_log_range bounds = firn_log_bounds(log_);
  const std::string* const from = command.find("from");
  const std::string* const limit = command.find("limit");
  uint64_t left = limit == nullptr ? UINT64_MAX : index(*limit);
  Answer answer;
  for (const auto& record : durable_log_test::read_all(log_, from == nullptr ? bounds.first : index(*from))) {
    if (left-- == 0) break;
    answer.push_back(std::to_string(record.index) + " " + encode_word(record.data));
  }
  return answer;
}

Answer LogSession::pin(const Command& command) {
  firn_pin_t pin;
  const int32_t code = firn_log_pin(log_, index(command.word(1)), &pin);
  if (code == FIRN_OK) pins_[command.word(0)] = pin;
  return done(code);
}

Answer LogSession::pinned(const Command& command) const {
  const firn_pin_t& pin = pins_.at(command.word(0));
  return {encode_word(std::string(reinterpret_cast<const char*>(pin.data), pin.len))};
}

Answer LogSession::bounds() const {
  const firn_log_range bounds = firn_log_bounds(log_);
  return {std::to_string(bounds.first) + " " + std::to_string(bounds.next)};
}

}  // namespace firn_test
