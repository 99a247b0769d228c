#include "cluster/status_client.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "transport/address.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

constexpr auto kAskEvery = std::chrono::milliseconds(300);  // A message may be lost.

}  // namespace

StatusClient::StatusClient(std::string coordinator)
    : coordinator_(std::move(coordinator)), self_{0, NewIncarnation()} {}

absl::StatusOr<std::unique_ptr<StatusClient>> StatusClient::Open(const std::string& coordinator) {
  CAIRN_RETURN_IF_ERROR(ParseAddress(coordinator).status());
  return Open(coordinator, [](MessageHandler handler) {
    return MakeZmqTransport(ZmqOptions{}, std::move(handler));
  });
}

absl::StatusOr<std::unique_ptr<StatusClient>> StatusClient::Open(
    const std::string& coordinator, const TransportMaker& make_transport) {
  auto client = std::unique_ptr<StatusClient>(new StatusClient(coordinator));
  CAIRN_ASSIGN_OR_RETURN(client->transport_,
                         make_transport([raw = client.get()](MessagePtr m) { raw->OnMessage(m); }));
  return client;
}

void StatusClient::OnMessage(const MessagePtr& message) {
  const bool is_answer =
      BodyAs<StatusReply>(*message) != nullptr || BodyAs<VersionNotice>(*message) != nullptr;
  if (!is_answer) return;
  MutexLock lock(mutex_);
  answer_ = message;
  answered_.NotifyOne();
}

MessagePtr StatusClient::TakeAnswer(Clock::time_point until) {
  MutexLock lock(mutex_);
  while (answer_ == nullptr && answered_.WaitUntil(mutex_, until)) {
  }
  return std::exchange(answer_, nullptr);
}

absl::StatusOr<JobStatus> StatusClient::Ask(std::chrono::milliseconds patience) {
  const Clock::time_point deadline = Clock::now() + patience;
  Header header;
  header.from = self_;
  header.to = {kCoordinatorProcess, 0};
  TakeAnswer(Clock::now());  // A late one, to what was asked before.
  MessagePtr answer;
  for (auto now = Clock::now(); answer == nullptr; now = Clock::now()) {
    if (now >= deadline) {
      return Unavailable("no coordinator has answered at ", coordinator_, " for ",
                         std::chrono::duration<double>(patience).count(),
                         " s: the job may be over, or the address be another one");
    }
    // Without the lock: a transport within the process may bring the answer inside this call.
    transport_->Send(coordinator_, MakeMessage(header, StatusRequest{}));
    answer = TakeAnswer(std::min(deadline, now + kAskEvery));
  }
  if (const auto* notice = BodyAs<VersionNotice>(*answer)) {
    return Unavailable("the coordinator at ", coordinator_, " speaks version ", notice->major, ".",
                       notice->minor, " of the protocol: use the cairn of its version");
  }
  return BodyAs<StatusReply>(*answer)->status;
}

}  // namespace cairn
