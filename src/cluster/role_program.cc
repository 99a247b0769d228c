#include "cluster/role_program.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <iostream>
#include <utility>

#include "base/json_log.h"
#include "base/log.h"
#include "base/option_help.h"
#include "base/option_sources.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "cairn/memory.h"
#include "cairn/train.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

constexpr OptionSpec::Reals kSeconds = {.min = 0, .max = 1e9, .min_is_legal = false};
constexpr uint64_t kPidMax = 1u << 22;  // Of 64-bit kernels.

void StartLog(const char* program) {
  FLAGS_logtostderr = true;
  FLAGS_minloglevel = google::GLOG_INFO;
  FLAGS_v = 1;  // The milestones of a role's life.
  // Kept for as long as the process lives, as glog keeps the pointer.
  static const auto* const name = new std::string(program);
  if (!google::IsGoogleLoggingInitialized()) google::InitGoogleLogging(name->c_str());
}

absl::StatusOr<OptionValues> ValuesOf(const RoleProgram& program,
                                      const std::vector<std::string>& arguments) {
  const std::vector<OptionSpec> specs = AllOptions(program);
  const std::vector<std::string> environment = ProcessEnvironment();
  PosixFileSystem files;
  return ReadOptions({specs, program.environment_prefix}, {arguments, environment, &files});
}

// Each connection takes one. With as few as a shell gives, strangers could take all of them.
void RaiseDescriptorLimit() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // Else it stays as it is.
}

absl::Status Serve(const RoleProgram& program, const OptionValues& values) {
  RaiseDescriptorLimit();
  if (values.IsGiven("parent")) CAIRN_RETURN_IF_ERROR(DieWithParent(values.Count("parent")));
  const InterruptScope interrupt;
  return program.serve(values, interrupt);
}

}  // namespace

std::vector<OptionSpec> RoleOptions() {
  return {
      {.name = "insecure",
       .kind = Kind::kSwitch,
       .section = "Network",
       .help = "Allow addresses that other machines can reach"},
      {.name = "http",
       .kind = Kind::kText,
       .metavar = "HOST:PORT",
       .section = "Network",
       .help = "Answer GET /healthz here; port 0 is any free one"},
      {.name = "ready-file",
       .kind = Kind::kText,
       .metavar = "PATH",
       .section = "Process",
       .help = "Write the address here once all is set up, and then that of --http"},
      {.name = "parent",
       .kind = Kind::kCount,
       .metavar = "PID",
       .section = "Process",
       .help = "The process that starts this one: end at once when it does",
       .from = OptionSpec::From::kFlagOnly,
       .counts = {.min = 1, .max = kPidMax}},
      LogFormatOption("Process"),
      ConfigOption(),
  };
}

std::vector<OptionSpec> MemberOptions() {
  return {
      {.name = "coordinator",
       .kind = Kind::kText,
       .metavar = "ADDRESS",
       .section = "Network",
       .help = "tcp://HOST:PORT or ipc:///PATH",
       .required = true},
      {.name = "join-timeout",
       .kind = Kind::kReal,
       .metavar = "SECONDS",
       .section = "Network",
       .help = "Give up if the coordinator has not answered by then",
       .fallback = "60",
       .reals = kSeconds},
      {.name = "orphan-timeout",
       .kind = Kind::kReal,
       .metavar = "SECONDS",
       .section = "Network",
       .help = "End if nothing has been heard from the coordinator for so long",
       .fallback = "60",
       .reals = kSeconds},
  };
}

std::vector<OptionSpec> ListenOptions() {
  return {
      {.name = "listen",
       .kind = Kind::kText,
       .metavar = "ADDRESS",
       .section = "Network",
       .help = "Where the others reach this process; port 0 is any free one",
       .fallback = "tcp://127.0.0.1:0"},
      {.name = "advertise",
       .kind = Kind::kText,
       .metavar = "ADDRESS",
       .section = "Network",
       .help = "What the others are told instead, as behind a port mapping"},
  };
}

std::vector<OptionSpec> AllOptions(const RoleProgram& program) {
  std::vector<OptionSpec> options = program.options;
  for (OptionSpec& option : RoleOptions()) options.push_back(std::move(option));
  return options;
}

std::string RoleHelp(const RoleProgram& program) {
  const std::vector<OptionSpec> options = AllOptions(program);
  return Concat("Usage:\n", WrapText(Concat(program.name, " ", FormatUsage(options)), 2), "\n",
                WrapText(program.description, 0), FormatOptions(options), "\n",
                WrapText(FormatSources(program.environment_prefix), 0));
}

int RunRoleProgram(const RoleProgram& program, int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (WantsHelp(arguments)) {
    std::cout << RoleHelp(program) << std::flush;
    return 0;
  }
  KeepFreedMemory();
  std::signal(SIGPIPE, SIG_IGN);
  StartLog(argv[0]);
  const absl::StatusOr<OptionValues> values = ValuesOf(program, arguments);
  std::unique_ptr<JsonLog> log;
  if (values.ok() && WantsJsonLog(*values)) log = std::make_unique<JsonLog>();
  const absl::Status end = values.ok() ? Serve(program, *values) : values.status();
  const int code = ExitCode(end);
  if (end.ok()) return code;
  if (log != nullptr) {
    std::cerr << ErrorEvent(UnixMicros(), program.name, code, MessageOf(end)) << std::flush;
  } else {
    std::cerr << program.name << ": " << MessageOf(end) << std::endl;
  }
  return code;
}

absl::StatusOr<std::unique_ptr<HttpServer>> ShowRole(const OptionValues& values,
                                                     const std::string& line,
                                                     const std::string& address,
                                                     HttpServer::Options http) {
  std::unique_ptr<HttpServer> server;
  std::string ready = address + "\n";
  std::cout << line << std::endl;
  if (values.IsGiven("http")) {
    http.listen = values.Text("http");
    http.insecure = values.Switch("insecure");
    CAIRN_ASSIGN_OR_RETURN(server, HttpServer::Start(std::move(http)));
    std::cout << "http " << server->url() << std::endl;
    ready += server->url() + "\n";
  }
  if (values.IsGiven("ready-file")) {
    CAIRN_RETURN_IF_ERROR(PosixFileSystem().WriteFileAtomically(
        values.Text("ready-file"), std::as_bytes(std::span<const char>(ready))));
  }
  return server;
}

absl::Status DieWithParent(uint64_t parent) {
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return Internal("the kernel refuses --parent");
  // It may have ended before that, and then somebody else is our parent by now.
  if (static_cast<uint64_t>(::getppid()) == parent) return absl::OkStatus();
  return MakeError(absl::StatusCode::kCancelled, "--parent ", parent,
                   ": that process is not, or not any more, the one that started this one");
}

}  // namespace cairn
