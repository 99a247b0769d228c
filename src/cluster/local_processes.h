// A cluster of processes on this machine: starts them, looks after them, and leaves nothing behind.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "cluster/child_process.h"
#include "cluster/role_failure.h"
#include "coordinator/coordinator_core.h"
#include "train/row_cache.h"
#include "train/step_device.h"

namespace cairn {

// One coordinator, which waits for a job, with servers and workers that wait for it. Each writes to
// a log of its own: coordinator.log, server-1.log, worker-1.log and so on.
//
// Not thread-safe, and the thread that calls Start must live as long as the object: the kernel
// kills children whose parent's thread has ended. Destruction kills what still runs.
class LocalProcesses {
 public:
  struct Options {
    uint32_t servers = 1;
    uint32_t workers = 1;
    uint32_t executors = 1;   // Threads of each server.
    uint32_t threads = 1;     // Reading threads of each worker.
    RowCache::Options cache;  // Of each worker.
    DeviceWish device;        // Likewise; DeviceOfWorker says which one it takes.
    uint32_t restarts_max = 100;
    bool restarts_servers = false;  // The job can do without one for a while.
    // Of ps_coordinator, ps_server and ps_worker; empty: where the running program is, else PATH.
    std::string program_dir;
    std::string worker_program;  // In the place of ps_worker; empty: that.
    // Of the logs; empty: a new one, which is removed by RemoveLogs.
    std::string log_dir;
    absl::Duration form_timeout = absl::Seconds(60);
    absl::Duration orphan_timeout = absl::Seconds(60);
  };
  // What is told of a worker or server that was killed, before another one takes its place.
  using OnDeath = std::function<void(pid_t pid, const std::string& text)>;

  // Returns when the coordinator listens. kUnavailable: a program is not there; kInternal: the
  // coordinator has not come up, with what it said.
  static absl::StatusOr<std::unique_ptr<LocalProcesses>> Start(const Options& options);
  ~LocalProcesses();
  LocalProcesses(const LocalProcesses&) = delete;
  LocalProcesses& operator=(const LocalProcesses&) = delete;

  const std::string& coordinator_address() const { return address_; }
  const std::string& log_dir() const { return log_dir_; }

  // Returns when a process has ended, or after `patience`. A worker that was killed is started
  // again, and so is the coordinator, which goes on by its log, and a server, if the job goes on
  // from a checkpoint.
  void Watch(std::chrono::milliseconds patience, const OnDeath& on_death);

  // What the job cannot survive: a server that was not started again, or anybody once too often; a
  // process that ended by itself, if the job has not ended some seconds later, for it should have
  // told the coordinator. The first one stays.
  const std::optional<RoleFailure>& failure() const { return failure_; }

  // From now on processes may end as they like. Gives them `patience` for that, then kills them.
  void WaitForEnd(std::chrono::milliseconds patience);

  // The process that ended by itself with this exit code, if there is one: it found what the job
  // ended for. After WaitForEnd.
  std::optional<RoleFailure> EndedWith(int exit_code) const;
  // A server that was told to leave, as by SIGTERM: the job could not do without. After WaitForEnd.
  std::optional<RoleFailure> ServerThatLeft() const;

  // After a failure logs are what is needed most; otherwise they can go, if their directory is new.
  void RemoveLogs();

 private:
  using Clock = std::chrono::steady_clock;
  enum class Kind : uint8_t { kCoordinator, kServer, kWorker };
  struct Role {
    Kind kind = Kind::kCoordinator;
    std::string name;  // "server 1"
    ChildProcess::Options command;
    std::unique_ptr<ChildProcess> child;
    bool end_seen = false;
    std::optional<Clock::time_point> left_at;  // A server, in good order: or the job is over.
  };

  explicit LocalProcesses(const Options& options) : options_(options) {}

  absl::Status MakeLogDirectory();
  absl::Status StartAll();
  absl::StatusOr<std::string> ProgramOf(Kind kind) const;
  absl::Status AddRole(Kind kind, const std::string& name, std::vector<std::string> arguments);
  absl::Status AwaitCoordinator(const std::string& ready_file);
  void OnEnd(Role* role, const OnDeath& on_death);
  void StartAgain(Role* role, const OnDeath& on_death);
  RoleFailure FailureOf(const Role& role, std::string advice = {}) const;
  std::vector<ChildProcess*> Children() const;

  const Options options_;
  std::string log_dir_;
  bool log_dir_is_new_ = false;
  std::string address_;
  std::vector<Role> roles_;
  uint32_t restarts_ = 0;
  std::optional<RoleFailure> suspect_;  // Ended by itself; a failure if the job goes on.
  Clock::time_point suspect_since_;
  std::optional<RoleFailure> failure_;
};

// What the run ends with: the cause's message and, as the last block that a user sees, the details
// of the process where it was found; the same as failure.json in `log_dir`. Without a cause, that
// is how the process itself ended.
absl::Status ReportFailure(const RoleFailure& failure, const JobResult& cause,
                           const std::string& log_dir);
absl::Status ReportFailure(const RoleFailure& failure, const std::string& log_dir);

}  // namespace cairn
