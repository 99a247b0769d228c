// Files of settings, as somebody wrote them.
#include <string_view>

#include "base/check.h"
#include "base/option_file.h"
#include "base/status.h"
#include "fuzz/fuzz_target.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;

std::vector<FuzzTarget::Bytes> SampleFiles() {
  std::vector<FuzzTarget::Bytes> seeds;
  for (const std::string_view text :
       {"[learning]\nlr = 0.5  # half\nbatch = 64\noptimizer = \"sgd\"\n[data]\ntrain = [\"a\",\n"
        " 'b c']\n",
        "learning.lr = 1e-3\ndata = {train = \"x\\u00e9\\n\", trace = true}\n",
        "[learning]\n\"batch\" = 0xFFFF_FFFF\n[data]\r\ntrain = '''\na\nb'''\n"}) {
    seeds.emplace_back(text.begin(), text.end());
  }
  return seeds;
}

int OptionFileFuzz(const uint8_t* data, size_t size) {
  static const auto* const kTable = new std::vector<OptionSpec>{
      {.name = "train", .kind = Kind::kTexts, .section = "Data"},
      {.name = "trace", .kind = Kind::kSwitch, .section = "Data"},
      {.name = "lr", .kind = Kind::kReal, .section = "Learning"},
      {.name = "batch", .kind = Kind::kCount, .section = "Learning"},
      {.name = "optimizer", .kind = Kind::kChoice, .section = "Learning", .choices = {"sgd"}},
  };
  const auto given = ParseOptionFile(*kTable, "f", {reinterpret_cast<const char*>(data), size});
  if (!given.ok()) {
    CAIRN_CHECK(MessageOf(given.status()).starts_with("f:"));
    return -1;
  }
  for (const auto& [name, option] : *given) CAIRN_CHECK(!option.texts.empty());
  return 0;
}

}  // namespace

FuzzTarget OptionFileTarget() {
  return {.name = "option_file",
          .run = OptionFileFuzz,
          .seeds = SampleFiles,
          .allocated_fixed_max = 256u << 10,
          .allocated_per_byte_max = 4'096};
}

}  // namespace cairn
