#include "kernels/arena.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

namespace cairn {
namespace {

void TakeSome(Arena* arena) {
  arena->Take<float>(1);
  const size_t mark = arena->mark();
  arena->Take<double>(1000);
  arena->Rewind(mark);
  arena->Take<uint32_t>(3);
}

TEST_CASE("A dry run says how much a step takes, and takes nothing") {
  Arena arena;
  arena.BeginDryRun();
  CHECK(arena.is_dry());
  TakeSome(&arena);
  CHECK(arena.Take<float>(0).data == nullptr);
  CHECK(arena.EndDryRun() == 256 + 8192);
  CHECK(!arena.is_dry());
  CHECK(arena.mark() == 0);
}

TEST_CASE("Pieces are aligned, side by side, and come again after a rewind") {
  std::vector<std::byte> memory(10'000);
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  std::byte* const begin = memory.data() + (Arena::kAlignment - address % Arena::kAlignment);
  Arena arena;
  arena.SetMemory(begin, 256 + 8192);
  TakeSome(&arena);
  arena.Rewind(0);
  const DeviceSpan<float> first = arena.Take<float>(65);
  const DeviceSpan<uint64_t> second = arena.Take<uint64_t>(2);
  CHECK(first.size == 65);
  CHECK(reinterpret_cast<std::byte*>(first.data) == begin);
  CHECK(reinterpret_cast<std::byte*>(second.data) == begin + 512);
  arena.Rewind(0);
  CHECK(arena.Take<float>(1).data == first.data);
}

TEST_CASE("What may be written on a device may be read there") {
  float number = 1;
  const DeviceSpan<float> written(&number, 1);
  const DeviceSpan<const float> read = written;
  CHECK(read.data == &number);
  CHECK(read.size == 1);
  CHECK(!read.empty());
}

}  // namespace
}  // namespace cairn
