// Text to rows: the parsers alone, and the whole way from a file to batches. bytes_per_second is
// text; items_per_second is features, of columns it is rows.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "train/batch_reader.h"
#include "train/data_sample.h"
#include "train/parsers.h"
#include "train/read_spec.h"
#include "train/row_parser.h"
#include "train/zipf_generator.h"

namespace cairn {
namespace {

constexpr uint64_t kRows = 50'000;

enum class Values { kOnes, kDecimals };

// Click rows in libffm; or the same in libsvm, the values all 1 or decimals of 2 to 4 digits.
std::string MakeText(DataFormat format, Values values) {
  std::string libffm;
  const absl::Status status = GenerateZipf(
      {.rows = kRows, .features = 1'000'000, .seed = 1},
      [&libffm](std::string_view piece) {
        libffm += piece;
        return absl::OkStatus();
      },
      nullptr);
  CAIRN_CHECK(status.ok());
  if (format == DataFormat::kLibffm) return libffm;
  RowBatch rows;
  ParseLines({DataFormat::kLibffm}, libffm, &rows);
  std::string libsvm;
  for (size_t row = 0; row < rows.rows(); ++row) {
    libsvm += rows.labels[row] == 1 ? '1' : '0';
    for (size_t i = rows.offsets[row]; i < rows.offsets[row + 1]; ++i) {
      libsvm += ' ' + std::to_string(rows.keys[i]) + ':';
      const uint64_t thousandths = Mix64(i) % 10'000;
      libsvm += values == Values::kOnes ? "1" : "0." + std::to_string(thousandths);
    }
    libsvm += '\n';
  }
  return libsvm;
}

void Parse(benchmark::State& state, DataFormat format, Values values) {
  const std::string text = MakeText(format, values);
  constexpr size_t kPieceBytes = size_t{64} << 10;  // About a batch; it stays in the caches.
  RowBatch rows;
  uint64_t features = 0;
  for (auto _ : state) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', std::min(begin + kPieceBytes, text.size() - 1)) + 1;
      rows.Clear();
      const ParseResult result =
          ParseLines({format}, std::string_view(text).substr(begin, end - begin), &rows);
      CAIRN_CHECK(result.bad_rows == 0);
      features += rows.features();
      begin = end;
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
  state.SetItemsProcessed(static_cast<int64_t>(features));
}

// csv of short columns, and what makes twelve fields of a flight: five derived columns, six
// crosses.
void ParseColumns(benchmark::State& state) {
  std::string text;
  for (uint64_t row = 0; row < kRows; ++row) {
    const uint64_t random = Mix64(row);
    const auto airport = [](uint64_t n) { return "A" + std::to_string(10 + n % 90); };
    text += "2001-01-" + std::to_string(10 + random % 20) + "T1" + std::to_string(random / 32 % 10);
    text += ":15," + std::to_string(random >> 16 & 63) + "," + std::to_string(random >> 24 & 2047);
    text += "," + airport(random >> 36) + "," + airport(random >> 48) + "\n";
  }
  RowOptions options;
  options.columns = "time,delay,distance,origin,destination";
  options.label = "delay>15";
  options.ignore = "time,distance,part";
  options.derive = {"hour=hour(time)", "weekday=weekday(time)", "yearday=yearday(time)",
                    "far=log(distance,4)", "part=div(hour,3)"};
  options.cross = {"origin*destination", "origin*hour",         "destination*hour",
                   "origin*yearday",     "destination*yearday", "origin*yearday*part"};
  auto parser =
      RowParser::Create(DataFormat::kCsv, ParseRowOptions(options).value(), LabelKind::kBinary)
          .value();
  constexpr size_t kPieceBytes = size_t{64} << 10;
  RowBatch rows;
  for (auto _ : state) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', std::min(begin + kPieceBytes, text.size() - 1)) + 1;
      rows.Clear();
      CAIRN_CHECK(
          parser.Parse({std::string_view(text).substr(begin, end - begin), 0, 0}, &rows).bad_rows ==
          0);
      benchmark::DoNotOptimize(rows.keys.data());
      begin = end;
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRows));
}

// A file in the page cache, for as long as the object lives.
class BenchFile {
 public:
  explicit BenchFile(std::string_view text) {
    std::string path = (std::filesystem::temp_directory_path() / "cairn-bench-XXXXXX").string();
    const int fd = mkstemp(path.data());
    CAIRN_CHECK(fd >= 0);
    std::FILE* file = fdopen(fd, "wb");
    CAIRN_CHECK(std::fwrite(text.data(), 1, text.size(), file) == text.size());
    CAIRN_CHECK(std::fclose(file) == 0);
    path_ = path;
  }
  ~BenchFile() { std::filesystem::remove(path_); }
  BenchFile(const BenchFile&) = delete;
  BenchFile& operator=(const BenchFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void ReadEpoch(benchmark::State& state, DataOrder order) {
  const BenchFile file(MakeText(DataFormat::kLibffm, Values::kOnes));
  const auto source = DataSource::Open({file.path()}, {}).value();
  const DataDefinition definition =
      DefineData(
          *source,
          {.format = {}, .batch_rows = static_cast<uint32_t>(state.range(0)), .order = order})
          .value();
  const auto reader = BatchReader::Create(source.get(), definition, {}).value();
  RowBatch rows;
  uint64_t features = 0;
  uint64_t epoch = 0;
  for (auto _ : state) {
    for (uint64_t batch = 0; batch < reader->plan().batch_count(); ++batch) {
      CAIRN_CHECK(reader->Read(epoch, batch, &rows).ok());
      features += rows.features();
    }
    ++epoch;
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * source->files()[0].bytes));
  state.SetItemsProcessed(static_cast<int64_t>(features));
}

BENCHMARK_CAPTURE(Parse, libffm, DataFormat::kLibffm, Values::kOnes);
BENCHMARK_CAPTURE(Parse, libsvm, DataFormat::kLibsvm, Values::kOnes);
BENCHMARK_CAPTURE(Parse, libsvm_decimals, DataFormat::kLibsvm, Values::kDecimals);
BENCHMARK(ParseColumns);
BENCHMARK_CAPTURE(ReadEpoch, shuffled, DataOrder::kShuffled)->ArgName("batch")->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(ReadEpoch, file_order, DataOrder::kFile)->ArgName("batch")->Arg(1000);

void PermuteChunks(benchmark::State& state) {
  const ChunkOrder order(static_cast<uint64_t>(state.range(0)), 1, 0);
  uint64_t index = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(order.Permute(index));
    index = index + 1 < static_cast<uint64_t>(state.range(0)) ? index + 1 : 0;
  }
}
BENCHMARK(PermuteChunks)->ArgName("chunks")->Arg(1 << 20)->Arg((1 << 20) + 1);

}  // namespace
}  // namespace cairn
