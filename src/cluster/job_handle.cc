#include "cluster/job_handle.h"

#include <utility>
#include <vector>

namespace cairn {
namespace {

class EmbeddedJobHandle final : public JobHandle {
 public:
  explicit EmbeddedJobHandle(RunningCoordinator* coordinator) : coordinator_(coordinator) {}

  JobStatus status() override {
    JobStatus status = coordinator_->status();
    // A status lists only so many epochs at once.
    while (status.epochs_listed.size() < status.epochs_done) {
      JobStatus more = coordinator_->status(status.epochs_listed.size());
      if (more.epochs_listed.empty()) break;
      std::vector<EpochRecord> epochs = std::move(status.epochs_listed);
      epochs.insert(epochs.end(), more.epochs_listed.begin(), more.epochs_listed.end());
      status = std::move(more);
      status.epochs_listed = std::move(epochs);
    }
    return status;
  }
  bool WaitFor(std::chrono::milliseconds patience) override {
    return coordinator_->WaitFor(patience);
  }
  JobResult Wait() override { return coordinator_->Wait(); }
  void Stop(int32_t code, const std::string& message) override {
    coordinator_->Stop(code, message);
  }
  void ReportDeath(const std::string& host, uint32_t pid, const std::string& text) override {
    coordinator_->ReportDeath({host, pid, text});
  }

  void Abandon() override {}  // Its destruction does nothing anyway.

 private:
  RunningCoordinator* const coordinator_;
};

}  // namespace

std::unique_ptr<JobHandle> HandleOf(RunningCoordinator* coordinator) {
  return std::make_unique<EmbeddedJobHandle>(coordinator);
}

}  // namespace cairn
