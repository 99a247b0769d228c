#include "cluster/tune_search.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

namespace cairn {
namespace {

// A loss that is least at one change, and grows with the factors from there.
struct Truth {
  TuneChange best;

  double LossOf(const TuneChange& change) const {
    const auto off = [](double a, double b) { return std::pow(std::log2(a / b), 2); };
    return 0.5 + 0.01 * (off(change.prior, best.prior) + off(change.rate, best.rate) +
                         off(change.size, best.size));
  }
};

TuneSearch Search(const TuneSearch::Options& options, const Truth& truth) {
  TuneSearch search(options);
  while (const auto trial = search.Next()) search.Report(truth.LossOf(trial->change));
  return search;
}

TEST_CASE("TuneSearch: the defaults are the first trial of every round of halving", "[tune]") {
  const TuneSearch search = Search({.epochs = 12}, {{.rate = 3, .prior = 0.25}});
  const auto& trials = search.trials();
  CHECK(trials[0].change == TuneChange{});
  CHECK(trials[0].epochs == 3);
  for (size_t i = 1; i < trials.size(); ++i) {
    if (trials[i].epochs != trials[i - 1].epochs) CHECK(trials[i].change == TuneChange{});
  }
  CHECK(trials[search.defaults()].change == TuneChange{});
  CHECK(trials[search.defaults()].epochs == 12);
  CHECK(trials[search.best()].epochs == 12);
  CHECK(trials[search.best()].change == TuneChange{.rate = 3, .prior = 0.25});
}

TEST_CASE("TuneSearch: finds priors that are far from the defaults, and not between steps",
          "[tune]") {
  const double prior = GENERATE(1.0 / 200, 1.0 / 50, 1.0 / 7, 0.7, 1.0, 3.0, 30.0, 150.0);
  const TuneSearch search = Search({.sizes = false, .epochs = 6}, {{.prior = prior}});
  const double found = search.trials()[search.best()].change.prior;
  INFO(prior << " " << found);
  CHECK(std::fabs(std::log2(found / prior)) < 1.05);
}

TEST_CASE("TuneSearch: sizes are tried from the best of the others", "[tune]") {
  const TuneSearch search = Search({.epochs = 4}, {{.rate = 1.0 / 3, .size = 2}});
  CHECK(search.trials()[search.best()].change == TuneChange{.rate = 1.0 / 3, .size = 2});
}

TEST_CASE("TuneSearch: tries what there is to be tuned only", "[tune]") {
  const TuneSearch rates = Search({.priors = false, .sizes = false, .epochs = 1}, {});
  REQUIRE(rates.trials().size() == 3);
  for (const auto& trial : rates.trials()) CHECK(trial.change.prior == 1);
  const TuneSearch sizes = Search({.rates = false, .priors = false, .epochs = 1}, {{.size = 0.5}});
  CHECK(sizes.trials().size() == 3);
  CHECK(sizes.trials()[sizes.best()].change.size == 0.5);
}

TEST_CASE("TuneSearch: most of the time goes where most is to be learnt", "[tune]") {
  const TuneSearch search = Search({.epochs = 12}, {});
  double epochs = 0;
  for (const auto& trial : search.trials()) epochs += static_cast<double>(trial.epochs);
  CHECK(epochs / 12 < 16);  // So many whole trainings.
  CHECK(search.trials().size() > 25);
}

TEST_CASE("TuneSearch: how many trials there will be is about known from the start", "[tune]") {
  const uint64_t epochs = GENERATE(1, 2, 3, 6, 30);
  TuneSearch search({.epochs = epochs});
  const size_t expected = search.trials_expected();
  while (const auto trial = search.Next()) {
    CHECK(search.trials_expected() > search.trials().size());
    search.Report(Truth{}.LossOf(trial->change));
  }
  CHECK(search.trials_expected() == search.trials().size());
  CHECK(std::fabs(static_cast<double>(expected) - static_cast<double>(search.trials().size())) < 3);
}

TEST_CASE("TuneSearch: what diverges is no answer; cut short, equal epochs are compared",
          "[tune]") {
  TuneSearch search({.sizes = false, .epochs = 8});
  search.Report(std::nan(""));
  CHECK(search.best() == 0);
  search.Report(0.7);
  CHECK(search.best() == 1);
  search.Report(std::numeric_limits<double>::infinity());
  CHECK(search.best() == 1);
  CHECK(search.defaults() == 0);
  while (search.trials().back().epochs == 2) search.Report(0.8);
  // One trial into the next round: the defaults', beside which there is nothing yet.
  CHECK(search.best() == search.trials().size() - 1);
  CHECK(search.defaults() == search.best());
}

}  // namespace
}  // namespace cairn
