#include "cluster/train_notes.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/numbers.h"
#include "base/status.h"
#include "base/units.h"
#include "train/program.h"

namespace cairn {
namespace {

// The base rate is that of a sample, and so is the loss of a constant.
constexpr double kLossTolerance = 1.02;

// `count` does not care what the labels are, and models of a program's own care in ways of their
// own.
bool LearnsClasses(const TrainOptions& options) {
  return options.model != "count" && !options.models.contains(options.model);
}

std::string NumberText(float value) {
  constexpr float kWholeMax = 1e15f;
  if (value > kWholeMax) return FormatFloat9(value);
  return HumanCount(static_cast<uint64_t>(std::llround(value)));
}

std::string OneClassNote(const TrainOptions& options, const DataSample& sample) {
  const std::string fact = Concat("all ", HumanCount(sample.rows), " sampled labels are ",
                                  FormatFloat9(*sample.only_label), ": ");
  if (options.read.label.empty()) return fact + "nothing can be learnt of one class";
  return Concat(fact, "is --label '", options.read.label, "' what you mean?");
}

std::string LargeNumbersNote(const DataSample& sample) {
  const std::string& name = sample.largest_column;
  const uint32_t others = sample.large_columns - 1;
  return Concat("--numeric ", name,
                others == 0 ? "" : Concat(" and ", others, others == 1 ? " other" : " others"),
                ": values up to ", NumberText(sample.largest_value),
                " in the sample; beyond about ", DataSample::kNumberMax,
                " they make training unstable: bin it (--derive 'log_", name, "=log(", name,
                ",4)' --ignore ", name, " instead), or scale the column");
}

// Of the base rate, or of the mean label; 0: not known.
double LossOfConstant(const std::string& loss, const DataSample& sample) {
  if (loss == kSquaredLoss) return sample.label_deviation * sample.label_deviation;
  const double rate = sample.positive_share;
  if (loss != kLogisticLoss || !(rate > 0 && rate < 1)) return 0;
  return -rate * std::log(rate) - (1 - rate) * std::log(1 - rate);
}

// What batches add to the same weights, each without knowing of the others, overshoots beyond this.
constexpr double kRowsApartMax = 2'000;
constexpr double kRowsApartTolerance = 1.1;  // Batches have about so many rows.

std::string Rows(double count) { return HumanCount(static_cast<uint64_t>(std::llround(count))); }

}  // namespace

std::string OvershootNote(const TrainOptions& options, uint32_t streams, double batch_rows) {
  if (options.update != kSequentialUpdate) return "";
  double batches = options.workers;
  std::string who = Concat(options.workers, " workers");
  if (options.mode.consistency != Consistency::kAsp) {
    const bool is_ssp = options.mode.consistency == Consistency::kSsp;
    const uint32_t steps = is_ssp ? options.mode.staleness + 1 : 1;
    batches = static_cast<double>(streams) * steps;
    who = Concat(streams, " streams",
                 steps == 1 ? "" : Concat(" that are up to ", steps, " steps apart"));
  }
  const double rows = batches * batch_rows;
  if (batches == 1 || rows <= kRowsApartMax * kRowsApartTolerance) return "";
  return Concat("--update sequential: ", who, " with batches of ", Rows(batch_rows), " rows learn ",
                Rows(rows),
                " of them from equal copies of the weights, and what they add overshoots "
                "beyond about ",
                Rows(kRowsApartMax), ": --batch ", Rows(std::max(1.0, kRowsApartMax / batches)),
                " is safe");
}

std::vector<std::string> NotesBefore(const TrainOptions& options, const DataSample& sample) {
  std::vector<std::string> notes;
  if (!LearnsClasses(options)) return notes;
  if (sample.only_label) notes.push_back(OneClassNote(options, sample));
  if (sample.large_columns > 0) notes.push_back(LargeNumbersNote(sample));
  return notes;
}

std::string MemoryNote(double model_bytes, double memory_bytes) {
  if (model_bytes <= memory_bytes) return "";
  return Concat("the model may take ", HumanBytes(static_cast<uint64_t>(model_bytes)),
                ", and this machine has ", HumanBytes(static_cast<uint64_t>(memory_bytes)),
                " of memory: --admit-count leaves out what is rare, --table-bytes is a bound, and "
                "a smaller --dim makes vectors shorter");
}

std::vector<std::string> NotesAfter(const TrainOptions& options, const std::string& loss,
                                    const DataSample& sample,
                                    const std::vector<EpochReport>& epochs) {
  if (!LearnsClasses(options) || epochs.empty()) return {};
  const double constant = LossOfConstant(loss, sample);
  if (constant == 0 || !(epochs.back().train_logloss > kLossTolerance * constant)) return {};
  return {Concat("the training loss is worse than that of a constant (",
                 FormatFloat9(std::round(constant * 1e3) / 1e3), "): try a smaller --lr",
                 options.read.numeric.empty() ? "" : ", or bin or scale --numeric columns")};
}

}  // namespace cairn
