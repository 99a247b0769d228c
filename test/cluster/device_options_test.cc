#include "cluster/device_options.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("The options of a device stand where they are asked for, and say auto",
          "[device_options]") {
  const std::vector<OptionSpec> options = DeviceOptions("Work");
  REQUIRE(options.size() == 2);
  for (const OptionSpec& option : options) CHECK(option.section == "Work");
  CHECK(options[0].name == "device");
  CHECK(options[0].fallback == DeviceWish().device);
  for (const char* legal : {"auto", "cpu", "cuda", "cuda:3"}) {
    CHECK(CheckOptionValue(options[0], "--device", legal).ok());
  }
  for (const char* illegal : {"", "gpu", "cuda:", "cuda:x"}) {
    CHECK_FALSE(CheckOptionValue(options[0], "--device", illegal).ok());
  }
  CHECK(options[1].name == "device-memory");
  CHECK(CheckOptionValue(options[1], "--device-memory", "1").ok());
  CHECK_FALSE(CheckOptionValue(options[1], "--device-memory", "0").ok());
}

}  // namespace
}  // namespace cairn
