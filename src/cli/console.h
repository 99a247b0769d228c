// Where a command prints: results to one stream, progress and errors to the other.
#pragma once

#include <cstddef>
#include <ostream>
#include <string_view>

#include "base/json_log.h"

namespace cairn {

struct Console {
  std::ostream* out;
  std::ostream* err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;  // Then one line of progress is refreshed in place.
  size_t err_columns = 80;
  bool err_is_json = false;              // --log-format json: one object a line, nothing else.
  Micros (*unix_micros)() = UnixMicros;  // The time of day, of those objects.
};

// Standard output and standard error of this process. Wide enough for a line of progress even where
// the terminal does not know its width.
Console StandardConsole();

// One line of results, at once: what is piped into another program arrives as it happens. That
// nobody reads it any more is not an error of the command.
inline void PrintResult(const Console& console, std::string_view line) {
  *console.out << line << '\n' << std::flush;
}

}  // namespace cairn
