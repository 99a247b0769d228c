// The same targets under libFuzzer (clang, -fsanitize=fuzzer; built when CAIRN_FUZZ is on):
//   CAIRN_FUZZ_TARGET=sealed cairn_fuzz -max_len=65536 corpus/
// The variable names a target of fuzz_targets.cc; without it the first is run.
#include <cstdlib>
#include <iostream>

#include "fuzz/fuzz_target.h"

namespace {

cairn::FuzzTarget ChosenTarget() {
  const std::vector<cairn::FuzzTarget> targets = cairn::FuzzTargets();
  const char* name = std::getenv("CAIRN_FUZZ_TARGET");
  if (name == nullptr) return targets.front();
  for (const cairn::FuzzTarget& target : targets) {
    if (target.name == name) return target;
  }
  std::cerr << "CAIRN_FUZZ_TARGET: no target \"" << name << "\"; there are:";
  for (const cairn::FuzzTarget& target : targets) std::cerr << ' ' << target.name;
  std::cerr << '\n';
  std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cairn::FuzzTarget target = ChosenTarget();
  return target.run(data, size);
}
