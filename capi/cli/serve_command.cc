// serve: the statistics of a database as a page on loopback. Beside a writer it opens read-only: the shape of the tree and the rate of commits are those of the
// writer; what only the writer's process counts (reads, latencies, stalls) has to be served by that process (--serve of a command, or five lines of a program
// over firn_stats_json).
#include "commands.h"
#include "interrupt.h"
#include "json_writer.h"
#include "output.h"
#include "stats_server.h"

namespace firn::cli {
namespace {

int serve(Settings settings, uint16_t port) {
  settings.options.push_back("read_only=true");
  Database database(settings, OpenMode::kExisting);
  catch_interrupts();
  {
    StatsServer server(database, port, true);
    Output output;
    std::string line;
    const std::string url = "http://127.0.0.1:" + std::to_string(server.http().port()) + "/";
    if (settings.json) {
      JsonObject(line).text("url", url).end();
    } else {
      line = "serving " + url + " until interrupted";
    }
    output.line(line);
    output.flush();
    server.http().serve_until_interrupted();
  }
  database.close();
  return kExitOk;
}

}  // namespace

void add_serve_command(CLI::App& app, Invocation& invocation) {
  const auto port = std::make_shared<uint16_t>(uint16_t{0});
  CLI::App* const sub =
      app.add_subcommand("serve", "Serve a page about a database, and /metrics, on 127.0.0.1 until interrupted; also beside its writer");
  add_database_options(*sub, invocation.settings);
  sub->add_option("--port", *port, "The port; 0 is any that is free");
  sub->callback([&invocation, port] { invocation.run = [&invocation, port] { return serve(invocation.settings, *port); }; });
}

}  // namespace firn::cli
