#include "cli/train_meter.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace cairn {
namespace {

TrainProgress Training(uint64_t epoch, double share, uint64_t rows, double loss) {
  TrainProgress progress;
  progress.phase = "training";
  progress.epoch = epoch;
  progress.epochs = 4;
  progress.epoch_share = share;
  progress.rows = rows;
  progress.loss = loss;
  return progress;
}

TEST_CASE("Before anything was learnt, nothing is known", "[train_meter]") {
  TrainMeter meter;
  TrainProgress forming;
  forming.phase = "forming";
  meter.Update(forming, 5);
  CHECK(std::isnan(meter.pace().rows_per_second));
  meter.Update(Training(1, 0, 0, 0), 10);
  CHECK(std::isnan(meter.pace().rows_per_second));
  CHECK(std::isnan(meter.pace().recent_loss));
  CHECK(std::isnan(meter.pace().seconds_left));
}

TEST_CASE("Rate and loss are those of the last ten seconds", "[train_meter]") {
  TrainMeter meter;
  for (int second = 0; second <= 20; ++second) {
    // 100 rows a second of loss 0.8, after ten seconds 300 of loss 0.2.
    const uint64_t early = 100u * static_cast<uint64_t>(std::min(second, 10));
    const uint64_t late = 300u * static_cast<uint64_t>(std::max(second - 10, 0));
    const auto rows = static_cast<double>(early + late);
    const double loss =
        rows == 0 ? 0 : (0.8 * static_cast<double>(early) + 0.2 * static_cast<double>(late)) / rows;
    meter.Update(Training(1, 0.01 * second, early + late, loss), second * kMicrosPerSecond);
    if (second == 10) {
      CHECK(meter.pace().rows_per_second == Approx(100));
      CHECK(meter.pace().recent_loss == Approx(0.8));
    }
  }
  CHECK(meter.pace().rows_per_second == Approx(300));
  CHECK(meter.pace().recent_loss == Approx(0.2));
}

TEST_CASE("A new epoch begins anew", "[train_meter]") {
  TrainMeter meter;
  meter.Update(Training(1, 0, 0, 0), 0);
  meter.Update(Training(1, 0.9, 900, 0.5), 9 * kMicrosPerSecond);
  meter.Update(Training(2, 0, 10, 0.4), 10 * kMicrosPerSecond);
  CHECK(std::isnan(meter.pace().recent_loss));
  meter.Update(Training(2, 0.1, 110, 0.4), 11 * kMicrosPerSecond);
  CHECK(meter.pace().recent_loss == Approx(0.4));
  CHECK(meter.pace().rows_per_second == Approx(100));
}

TEST_CASE("The time that is left is that of the rest at the pace so far", "[train_meter]") {
  TrainMeter meter;
  meter.Update(Training(1, 0, 0, 0), 100 * kMicrosPerSecond);
  meter.Update(Training(1, 0.1, 1, 0.5), 101 * kMicrosPerSecond);
  CHECK(std::isnan(meter.pace().seconds_left));
  meter.Update(Training(2, 0, 0, 0), 130 * kMicrosPerSecond);
  CHECK(meter.pace().seconds_left == Approx(90));
  meter.Update(Training(4, 1, 10, 0.5), 220 * kMicrosPerSecond);
  CHECK(meter.pace().seconds_left == Approx(0).margin(1e-9));
}

}  // namespace
}  // namespace cairn
