// Which known word somebody probably meant. Pure, thread-safe.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cairn {

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal
// string alignment). O(a * b) time, O(b) memory.
size_t EditDistance(std::string_view a, std::string_view b);

// The closest of `known` that is at most a third of `word` away (at least one edit, at most
// three), the first among equals; "" if none is.
std::string ClosestWord(std::string_view word, std::span<const std::string> known);

}  // namespace cairn
