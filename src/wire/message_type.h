// The number by which a frame's header names the kind of its message. Fixed for all time.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/message.h"

namespace cairn {

enum class MessageType : uint16_t {
  kHello = 1,
  kWelcome = 2,
  kHeartbeat = 3,
  kMapUpdate = 4,
  kGrants = 5,
  kProgress = 6,
  kEvaluationResult = 7,
  kEvaluationAck = 8,
  kSnapshotRequest = 9,
  kSnapshotDone = 10,
  kJobEnd = 11,
  kGoodbye = 12,
  kPush = 32,
  kPushReply = 33,
  kPull = 34,
  kPullReply = 35,
};

// The pointer only carries the type: TypeOf(static_cast<Push*>(nullptr)).
constexpr MessageType TypeOf(const Hello*) { return MessageType::kHello; }
constexpr MessageType TypeOf(const Welcome*) { return MessageType::kWelcome; }
constexpr MessageType TypeOf(const Heartbeat*) { return MessageType::kHeartbeat; }
constexpr MessageType TypeOf(const MapUpdate*) { return MessageType::kMapUpdate; }
constexpr MessageType TypeOf(const Grants*) { return MessageType::kGrants; }
constexpr MessageType TypeOf(const Progress*) { return MessageType::kProgress; }
constexpr MessageType TypeOf(const EvaluationResult*) { return MessageType::kEvaluationResult; }
constexpr MessageType TypeOf(const EvaluationAck*) { return MessageType::kEvaluationAck; }
constexpr MessageType TypeOf(const SnapshotRequest*) { return MessageType::kSnapshotRequest; }
constexpr MessageType TypeOf(const SnapshotDone*) { return MessageType::kSnapshotDone; }
constexpr MessageType TypeOf(const JobEnd*) { return MessageType::kJobEnd; }
constexpr MessageType TypeOf(const Goodbye*) { return MessageType::kGoodbye; }
constexpr MessageType TypeOf(const Push*) { return MessageType::kPush; }
constexpr MessageType TypeOf(const PushReply*) { return MessageType::kPushReply; }
constexpr MessageType TypeOf(const Pull*) { return MessageType::kPull; }
constexpr MessageType TypeOf(const PullReply*) { return MessageType::kPullReply; }

inline MessageType TypeOf(const Body& body) {
  return std::visit([](const auto& alternative) { return TypeOf(&alternative); }, body);
}

// "push", "map_update": as errors and logs write it.
constexpr std::string_view NameOf(MessageType type) {
  switch (type) {
    case MessageType::kHello:
      return "hello";
    case MessageType::kWelcome:
      return "welcome";
    case MessageType::kHeartbeat:
      return "heartbeat";
    case MessageType::kMapUpdate:
      return "map_update";
    case MessageType::kGrants:
      return "grants";
    case MessageType::kProgress:
      return "progress";
    case MessageType::kEvaluationResult:
      return "evaluation_result";
    case MessageType::kEvaluationAck:
      return "evaluation_ack";
    case MessageType::kSnapshotRequest:
      return "snapshot_request";
    case MessageType::kSnapshotDone:
      return "snapshot_done";
    case MessageType::kJobEnd:
      return "job_end";
    case MessageType::kGoodbye:
      return "goodbye";
    case MessageType::kPush:
      return "push";
    case MessageType::kPushReply:
      return "push_reply";
    case MessageType::kPull:
      return "pull";
    case MessageType::kPullReply:
      return "pull_reply";
  }
  return "unknown";
}

// Data messages carry bulk; their checksum is optional. All others always carry one.
constexpr bool IsBulk(MessageType type) {
  return type == MessageType::kPush || type == MessageType::kPull ||
         type == MessageType::kPullReply;
}

}  // namespace cairn
