// ServerMain: the program ps_server, for anybody's main().
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/option_parser.h"
#include "base/status.h"
#include "cairn/server.h"
#include "cluster/role_programs.h"

namespace cairn {
namespace {

constexpr std::string_view kDescription =
    "Serves a part of a model. A server needs the coordinator's address only, and ends with its "
    "job; without a coordinator it ends by itself.";

std::vector<OptionSpec> ServerOptions() {
  std::vector<OptionSpec> options = MemberOptions();
  for (OptionSpec& option : ListenOptions()) options.push_back(std::move(option));
  options.push_back({.name = "executors",
                     .kind = OptionSpec::Kind::kCount,
                     .metavar = "N",
                     .section = "Work",
                     .help = "Threads that own parts of the model",
                     .fallback = "1",
                     .counts = {.min = 1, .max = 1'024}});
  options.push_back({.name = "leave-timeout",
                     .kind = OptionSpec::Kind::kReal,
                     .metavar = "SECONDS",
                     .section = "Process",
                     .help = "After SIGTERM or Ctrl-C wait so long for a last checkpoint",
                     .fallback = "20",
                     .reals = {.min = 0, .max = 1e9}});
  return options;
}

Server::Options MakeOptions(const OptionValues& values, const RowOptimizers& optimizers) {
  Server::Options options;
  options.coordinator = values.Text("coordinator");
  options.listen = values.Text("listen");
  options.advertise = values.Text("advertise");
  options.executors = static_cast<uint32_t>(values.Count("executors"));
  options.optimizers = optimizers;
  options.insecure = values.Switch("insecure");
  options.join_timeout = absl::Seconds(values.Real("join-timeout"));
  options.orphan_timeout = absl::Seconds(values.Real("orphan-timeout"));
  options.leave_timeout = absl::Seconds(values.Real("leave-timeout"));
  return options;
}

absl::Status Serve(const OptionValues& values, const RowOptimizers& optimizers,
                   const InterruptScope& interrupt) {
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<Server> server,
                         Server::Start(MakeOptions(values, optimizers)));
  CAIRN_ASSIGN_OR_RETURN(const std::unique_ptr<HttpServer> http,
                         ShowRole(values, "listening " + server->address(), server->address(),
                                  {.health = [&server] { return server->Health(); }}));
  return WaitOrLeave(interrupt, server.get());
}

}  // namespace

RoleProgram ServerProgram(const RowOptimizers& optimizers) {
  return {.name = "ps_server",
          .summary = "Serve a part of a model",
          .description = kDescription,
          .environment_prefix = "CAIRN_SERVER_",
          .options = ServerOptions(),
          .serve = [optimizers](const OptionValues& values, const InterruptScope& interrupt) {
            return Serve(values, optimizers, interrupt);
          }};
}

int ServerMain(int argc, char** argv, const RowOptimizers& optimizers) {
  return RunRoleProgram(ServerProgram(optimizers), argc, argv);
}

}  // namespace cairn
