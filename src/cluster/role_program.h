// What the programs ps_coordinator, ps_server and ps_worker have in common: options, signals, the
// ready file, HTTP, and an end in good order.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/log.h"
#include "base/option_parser.h"
#include "base/status.h"
#include "cluster/http_server.h"
#include "cluster/interrupt.h"

namespace cairn {

struct RoleProgram {
  std::string_view name;                // "ps_server".
  std::string_view summary;             // One line, as OptionSpec::help.
  std::string_view description;         // Sentences for --help.
  std::string_view environment_prefix;  // "CAIRN_SERVER_".
  std::vector<OptionSpec> options;      // Of its own; RoleOptions come on top.
  // Serves until the end. The interrupt is armed already.
  std::function<absl::Status(const OptionValues&, const InterruptScope&)> serve;
};

// --insecure, --ready-file, --http, --parent, --config.
std::vector<OptionSpec> RoleOptions();

// --coordinator, --join-timeout, --orphan-timeout: of all roles but the coordinator.
std::vector<OptionSpec> MemberOptions();

// --listen, --advertise: of the roles that others connect to.
std::vector<OptionSpec> ListenOptions();

// Its own options and RoleOptions.
std::vector<OptionSpec> AllOptions(const RoleProgram& program);

// What --help prints.
std::string RoleHelp(const RoleProgram& program);

// Reads the command line, this process's environment and --config, serves, says on standard error
// why it ended, and returns the exit code. The log goes to standard error; a broken pipe kills
// nobody.
int RunRoleProgram(const RoleProgram& program, int argc, char** argv);

// Tells that the role runs: prints `line`, starts the HTTP server that --http asks for (none: null)
// and prints its URL, and writes the --ready-file, first `address`, then the URL, a line each.
absl::StatusOr<std::unique_ptr<HttpServer>> ShowRole(const OptionValues& values,
                                                     const std::string& line,
                                                     const std::string& address,
                                                     HttpServer::Options http);

// Makes the kernel kill this process when `parent`, which has started it, ends. kCancelled: it has
// ended already. To be called by the first thread of a program.
absl::Status DieWithParent(uint64_t parent);

inline constexpr absl::Duration kInterruptPoll = absl::Milliseconds(50);

// Waits for a Server's or TrainWorker's end; the first signal makes it leave. Who has left for
// SIGTERM has done what its supervisor wants: OK.
template <typename Member>
absl::Status WaitOrLeave(const InterruptScope& interrupt, Member* member) {
  while (!member->WaitFor(kInterruptPoll)) {
    if (interrupt.requested()) member->Leave();
  }
  absl::Status end = member->Wait();
  if (interrupt.signal() != SIGTERM || !absl::IsCancelled(end)) return end;
  LOG(INFO) << MessageOf(end);
  return absl::OkStatus();
}

}  // namespace cairn
