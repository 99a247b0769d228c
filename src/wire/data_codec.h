// Bodies of the data messages: no Protobuf, only packed records (columns.h), ids (id_codec.h) and
// values (value_codec.h). The arrays of a decoded message lie in one block that the message owns,
// or, values only, in the frame.
// Internal to src/wire; codec.h is the way in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "wire/byte_io.h"
#include "wire/frame_values.h"
#include "wire/message.h"

namespace cairn {

// The values of a message, in their order, if it is worth while to send them from where they are
// rather than to copy them into a frame; else nothing.
ValuePieces ApartValues(const Push& push);
ValuePieces ApartValues(const PullReply& reply);

// `apart`: all but the values, which come last and are ApartValues.
void WritePayload(const Push& push, ByteWriter* out, bool apart = false);
void WritePayload(const PushReply& reply, ByteWriter* out);
void WritePayload(const Pull& pull, ByteWriter* out);
void WritePayload(const PullReply& reply, ByteWriter* out, bool apart = false);

// What WritePayload will append at most, with all values, so that a frame is allocated once.
size_t PayloadBytesMax(const Push& push);
size_t PayloadBytesMax(const PushReply& reply);
size_t PayloadBytesMax(const Pull& pull);
size_t PayloadBytesMax(const PullReply& reply);

// Reads all of `payload` (and the rest). Leaves ranges and limits to CheckBody.
absl::Status ReadPayload(ByteReader* payload, Push* push, const PayloadRest& rest = {});
absl::Status ReadPayload(ByteReader* payload, PushReply* reply);
absl::Status ReadPayload(ByteReader* payload, Pull* pull);
absl::Status ReadPayload(ByteReader* payload, PullReply* reply, const PayloadRest& rest = {});

}  // namespace cairn
