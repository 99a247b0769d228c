#include "cluster/submitter_core.h"

#include <algorithm>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr Micros kPollEvery = 200 * kMicrosPerMilli;
constexpr Micros kPollAtTheEnd = 50 * kMicrosPerMilli;
// At the end: for the other members to leave, since their last words hold their traffic.
constexpr Micros kEndPatience = 3 * kMicrosPerSecond;

MemberCore::Options AsSubmitter(MemberCore::Options options) {
  CAIRN_CHECK(options.submit != nullptr, "a submitter brings a job");
  options.role = Role::kSubmitter;
  return options;
}

}  // namespace

SubmitterCore::SubmitterCore(MemberCore::Options member)
    : member_(AsSubmitter(std::move(member))) {}

void SubmitterCore::Start(Micros now, Outbox* out) {
  member_.Start(now, out);
  poll_at_ = now + kPollEvery;
}

Micros SubmitterCore::next_tick() const {
  if (over_) return poll_at_;
  return std::min(member_.next_tick(), poll_at_);
}

void SubmitterCore::Receive(const Message& message, Micros now, Outbox* out) {
  if (finished_) return;
  const bool for_us = message.header.to.incarnation == member_.self().incarnation;
  const auto* reply = BodyAs<StatusReply>(message);
  if (reply != nullptr && for_us && member_.joined() &&
      reply->status.job_id == member_.welcome().job_id) {
    OnStatus(reply->status);
  }
  OnNews(member_.Receive(message, now, out), now, out);
  if (over_ && KnowsAll()) Finish(out);
}

void SubmitterCore::Tick(Micros now, Outbox* out) {
  if (finished_) return;
  OnNews(member_.Tick(now, out), now, out);
  if (over_ && now - over_at_ >= kEndPatience) Finish(out);
  if (finished_ || now < poll_at_) return;
  poll_at_ = now + (over_ ? kPollAtTheEnd : kPollEvery);
  SendRequests(now, out);
}

void SubmitterCore::OnNews(const MemberCore::News& news, Micros now, Outbox* out) {
  if (!news.ended) return;
  result_.code = member_.end_code();
  result_.message = MessageOf(member_.end());
  over_ = true;
  over_at_ = poll_at_ = now;
  // A coordinator that was never reached, or refused the job, or is silent, has nothing to tell.
  const bool told = member_.joined() &&
                    (member_.end().ok() || member_.end().code() == absl::StatusCode::kAborted);
  if (!told) Finish(out);
}

void SubmitterCore::OnStatus(const JobStatus& status) {
  std::vector<EpochRecord> epochs = std::move(status_.epochs_listed);
  // Answers may come twice and out of order; epochs only ever grow.
  for (const EpochRecord& record : status.epochs_listed) {
    if (record.epoch == epochs.size()) epochs.push_back(record);
  }
  if (status.phase >= status_.phase || !status_.over()) status_ = status;
  status_.epochs_listed = std::move(epochs);
  std::erase_if(deaths_, [&](const MemberDead& dead) { return !Listed(dead); });
}

// Members beyond the listed ones may be the dead one's: then it is said until the end.
bool SubmitterCore::Listed(const MemberDead& dead) const {
  return status_.member_count > status_.members.size() ||
         std::any_of(status_.members.begin(), status_.members.end(), [&](const MemberStatus& m) {
           return m.host == dead.host && m.pid == dead.pid;
         });
}

void SubmitterCore::Stop(int32_t code, const std::string& message, Micros now, Outbox* out) {
  if (stop_.has_value() || over_) return;
  stop_ = StopJob{code, message};
  poll_at_ = now + kPollEvery;
  SendRequests(now, out);
}

void SubmitterCore::ReportDeath(MemberDead dead, Micros now, Outbox* out) {
  if (over_) return;
  deaths_.push_back(std::move(dead));
  if (!member_.joined()) return;
  poll_at_ = now + kPollEvery;
  SendRequests(now, out);
}

// What is to be said comes first: the status then shows what it has led to.
void SubmitterCore::SendRequests(Micros now, Outbox* out) {
  if (!member_.joined()) {
    // Nobody knows of the job yet, so nobody has to be told that it is not wanted.
    if (!stop_.has_value()) return;
    result_ = {};
    result_.code = stop_->code;
    result_.message = stop_->message;
    over_ = true;
    over_at_ = now;
    Finish(out);
    return;
  }
  const auto send = [&](const ProcessId& to, Body body) {
    out->push_back(
        {member_.coordinator_address(), MakeMessage(member_.HeaderTo(to), std::move(body))});
  };
  if (!over_) {
    if (stop_.has_value()) send(member_.coordinator(), *stop_);
    for (const MemberDead& dead : deaths_) send(member_.coordinator(), dead);
  }
  send({kCoordinatorProcess, 0}, StatusRequest{status_.epochs_listed.size()});
}

bool SubmitterCore::KnowsAll() const {
  return status_.over() && status_.member_count <= 1 &&
         status_.epochs_listed.size() >= status_.epochs_done;
}

void SubmitterCore::Finish(Outbox* out) {
  finished_ = true;
  if (result_.code == 0) result_.message = status_.message;
  result_.epochs = status_.epochs_listed;
  result_.rows = status_.rows_trained;
  result_.features = status_.features;
  result_.digest_high = status_.digest_high;
  result_.digest_low = status_.digest_low;
  result_.train_seconds = status_.train_seconds;
  result_.bytes_sent = status_.bytes_sent;
  result_.bytes_received = status_.bytes_received;
  result_.frames_refused = status_.frames_refused;
  member_.Leave(out);
}

}  // namespace cairn
