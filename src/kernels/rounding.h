// Rounding of floats to those that the wire tells back in fewer bytes (wire/value_codec.h). Pure
// functions of their arguments. Infinities and NaN stay what they are.
#pragma once

#include <cstdint>
#include <span>

namespace cairn {

// To the nearest value with 8 significant bits, ties to the even one: bfloat16.
void RoundToBf16(std::span<float> values);

// To one of the two next values with 3 significant bits, by chance, so that the mean is right;
// which one is a function of `seed` and the place. What is less than 2^-30 of the largest value
// becomes 0.
void RoundToF8(std::span<float> values, uint64_t seed);

}  // namespace cairn
