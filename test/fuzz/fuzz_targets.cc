#include <string_view>

#include "fuzz/fuzz_target.h"
#include "fuzz/parse_fuzz.h"

namespace cairn {
namespace {

std::vector<FuzzTarget::Bytes> SampleRows() {
  std::vector<FuzzTarget::Bytes> seeds;
  for (const std::string_view text : {"1 0:0:1 1:1:0.25 2:18446744073709551615:-3e-4\r\n0 1:2:1",
                                      "-1 3:1 11:1 14:0.5 # tail\n\n+1 1:1 2:1\n"}) {
    seeds.emplace_back(text.begin(), text.end());
  }
  return seeds;
}

}  // namespace

FuzzTarget ParseTarget() {
  // It parses every line twice, in both formats.
  return {.name = "parse",
          .run = ParseLinesFuzz,
          .seeds = SampleRows,
          .allocated_fixed_max = 256u << 10,
          .allocated_per_byte_max = 4'096};
}

std::vector<FuzzTarget> FuzzTargets() {
  return {MessageTarget(),  SealedTarget(),     PiecesTarget(),    AddressTarget(),
          ParseTarget(),    ColumnsTarget(),    ReadSpecTarget(),  DecodeTarget(),
          IdxTarget(),      OptionFileTarget(), ModelTextTarget(), SnapshotTarget(),
          ManifestTarget(), JobLogTarget(),     RecordsTarget(),   CheckpointTarget()};
}

}  // namespace cairn
