#include "cluster/train_notes.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

using Notes = std::vector<std::string>;

TEST_CASE("Labels of one class are noted, with the option if there was one", "[train_notes]") {
  TrainOptions options;
  DataSample sample;
  sample.rows = 50'000;
  CHECK(NotesBefore(options, sample).empty());
  sample.only_label = 0.0f;
  CHECK(NotesBefore(options, sample) ==
        Notes{"all 50,000 sampled labels are 0: nothing can be learnt of one class"});
  options.read.label = "spent>1000000";
  CHECK(NotesBefore(options, sample) ==
        Notes{"all 50,000 sampled labels are 0: is --label 'spent>1000000' what you mean?"});
  options.model = "count";
  CHECK(NotesBefore(options, sample).empty());
}

TEST_CASE("Numbers that are too large are noted, with the cure", "[train_notes]") {
  DataSample sample;
  sample.large_columns = 1;
  sample.largest_column = "price";
  sample.largest_value = 120'000;
  CHECK(NotesBefore({}, sample) ==
        Notes{"--numeric price: values up to 120,000 in the sample; beyond about 10 they make "
              "training unstable: bin it (--derive 'log_price=log(price,4)' --ignore price "
              "instead), or scale the column"});
  sample.large_columns = 3;
  sample.largest_value = 1e20f;
  const std::string note = NotesBefore({}, sample).at(0);
  CHECK(note.starts_with("--numeric price and 2 others: values up to 1.00000002e+20 in "));
}

TEST_CASE("More rows apart than is good for what workers add are noted", "[train_notes]") {
  TrainOptions options;
  options.workers = 4;
  CHECK(OvershootNote(options, 0, 4000).empty());
  options.update = "sequential";
  CHECK(OvershootNote(options, 0, 500).empty());
  CHECK(OvershootNote(options, 0, 540).empty());  // A little more is no matter.
  CHECK(OvershootNote(options, 0, 999.7) ==
        "--update sequential: 4 workers with batches of 1,000 rows learn 3,999 of them from equal "
        "copies of the weights, and what they add overshoots beyond about 2,000: --batch 500 is "
        "safe");
  options.workers = 1;
  CHECK(OvershootNote(options, 0, 1e6).empty());
  options.mode = {Consistency::kBsp, 0};
  CHECK(OvershootNote(options, 4, 500).empty());
  CHECK(OvershootNote(options, 4, 600).find(": 4 streams with batches of") != std::string::npos);
  options.mode = {Consistency::kSsp, 1};
  CHECK(OvershootNote(options, 4, 250).empty());
  CHECK(OvershootNote(options, 4, 500).find(": 4 streams that are up to 2 steps apart with") !=
        std::string::npos);
}

TEST_CASE("A loss above that of a constant is noted", "[train_notes]") {
  TrainOptions options;
  DataSample sample;
  sample.positive_share = 0.298;  // A constant has a loss of 0.609.
  std::vector<EpochReport> epochs(2);
  CHECK(NotesAfter(options, "logistic", sample, {}).empty());
  epochs[0].train_logloss = 5;
  epochs[1].train_logloss = 0.61;
  CHECK(NotesAfter(options, "logistic", sample, epochs).empty());
  epochs[1].train_logloss = 0.7;
  CHECK(NotesAfter(options, "logistic", sample, epochs) ==
        Notes{"the training loss is worse than that of a constant (0.609): try a smaller --lr"});
  options.read.numeric = "price";
  CHECK(NotesAfter(options, "logistic", sample, epochs)
            .at(0)
            .ends_with("smaller --lr, or bin or scale --numeric columns"));
  CHECK(NotesAfter(options, "softmax", sample, epochs).empty());
  sample.label_deviation = 0.5;
  CHECK_THAT(NotesAfter(options, "squared", sample, epochs).at(0),
             Catch::Contains("that of a constant (0.25)"));
  sample.positive_share = 1;
  CHECK(NotesAfter(options, "logistic", sample, epochs).empty());
}

TEST_CASE("A model that is larger than the memory is noted") {
  CHECK(MemoryNote(2e9, 2e9).empty());
  const std::string note = MemoryNote(3e12, 8.0 * (1 << 30));
  CHECK(note.starts_with("the model may take 2.7 TiB, and this machine has 8.0 GiB of memory: "));
}

}  // namespace
}  // namespace cairn
