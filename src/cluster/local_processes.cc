#include "cluster/local_processes.h"

#include <stdlib.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/numbers.h"
#include "base/posix_file_system.h"
#include "base/status.h"
#include "cluster/find_program.h"
#include "transport/process_report.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

constexpr auto kReadyTimeout = std::chrono::seconds(30);
constexpr auto kReadyPoll = std::chrono::milliseconds(5);
// Between a process's words to the coordinator and the end of the job everywhere.
constexpr auto kSuspectPatience = std::chrono::seconds(5);
// Between the end of a server that ends with its job and word of that end.
constexpr auto kLeftPatience = std::chrono::milliseconds(500);
constexpr int kExitInterrupted = 130;
constexpr int kExitNotFormed = 5;

constexpr char kFailureFile[] = "failure.json";
constexpr char kJobDirectory[] = "job";  // Of the coordinator's log.

std::string Seconds(absl::Duration duration) {
  return FormatFloat9(absl::ToDoubleSeconds(duration));
}

std::string AdviceFor(int signal, bool worker) {
  if (signal == SIGKILL) {
    return worker ? "look for the kernel's out-of-memory killer in dmesg; fewer --workers need "
                    "less memory"
                  : "if nobody killed it, look for the kernel's out-of-memory killer in dmesg; "
                    "start the training again";
  }
  if (signal == SIGTERM || signal == SIGINT) return "somebody ended it: start the training again";
  return "this is a mistake in Cairn: please report it with this log";
}

// As SIGTERM and Ctrl-C make a member end, while the job goes on.
bool HasLeft(const ChildEnd& end) {
  return end.signal == 0 && (end.exit_code == 0 || end.exit_code == kExitInterrupted);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalProcesses>> LocalProcesses::Start(const Options& options) {
  std::unique_ptr<LocalProcesses> processes(new LocalProcesses(options));
  CAIRN_RETURN_IF_ERROR(processes->MakeLogDirectory());
  const absl::Status started = processes->StartAll();
  if (started.ok()) return processes;
  // A failure has its log; without one there is nothing to be read.
  if (!processes->failure_.has_value()) processes->RemoveLogs();
  return started;
}

LocalProcesses::~LocalProcesses() {
  for (Role& role : roles_) {
    if (role.child != nullptr) role.child->Signal(SIGKILL);  // All at once, before one is reaped.
  }
}

absl::Status LocalProcesses::MakeLogDirectory() {
  log_dir_ = options_.log_dir;
  if (log_dir_.empty()) {
    std::error_code error;
    const fs::path parent = fs::temp_directory_path(error);
    if (error) return FailedPrecondition("no directory for logs: ", error.message());
    std::string name = (parent / "cairn-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      return FailedPrecondition("cannot make a directory for logs in ", parent.string(),
                                ": choose another one with --log-dir");
    }
    log_dir_ = name;
    log_dir_is_new_ = true;
    return absl::OkStatus();
  }
  CAIRN_RETURN_IF_ERROR(PosixFileSystem().CreateDirectories(log_dir_));
  std::error_code ignored;  // Of an earlier run; if it cannot go, it is written over.
  fs::remove(JoinPath(log_dir_, kFailureFile), ignored);
  return absl::OkStatus();
}

