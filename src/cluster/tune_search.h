// Which settings to try next, by the losses of those that were tried: successive halving over rates
// and priors, then single steps from the best. Pure. doc/tuning.md says why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cairn {

// What a trial makes of the default settings: factors of all rates, of all priors, and of
// dimensions or units.
struct TuneChange {
  double rate = 1;
  double prior = 1;
  double size = 1;

  bool operator==(const TuneChange&) const = default;
};

class TuneSearch {
 public:
  struct Options {
    bool rates = true;  // Which of the three there are to be tuned; at least one.
    bool priors = true;
    bool sizes = true;
    uint64_t epochs = 1;  // Of the longest trials.
  };
  struct Trial {
    TuneChange change;
    uint64_t epochs = 0;
    double loss = 0;  // Infinite: it diverged.
  };

  explicit TuneSearch(const Options& options);

  // The trial to make now, its loss still unknown; nullopt: the search is over.
  std::optional<Trial> Next() const;
  // The loss of that trial, NaN if it diverged.
  void Report(double loss);

  // Those that were made.
  const std::vector<Trial>& trials() const { return trials_; }
  // About so many trials in all.
  size_t trials_expected() const;

  // Of the trials with the most epochs in which the defaults were tried, too: the place of the best
  // one, and of the defaults'. The first of equal ones. There is a trial.
  size_t best() const;
  size_t defaults() const;

 private:
  // One round: changes that are all tried with equally many epochs.
  struct Round {
    std::vector<TuneChange> changes;
    uint64_t epochs = 0;
    size_t first = 0;  // Its place among the trials.
  };
  void BeginRound(std::vector<TuneChange> changes, uint64_t epochs);
  void EndRound();
  std::vector<TuneChange> BestOfRound(size_t count) const;
  std::vector<TuneChange> StepsFrom(const TuneChange& change) const;

  const Options options_;
  std::vector<uint64_t> budgets_;  // Epochs of the rounds of halving, ascending.
  size_t halvings_ = 0;            // Of these, the one under way.
  bool is_over_ = false;
  Round round_;
  std::vector<Trial> trials_;
};

}  // namespace cairn
