#include "cluster/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/check.h"
#include "base/status.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that these are C functions.
extern char** environ;
}

namespace cairn {
namespace {

absl::Status ErrorOf(int error, const std::string& what) {
  const absl::StatusCode code = error == ENOENT   ? absl::StatusCode::kNotFound
                                : error == EACCES ? absl::StatusCode::kPermissionDenied
                                                  : absl::StatusCode::kInternal;
  return MakeError(code, what, ": ", std::strerror(error));
}

// What posix_spawn is told besides the program. Its calls fail only without memory.
class SpawnSetup {
 public:
  explicit SpawnSetup(const std::string& log) {
    CAIRN_CHECK(posix_spawnattr_init(&attributes_) == 0);
    CAIRN_CHECK(posix_spawn_file_actions_init(&files_) == 0);
    sigset_t none, ours;
    sigemptyset(&none);
    sigemptyset(&ours);
    // What we ignore or handle is not theirs to ignore.
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD}) sigaddset(&ours, signal);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &ours);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    constexpr mode_t kLogMode = 0644;
    posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, log.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, kLogMode);
    posix_spawn_file_actions_adddup2(&files_, STDOUT_FILENO, STDERR_FILENO);
    // A socket that a child inherited would stay open after we are gone.
    posix_spawn_file_actions_addclosefrom_np(&files_, STDERR_FILENO + 1);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  const posix_spawnattr_t* attributes() const { return &attributes_; }
  const posix_spawn_file_actions_t* files() const { return &files_; }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t files_;
};

// Of a log that cannot be opened posix_spawn would say only that something is not there.
absl::Status CheckLog(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return ErrorOf(errno, "cannot write the log " + path);
  ::close(fd);
  return absl::OkStatus();
}

}  // namespace

std::string Describe(const ChildEnd& end) {
  if (end.signal == 0) return Concat("exit code ", end.exit_code);
  const char* const name = sigabbrev_np(end.signal);
  if (name == nullptr) return Concat("signal ", end.signal);
  return Concat("SIG", name, " (signal ", end.signal, ")");
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(const Options& options) {
  CAIRN_RETURN_IF_ERROR(CheckLog(options.log));
  std::vector<std::string> arguments = options.arguments;
  arguments.insert(arguments.begin(), options.program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const SpawnSetup setup(options.log);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, options.program.c_str(), setup.files(), setup.attributes(),
                                argv.data(), environ);
  if (error != 0) return ErrorOf(error, "cannot start " + options.program);
  // Nobody else reaps it, so the number is still this child's.
  const int fd = pidfd_open(pid, 0);
  if (fd < 0) {
    const int why = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return ErrorOf(why, "cannot watch " + options.program);
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(pid, fd));
}

ChildProcess::~ChildProcess() {
  if (!end().has_value()) {
    Signal(SIGKILL);
    siginfo_t ignored = {};
    while (::waitid(P_PIDFD, static_cast<id_t>(fd_), &ignored, WEXITED) != 0 && errno == EINTR) {
    }
  }
  ::close(fd_);
}

const std::optional<ChildEnd>& ChildProcess::end() {
  if (end_.has_value()) return end_;
  siginfo_t info = {};
  const int got = ::waitid(P_PIDFD, static_cast<id_t>(fd_), &info, WEXITED | WNOHANG);
  if (got != 0 && errno == ECHILD) {
    end_ = ChildEnd{};  // The program that embeds us ignores SIGCHLD: how it ended is lost.
  } else if (got == 0 && info.si_pid != 0) {
    const bool exited = info.si_code == CLD_EXITED;
    end_ = ChildEnd{exited ? info.si_status : 0, exited ? 0 : info.si_status};
  }
  return end_;
}

void ChildProcess::Signal(int signal) {
  if (!end_.has_value()) pidfd_send_signal(fd_, signal, nullptr, 0);
}

void WaitForAnyEnd(std::span<ChildProcess* const> children, std::chrono::milliseconds patience) {
  std::vector<pollfd> polled;
  for (const ChildProcess* child : children) {
    if (!child->end_.has_value()) polled.push_back({child->fd_, POLLIN, 0});
  }
  // A signal handler may cut it short; whoever waits asks again.
  ::poll(polled.data(), polled.size(), static_cast<int>(patience.count()));
}

}  // namespace cairn
