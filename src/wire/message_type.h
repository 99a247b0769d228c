// The numbers by which a frame's header names the kind of its message, fixed for all time, and the
// names of things for people.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/message.h"

namespace cairn {

enum class MessageType : uint16_t {
  kVersionNotice = 0,  // Never in a header: its frame has none.
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
  kSubmit = 13,
  kWait = 14,
  kStopJob = 15,
  kMemberDead = 16,
  kStatusRequest = 17,
  kStatusReply = 18,
  kStepAlone = 19,
  kStepAloneAck = 20,
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
constexpr MessageType TypeOf(const Submit*) { return MessageType::kSubmit; }
constexpr MessageType TypeOf(const Wait*) { return MessageType::kWait; }
constexpr MessageType TypeOf(const StopJob*) { return MessageType::kStopJob; }
constexpr MessageType TypeOf(const MemberDead*) { return MessageType::kMemberDead; }
constexpr MessageType TypeOf(const StatusRequest*) { return MessageType::kStatusRequest; }
constexpr MessageType TypeOf(const StatusReply*) { return MessageType::kStatusReply; }
constexpr MessageType TypeOf(const StepAlone*) { return MessageType::kStepAlone; }
constexpr MessageType TypeOf(const StepAloneAck*) { return MessageType::kStepAloneAck; }
constexpr MessageType TypeOf(const VersionNotice*) { return MessageType::kVersionNotice; }
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
    case MessageType::kSubmit:
      return "submit";
    case MessageType::kWait:
      return "wait";
    case MessageType::kStopJob:
      return "stop_job";
    case MessageType::kMemberDead:
      return "member_dead";
    case MessageType::kStatusRequest:
      return "status_request";
    case MessageType::kStatusReply:
      return "status_reply";
    case MessageType::kStepAlone:
      return "step_alone";
    case MessageType::kStepAloneAck:
      return "step_alone_ack";
    case MessageType::kVersionNotice:
      return "version_notice";
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

// "server": as errors, logs and status pages write it.
constexpr std::string_view NameOf(Role role) {
  switch (role) {
    case Role::kCoordinator:
      return "coordinator";
    case Role::kServer:
      return "server";
    case Role::kWorker:
      return "worker";
    case Role::kClient:
      return "client";
    case Role::kReader:
      return "reader";
    case Role::kSubmitter:
      return "submitter";
  }
  return "unknown";
}

constexpr std::string_view NameOf(JobPhase phase) {
  switch (phase) {
    case JobPhase::kIdle:
      return "idle";
    case JobPhase::kForming:
      return "forming";
    case JobPhase::kServing:
      return "serving";
    case JobPhase::kTraining:
      return "training";
    case JobPhase::kEvaluating:
      return "evaluating";
    case JobPhase::kSaving:
      return "saving";
    case JobPhase::kFarewell:
      return "farewell";
    case JobPhase::kFinished:
      return "finished";
  }
  return "unknown";
}

// Data messages carry bulk; their checksum is optional. All others always carry one.
constexpr bool IsBulk(MessageType type) {
  return type == MessageType::kPush || type == MessageType::kPull ||
         type == MessageType::kPullReply;
}

}  // namespace cairn
