#include "stats_server.h"

#include "json_figures.h"
#include "json_writer.h"

namespace firn::cli {
namespace {

constexpr size_t kEventCountMax = 256;

const char* name_of_event(uint32_t kind) {
  switch (kind) {
    case FIRN_EVENT_FLUSH:
      return "flush";
    case FIRN_EVENT_COMPACTION:
      return "compaction";
    case FIRN_EVENT_STALL:
      return "stall";
    case FIRN_EVENT_ERROR:
      return "error";
    case FIRN_EVENT_RESUMED:
      return "resumed";
    default:
      return "unknown";
  }
}

std::string events_json(const Database& database) {
  firn_event events[kEventCountMax];
  const int64_t count = firn_events_poll(database.handle(), 0, events, kEventCountMax);
  database.check(count);
  std::string json = "[";
  for (int64_t i = 0; i < count; ++i) {
    const firn_event& event = events[i];
    if (i > 0) json += ',';
    JsonObject(json)
        .number("number", event.number)
        .integer("time_ms", event.time_ms)
        .text("kind", name_of_event(event.kind))
        .text("code", firn_status_name(event.code))
        .number("duration_us", event.duration_us)
        .number("bytes_read", event.bytes_read)
        .number("bytes_written", event.bytes_written)
        .end();
  }
  return json + "]\n";
}

using Text = int64_t (*)(firn_db*, char*, size_t);

std::string text_from(const Database& database, Text function) {
  int64_t code = 0;
  std::string text = text_of([&](char* buf, size_t cap) { return function(database.handle(), buf, cap); }, &code);
  database.check(code);
  return text;
}

}  // namespace

StatsServer::StatsServer(const Database& database, uint16_t port, bool is_refreshed)
    : database_(database), is_refreshed_(is_refreshed), http_(port, [this](std::string_view path) { return answer(path); }) {}

HttpAnswer StatsServer::answer(std::string_view path) const {
  if (path == "/") return {200, "text/html; charset=utf-8", kStatsPage};
  if (is_refreshed_) database_.check(firn_refresh(database_.handle()));
  if (path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", text_from(database_, firn_stats_prometheus)};
  if (path == "/stats.json") return {200, "application/json", text_from(database_, firn_stats_json) + "\n"};
  if (path == "/events.json") return {200, "application/json", events_json(database_)};
  return {404, "text/plain", "there are /, /metrics, /stats.json and /events.json\n"};
}

void add_serve_option(CLI::App& command, std::optional<uint16_t>& port) {
  command
      .add_option("--serve", port,
                  "Serve statistics on this port of 127.0.0.1 meanwhile (0: any), for a browser, Prometheus and `firn top`")
      ->type_name("PORT");
}

std::unique_ptr<StatsServer> serve_beside(const Database& database, const std::optional<uint16_t>& port) {
  if (!port) return nullptr;
  auto server = std::make_unique<StatsServer>(database, *port, false);
  print_note("statistics at http://127.0.0.1:" + std::to_string(server->http().port()) + "/");
  server->http().start();
  return server;
}

}  // namespace firn::cli
