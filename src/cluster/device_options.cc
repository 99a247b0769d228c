#include "cluster/device_options.h"

#include "wire/limits.h"

namespace cairn {

std::vector<OptionSpec> DeviceOptions(std::string_view section) {
  using Kind = OptionSpec::Kind;
  return {
      {.name = "device",
       .kind = Kind::kText,
       .metavar = "DEVICE",
       .section = section,
       .help = "What computes the steps of lr, fm and mlp: cpu, or a GPU. cuda:N is GPU N; cuda "
               "the first one, or, of several local workers, one after the other. auto: with mlp "
               "and asp a GPU if there is one, else the CPU. doc/gpu.md",
       .fallback = "auto",
       .check = CheckDeviceText},
      {.name = "device-memory",
       .kind = Kind::kCount,
       .metavar = "BYTES",
       .section = section,
       .help = "Memory of the device that a step may take: what needs more is cut in slices by its "
               "rows. By default what a GPU has free",
       .counts = {.min = 1, .max = limits::kDeviceBytesMax}},
  };
}

DeviceWish DeviceOf(const OptionValues& values) {
  return {values.Text("device"), values.Count("device-memory")};
}

}  // namespace cairn
