// How a role gets its endpoint: over ZeroMQ, or in one process.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "transport/outbox.h"
#include "transport/transport.h"

namespace cairn {

using TransportMaker =
    std::function<absl::StatusOr<std::unique_ptr<Transport>>(MessageHandler handler)>;

// Sends what a core put out: to an address, or back to where header.to last wrote from.
void SendAll(Transport* transport, Outbox* outbox);

// A name for one life of one process: random, never 0.
uint64_t NewIncarnation();

}  // namespace cairn
