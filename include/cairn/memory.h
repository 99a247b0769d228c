// The C library's part in how fast a program pulls and pushes.
#pragma once

namespace cairn {

// Makes the C library keep memory that is freed, for its next use, instead of giving large blocks
// back to the system at once. Messages, and the arrays of a large pull, come and go thousands of
// times a second: without this each of them is mapped, zeroed page by page and unmapped again,
// which takes longer than filling it. Holds for the whole process, so it is
// the program's to call, first in main; the programs that come with Cairn do. Nothing happens with
// another allocator than glibc's.
void KeepFreedMemory();

}  // namespace cairn
