// The program `cairn`.
#include <csignal>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/option_sources.h"
#include "cairn/memory.h"
#include "cli/console.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  cairn::KeepFreedMemory();
  // A reader of our output that goes away must not end a training.
  std::signal(SIGPIPE, SIG_IGN);
  FLAGS_logtostderr = true;
  FLAGS_minloglevel = google::GLOG_WARNING;
  google::InitGoogleLogging(argv[0]);
  return cairn::RunCairn({{argv + 1, argv + argc}, cairn::ProcessEnvironment()},
                         cairn::StandardConsole());
}
