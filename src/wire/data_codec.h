// Bodies of the data messages: no Protobuf, only packed records (columns.h), ids (id_codec.h) and
// values (value_codec.h). The arrays of a decoded message lie in one block that the message owns.
// Internal to src/wire; codec.h is the way in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "wire/byte_io.h"
#include "wire/message.h"

namespace cairn {

void WritePayload(const Push& push, ByteWriter* out);
void WritePayload(const PushReply& reply, ByteWriter* out);
void WritePayload(const Pull& pull, ByteWriter* out);
void WritePayload(const PullReply& reply, ByteWriter* out);

// What WritePayload will append at most, so that a frame is allocated once.
size_t PayloadBytesMax(const Push& push);
size_t PayloadBytesMax(const PushReply& reply);
size_t PayloadBytesMax(const Pull& pull);
size_t PayloadBytesMax(const PullReply& reply);

// Reads all of `payload`. Leaves ranges and limits to CheckBody.
absl::Status ReadPayload(ByteReader* payload, Push* push);
absl::Status ReadPayload(ByteReader* payload, PushReply* reply);
absl::Status ReadPayload(ByteReader* payload, Pull* pull);
absl::Status ReadPayload(ByteReader* payload, PullReply* reply);

}  // namespace cairn
