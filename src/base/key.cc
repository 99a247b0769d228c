#include "cairn/key.h"

#include "base/hash.h"

namespace cairn {

Key KeyOf(std::string_view text) { return HashString(text); }

}  // namespace cairn
