#include "wire/control_codec.h"

#include <catch2/catch.hpp>

#include "support/sample_messages.h"
#include "wire/cairn.pb.h"
#include "wire/limits.h"

namespace cairn {
namespace {

template <typename T>
T Sample() {
  for (SampleMessage& sample : SampleMessages()) {
    if (const T* body = BodyAs<T>(sample.message)) return *body;
  }
  FAIL("no sample of this type");
  return {};
}

// A body as bytes, and where its control part ends.
struct Written {
  std::vector<std::byte> bytes;
  uint32_t control_bytes = 0;

  std::span<const std::byte> control() const { return std::span(bytes).first(control_bytes); }
  ByteReader payload() const {
    return ByteReader(std::span(bytes).subspan(PaddedTo8(control_bytes)), PaddedTo8(control_bytes));
  }
};

template <typename T>
Written Write(const T& body) {
  Written written;
  ByteWriter out(&written.bytes);
  written.control_bytes = WriteBody(body, &out);
  return written;
}

TEMPLATE_TEST_CASE("control messages come back equal", "", Hello, Welcome, Heartbeat, MapUpdate,
                   Grants, Progress, EvaluationResult, EvaluationAck, StepAlone, StepAloneAck,
                   SnapshotRequest, SnapshotDone, JobEnd, Goodbye, Submit, Wait, StopJob,
                   MemberDead, StatusRequest) {
  const TestType body = Sample<TestType>();
  const Written written = Write(body);
  ByteReader payload = written.payload();
  TestType read;
  REQUIRE(ReadBody(written.control(), &payload, &read).ok());
  CHECK(payload.End("payload").ok());
  CHECK(read == body);
}

TEMPLATE_TEST_CASE("a payload that is cut off is refused", "", Welcome, MapUpdate, Grants,
                   EvaluationResult, Submit) {
  const Written written = Write(Sample<TestType>());
  const auto whole = std::span(written.bytes).subspan(PaddedTo8(written.control_bytes));
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    ByteReader payload(whole.first(bytes));
    TestType read;
    CHECK_FALSE(ReadBody(written.control(), &payload, &read).ok());
  }
}

TEST_CASE("what is not Protobuf is refused") {
  const std::vector<std::byte> garbage(20, std::byte{0xFF});
  ByteReader payload({});
  Heartbeat heartbeat;
  const absl::Status status = ReadBody(garbage, &payload, &heartbeat);
  CHECK_THAT(std::string(MessageOf(status)), Catch::Contains("heartbeat"));
}

TEST_CASE("fields of a later minor version are skipped") {
  const Written written = Write(Sample<Heartbeat>());
  std::vector<std::byte> longer(written.control().begin(), written.control().end());
  longer.insert(longer.end(), {std::byte{0xA0}, std::byte{0x06}, std::byte{1}});  // Field 100 = 1.
  ByteReader payload({});
  Heartbeat read;
  REQUIRE(ReadBody(longer, &payload, &read).ok());
  CHECK(read == Sample<Heartbeat>());
}

TEST_CASE("a long reason is cut, a foreign one that was not is refused") {
  Goodbye goodbye;
  goodbye.message.assign(limits::kStringBytesMax + 1, 'x');
  const Written written = Write(goodbye);
  ByteReader payload = written.payload();
  Goodbye read;
  REQUIRE(ReadBody(written.control(), &payload, &read).ok());
  CHECK(read.message.size() == limits::kStringBytesMax);

  // Field 2, a length of 4,097 as a varint, the text.
  std::vector<std::byte> foreign = {std::byte{0x12}, std::byte{0x81}, std::byte{0x20}};
  foreign.resize(3 + limits::kStringBytesMax + 1, std::byte{'x'});
  CHECK_THAT(std::string(MessageOf(ReadBody(foreign, &payload, &read))),
             Catch::Contains("goodbye.message: 4097 bytes"));
}

TEST_CASE("scores of classes come back, and more than there may be are refused") {
  EvaluationResult result = Sample<EvaluationResult>();
  result.kind = ScoreKind::kClasses;
  result.scores.assign(2 * result.labels.size(), 0.25f);
  const Written written = Write(result);
  ByteReader payload = written.payload();
  EvaluationResult read;
  REQUIRE(ReadBody(written.control(), &payload, &read).ok());
  CHECK(read == result);
  pb::EvaluationResult control;
  control.set_row_count(0xFFFFFFFF);
  control.set_class_count(0xFFFFFFFF);
  const std::string bytes = control.SerializeAsString();
  ByteReader nothing({});
  const absl::Status status =
      ReadBody(std::as_bytes(std::span(bytes.data(), bytes.size())), &nothing, &read);
  CHECK_THAT(std::string(status.message()), Catch::Contains("evaluation_result.scores"));
}

}  // namespace
}  // namespace cairn
