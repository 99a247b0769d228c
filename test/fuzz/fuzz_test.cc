// Feeds every target with seeds, and with seeds that are broken in every way we could think of. No
// crash, no hang, no allocation beyond what the input's length pays for. The same inputs in every
// run; CAIRN_FUZZ_ROUNDS=N makes N times as many.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>

#include "base/random.h"
#include "fuzz/allocation_count.h"
#include "fuzz/fuzz_target.h"

namespace cairn {
namespace {

using Bytes = FuzzTarget::Bytes;

// Numbers that length fields are broken with.
constexpr uint64_t kNasty[] = {0,        1,        7,          8,          0x7F,       0xFF,
                               0x100,    0xFFFF,   0x10000,    0x7FFFFFFF, 0x80000000, 0xFFFFFFFF,
                               1u << 20, 8u << 20, 1ull << 32, 1ull << 61, 1ull << 63, ~0ull};

class Mutator {
 public:
  explicit Mutator(const FuzzTarget& target) : seeds_(target.seeds()) {}

  const std::vector<Bytes>& seeds() const { return seeds_; }

  Bytes Next(Random* random) const {
    Bytes bytes = seeds_[random->Below(seeds_.size())];
    for (uint64_t n = 1 + random->Below(4); n > 0; --n) Break(random, &bytes);
    return bytes;
  }

 private:
  void Break(Random* random, Bytes* bytes) const {
    switch (random->Below(7)) {
      case 0:  // A bit.
        if (!bytes->empty()) (*bytes)[random->Below(bytes->size())] ^= 1u << random->Below(8);
        return;
      case 1:  // A byte.
        if (!bytes->empty()) (*bytes)[random->Below(bytes->size())] = Byte(random);
        return;
      case 2:  // A number, where a number may be.
        return PlantNumber(random, bytes);
      case 3:  // The end.
        bytes->resize(random->Below(bytes->size() + 1));
        return;
      case 4:  // More of it.
        for (uint64_t n = random->Below(65); n > 0; --n) bytes->push_back(Byte(random));
        return;
      case 5:  // A piece of another seed.
        return Splice(random, bytes);
      case 6:  // All of it.
        bytes->resize(random->Below(300));
        std::generate(bytes->begin(), bytes->end(), [&] { return Byte(random); });
        return;
    }
  }

  static uint8_t Byte(Random* random) { return static_cast<uint8_t>(random->Next()); }

  static void PlantNumber(Random* random, Bytes* bytes) {
    const size_t width = size_t{1} << random->Below(4);
    if (bytes->size() < width) return;
    const size_t offset = random->Below(bytes->size() / width) * width;
    const uint64_t number = kNasty[random->Below(std::size(kNasty))];
    std::memcpy(bytes->data() + offset, &number, width);
  }

  void Splice(Random* random, Bytes* bytes) const {
    const Bytes& other = seeds_[random->Below(seeds_.size())];
    const size_t length = random->Below(std::min(bytes->size(), other.size()) + 1);
    const size_t from = random->Below(other.size() - length + 1);
    const size_t to = random->Below(bytes->size() - length + 1);
    std::copy_n(other.begin() + from, length, bytes->begin() + to);
  }

  const std::vector<Bytes> seeds_;
};

// Runs one input from memory of exactly its size, so that a sanitizer sees the first byte too many.
int Run(const FuzzTarget& target, const Bytes& bytes) {
  const auto exact = std::make_unique<uint8_t[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), exact.get());
  const size_t before = AllocatedBytes();
  const int result = target.run(exact.get(), bytes.size());
  const size_t allocated = AllocatedBytes() - before;
  if (allocated > target.allocated_fixed_max + target.allocated_per_byte_max * bytes.size()) {
    FAIL("an input of " << bytes.size() << " bytes allocated " << allocated);
  }
  return result;
}

uint64_t Rounds() {
  const char* rounds = std::getenv("CAIRN_FUZZ_ROUNDS");
  return rounds == nullptr ? 1 : std::strtoull(rounds, nullptr, 10);
}

TEST_CASE("targets accept their own seeds") {
  for (const FuzzTarget& target : FuzzTargets()) {
    INFO(target.name);
    for (const Bytes& seed : target.seeds()) CHECK(Run(target, seed) == 0);
  }
}

TEST_CASE("targets survive every truncation of their seeds") {
  for (const FuzzTarget& target : FuzzTargets()) {
    INFO(target.name);
    for (Bytes seed : target.seeds()) {
      if (seed.size() > 4'096) seed.resize(4'096);
      for (; !seed.empty(); seed.pop_back()) Run(target, seed);
      Run(target, seed);
    }
  }
}

TEST_CASE("targets survive every nasty number at every place of their seeds") {
  for (const FuzzTarget& target : FuzzTargets()) {
    INFO(target.name);
    for (const Bytes& seed : target.seeds()) {
      for (size_t offset = 0; offset + 8 <= std::min<size_t>(seed.size(), 4'096); offset += 4) {
        for (const uint64_t number : kNasty) {
          Bytes broken = seed;
          std::memcpy(broken.data() + offset, &number, number > 0xFFFFFFFF ? 8 : 4);
          Run(target, broken);
        }
      }
    }
  }
}

TEST_CASE("targets survive random damage, and still accept some of it") {
  for (const FuzzTarget& target : FuzzTargets()) {
    const Mutator mutator(target);
    uint64_t accepted = 0;
    for (uint64_t seed = 0; seed < 20'000 * Rounds(); ++seed) {
      INFO(target.name << " seed " << seed);
      SeededRandom random(seed);
      accepted += Run(target, mutator.Next(&random)) == 0 ? 1 : 0;
    }
    INFO(target.name);
    CHECK(accepted > 0);  // Else the mutations only ever test the first check.
  }
}

}  // namespace
}  // namespace cairn
