#include "transport/member_core.h"

#include <algorithm>

#include "base/check.h"
#include "base/status.h"
#include "wire/frame_header.h"

namespace cairn {
namespace {

constexpr Micros kHelloEvery = 200'000;
constexpr Micros kAskForMapEvery = 20'000;
constexpr int kSilentHeartbeats = 4;     // Then the coordinator may have restarted: Hello again.
constexpr int kAskedBeforeOrphaned = 4;  // A coordinator with nothing to tell speaks when asked.
constexpr Micros kBeatEveryMin = 1'000;

}  // namespace

MemberCore::MemberCore(Options options)
    : options_(std::move(options)), self_{kUnassignedProcess, options_.incarnation} {
  CAIRN_CHECK(options_.incarnation != 0, "0 stands for any incarnation");
}

Header MemberCore::HeaderTo(const ProcessId& to) const {
  return Header{.from = self_, .to = to, .request = 0, .map_index = map_index()};
}

void MemberCore::Start(Micros now, Outbox* out) {
  last_heard_ = now;
  SendHello(now, out);
}

void MemberCore::SendHello(Micros now, Outbox* out) {
  const Header header = HeaderTo({kCoordinatorProcess, 0});
  // Once welcomed, it is a member of that job and of no other.
  Hello hello{options_.role,
              options_.own_address,
              options_.kernel_target,
              options_.host,
              options_.pid,
              joined_ ? welcome_->job_id : 0,
              joined_ ? welcome_->job.name : options_.job_name};
  Body body = std::move(hello);
  if (options_.submit != nullptr) body = Submit{std::get<Hello>(body), *options_.submit};
  out->push_back({options_.coordinator_address, MakeMessage(header, std::move(body))});
  next_tick_ = now + kHelloEvery;
}

void MemberCore::SendHeartbeat(Micros now, Outbox* out) {
  Heartbeat beat{map_index(), grants_ == nullptr ? 0 : grants_->index, options_.capacity, Usage(),
                 leaves_at_.has_value()};
  out->push_back({options_.coordinator_address, MakeMessage(HeaderTo(coordinator_), beat)});
  next_tick_ = now + std::min(Micros{welcome_->heartbeat_ms} * 1000, OrphanShare());
  if (leaves_at_.has_value()) next_tick_ = std::min(next_tick_, *leaves_at_);
}

Micros MemberCore::OrphanShare() const {
  return std::max(options_.orphan_timeout / kAskedBeforeOrphaned, kBeatEveryMin);
}

void MemberCore::SendFailure(Micros now, Outbox* out) {
  failure_->usage = Usage();
  out->push_back({options_.coordinator_address, MakeMessage(HeaderTo(coordinator_), *failure_)});
  next_tick_ = now + kHelloEvery;
}

void MemberCore::AskForMap(Micros now, Outbox* out) {
  if (!joined_ || ended_ || left_ || failure_.has_value()) return;
  if (now - last_asked_ < kAskForMapEvery) return;
  last_asked_ = now;
  const Micros tick_at = next_tick_;  // Whoever asks all the time has to notice silence, too.
  SendHeartbeat(now, out);
  next_tick_ = tick_at;
}

void MemberCore::End(absl::Status status, int32_t code, News* news) {
  if (ended_) return;
  ended_ = true;
  end_ = std::move(status);
  end_code_ = code;
  news->ended = true;
}

MemberCore::News MemberCore::Receive(const Message& message, Micros now, Outbox* out) {
  News news;
  const Header& header = message.header;
  if (left_) return news;
  if (const auto* notice = BodyAs<VersionNotice>(message)) {
    OnVersion(*notice, &news);
    return news;
  }
  if (header.from.process != kCoordinatorProcess) return news;
  if (header.to.incarnation != self_.incarnation) return news;  // Meant for a former life.
  last_heard_ = now;
  if (const auto* welcome = BodyAs<Welcome>(message)) {
    OnWelcome(message, *welcome, now, &news, out);
  } else if (const auto* wait = BodyAs<Wait>(message)) {
    if (!joined_) waiting_ = wait->text;
  } else if (const auto* map = BodyAs<MapUpdate>(message)) {
    OnMap(*map, &news);
  } else if (const auto* grants = BodyAs<Grants>(message)) {
    if (!joined_ || (grants_ != nullptr && grants->index <= grants_->index)) return news;
    grants_ = std::make_shared<const Grants>(*grants);
    news.grants = true;
  } else if (const auto* end = BodyAs<JobEnd>(message)) {
    absl::Status status;
    if (end->code != 0) status = MakeError(absl::StatusCode::kAborted, end->message);
    End(std::move(status), end->code, &news);
  }
  return news;
}

void MemberCore::OnWelcome(const Message& message, const Welcome& welcome, Micros now, News* news,
                           Outbox* out) {
  if (joined_ && welcome.job_id != welcome_->job_id) return;  // Of another job than ours.
  coordinator_ = message.header.from;
  if (joined_) return;
  joined_ = news->welcomed = true;
  self_.process = welcome.process;
  welcome_ = std::make_shared<const Welcome>(welcome);
  SendHeartbeat(now, out);
}

void MemberCore::OnMap(const MapUpdate& map, News* news) {
  if (!joined_ || map.index <= map_index()) return;
  if (map.partitions.size() != welcome_->job.partitions) return;  // Of another job.
  map_ = std::make_shared<const MapUpdate>(map);
  news->map = true;
}

// Of the peers that are connected to, only the coordinator's word ends this member: other members
// are the coordinator's business.
void MemberCore::OnVersion(const VersionNotice& notice, News* news) {
  if (notice.address != options_.coordinator_address) return;
  End(Unavailable("the coordinator at ", notice.address, " speaks protocol version ", notice.major,
                  ".", notice.minor, ", this process ", kWireMajor, ".", kWireMinor,
                  ": use programs of one release"),
      5, news);
}

MemberCore::News MemberCore::Tick(Micros now, Outbox* out) {
  News news;
  if (left_ || ended_ || now < next_tick_) return news;
  const Micros silent = now - last_heard_;
  if (failure_.has_value()) {
    if (now - failed_at_ < kLastWordsFor) {
      SendFailure(now, out);
    } else {
      End(MakeError(absl::StatusCode::kAborted, failure_->message), failure_->code, &news);
    }
    return news;
  }
  if (leaves_at_.has_value() && now >= *leaves_at_) {
    Leave(out);
    End({}, 0, &news);
    return news;
  }
  if (!joined_) {
    if (silent >= options_.join_timeout) {
      End(DeadlineExceeded("no answer from the coordinator at ", options_.coordinator_address,
                           " for ", silent / 1'000'000,
                           " s: is it running, and is this its address?"),
          5, &news);
      return news;
    }
    SendHello(now, out);
    return news;
  }
  if (silent >= options_.orphan_timeout) {
    End(Unavailable("the coordinator at ", options_.coordinator_address, " has been silent for ",
                    silent / 1'000'000, " s (--orphan-timeout): this process ends itself"),
        5, &news);
    return news;
  }
  SendHeartbeat(now, out);
  const Micros patience =
      std::min(kSilentHeartbeats * Micros{welcome_->heartbeat_ms} * 1000, OrphanShare());
  if (silent >= patience) {
    const Micros beat_at = next_tick_;
    SendHello(now, out);
    next_tick_ = beat_at;
  }
  return news;
}

void MemberCore::Leave(Outbox* out) {
  if (left_) return;
  left_ = true;
  if (!joined_) return;
  out->push_back(
      {options_.coordinator_address, MakeMessage(HeaderTo(coordinator_), Goodbye{0, "", Usage()})});
}

MemberCore::News MemberCore::AskToLeave(Micros now, Outbox* out) {
  News news;
  if (left_ || ended_ || failure_.has_value() || asked_to_leave_) return news;
  asked_to_leave_ = true;
  if (!joined_) {
    Leave(out);
    End({}, 0, &news);
    return news;
  }
  leaves_at_ = now + options_.leave_timeout;
  SendHeartbeat(now, out);
  return news;
}

MemberCore::News MemberCore::Fail(int32_t code, const std::string& message, Micros now,
                                  Outbox* out) {
  CAIRN_CHECK(code != 0, "a failure without a code would be a success");
  News news;
  if (left_ || ended_ || failure_.has_value()) return news;
  if (!joined_) {
    End(MakeError(absl::StatusCode::kAborted, message), code, &news);
    return news;
  }
  failure_ = Goodbye{code, message, {}};
  failed_at_ = now;
  SendFailure(now, out);
  return news;
}

}  // namespace cairn
