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
  ValueReader in(bytes, 0, {});
  REQUIRE(in.Read(form, read.size(), read.data()).ok());
  const bool same = values.empty() ||  // And then without an address, which memcmp does not take.
                    std::memcmp(read.data(), values.data(), values.size() * sizeof(float)) == 0;
  CHECK(same);
  CHECK(in.End().ok());
  if (!bytes.empty()) {
    const auto most = std::span<const std::byte>(bytes).first(bytes.size() - 1);
    ValueReader cut(most, 0, {});
    CHECK_FALSE(cut.Read(form, read.size(), read.data()).ok());
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

TEST_CASE("values go on in the next piece, and each array lies in one") {
  const Floats floats = {1, 2, 3, 4, 5};
  const auto bytes = std::as_bytes(std::span(floats));
  const std::vector<std::span<const std::byte>> others = {bytes.subspan(8, 0), bytes.subspan(8, 8),
                                                          bytes.subspan(16)};
  ValueReader in(bytes.first(8), 40, others);
  CHECK(in.remaining() == 20);
  CHECK(in.IsAligned());
  Floats read(2);
  REQUIRE(in.Read(ValueForm::kF32, 2, read.data()).ok());
  CHECK(read == Floats{1, 2});
  CHECK(in.View(2)->data() == floats.data() + 2);
  CHECK(in.View(0)->empty());
  CHECK_FALSE(in.End().ok());
  CHECK(in.View(1)->front() == 5);
  CHECK(in.End().ok());

  ValueReader apart(bytes.first(8), 40, others);
  const absl::Status refused = apart.Read(ValueForm::kF32, 3, read.data());
  CHECK_THAT(std::string(refused.message()), Catch::Contains("at offset 40: 12 bytes, but 8"));
  CHECK_FALSE(ValueReader(bytes.subspan(1, 4), 0, {}).IsAligned());
}

TEST_CASE("bytes that are no values of 8 bits are refused") {
  const auto read = [](std::vector<uint8_t> bytes) {
    ValueReader in(std::as_bytes(std::span(bytes)), 0, {});
    float value = 0;
    return in.Read(ValueForm::kF8, 1, &value).ok();
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
