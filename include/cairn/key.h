// Keys for what has a name.
#pragma once

#include <string_view>

#include "cairn/types.h"

namespace cairn {

// A hash of the text: the same in every program, on every machine, for all time. Two of a billion
// texts have the same key with a chance of 3 %, two of a million with one of 3 in 10^8. Not for
// texts that somebody makes to collide.
Key KeyOf(std::string_view text);

}  // namespace cairn
