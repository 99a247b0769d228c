// How many different features data has, from a sample of it. Pure.
#pragma once

#include <span>

#include "cairn/types.h"

namespace cairn {

// `keys` are those of a sample in random order, `total` how many there are in all the data,
// repeated ones counted. New keys get rarer by a power law (Heaps' law), whose exponent the two
// halves of the sample give; exact if the sample is all there is. An estimate for planning memory:
// data whose keys keep coming at another rate than in the sample can be off by far.
double EstimateDistinct(std::span<const Key> keys, double total);

}  // namespace cairn
