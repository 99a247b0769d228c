// What a message must fulfil whoever sends it: ranges, limits, indices within bounds. The encoder
// CHECKs it before sending, the decoder before handing out: both sides of the boundary.
#pragma once

#include "absl/status/status.h"
#include "wire/message.h"

namespace cairn {

// kInvalidArgument names the field ("push.parts[3].fragment"). Texts for people (error, message)
// are of any length here: the encoder cuts them at kStringBytesMax.
absl::Status CheckBody(const Body& body);

}  // namespace cairn
