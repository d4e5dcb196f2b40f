// One JSON object a result, appended to a file: what a report page or a later comparison reads.
#pragma once

#include <cstdio>
#include <string>

#include "compare/engine.h"
#include "compare/measure.h"
#include "compare/options.h"
#include "compare/workloads.h"

namespace bench {

class JsonLines {
 public:
  explicit JsonLines(const Options& options);  // no path: writes nothing
  ~JsonLines();
  JsonLines(const JsonLines&) = delete;
  JsonLines& operator=(const JsonLines&) = delete;
  void write(const EngineInfo& engine, const Workload& workload, unsigned rep, const Metrics& metrics);

 private:
  std::FILE* file_ = nullptr;
  std::string conditions_;  // the same in every line
};

}  // namespace bench
