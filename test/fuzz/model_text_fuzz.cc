#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "cluster/model_text.h"
#include "fuzz/fuzz_target.h"
#include "support/sample_snapshots.h"

namespace cairn {
namespace {

using Line = ModelTextParser::Line;

// The text of what was read; "" if a line was wrong or the end is missing.
std::string Rewrite(std::string_view text) {
  ModelTextParser parser;
  ModelTextParser::Row row;
  std::string again;
  uint64_t rows = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (end == text.npos) return "";
    // A copy of its own, so that the address sanitizer sees where the line ends.
    const std::vector<char> copy(text.begin(), text.begin() + static_cast<ptrdiff_t>(end));
    const std::string_view line(copy.data(), copy.size());
    text.remove_prefix(end + 1);
    const absl::StatusOr<Line> what = parser.Parse(line, &row);
    if (!what.ok()) return "";
    if (*what == Line::kHeaderEnd) again = FormatModelTextHeader(parser.header());
    if (*what != Line::kRow) continue;
    if (!parser.ParseValues(line, &row).ok()) return "";
    ++rows;
    AppendModelTextRow(parser.header().tables[row.table].name, row.key, row.words, &again);
  }
  return parser.at_end() ? again + FormatModelTextEnd(rows) : "";
}

int ModelTextFuzz(const uint8_t* data, size_t size) {
  const std::string once = Rewrite({reinterpret_cast<const char*>(data), size});
  if (once.empty()) return -1;
  CAIRN_CHECK(Rewrite(once) == once);
  return 0;
}

std::vector<FuzzTarget::Bytes> ModelTextSeeds() {
  const JobSpec job = test::SampleJob(2);
  ModelTextHeader header;
  header.job = "a job";
  header.program = "x 1\n";
  header.digest = ModelDigest{1, 2};
  header.tables = job.tables;
  for (uint32_t table = 0; table < job.tables.size(); ++table) {
    header.state_floats.push_back(TableSchema::Make(job, table, {}).value()->StateFloatsByPart());
  }
  std::string text = FormatModelTextHeader(header);
  AppendModelTextRow("fm", 7, std::vector<float>(header.RowWords(0), -0.5f), &text);
  AppendModelTextRow("counts", ~uint64_t{0}, std::vector<float>(header.RowWords(2), 1e-9f), &text);
  text += FormatModelTextEnd(2);
  const std::string small =
      "cairn model text 2\njob j\nseed 1\ncheckpoint 1\npartitions 1\ntable t sparse sum 0\n"
      "part 1 optimizer sum learning_rate 0 l1 0 l2 0 beta1 0 beta2 0 beta 0 epsilon 0 "
      "initial_accumulator 0 initializer zero 0 state 0\nrows\nt 1 2 0x7fc00000\nEND 1\n";
  return {FuzzTarget::Bytes(text.begin(), text.end()),
          FuzzTarget::Bytes(small.begin(), small.end())};
}

}  // namespace

FuzzTarget ModelTextTarget() {
  return {.name = "model text",
          .run = ModelTextFuzz,
          .seeds = ModelTextSeeds,
          .allocated_fixed_max = 256u << 10,
          .allocated_per_byte_max = 512};
}

}  // namespace cairn
