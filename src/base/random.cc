#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"
#include "base/hash.h"

namespace cairn {

uint64_t Random::Below(uint64_t bound) {
  CAIRN_CHECK(bound > 0);
  // The 2^64 mod bound lowest values are drawn again, so that every remainder is equally likely.
  const uint64_t skip = (0 - bound) % bound;
  uint64_t value = Next();
  while (value < skip) value = Next();
  return value % bound;
}

double Random::Unit() { return UnitInterval(Next()); }

bool Random::Chance(double probability) { return Unit() < probability; }

uint64_t SeededRandom::Next() {
  state_ += 0x9E3779B97F4A7C15u;
  return Mix64(state_);
}

uint64_t SystemRandom::Next() {
  uint64_t value = 0;
  ssize_t got = 0;
  do {
    got = getrandom(&value, sizeof(value), 0);
  } while (got < 0 && errno == EINTR);
  // The kernel answers requests of up to 256 bytes in full.
  CAIRN_CHECK(got == static_cast<ssize_t>(sizeof(value)), "the kernel gives no random numbers");
  return value;
}

}  // namespace cairn
