// Broken invariants of our own end the process with file, line and a sentence. Never for input.
#pragma once

#include <string_view>

// CAIRN_CHECK(sent <= window): on in every build. CAIRN_CHECK(x) << is not supported on purpose:
// put the sentence in the second argument.
#define CAIRN_CHECK(condition, ...)   \
  ((condition) ? static_cast<void>(0) \
               : ::cairn::CheckFailed(__FILE__, __LINE__, #condition __VA_OPT__(, ) __VA_ARGS__))

// As CAIRN_CHECK, in debug and sanitizer builds only: for loops over rows.
#ifdef NDEBUG
#define CAIRN_DCHECK(condition, ...) static_cast<void>(0)
#else
#define CAIRN_DCHECK(condition, ...) CAIRN_CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#endif

namespace cairn {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view why = {});

}  // namespace cairn
