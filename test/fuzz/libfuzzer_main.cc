// The same targets under libFuzzer (clang, -fsanitize=fuzzer; built when CAIRN_FUZZ is on):
//   CAIRN_FUZZ_TARGET=sealed CAIRN_FUZZ_SEEDS_TO=corpus cairn_fuzz -max_len=65536 corpus/
// The first variable names a target of fuzz_targets.cc; without it the first is run. The second one
// a directory that exists, into which the target's good inputs go before anything is read.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

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

void WriteSeeds(const cairn::FuzzTarget& target, const std::string& directory) {
  size_t number = 0;
  for (const cairn::FuzzTarget::Bytes& seed : target.seeds()) {
    const std::string path = directory + "/seed-" + std::to_string(number++);
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(seed.data()),
               static_cast<std::streamsize>(seed.size()));
    if (file.flush()) continue;
    std::cerr << "CAIRN_FUZZ_SEEDS_TO: cannot write " << path << '\n';
    std::exit(2);
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const char* directory = std::getenv("CAIRN_FUZZ_SEEDS_TO");
  if (directory != nullptr) WriteSeeds(ChosenTarget(), directory);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cairn::FuzzTarget target = ChosenTarget();
  return target.run(data, size);
}
