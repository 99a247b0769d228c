#include "coordinator/convergence.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

namespace cairn {
namespace {

const double kNothing = std::numeric_limits<double>::quiet_NaN();

// Epochs with these areas under the curve, and a training loss that falls a lot.
std::vector<EpochRecord> WithAuc(std::initializer_list<double> areas) {
  std::vector<EpochRecord> epochs;
  for (const double auc : areas) {
    EpochRecord epoch;
    epoch.epoch = epochs.size();
    epoch.rows = 100;
    epoch.train_logloss = std::pow(0.5, static_cast<double>(epochs.size() + 1));
    epoch.valid_auc = auc;
    epoch.valid_logloss = 1 - auc;
    epoch.valid_baseline_loss = std::isnan(auc) ? kNothing : 0.7;  // Nothing was validated.
    epoch.seconds = static_cast<double>(epochs.size() + 1);
    epochs.push_back(epoch);
  }
  return epochs;
}

TEST_CASE("Convergence: all epochs done, and not before") {
  CHECK(!DecideStop({}, 3, WithAuc({0.6, 0.7})).has_value());
  const auto stop = DecideStop({}, 3, WithAuc({0.6, 0.7, 0.8}));
  REQUIRE(stop.has_value());
  CHECK(stop->code == 0);
}

TEST_CASE("Convergence: a loss that nobody knows says nothing") {
  auto epochs = WithAuc({0.6});
  epochs[0].train_logloss = kNothing;
  CHECK(!DecideStop({}, 3, epochs).has_value());
}

TEST_CASE("Convergence: a loss that is not finite ends the job as diverged") {
  auto epochs = WithAuc({0.6});
  epochs[0].train_logloss = INFINITY;
  const auto stop = DecideStop({}, 3, epochs);
  REQUIRE(stop.has_value());
  CHECK(stop->code == 6);
  epochs = WithAuc({0.6});
  epochs[0].valid_logloss = kNothing;
  CHECK(DecideStop({}, 3, epochs)->code == 6);
  epochs[0].valid_baseline_loss = kNothing;  // Nothing was validated.
  CHECK(!DecideStop({}, 3, epochs).has_value());
  // An epoch without rows has no loss, and has not diverged.
  epochs[0].train_logloss = kNothing;
  epochs[0].rows = 0;
  CHECK(!DecideStop({}, 3, epochs).has_value());
}

TEST_CASE("Convergence: a target is reached from the right side") {
  StopRules rules{.target = 0.75};
  CHECK(!DecideStop(rules, 9, WithAuc({0.74})).has_value());
  CHECK(DecideStop(rules, 9, WithAuc({0.75})).has_value());
  rules = {.metric = StopRules::Metric::kLogLoss, .target = 0.25};
  CHECK(!DecideStop(rules, 9, WithAuc({0.74})).has_value());
  CHECK(DecideStop(rules, 9, WithAuc({0.76})).has_value());
}

TEST_CASE("Convergence: patience counts epochs without a gain of min_delta over the best") {
  const StopRules rules{.patience = 2, .min_delta = 0.01};
  CHECK(!DecideStop(rules, 9, WithAuc({0.6, 0.605})).has_value());
  CHECK(DecideStop(rules, 9, WithAuc({0.6, 0.605, 0.609})).has_value());
  CHECK(!DecideStop(rules, 9, WithAuc({0.6, 0.605, 0.62})).has_value());
  CHECK(!DecideStop(rules, 9, WithAuc({0.6, 0.5, 0.62, 0.5})).has_value());
}

TEST_CASE("Convergence: without validation data only the other rules count") {
  const StopRules rules{.target = 0.1, .patience = 1};
  CHECK(!DecideStop(rules, 9, WithAuc({kNothing, kNothing, kNothing})).has_value());
}

TEST_CASE("Convergence: a training loss that hardly moves, and a time that is up") {
  auto epochs = WithAuc({0.5, 0.5});
  CHECK(!DecideStop({.relative_change = 0.4}, 9, epochs).has_value());
  epochs[1].train_logloss = epochs[0].train_logloss * 0.99;
  CHECK(DecideStop({.relative_change = 0.4}, 9, epochs).has_value());
  CHECK(DecideStop({.max_seconds = 2}, 9, epochs).has_value());
  CHECK(!DecideStop({.max_seconds = 2.5}, 9, epochs).has_value());
}

TEST_CASE("Convergence: the last epoch is the best if it beats all others by the rules' metric") {
  CHECK(LastIsBest({}, WithAuc({0.6})));
  CHECK(LastIsBest({}, WithAuc({0.6, 0.5, 0.7})));
  CHECK_FALSE(LastIsBest({}, WithAuc({0.6, 0.8, 0.7})));
  CHECK_FALSE(LastIsBest({}, WithAuc({0.8, 0.6, 0.8})));
  CHECK_FALSE(LastIsBest({.metric = StopRules::Metric::kLogLoss}, WithAuc({0.9, 0.8})));
  CHECK(LastIsBest({.metric = StopRules::Metric::kLogLoss}, WithAuc({0.8, 0.9})));
  CHECK_FALSE(LastIsBest({}, WithAuc({kNothing})));
}

TEST_CASE("Convergence: accuracy is better where it is larger") {
  std::vector<EpochRecord> epochs = WithAuc({kNothing, kNothing, kNothing});
  for (size_t i = 0; i < 3; ++i) epochs[i].valid_accuracy = i == 1 ? 0.9 : 0.8;
  StopRules rules{.metric = StopRules::Metric::kAccuracy, .target = 0.85};
  CHECK_FALSE(LastIsBest(rules, epochs));
  CHECK(!DecideStop(rules, 9, epochs).has_value());
  epochs[2].valid_accuracy = 0.95;
  CHECK(LastIsBest(rules, epochs));
  const auto stop = DecideStop(rules, 9, epochs);
  REQUIRE(stop.has_value());
  CHECK(stop->reason == "valid accuracy 0.95 reached the target 0.85");
}

}  // namespace
}  // namespace cairn
