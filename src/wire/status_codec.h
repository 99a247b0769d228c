// The body of StatusReply: a payload of records and strings, no control part. Internal to src/wire;
// codec.h is the way in. Pure functions.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "wire/byte_io.h"
#include "wire/message.h"

namespace cairn {

// Returns 0, the length of the control part.
uint32_t WriteBody(const StatusReply& reply, ByteWriter* out);

// Leaves the limits to CheckBody, and what is left of the payload to the caller.
absl::Status ReadBody(std::span<const std::byte> control, ByteReader* payload, StatusReply* reply);

}  // namespace cairn
