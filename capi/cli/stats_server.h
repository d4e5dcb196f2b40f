// StatsServer: what an opened database tells about itself, on loopback: / (a page), /metrics (Prometheus), /stats.json, /events.json.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <mutex>
#include <optional>

#include "database.h"
#include "http.h"

namespace firn::cli {

class StatsServer {
 public:
  // is_refreshed: a read-only opening, which goes on to the writer's state with every request.
  StatsServer(const Database& database, uint16_t port, bool is_refreshed);

  HttpServer& http() { return http_; }

 private:
  HttpAnswer answer(std::string_view path) const;

  const Database& database_;
  const bool is_refreshed_;
  HttpServer http_;
};

// --serve PORT: for commands that run long. nullptr: it was not given. Prints the address on standard error.
void add_serve_option(CLI::App& command, std::optional<uint16_t>& port);
std::unique_ptr<StatsServer> serve_beside(const Database& database, const std::optional<uint16_t>& port);

extern const char kStatsPage[];

}  // namespace firn::cli
