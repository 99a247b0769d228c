// Train() on generated click data, everything in this process: rows per second from the first batch
// to the end of the last epoch, reading and parsing included. "rows/s" is TrainReport's figure; the
// benchmark's own time contains opening the data and forming the cluster too.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/status.h"
#include "cairn/train.h"
#include "train/zipf_generator.h"

namespace cairn {
namespace {

constexpr uint64_t kRows = 100'000;

// The data as a file, for as long as the program runs.
class DataFile {
 public:
  DataFile()
      : path_(std::filesystem::temp_directory_path() /
              Concat("cairn_train_bench.", getpid(), ".libffm")) {
    std::FILE* file = std::fopen(path_.c_str(), "w");
    CAIRN_CHECK(file != nullptr, "no file can be made");
    const absl::Status written = GenerateZipf(
        {.rows = kRows, .features = 100'000, .seed = 1},
        [file](std::string_view piece) {
          CAIRN_CHECK(std::fwrite(piece.data(), 1, piece.size(), file) == piece.size());
          return absl::OkStatus();
        },
        nullptr);
    CAIRN_CHECK(written.ok());
    CAIRN_CHECK(std::fclose(file) == 0);
  }
  ~DataFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  DataFile(const DataFile&) = delete;
  DataFile& operator=(const DataFile&) = delete;

  std::string path() const { return path_.string(); }

 private:
  const std::filesystem::path path_;
};

void TrainLogisticRegression(benchmark::State& state, Consistency consistency) {
  static const DataFile data;
  TrainOptions options;
  options.train = {data.path()};
  options.epochs = 1;
  options.mode.consistency = consistency;
  options.workers = static_cast<uint32_t>(state.range(0));
  double rows_per_second = 0;
  for (auto _ : state) {
    const absl::StatusOr<TrainReport> report = Train(options);
    if (!report.ok()) {
      state.SkipWithError(std::string(MessageOf(report.status())).c_str());
      return;
    }
    rows_per_second += report->rows_per_second;
  }
  state.counters["rows/s"] = rows_per_second / static_cast<double>(state.iterations());
}

BENCHMARK_CAPTURE(TrainLogisticRegression, asp, Consistency::kAsp)
    ->ArgName("workers")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(TrainLogisticRegression, bsp, Consistency::kBsp)
    ->ArgName("workers")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace cairn
