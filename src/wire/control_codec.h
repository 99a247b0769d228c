// Bodies of the control messages: a Protobuf part, for some followed by a payload of raw arrays.
// Internal to src/wire; codec.h is the way in. Pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "wire/byte_io.h"
#include "wire/message.h"

namespace cairn {

// Appends the control part, padded, and the payload. Returns the length of the control part
// without its padding.
uint32_t WriteBody(const Hello& hello, ByteWriter* out);
uint32_t WriteBody(const Welcome& welcome, ByteWriter* out);
uint32_t WriteBody(const Heartbeat& heartbeat, ByteWriter* out);
uint32_t WriteBody(const MapUpdate& map, ByteWriter* out);
uint32_t WriteBody(const Grants& grants, ByteWriter* out);
uint32_t WriteBody(const Progress& progress, ByteWriter* out);
uint32_t WriteBody(const EvaluationResult& result, ByteWriter* out);
uint32_t WriteBody(const EvaluationAck& ack, ByteWriter* out);
uint32_t WriteBody(const StepAlone& alone, ByteWriter* out);
uint32_t WriteBody(const StepAloneAck& ack, ByteWriter* out);
uint32_t WriteBody(const SnapshotRequest& request, ByteWriter* out);
uint32_t WriteBody(const SnapshotDone& done, ByteWriter* out);
uint32_t WriteBody(const JobEnd& end, ByteWriter* out);
uint32_t WriteBody(const Goodbye& goodbye, ByteWriter* out);
uint32_t WriteBody(const Submit& submit, ByteWriter* out);
uint32_t WriteBody(const Wait& wait, ByteWriter* out);
uint32_t WriteBody(const StopJob& stop, ByteWriter* out);
uint32_t WriteBody(const MemberDead& dead, ByteWriter* out);
uint32_t WriteBody(const StatusRequest& request, ByteWriter* out);

// Reads a body from its control part (without padding) and its payload. Leaves ranges and limits
// to CheckBody, and what is left of the payload to the caller.
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, Hello* hello);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, Welcome* welcome);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload,
                      Heartbeat* heartbeat);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, MapUpdate* map);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, Grants* grants);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, Progress* progress);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload,
                      EvaluationResult* result);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, EvaluationAck* ack);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, StepAlone* alone);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, StepAloneAck* ack);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload,
                      SnapshotRequest* request);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, SnapshotDone* done);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, JobEnd* end);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, Goodbye* goodbye);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, Submit* submit);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, Wait* wait);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, StopJob* stop);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, MemberDead* dead);
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload,
                      StatusRequest* request);

}  // namespace cairn
