// The program `cairn`.
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/option_sources.h"
#include "cli/program.h"

namespace {

// Wide enough for a line of progress even where the terminal does not know its width.
constexpr size_t kColumns = 80;

cairn::Console StandardConsole() {
  cairn::Console console{&std::cout, &std::cerr};
  console.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  console.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  winsize size = {};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  console.err_columns = known ? size.ws_col : kColumns;
  return console;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader of our output that goes away must not end a training.
  std::signal(SIGPIPE, SIG_IGN);
  FLAGS_logtostderr = true;
  FLAGS_minloglevel = google::GLOG_WARNING;
  google::InitGoogleLogging(argv[0]);
  return cairn::RunCairn({{argv + 1, argv + argc}, cairn::ProcessEnvironment()}, StandardConsole());
}
