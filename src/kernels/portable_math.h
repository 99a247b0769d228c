// The few transcendental functions that models need, with the same bits everywhere: libm's differ
// between versions and machines, and a bsp model must not (DESIGN: guarantee G4). Thread-safe.
#pragma once

namespace cairn {

// e^x in double, relative error below 1e-11, for x as a float: +inf above 128 ln 2 (where a float
// would be infinite), 0 below -151 ln 2 (where a float would be 0). NaN gives NaN.
double PortableExpWide(float x);

// e^x rounded to float: within 0.51 units in the last place, subnormal results included.
float PortableExp(float x);

// 1 / (1 + e^-x) without overflow or cancellation, as precise as PortableExp. NaN gives NaN.
float Sigmoid(float x);

// ln x, within 1e-14 of it, for 0 < x < infinity (CHECKed), subnormal numbers included.
double PortableLog(double x);

}  // namespace cairn