absl::Status LocalProcesses::StartAll() {
  const std::string ready_file = JoinPath(log_dir_, "coordinator.ready");
  std::error_code ignored;
  fs::remove(ready_file, ignored);
  const std::string job_dir = JoinPath(log_dir_, kJobDirectory);
  fs::remove_all(job_dir, ignored);  // Of an earlier run.
  // It waits for its job as long as for its servers: the job is on its way.
  const std::string form_timeout = Seconds(options_.form_timeout);
  const std::vector<std::string> common = {"--job-dir",  job_dir,         "--form-timeout",
                                           form_timeout, "--job-timeout", form_timeout};
  std::vector<std::string> first = common;
  first.insert(first.end(), {"--listen", "tcp://127.0.0.1:0", "--ready-file", ready_file});
  CAIRN_RETURN_IF_ERROR(AddRole(Kind::kCoordinator, "coordinator", std::move(first)));
  CAIRN_RETURN_IF_ERROR(AwaitCoordinator(ready_file));
  fs::remove(ready_file, ignored);
  // The next one, if this one is killed, is where the others look for it.
  std::vector<std::string>& again = roles_.front().command.arguments;
  again = common;
  again.insert(again.end(), {"--listen", address_, "--parent", std::to_string(::getpid())});
  const std::vector<std::string> member = {"--coordinator", address_, "--orphan-timeout",
                                           Seconds(options_.orphan_timeout)};
  const auto with = [&member](const char* option, uint32_t value) {
    std::vector<std::string> arguments = member;
    arguments.insert(arguments.end(), {option, std::to_string(value)});
    return arguments;
  };
  for (uint32_t s = 1; s <= options_.servers; ++s) {
    CAIRN_RETURN_IF_ERROR(
        AddRole(Kind::kServer, Concat("server ", s), with("--executors", options_.executors)));
  }
  std::vector<std::string> worker = with("--threads", options_.threads);
  worker.insert(worker.end(), {"--cache", options_.cache.where, "--cache-mib",
                               std::to_string(options_.cache.memory_bytes_max >> 20)});
  if (options_.device.memory_bytes_max > 0) {
    worker.insert(worker.end(),
                  {"--device-memory", std::to_string(options_.device.memory_bytes_max)});
  }
  for (uint32_t w = 1; w <= options_.workers; ++w) {
    std::vector<std::string> own = worker;
    own.insert(own.end(), {"--device", DeviceOfWorker(options_.device.device, w - 1)});
    CAIRN_RETURN_IF_ERROR(AddRole(Kind::kWorker, Concat("worker ", w), std::move(own)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> LocalProcesses::ProgramOf(Kind kind) const {
  static constexpr const char* kPrograms[] = {"ps_coordinator", "ps_server", "ps_worker"};
  if (kind == Kind::kWorker && !options_.worker_program.empty()) {
    const fs::path own = fs::absolute(options_.worker_program);
    return FindProgram(own.filename().string(), own.parent_path().string(), "");
  }
  const std::string& given = options_.program_dir;
  const char* const path = ::getenv("PATH");
  return FindProgram(kPrograms[static_cast<size_t>(kind)], given.empty() ? OwnDirectory() : given,
                     given.empty() && path != nullptr ? path : "");
}

absl::Status LocalProcesses::AddRole(Kind kind, const std::string& name,
                                     std::vector<std::string> arguments) {
  Role role;
  role.kind = kind;
  role.name = name;
  CAIRN_ASSIGN_OR_RETURN(role.command.program, ProgramOf(kind));
  arguments.insert(arguments.end(), {"--parent", std::to_string(::getpid())});
  role.command.arguments = std::move(arguments);
  std::string file = name;
  for (char& c : file) c = c == ' ' ? '-' : c;
  role.command.log = JoinPath(log_dir_, file + ".log");
  std::error_code ignored;
  fs::remove(role.command.log, ignored);  // Of an earlier run.
  CAIRN_ASSIGN_OR_RETURN(role.child, ChildProcess::Start(role.command));
  roles_.push_back(std::move(role));
  return absl::OkStatus();
}

absl::Status LocalProcesses::AwaitCoordinator(const std::string& ready_file) {
  PosixFileSystem files;
  Role& coordinator = roles_.front();
  const auto deadline = Clock::now() + kReadyTimeout;
  while (true) {
    const absl::StatusOr<std::vector<std::byte>> text = files.ReadAll(ready_file);
    if (text.ok()) {
      const std::string_view line(reinterpret_cast<const char*>(text->data()), text->size());
      address_ = line.substr(0, line.find('\n'));
      return absl::OkStatus();
    }
    const bool ended = coordinator.child->end().has_value();
    if (ended || Clock::now() >= deadline) {
      failure_ = FailureOf(coordinator);
      if (ended) return ReportFailure(*failure_, log_dir_);
      JobResult late;
      late.code = kExitNotFormed;
      late.message = Concat("the coordinator has not come up within ", kReadyTimeout.count(), " s");
      return ReportFailure(*failure_, late, log_dir_);
    }
    ChildProcess* const waited[] = {coordinator.child.get()};
    WaitForAnyEnd(waited, kReadyPoll);
  }
}

void LocalProcesses::Watch(std::chrono::milliseconds patience, const OnDeath& on_death) {
  WaitForAnyEnd(Children(), patience);
  for (Role& role : roles_) {
    if (!role.end_seen && role.child->end().has_value()) OnEnd(&role, on_death);
    const bool has_left = role.left_at.has_value() && Clock::now() - *role.left_at >= kLeftPatience;
    if (has_left) StartAgain(&role, on_death);
    if (failure_.has_value()) return;
  }
  if (suspect_.has_value() && Clock::now() - suspect_since_ >= kSuspectPatience) {
    failure_ = std::move(suspect_);
  }
}

void LocalProcesses::OnEnd(Role* role, const OnDeath& on_death) {
  role->end_seen = true;
  const ChildEnd end = *role->child->end();
  const bool worker = role->kind == Kind::kWorker;
  const bool server = role->kind == Kind::kServer;
  if (end.signal != 0 && (!server || options_.restarts_servers)) {
    StartAgain(role, on_death);
  } else if (end.signal != 0) {
    failure_ = FailureOf(*role, AdviceFor(end.signal, worker));
  } else if (server && options_.restarts_servers && HasLeft(end)) {
    role->left_at = Clock::now();
  } else if (!worker || (end.exit_code != 0 && end.exit_code != kExitInterrupted)) {
    if (suspect_.has_value()) return;
    suspect_ = FailureOf(*role);
    suspect_since_ = Clock::now();
  }
}

void LocalProcesses::StartAgain(Role* role, const OnDeath& on_death) {
  const ChildEnd end = *role->child->end();
  const std::string how =
      role->left_at.has_value() ? "has left" : Concat("was killed by ", Describe(end));
  const bool worker = role->kind == Kind::kWorker;
  if (restarts_ >= options_.restarts_max) {
    RoleFailure failure = FailureOf(*role, AdviceFor(end.signal, worker));
    failure.advice += Concat("; --max-restarts allows for ", options_.restarts_max, " deaths");
    failure_ = std::move(failure);
    return;
  }
  ++restarts_;
  if (role->kind != Kind::kCoordinator) {
    on_death(role->child->pid(), Concat(role->name, ' ', how));
  }
  absl::StatusOr<std::unique_ptr<ChildProcess>> again = ChildProcess::Start(role->command);
  if (!again.ok()) {
    failure_ = FailureOf(*role, std::string(MessageOf(again.status())));
    return;
  }
  LOG(WARNING) << role->name << " (pid " << role->child->pid() << ") " << how
               << " and is started again as pid " << (*again)->pid();
  role->child = *std::move(again);
  role->end_seen = false;
  role->left_at.reset();
}

RoleFailure LocalProcesses::FailureOf(const Role& role, std::string advice) const {
  return {.role = role.name,
          .host = HostName(),
          .pid = role.child->pid(),
          .end = role.child->end().value_or(ChildEnd{}),
          .log = role.command.log,
          .lines = LastLines(role.command.log),
          .advice = std::move(advice)};
}

void LocalProcesses::WaitForEnd(std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  const auto running = [this] {
    for (const Role& role : roles_) {
      if (!role.child->end().has_value()) return true;
    }
    return false;
  };
  while (running() && Clock::now() < deadline) {
    WaitForAnyEnd(Children(), std::chrono::duration_cast<std::chrono::milliseconds>(
                                  deadline - Clock::now() + std::chrono::milliseconds(1)));
  }
  for (const Role& role : roles_) role.child->Signal(SIGKILL);
  while (running()) WaitForAnyEnd(Children(), patience);
}

std::optional<RoleFailure> LocalProcesses::EndedWith(int exit_code) const {
  for (const Role& role : roles_) {
    const std::optional<ChildEnd>& end = role.child->end();
    if (role.kind == Kind::kCoordinator || !end.has_value()) continue;
    if (end->signal == 0 && end->exit_code == exit_code) return FailureOf(role);
  }
  return std::nullopt;
}

std::optional<RoleFailure> LocalProcesses::ServerThatLeft() const {
  for (const Role& role : roles_) {
    const std::optional<ChildEnd>& end = role.child->end();
    if (role.kind != Kind::kServer || !end.has_value() || !HasLeft(*end)) continue;
    return FailureOf(role, "let servers run until the job is over; start the training again");
  }
  return std::nullopt;
}

void LocalProcesses::RemoveLogs() {
  if (!log_dir_is_new_) return;
  std::error_code ignored;  // A left-over log is no reason to fail a job that went well.
  fs::remove_all(log_dir_, ignored);
}

std::vector<ChildProcess*> LocalProcesses::Children() const {
  std::vector<ChildProcess*> children;
  for (const Role& role : roles_) children.push_back(role.child.get());
  return children;
}

absl::Status ReportFailure(const RoleFailure& failure, const JobResult& cause,
                           const std::string& log_dir) {
  JobResult told = cause;
  told.message += "\n" + Details(failure);
  const std::string json = FailureAsJson(failure, cause.message, cause.code);
  const absl::Status written = PosixFileSystem().WriteFileAtomically(
      JoinPath(log_dir, kFailureFile), std::as_bytes(std::span<const char>(json)));
  if (!written.ok()) LOG(WARNING) << MessageOf(written);
  return StatusOf(told);
}

absl::Status ReportFailure(const RoleFailure& failure, const std::string& log_dir) {
  JobResult cause;
  const bool exited = failure.end.signal == 0 && failure.end.exit_code != 0;
  cause.code = exited ? failure.end.exit_code : 1;
  cause.message = Headline(failure);
  return ReportFailure(failure, cause, log_dir);
}

}  // namespace cairn
