#include "transport/member_core.h"

#include <algorithm>

#include "base/check.h"
#include "base/status.h"

namespace cairn {
namespace {

constexpr Micros kHelloEvery = 200'000;
constexpr Micros kAskForMapEvery = 20'000;
constexpr int kSilentHeartbeats = 4;  // Then the coordinator may have restarted: Hello again.

}  // namespace

MemberCore::MemberCore(Options options)
    : options_(std::move(options)), self_{kUnassignedProcess, options_.incarnation} {
  CAIRN_CHECK(options_.incarnation != 0, "0 stands for any incarnation");
}

Header MemberCore::HeaderTo(const ProcessId& to) const {
  return Header{.from = self_, .to = to, .request = 0, .map_index = map_index()};
}

void MemberCore::Start(Micros now, Outbox* out) {
  started_ = last_heard_ = now;
  SendHello(now, out);
}

void MemberCore::SendHello(Micros now, Outbox* out) {
  Header header = HeaderTo({kCoordinatorProcess, 0});
  Hello hello{options_.role, options_.own_address, options_.kernel_target};
  out->push_back({options_.coordinator_address, MakeMessage(header, std::move(hello))});
  next_tick_ = now + kHelloEvery;
}

void MemberCore::SendHeartbeat(Micros now, Outbox* out) {
  Heartbeat beat{map_index(), grants_ == nullptr ? 0 : grants_->index, options_.capacity};
  out->push_back({options_.coordinator_address, MakeMessage(HeaderTo(coordinator_), beat)});
  next_tick_ = now + Micros{welcome_->heartbeat_ms} * 1000;
}

void MemberCore::AskForMap(Micros now, Outbox* out) {
  if (!joined_ || ended_ || left_ || now - last_asked_ < kAskForMapEvery) return;
  last_asked_ = now;
  SendHeartbeat(now, out);
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
  if (left_ || header.from.process != kCoordinatorProcess) return news;
  if (header.to.incarnation != self_.incarnation) return news;  // Meant for a former life.
  last_heard_ = now;
  if (const auto* welcome = BodyAs<Welcome>(message)) {
    coordinator_ = header.from;
    if (joined_) return news;
    joined_ = news.welcomed = true;
    self_.process = welcome->process;
    welcome_ = std::make_shared<const Welcome>(*welcome);
    SendHeartbeat(now, out);
  } else if (const auto* map = BodyAs<MapUpdate>(message)) {
    if (!joined_ || map->index <= map_index()) return news;
    if (map->partitions.size() != welcome_->job.partitions) return news;  // Of another job.
    map_ = std::make_shared<const MapUpdate>(*map);
    news.map = true;
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

MemberCore::News MemberCore::Tick(Micros now, Outbox* out) {
  News news;
  if (left_ || ended_ || now < next_tick_) return news;
  if (!joined_) {
    if (now - started_ >= options_.join_timeout) {
      End(DeadlineExceeded("no answer from the coordinator at ", options_.coordinator_address,
                           " for ", (now - started_) / 1'000'000,
                           " s: is it running, and is this its address?"),
          5, &news);
      return news;
    }
    SendHello(now, out);
    return news;
  }
  const Micros silent = now - last_heard_;
  if (silent >= options_.orphan_timeout) {
    End(Unavailable("the coordinator at ", options_.coordinator_address, " has been silent for ",
                    silent / 1'000'000, " s (--orphan-timeout): this process ends itself"),
        5, &news);
    return news;
  }
  SendHeartbeat(now, out);
  const Micros patience = kSilentHeartbeats * Micros{welcome_->heartbeat_ms} * 1000;
  if (silent >= patience) {
    const Micros beat_at = next_tick_;
    SendHello(now, out);
    next_tick_ = beat_at;
  }
  return news;
}

void MemberCore::Leave(int32_t code, const std::string& message, Outbox* out) {
  if (left_) return;
  left_ = true;
  if (!joined_) return;
  out->push_back(
      {options_.coordinator_address, MakeMessage(HeaderTo(coordinator_), Goodbye{code, message})});
}

}  // namespace cairn
