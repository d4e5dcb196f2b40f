// One JSON object a result, appended to a file: what a report page or a later comparison reads.
#pragma once

#include <cstdio>
#include <string>

#include "compare/measure.h"

namespace bench {

class JsonObject {
 public:
  JsonObject& text(const std::string& name, const std::string& value);
  JsonObject& number(const std::string& name, double value);
  JsonObject& flag(const std::string& name, bool value);
  JsonObject& metrics(const Metrics& metrics);
  std::string line() const { return "{" + members_ + "}\n"; }

 private:
  JsonObject& member(const std::string& name, const std::string& value);
  std::string members_;
};

// The time of the run and the processor: what every line begins with.
JsonObject run_conditions();

class JsonLines {
 public:
  explicit JsonLines(const std::string& path);  // empty: writes nothing
  ~JsonLines();
  JsonLines(const JsonLines&) = delete;
  JsonLines& operator=(const JsonLines&) = delete;
  void write(const JsonObject& object);

 private:
  std::FILE* file_ = nullptr;
};

}  // namespace bench
