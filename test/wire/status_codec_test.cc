#include "wire/status_codec.h"

#include <catch2/catch.hpp>

#include "base/status.h"
#include "support/sample_messages.h"
#include "wire/check_message.h"
#include "wire/codec.h"
#include "wire/limits.h"

namespace cairn {
namespace {

StatusReply Sample() {
  for (SampleMessage& sample : SampleMessages()) {
    if (const auto* reply = BodyAs<StatusReply>(sample.message)) return *reply;
  }
  FAIL("no sample of a status");
  return {};
}

std::vector<std::byte> Bytes(const StatusReply& reply) {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  CHECK(WriteBody(reply, &out) == 0);
  return bytes;
}

TEST_CASE("a status comes back equal") {
  const std::vector<std::byte> bytes = Bytes(Sample());
  ByteReader payload(bytes);
  StatusReply read;
  REQUIRE(ReadBody({}, &payload, &read).ok());
  CHECK(payload.End("status").ok());
  CHECK(read == Sample());
}

TEST_CASE("a status that is cut off is refused") {
  const std::vector<std::byte> bytes = Bytes(Sample());
  for (size_t length = 0; length < bytes.size(); ++length) {
    ByteReader payload{std::span(bytes).first(length)};
    StatusReply read;
    CHECK_FALSE(ReadBody({}, &payload, &read).ok());
  }
}

TEST_CASE("the status of the largest cluster is a small frame, one beyond it is refused") {
  StatusReply reply;
  reply.status.members.resize(limits::kStatusMembersMax,
                              {1,
                               Role::kServer,
                               std::string(limits::kAddressBytesMax, 'a'),
                               std::string(limits::kAddressBytesMax, 'h'),
                               1,
                               1,
                               1,
                               {}});
  reply.status.epochs_listed.resize(limits::kStatusEpochsMax);
  const Frame frame = EncodeMessage({{}, reply});
  CHECK(frame.size() < limits::kFrameBytesAim);
  CHECK(DecodeMessage(frame).ok());
  StatusReply more = reply;
  more.status.members.emplace_back();
  CHECK_THAT(std::string(MessageOf(CheckBody(more))), Catch::Contains("status.members: 1001"));
  more = reply;
  more.status.epochs_listed.emplace_back();
  CHECK_THAT(std::string(MessageOf(CheckBody(more))), Catch::Contains("status.epochs: 1001"));
}

TEST_CASE("numbers without a meaning are named") {
  StatusReply reply;
  reply.status.phase = static_cast<JobPhase>(8);
  CHECK_THAT(std::string(MessageOf(CheckBody(reply))), Catch::Contains("status.phase: 8"));
  reply.status.phase = JobPhase::kIdle;
  reply.status.mode.consistency = static_cast<Consistency>(3);
  CHECK_THAT(std::string(MessageOf(CheckBody(reply))), Catch::Contains("status.consistency: 3"));
  reply.status.mode.consistency = Consistency::kAsp;
  reply.status.members.resize(2);
  reply.status.members[1].role = static_cast<Role>(6);
  CHECK_THAT(std::string(MessageOf(CheckBody(reply))), Catch::Contains("status.members[1].role"));
}

}  // namespace
}  // namespace cairn
