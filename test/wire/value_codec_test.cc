#include "wire/value_codec.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/random.h"

namespace cairn {
namespace {

using Floats = std::vector<float>;

// The form they travel in, after a look at whether they come back to the last bit.
ValueForm RoundTrip(const Floats& values) {
  const ValueForm form = ShortestForm(values);
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WriteValues(form, values, &out);
  CHECK(bytes.size() == ValueBytes(form, values.size()));
  Floats read(values.size());
  ByteReader in(bytes);
  REQUIRE(ReadValues(&in, form, read.size(), read.data()).ok());
  const bool same = values.empty() ||  // And then without an address, which memcmp does not take.
                    std::memcmp(read.data(), values.data(), values.size() * sizeof(float)) == 0;
  CHECK(same);
  CHECK(in.remaining() == 0);
  if (!bytes.empty()) {
    ByteReader cut{std::span(bytes).first(bytes.size() - 1)};
    CHECK_FALSE(ReadValues(&cut, form, read.size(), read.data()).ok());
  }
  return form;
}

TEST_CASE("values travel in the shortest form that tells them back") {
  CHECK(RoundTrip({0.1f, 0.2f}) == ValueForm::kF32);
  CHECK(RoundTrip({1.0f, -0.875f, 7.0f}) == ValueForm::kF8);
  CHECK(RoundTrip({1.0f, 9.0f}) == ValueForm::kBf16);
  CHECK(RoundTrip({1.0f, 257.0f}) == ValueForm::kF32);
  CHECK(RoundTrip({0.f, 0.f}) == ValueForm::kF8);
  CHECK(RoundTrip({}) == ValueForm::kF32);
}

TEST_CASE("the ends of the range keep every bit") {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float largest = std::numeric_limits<float>::max();
  const float smallest = std::numeric_limits<float>::denorm_min();
  CHECK(RoundTrip({0.f, -0.f}) == ValueForm::kBf16);
  CHECK(RoundTrip({infinity, -infinity, 1.f}) == ValueForm::kBf16);
  CHECK(RoundTrip({nan, 1.f}) == ValueForm::kBf16);
  CHECK(RoundTrip({largest, 1.f}) == ValueForm::kF32);
  CHECK(RoundTrip({smallest, 0.f}) == ValueForm::kF32);
  CHECK(RoundTrip({std::ldexp(1.75f, 127), std::ldexp(-1.f, 97)}) == ValueForm::kF8);
  CHECK(RoundTrip({std::ldexp(1.75f, 127), std::ldexp(-1.f, 96)}) == ValueForm::kBf16);
  CHECK(RoundTrip({std::ldexp(1.f, -126), std::ldexp(1.5f, -96), 0.f}) == ValueForm::kF8);
  CHECK(RoundTrip({std::ldexp(1.f, -127), 0.f}) == ValueForm::kBf16);
}

TEST_CASE("bytes that are no values of 8 bits are refused") {
  const auto read = [](std::vector<uint8_t> bytes) {
    ByteReader in(std::as_bytes(std::span(bytes)));
    float value = 0;
    return ReadValues(&in, ValueForm::kF8, 1, &value).ok();
  };
  CHECK(read({1, 31 << 2}));  // 2^-126.
  CHECK(read({127, 0x80 | 1 << 2}));
  CHECK_FALSE(read({1, 30 << 2}));  // A smaller one.
  CHECK_FALSE(read({255, 0}));      // Infinity.
  CHECK_FALSE(read({127, 0x80}));   // Not how 0 is written, and neither is this:
  CHECK_FALSE(read({127, 0x02}));
}

TEST_CASE("random floats of any bits come back") {
  SeededRandom random(9);
  for (int round = 0; round < 500; ++round) {
    Floats values(random.Below(600));
    const auto mask = static_cast<uint32_t>(~uint64_t{0} << random.Below(32));
    for (float& value : values) {
      value = std::bit_cast<float>(static_cast<uint32_t>(random.Next()) & mask);
    }
    RoundTrip(values);
  }
}

}  // namespace
}  // namespace cairn
