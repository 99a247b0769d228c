// What is going to happen in a simulated cluster, and when.
#pragma once

#include <cstdint>
#include <functional>

#include "base/time_source.h"
#include "transport/outbox.h"

namespace cairn::sim {

enum class EventKind : uint8_t { kDeliver, kWake, kCall, kStart, kHeal, kExodus, kMove };

struct Event {
  Micros at = 0;
  uint64_t sequence = 0;  // Breaks ties: what was planned first comes first.
  EventKind kind = EventKind::kDeliver;
  uint32_t place = 0;  // Of the process.
  uint32_t life = 0;   // kWake, kCall: only for this life of it.
  uint32_t from = 0;   // kDeliver.
  uint64_t wake = 0;   // kWake: only the last one planned counts.
  MessagePtr message;
  std::function<void(Micros)> call;
};

// For a queue whose top is what comes next.
struct Later {
  bool operator()(const Event& a, const Event& b) const {
    return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
  }
};

}  // namespace cairn::sim
