#include "server/come_again.h"

#include <catch2/catch.hpp>

#include "support/sample_messages.h"

namespace cairn {
namespace {

TEST_CASE("ComeAgain: a push and a pull are answered part by part, other messages are not") {
  for (const SampleMessage& sample : SampleMessages()) {
    INFO(sample.name);
    const Message& request = sample.message;
    const MessagePtr answer = ComeAgain(request);
    const auto* push = BodyAs<Push>(request);
    const auto* pull = BodyAs<Pull>(request);
    REQUIRE((answer != nullptr) == (push != nullptr || pull != nullptr));
    if (answer == nullptr) continue;
    CHECK(answer->header.from == request.header.to);
    CHECK(answer->header.to == request.header.from);
    CHECK(answer->header.request == request.header.request);
    const auto check = [](const auto& from, const auto& reply) {
      CHECK(reply.ref == from.ref);
      CHECK(reply.step == from.step);
      REQUIRE(reply.parts.size() == from.parts.size());
      for (size_t i = 0; i < from.parts.size(); ++i) {
        CHECK(reply.parts[i].partition == from.parts[i].partition);
        CHECK(reply.parts[i].code == PartCode::kBehind);
      }
    };
    if (push != nullptr) check(*push, *BodyAs<PushReply>(*answer));
    if (pull != nullptr) check(*pull, *BodyAs<PullReply>(*answer));
  }
}

}  // namespace
}  // namespace cairn
