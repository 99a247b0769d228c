// A job that the test plays.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cluster/job_handle.h"

namespace cairn {

// Over once `polls_left` calls of WaitFor have been made.
class FakeJob final : public JobHandle {
 public:
  JobStatus status() override { return now; }
  bool WaitFor(std::chrono::milliseconds) override {
    if (polls_left > 0) --polls_left;
    return polls_left == 0;
  }
  JobResult Wait() override { return result; }
  void Stop(int32_t code, const std::string& message) override {
    stops.emplace_back(code, message);
    result.code = code;
    result.message = message;
    polls_left = 0;
  }
  void ReportDeath(const std::string&, uint32_t pid, const std::string&) override {
    deaths.push_back(pid);
  }
  void Abandon() override {}

  JobStatus now;
  JobResult result;
  int polls_left = 1;
  std::vector<std::pair<int32_t, std::string>> stops;
  std::vector<uint32_t> deaths;
};

}  // namespace cairn
