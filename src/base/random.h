// Random numbers, handed in like the time: a core that draws from a SeededRandom repeats itself
// exactly. What must agree between processes is not drawn but hashed (base/hash.h).
#pragma once

#include <cstdint>

namespace cairn {

// Not thread-safe: one thread owns it.
class Random {
 public:
  virtual ~Random() = default;

  // Uniform in 0 .. 2^64 - 1.
  virtual uint64_t Next() = 0;

  // Uniform in 0 .. bound - 1, without bias. CHECKs bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [0, 1), in steps of 2^-53.
  double Unit();
  // True with the given probability; never if it is <= 0, always if it is >= 1.
  bool Chance(double probability);
};

// SplitMix64 (Steele, Lea, Flood 2014): one seed is one sequence, on every machine, for all time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override;

 private:
  uint64_t state_;
};

// The kernel's generator: for what has to differ between processes (incarnations, session keys).
class SystemRandom final : public Random {
 public:
  uint64_t Next() override;
};

}  // namespace cairn
