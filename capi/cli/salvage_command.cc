// salvage: what can be read of a damaged database, as a new one; and what was lost, exactly.
#include <memory>
#include <vector>

#include "commands.h"
#include "confirmation.h"
#include "database.h"
#include "encoding.h"
#include "json_writer.h"
#include "output.h"

namespace firn::cli {
namespace {

constexpr size_t kLossCountMax = 100'000;  // more are counted, not told

const char* name_of(uint32_t kind) {
  switch (kind) {
    case FIRN_LOSS_MANIFEST:
      return "manifest";
    case FIRN_LOSS_TABLE:
      return "table";
    case FIRN_LOSS_RANGE:
      return "range";
    case FIRN_LOSS_LOG:
      return "log";
    case FIRN_LOSS_TAIL:
      return "tail";
    case FIRN_LOSS_NAMES:
      return "names";
    default:
      return "unknown";
  }
}

std::string_view key_of(const uint8_t (&key)[64], uint32_t len) { return view_of(key, std::min<size_t>(len, sizeof key)); }

std::string json_of(const Settings& settings, const firn_loss& loss) {
  std::string json;
  JsonObject object(json);
  object.text("kind", name_of(loss.kind)).text("code", firn_status_name(loss.code)).bytes("file", loss.file, false);
  object.number("offset", loss.offset).number("bytes", loss.bytes);
  if (loss.entries != UINT64_MAX) object.number("entries", loss.entries);
  if (loss.first_len > 0) object.bytes("behind", key_of(loss.first_key, loss.first_len), settings.hex);
  if (loss.last_len > 0) object.bytes("before", key_of(loss.last_key, loss.last_len), settings.hex);
  object.bytes("text", loss.text, false).end();
  return json;
}

std::string text_of_loss(const firn_loss& loss) {
  std::string line = std::string("lost: ") + name_of(loss.kind) + ": ";
  append_printable(line, loss.text);
  line += " (";
  append_printable(line, loss.file);
  line += " at " + std::to_string(loss.offset) + ", " + readable_bytes(static_cast<double>(loss.bytes));
  if (loss.entries != UINT64_MAX) line += ", " + grouped(loss.entries) + " entries";
  if (loss.first_len > 0) {
    line += ", behind '";
    append_printable(line, key_of(loss.first_key, loss.first_len));
    line += "'";
  }
  if (loss.last_len > 0) {
    line += ", before '";
    append_printable(line, key_of(loss.last_key, loss.last_len));
    line += "'";
  }
  return line + ")";
}

void print_report(const Settings& settings, const firn_salvage_report& report, const std::vector<firn_loss>& losses) {
  Output output;
  std::string line;
  if (settings.json) {
    std::string list = "[";
    for (const firn_loss& loss : losses) list += (list.size() > 1 ? "," : "") + json_of(settings, loss);
    JsonObject(line)
        .number("tables", report.tables)
        .number("tables_damaged", report.tables_damaged)
        .number("tables_lost", report.tables_lost)
        .number("log_records", report.log_records)
        .number("entries_read", report.entries_read)
        .number("entries_written", report.entries_written)
        .number("entries_lost", report.entries_lost)
        .number("bytes_lost", report.bytes_lost)
        .number("losses", report.losses)
        .raw("list", list + "]")
        .end();
    output.line(line);
  } else {
    for (const firn_loss& loss : losses) output.line(text_of_loss(loss));
    if (losses.size() < report.losses) output.line("and " + grouped(report.losses - losses.size()) + " more");
    output.line("salvaged " + grouped(report.entries_written) + " entries out of " + grouped(report.tables) + " tables and " +
                grouped(report.log_records) + " commits of the log; " +
                (report.losses == 0 ? "nothing was lost"
                                    : "lost " + readable_bytes(static_cast<double>(report.bytes_lost)) + " of files, " +
                                          grouped(report.entries_lost) + " entries that are known of"));
  }
  output.flush();
}

int salvage(const Settings& settings, const std::string& to) {
  if (settings.dry_run) {
    confirm(settings, "Read what can be read of " + settings.path + " and write it as a new database to " + to + "?");
    return kExitOk;
  }
  std::vector<firn_loss> losses(kLossCountMax);
  firn_salvage_report report = FIRN_SALVAGE_REPORT_INIT;
  firn_error error = FIRN_ERROR_INIT;
  const int64_t count = firn_salvage(settings.path.c_str(), to.c_str(), losses.data(), losses.size(), &report, &error);
  if (count < 0) throw failure_of(static_cast<int32_t>(count), error);
  losses.resize(std::min(losses.size(), static_cast<size_t>(count)));
  print_report(settings, report, losses);
  return count == 0 ? kExitOk : kExitCorrupt;
}

}  // namespace

void add_salvage_command(CLI::App& app, Invocation& invocation) {
  const auto to = std::make_shared<std::string>();
  CLI::App* const sub = app.add_subcommand(
      "salvage", "Write what can be read of a damaged database into a new one, and say what was lost; 4 when something was");
  sub->add_option("DB", invocation.settings.path, "Directory of the damaged database; stays as it is")->required();
  sub->add_option("TO", *to, "Directory of the database to make; must not exist")->required();
  sub->add_flag("--dry-run", invocation.settings.dry_run, "Say what would be done, and change nothing");
  add_output_options(*sub, invocation.settings);
  sub->callback([&invocation, to] { invocation.run = [&invocation, to] { return salvage(invocation.settings, *to); }; });
}

}  // namespace firn::cli
