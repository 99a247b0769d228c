#include "worker/client_stream.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

absl::Status TakenAway() {
  return MakeError(absl::StatusCode::kAborted,
                   "the coordinator took this client's stream away: it was silent for too long");
}

absl::Status TakenBack(const std::string& from) {
  return DataLoss(
      "a server was lost, and the model is again as in a checkpoint: what this client pushed ",
      from, " is lost; Client::Resume goes on there");
}

}  // namespace

ClientStream::News ClientStream::OnGrants() {
  const Grants& grants = *member_->grants();
  News news = News::kNone;
  const auto is_mine = [this](const Grant& grant) { return grant.ref == ref_; };
  if (granted_ && std::none_of(grants.grants.begin(), grants.grants.end(), is_mine)) {
    if (grants.rollback_index > as_of_) {  // A hole that the stream may have had is gone, too.
      core_->DropRun(ref_);
      granted_ = false;
      taken_back_ = true;
      fault_ = TakenBack("since then");
      news = News::kLost;
    } else if (fault_.ok()) {
      fault_ = TakenAway();
      news = News::kLost;
    }
  }
  if (granted_) return news;
  const auto given =
      std::find_if(grants.grants.begin(), grants.grants.end(),
                   [](const Grant& grant) { return grant.work.kind == StreamWork::Kind::kClient; });
  if (given == grants.grants.end()) return news;
  granted_ = true;
  ref_ = given->ref;
  base_ = reported_ = given->base;  // A stream that was resumed has steps behind it.
  as_of_ = grants.rollback_index;
  core_->OpenRun(ref_, base_);
  if (!taken_back_) return News::kGranted;
  fault_ = TakenBack(Concat("from step ", base_ + 1, " on"));
  return News::kLost;
}

absl::Status ClientStream::StatusOf(const Completion& completion) {
  switch (completion.code) {
    case Completion::Code::kOk:
      return absl::OkStatus();
    case Completion::Code::kPassed:
      return FailedPrecondition("step ", completion.step, " is over already");
    case Completion::Code::kFenced:
      if (!taken_back_) fault_ = TakenAway();
      return fault_;
    case Completion::Code::kError:
      if (completion.is_push && !taken_back_) fault_ = completion.status;
      return completion.status;
  }
  return Internal("a completion without code");
}

void ClientStream::Resume() {
  CAIRN_CHECK(taken_back_ && granted_, "there is nothing to go on with");
  taken_back_ = false;
  fault_ = absl::OkStatus();
}

void ClientStream::Report(Micros now, Outbox* out) {
  if (!granted_ || member_->ended()) return;
  const StepIndex progress = core_->ProgressOf(ref_);
  const Micros every = progress > reported_ ? kReportEvery : kRepeatEvery;
  if (progress <= base_ || now < reported_at_ + every) return;
  reported_ = progress;
  reported_at_ = now;
  Progress report;
  report.ref = ref_;
  report.step = progress;
  out->push_back({member_->coordinator_address(),
                  MakeMessage(member_->HeaderTo(member_->coordinator()), report)});
}

Micros ClientStream::next_report() const {
  const bool is_due = granted_ && core_->ProgressOf(ref_) > reported_;
  return is_due ? reported_at_ + kReportEvery : std::numeric_limits<Micros>::max();
}

}  // namespace cairn
