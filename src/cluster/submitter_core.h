// The submitter's state machine: brings a job to an idle coordinator, follows its status, passes
// on that it is to stop or that a process died, and stays until it knows how the job went. A core:
// no thread, no socket, no clock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/coordinator_core.h"
#include "transport/member_core.h"

namespace cairn {

class SubmitterCore {
 public:
  // `member` says where the coordinator is and holds the job (`submit`); its role is set here.
  explicit SubmitterCore(MemberCore::Options member);

  // Sends the first Submit. Call once.
  void Start(Micros now, Outbox* out);
  void Receive(const Message& message, Micros now, Outbox* out);
  void Tick(Micros now, Outbox* out);
  Micros next_tick() const;

  // Repeated until the job is over. The first call counts.
  void Stop(int32_t code, const std::string& message, Micros now, Outbox* out);
  // Repeated while the coordinator lists a member of this process.
  void ReportDeath(MemberDead dead, Micros now, Outbox* out);

  // By the coordinator's last answer; epochs_listed has all epochs that are known.
  const JobStatus& status() const { return status_; }
  // The job is over, everything about it is known or was waited for, and the coordinator knows that
  // this process leaves.
  bool finished() const { return finished_; }
  // Once finished. What the coordinator could not tell any more is missing.
  const JobResult& result() const { return result_; }

 private:
  void OnNews(const MemberCore::News& news, Micros now, Outbox* out);
  void OnStatus(const JobStatus& status);
  void SendRequests(Micros now, Outbox* out);
  void SendDeaths(Outbox* out);
  bool Listed(const MemberDead& dead) const;
  bool KnowsAll() const;
  void Finish(Outbox* out);

  MemberCore member_;
  JobStatus status_;
  std::optional<StopJob> stop_;
  std::vector<MemberDead> deaths_;  // Not confirmed yet.
  bool over_ = false;               // JobEnd has come.
  Micros over_at_ = 0;
  Micros poll_at_ = 0;
  bool finished_ = false;
  JobResult result_;
};

}  // namespace cairn
