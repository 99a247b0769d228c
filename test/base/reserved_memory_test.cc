#include "base/reserved_memory.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <utility>

namespace cairn {
namespace {

bool IsZero(const std::byte* begin, const std::byte* end) {
  return std::all_of(begin, end, [](std::byte b) { return b == std::byte{0}; });
}

TEST_CASE("Reserved memory is whole pages of zeros", "[reserved_memory]") {
  const size_t page = ReservedMemory::PageBytes();
  ReservedMemory memory(page + 1);
  CHECK(memory.bytes() == 2 * page);
  CHECK(IsZero(memory.data(), memory.data() + memory.bytes()));
}

TEST_CASE("More can be reserved than any machine has", "[reserved_memory]") {
  ReservedMemory memory(size_t{1} << 40);
  memory.data()[memory.bytes() - 1] = std::byte{1};
  CHECK(memory.data()[memory.bytes() - 1] == std::byte{1});
}

TEST_CASE("Whole pages are given back, parts of pages keep their content", "[reserved_memory]") {
  const size_t page = ReservedMemory::PageBytes();
  ReservedMemory memory(4 * page);
  std::byte* const data = memory.data();
  std::fill_n(data, memory.bytes(), std::byte{7});
  DiscardPages(data + page / 2, data + 3 * page + page / 2);
  CHECK(IsZero(data + page, data + 3 * page));
  CHECK(std::count(data, data + page, std::byte{7}) == static_cast<ptrdiff_t>(page));
  CHECK(std::count(data + 3 * page, data + 4 * page, std::byte{7}) == static_cast<ptrdiff_t>(page));
  DiscardPages(data + 10, data + 20);  // No whole page: nothing.
  CHECK(data[15] == std::byte{7});
}

TEST_CASE("Reserved memory keeps its content when its size changes", "[reserved_memory]") {
  const size_t page = ReservedMemory::PageBytes();
  ReservedMemory memory(page);
  memory.data()[page - 1] = std::byte{5};
  memory.Resize(1000 * page);
  CHECK(memory.bytes() == 1000 * page);
  CHECK(memory.data()[page - 1] == std::byte{5});
  CHECK(IsZero(memory.data() + page, memory.data() + memory.bytes()));
  memory.Resize(0);
  CHECK(memory.bytes() == page);
  CHECK(memory.data()[page - 1] == std::byte{5});
}

TEST_CASE("Reserved memory moves with its content", "[reserved_memory]") {
  ReservedMemory first(10);
  first.data()[3] = std::byte{9};
  ReservedMemory second = std::move(first);
  CHECK(second.data()[3] == std::byte{9});
  CHECK(first.bytes() == 0);
  first = std::move(second);
  CHECK(first.data()[3] == std::byte{9});
}

}  // namespace
}  // namespace cairn
