#include "base/aligned_memory.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace cairn {
namespace {

TEST_CASE("blocks of every size are aligned, theirs alone, and movable") {
  std::vector<AlignedMemory> blocks;
  for (const size_t bytes : {size_t{1}, size_t{100}, size_t{1} << 20, (size_t{1} << 20) + 4,
                             size_t{16} << 20, (size_t{40} << 20) - 12}) {
    const AlignedMemory& block = blocks.emplace_back(bytes);
    CHECK(block.bytes() == bytes);
    CHECK(reinterpret_cast<uintptr_t>(block.data()) % AlignedMemory::kLineBytes == 0);
    std::memset(block.data(), static_cast<int>(blocks.size()), bytes);
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    const auto mark = static_cast<std::byte>(i + 1);
    CHECK(blocks[i].data()[0] == mark);
    CHECK(blocks[i].data()[blocks[i].bytes() - 1] == mark);
  }
  const std::byte* const data = blocks.back().data();
  AlignedMemory moved = std::move(blocks.back());
  CHECK(moved.data() == data);
  moved = std::move(blocks.front());
  CHECK(moved.bytes() == 1);
}

TEST_CASE("large blocks begin at a page, very large ones at a huge one") {
  CHECK(reinterpret_cast<uintptr_t>(AlignedMemory(size_t{1} << 20).data()) % 4096 == 0);
  CHECK(reinterpret_cast<uintptr_t>(AlignedMemory(size_t{16} << 20).data()) % (2 << 20) == 0);
}

}  // namespace
}  // namespace cairn
