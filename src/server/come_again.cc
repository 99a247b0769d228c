#include "server/come_again.h"

namespace cairn {
namespace {

template <typename Reply, typename Request>
MessagePtr Answer(const Header& header, const Request& request) {
  Reply reply;
  reply.ref = request.ref;
  reply.step = request.step;
  for (const auto& part : request.parts) {
    reply.parts.push_back({part.partition, PartCode::kBehind, {}});
  }
  return std::make_shared<const Message>(
      Message{{header.to, header.from, header.request, 0}, std::move(reply)});
}

}  // namespace

MessagePtr ComeAgain(const Message& request) {
  if (const auto* push = BodyAs<Push>(request)) return Answer<PushReply>(request.header, *push);
  if (const auto* pull = BodyAs<Pull>(request)) return Answer<PullReply>(request.header, *pull);
  return nullptr;
}

}  // namespace cairn
