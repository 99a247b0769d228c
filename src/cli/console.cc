#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

namespace cairn {

Console StandardConsole() {
  constexpr size_t kColumns = 80;
  Console console{&std::cout, &std::cerr};
  console.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  console.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  winsize size = {};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  console.err_columns = known ? size.ws_col : kColumns;
  return console;
}

}  // namespace cairn
