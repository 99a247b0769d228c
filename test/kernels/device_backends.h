// The backends that tests can use on this machine: the CPU, and a GPU where there is one.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "kernels/backend.h"

namespace cairn {

inline std::vector<std::unique_ptr<Backend>> BackendsAtHand() {
  std::vector<std::unique_ptr<Backend>> backends;
  for (const char* device : {"cpu", "cuda"}) {
    if (!ResolveDevice(device).ok()) continue;  // backend_test.cc says so.
    absl::StatusOr<std::unique_ptr<Backend>> backend = MakeBackend(device, {});
    if (backend.ok()) backends.push_back(*std::move(backend));
  }
  return backends;
}

inline void MustCompute(Backend* backend, const std::function<void()>& work) {
  REQUIRE(backend->Compute(work).ok());
}

}  // namespace cairn
