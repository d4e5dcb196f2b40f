// Interrupts (SIGINT, SIGTERM) as a flag, so that a long command can stop between two entries and close the database in order. A second
// signal ends the process at once, which loses nothing that was acknowledged either.
#pragma once

namespace firn::cli {

void catch_interrupts();
bool is_interrupted();

}  // namespace firn::cli
