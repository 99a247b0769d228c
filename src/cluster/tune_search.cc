#include "cluster/tune_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace cairn {
namespace {

// The defaults first. A prior is flat within a factor of 2, and may be far too strong or too weak.
constexpr double kPriors[] = {1, 0.25, 4, 1.0 / 16, 16};
constexpr double kPriorMin = 1.0 / 16, kPriorMax = 16;
constexpr double kBeyond[] = {4, 16};  // Of the outermost ones, if they are the best.
constexpr double kRates[] = {1, 1.0 / 3, 3};
constexpr double kFinerPriors[] = {0.5, 2};
constexpr double kSizes[] = {0.5, 2};
constexpr size_t kKept[] = {5, 2};  // After the first round of halving, and the second.

constexpr uint64_t kShares[] = {4, 2, 1};  // Of the epochs: a quarter, a half, all.

}  // namespace

TuneSearch::TuneSearch(const Options& options) : options_(options) {
  CAIRN_CHECK(options.rates || options.priors || options.sizes, "nothing to be tuned");
  CAIRN_CHECK(options.epochs > 0);
  for (const uint64_t share : kShares) {
    if (!options.rates && !options.priors && share != 1) continue;  // There is nothing to halve.
    const uint64_t epochs = std::max<uint64_t>(1, options.epochs / share);
    if (budgets_.empty() || budgets_.back() < epochs) budgets_.push_back(epochs);
  }
  std::vector<TuneChange> changes;
  for (const double prior : kPriors) {
    if (prior != 1 && !options.priors) continue;
    for (const double rate : kRates) {
      if (rate != 1 && !options.rates) continue;
      changes.push_back({.rate = rate, .prior = prior});
    }
  }
  BeginRound(std::move(changes), budgets_[0]);
}

void TuneSearch::BeginRound(std::vector<TuneChange> changes, uint64_t epochs) {
  round_ = {std::move(changes), epochs, trials_.size()};
}

std::optional<TuneSearch::Trial> TuneSearch::Next() const {
  if (is_over_) return std::nullopt;
  return Trial{round_.changes[trials_.size() - round_.first], round_.epochs, 0};
}

void TuneSearch::Report(double loss) {
  std::optional<Trial> trial = Next();
  CAIRN_CHECK(trial.has_value());
  trial->loss = std::isnan(loss) ? std::numeric_limits<double>::infinity() : loss;
  trials_.push_back(*trial);
  if (trials_.size() == round_.first + round_.changes.size()) EndRound();
}

void TuneSearch::EndRound() {
  const bool is_halving = halvings_ < budgets_.size();
  if (is_halving && ++halvings_ < budgets_.size()) {
    // Where there are two rounds only, few of the first are worth the longest trials.
    const size_t kept = kKept[budgets_.size() == 2 ? 1 : halvings_ - 1];
    std::vector<TuneChange> changes = BestOfRound(kept);
    const TuneChange defaults;  // What the best is told beside, in every round.
    const TuneChange best = changes[0];
    std::erase(changes, defaults);
    changes.insert(changes.begin(), defaults);
    for (const double factor : kBeyond) {
      if (halvings_ > 1) break;  // The second time, they are among the others.
      if (best.prior == kPriorMax) changes.push_back({best.rate, best.prior * factor});
      if (best.prior == kPriorMin) changes.push_back({best.rate, best.prior / factor});
    }
    BeginRound(std::move(changes), budgets_[halvings_]);
    return;
  }
  std::vector<TuneChange> steps;
  if (is_halving) steps = StepsFrom(trials_[best()].change);
  is_over_ = steps.empty();
  if (!is_over_) BeginRound(std::move(steps), options_.epochs);
}

// The best first.
std::vector<TuneChange> TuneSearch::BestOfRound(size_t count) const {
  std::vector<Trial> trials(trials_.begin() + static_cast<ptrdiff_t>(round_.first), trials_.end());
  std::stable_sort(trials.begin(), trials.end(),
                   [](const Trial& a, const Trial& b) { return a.loss < b.loss; });
  trials.resize(std::min(count, trials.size()));
  std::vector<TuneChange> changes;
  for (const Trial& trial : trials) changes.push_back(trial.change);
  return changes;
}

std::vector<TuneChange> TuneSearch::StepsFrom(const TuneChange& change) const {
  std::vector<TuneChange> steps;
  const auto add = [&](TuneChange step) { steps.push_back(step); };
  for (const double factor : kFinerPriors) {
    if (options_.priors) add({change.rate, change.prior * factor, change.size});
  }
  for (const double factor : kSizes) {
    if (options_.sizes) add({change.rate, change.prior, change.size * factor});
  }
  return steps;
}

size_t TuneSearch::trials_expected() const {
  size_t count = round_.first + round_.changes.size();
  for (size_t next = halvings_ + 1; next < budgets_.size(); ++next) {
    count += kKept[budgets_.size() == 2 ? 1 : next - 1] + 1;
  }
  const bool has_steps = halvings_ < budgets_.size();
  if (has_steps && options_.priors) count += std::size(kFinerPriors);
  if (has_steps && options_.sizes) count += std::size(kSizes);
  return count;
}

size_t TuneSearch::defaults() const {
  CAIRN_CHECK(!trials_.empty());
  size_t found = 0;  // The first trial of all is the defaults'.
  for (size_t i = 0; i < trials_.size(); ++i) {
    const bool is_default = trials_[i].change == TuneChange{};
    if (is_default && trials_[i].epochs > trials_[found].epochs) found = i;
  }
  return found;
}

size_t TuneSearch::best() const {
  size_t best = defaults();
  const uint64_t epochs = trials_[best].epochs;
  for (size_t i = 0; i < trials_.size(); ++i) {
    if (trials_[i].epochs == epochs && trials_[i].loss < trials_[best].loss) best = i;
  }
  return best;
}

}  // namespace cairn
