// Linked into every test program under ThreadSanitizer: an instrumented copy of what shared_ptr
// does out of line, so that the linker does not take the plain one of Catch2's archive, whose
// atomics the sanitizer does not see.
#include <memory>

namespace {

using Counted = std::_Sp_counted_base<std::__default_lock_policy>;
[[gnu::used]] void (Counted::*const volatile kRelease)() = &Counted::_M_release;

}  // namespace
