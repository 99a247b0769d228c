// The answer to a request that reaches a server before its executors run: the coordinator's welcome
// is under way, or its job is being set up. Pure.
#pragma once

#include "wire/message.h"

namespace cairn {

// "Behind, come again" for every part of a Push or Pull, in the name that the request gives the
// server; nullptr for all other messages, which their senders repeat.
MessagePtr ComeAgain(const Message& request);

}  // namespace cairn
