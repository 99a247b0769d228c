// The log for programs: one JSON object a line, on standard error (--log-format json).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/option_values.h"
#include "base/time_source.h"

namespace cairn {

// The row of --log-format, and whether it asks for a JsonLog; in a table without it, no.
OptionSpec LogFormatOption(std::string_view section);
bool WantsJsonLog(const OptionValues& values);

// The time of day, since 1970. For people and logs only: it can jump.
Micros UnixMicros();

// "2026-11-23T08:05:00.123Z".
std::string FormatUtc(Micros unix_micros);

// One line: time, level ("info", "warning", "error", "fatal") and event come first, then what is
// added. Values that are not finite become null.
class EventLine {
 public:
  EventLine(Micros unix_micros, std::string_view level, std::string_view event);

  EventLine& Add(std::string_view key, std::string_view value);
  EventLine& Add(std::string_view key, const char* value);
  EventLine& Add(std::string_view key, uint64_t value);
  EventLine& Add(std::string_view key, double value);
  // With its newline. Nothing may follow.
  std::string Finish();

 private:
  JsonWriter json_;
};

// How a program ends that fails; `program` is what it is called, "cairn train".
std::string ErrorEvent(Micros unix_micros, std::string_view program, int exit_code,
                       std::string_view message);

// While it lives, what is logged by LOG goes to standard error as events "log" with message and
// source, each in one write, and not as text. One at a time; any thread may log.
class JsonLog {
 public:
  JsonLog();
  ~JsonLog();
  JsonLog(const JsonLog&) = delete;
  JsonLog& operator=(const JsonLog&) = delete;

 private:
  struct Sink;
  const std::unique_ptr<Sink> sink_;
};

}  // namespace cairn
