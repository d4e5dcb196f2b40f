// A child process that measures: it writes its results to a pipe, and a wrong answer ends it. The parent lives on, so that one failure does not end the run.
#pragma once

#include <functional>
#include <string>

namespace bench {

// SIGINT, SIGTERM and SIGHUP from now on end the child that runs and make interrupted() true: a run then ends in order, and no database of gigabytes stays behind.
void catch_interrupts();
bool interrupted();

// Forks, and calls body(fd) in the child, which ends with what body returns. Returns its wait status when it has ended, and in `output` what it wrote to fd.
int run_child_process(const std::function<int(int fd)>& body, std::string& output);

// Prints and ends the process with code 1.
[[noreturn]] void fail(const std::string& what);

}  // namespace bench
