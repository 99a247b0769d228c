// ServerMain: the program ps_server, for anybody's main().
#include <csignal>
#include <cstddef>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "base/option_help.h"
#include "base/option_parser.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "cairn/server.h"
#include "cairn/train.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr std::string_view kDescription =
    "Serves a part of a model. A server needs the coordinator's address only, and ends with its "
    "job; without a coordinator it ends by itself.";

std::vector<OptionSpec> ServerOptions() {
  const OptionSpec::Reals positive = {.min = 0, .max = 1e9, .min_is_legal = false};
  return {
      {.name = "coordinator",
       .kind = Kind::kText,
       .metavar = "ADDRESS",
       .section = "Network",
       .help = "tcp://HOST:PORT or ipc:///PATH",
       .required = true},
      {.name = "listen",
       .kind = Kind::kText,
       .metavar = "ADDRESS",
       .section = "Network",
       .help = "Where workers and coordinator reach this server; port 0 is any free one",
       .fallback = "tcp://127.0.0.1:0"},
      {.name = "insecure",
       .kind = Kind::kSwitch,
       .section = "Network",
       .help = "Allow a listen address that other machines can reach"},
      {.name = "ready-file",
       .kind = Kind::kText,
       .metavar = "PATH",
       .section = "Network",
       .help = "Write the address here once it is listened on"},
      {.name = "join-timeout",
       .kind = Kind::kReal,
       .metavar = "SECONDS",
       .section = "Network",
       .help = "Give up if the coordinator has not answered by then",
       .fallback = "60",
       .reals = positive},
      {.name = "orphan-timeout",
       .kind = Kind::kReal,
       .metavar = "SECONDS",
       .section = "Network",
       .help = "End if nothing has been heard from the coordinator for so long",
       .fallback = "60",
       .reals = positive},
      {.name = "executors",
       .kind = Kind::kCount,
       .metavar = "N",
       .section = "Work",
       .help = "Threads that own parts of the model",
       .fallback = "1",
       .counts = {.min = 1, .max = 1'024}},
  };
}

Server::Options MakeOptions(const OptionValues& values, const RowOptimizers& optimizers) {
  Server::Options options;
  options.coordinator = values.Text("coordinator");
  options.listen = values.Text("listen");
  options.executors = static_cast<uint32_t>(values.Count("executors"));
  options.optimizers = optimizers;
  options.insecure = values.Switch("insecure");
  options.join_timeout = absl::Seconds(values.Real("join-timeout"));
  options.orphan_timeout = absl::Seconds(values.Real("orphan-timeout"));
  return options;
}

absl::Status Serve(const std::vector<std::string>& arguments, const RowOptimizers& optimizers) {
  CAIRN_ASSIGN_OR_RETURN(const OptionValues values, ParseOptions(ServerOptions(), arguments));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Server> server,
                         Server::Start(MakeOptions(values, optimizers)));
  std::cout << "listening " << server->address() << std::endl;
  if (values.IsGiven("ready-file")) {
    const std::string line = server->address() + "\n";
    CAIRN_RETURN_IF_ERROR(PosixFileSystem().WriteFileAtomically(
        values.Text("ready-file"), std::as_bytes(std::span<const char>(line))));
  }
  return server->Wait();
}

}  // namespace

int ServerMain(int argc, char** argv, const RowOptimizers& optimizers) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (WantsHelp(arguments)) {
    const std::vector<OptionSpec> options = ServerOptions();
    std::cout << "Usage:\n"
              << WrapText("ps_server " + FormatUsage(options), 2) << "\n"
              << WrapText(kDescription, 0) << FormatOptions(options) << std::flush;
    return 0;
  }
  std::signal(SIGPIPE, SIG_IGN);
  FLAGS_logtostderr = true;
  FLAGS_minloglevel = google::GLOG_WARNING;
  if (!google::IsGoogleLoggingInitialized()) google::InitGoogleLogging(argv[0]);
  const absl::Status end = Serve(arguments, optimizers);
  if (!end.ok()) std::cerr << "ps_server: " << MessageOf(end) << std::endl;
  return ExitCode(end);
}

}  // namespace cairn
