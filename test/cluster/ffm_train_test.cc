// Field-aware factorization machines from the text to scores: where fields come from, and that all
// who read data for the model later have the same ones.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/train.h"

namespace cairn {
namespace {

enum class Text { kLibsvm, kLibffm, kCsv };

// Rows of two categories of 8, one-hot; the label is whether their numbers are both even or both
// odd: the pair says all, each one of them nothing.
std::string WritePairs(const std::string& path, Text text, uint64_t seed) {
  std::ofstream file(path);
  if (text == Text::kCsv) file << "label,a,b\n";
  for (uint64_t row = 0; row < 3'000; ++row) {
    const uint64_t random = HashWords(seed, row);
    const uint64_t a = random % 8, b = random / 8 % 8, label = a % 2 == b % 2 ? 1 : 0;
    if (text == Text::kLibsvm) file << label << " " << 1 + a << ":1 " << 9 + b << ":1\n";
    if (text == Text::kLibffm) file << label << " 0:" << 1 + a << ":1 1:" << 9 + b << ":1\n";
    if (text == Text::kCsv) file << label << "," << a << "," << b << "\n";
  }
  return path;
}

class Pairs {
 public:
  explicit Pairs(Text text) {
    options.model = "ffm";
    options.train = {WritePairs(directory.PathOf("train"), text, 1)};
    options.valid = {WritePairs(directory.PathOf("valid"), text, 2)};
    options.epochs = 5;
    options.vector_l2 = 0;
    options.partitions = 4;
    options.mode.consistency = Consistency::kBsp;
    options.save_dir = directory.PathOf("model");
  }
  ScoreOptions Scores() const { return {.model_dir = options.save_dir, .data = options.valid}; }
  std::string Write(const std::string& text) const {
    std::ofstream(directory.PathOf("rows")) << text;
    return directory.PathOf("rows");
  }

  TempDirectory directory;
  TrainOptions options;
};

std::string SettingOf(const TrainReport& report, const std::string& name) {
  for (const auto& [each, value] : report.settings) {
    if (each == name) return value;
  }
  return "";
}

TEST_CASE("Fields come from every format of text", "[ffm]") {
  Pairs libffm(Text::kLibffm), libsvm(Text::kLibsvm), csv(Text::kCsv);
  const TrainReport named = Train(libffm.options).value();
  CHECK(named.epochs.back().valid_auc > 0.99);
  CHECK(SettingOf(named, "fields") == "2");
  CHECK(named.notes.empty());
  const TrainReport found = Train(libsvm.options).value();
  CHECK(found.epochs.back().valid_auc > 0.99);
  CHECK(SettingOf(found, "fields") == "2");
  CHECK(found.notes == std::vector<std::string>{"2 fields were found: they begin at indices 0, 9"});
  const TrainReport columns = Train(csv.options).value();
  CHECK(columns.epochs.back().valid_auc > 0.99);
  CHECK(SettingOf(columns, "fields") == "2");
}

TEST_CASE("Who scores with a model has the fields of its training", "[ffm]") {
  const Text text = GENERATE(Text::kLibffm, Text::kLibsvm, Text::kCsv);
  const Pairs pairs(text);
  const TrainReport report = Train(pairs.options).value();
  const EvalReport eval = Evaluate(pairs.Scores()).value();
  CHECK(eval.model == "ffm");
  CHECK(eval.auc == Approx(report.epochs.back().valid_auc));
  CHECK(eval.logloss == Approx(report.epochs.back().valid_logloss));
  // One row, of which no field could be found anew.
  ScoreOptions one = pairs.Scores();
  one.data = {pairs.Write(text == Text::kLibffm   ? "1 0:1:1 1:9:1\n"
                          : text == Text::kLibsvm ? "1 1:1 9:1\n"
                                                  : "label,b,a\n1,0,0\n")};
  std::vector<float> predictions;
  REQUIRE(Predict(one, [&](std::span<const float> prediction) {
            predictions.push_back(prediction[0]);
            return absl::OkStatus();
          }).ok());
  REQUIRE(predictions.size() == 1);
  CHECK(predictions[0] > 0.8f);
}

TEST_CASE("Going on from a model, its fields hold", "[ffm]") {
  Pairs pairs(Text::kLibsvm);
  REQUIRE(Train(pairs.options).ok());
  TrainOptions more = pairs.options;
  more.init_dir = more.save_dir;
  more.save_dir.clear();
  // Alone, these rows have one field.
  more.train = {pairs.Write("1 1:1\n0 2:1\n1 3:1\n0 1:1\n")};
  const TrainReport report = Train(more).value();
  CHECK(SettingOf(report, "fields") == "2");
  CHECK(report.epochs.back().valid_auc > 0.99);
}

TEST_CASE("Rows of fields that are not known are bad", "[ffm]") {
  Pairs pairs(Text::kLibffm);
  pairs.options.valid = {pairs.Write("1 0:1:1 1:9:1\n0 0:2:1 7:9:1\n")};
  const std::string bad =
      pairs.options.valid[0] +
      ":2:9: field is above 1, the highest that the model knows (cairn train --fields N): \"7\"";
  const absl::Status refused = Train(pairs.options).status();
  CHECK(ExitCode(refused) == 3);
  CHECK_THAT(std::string(MessageOf(refused)), Catch::Contains(bad));
  pairs.options.bad_rows_share = 0.5;
  CHECK(Train(pairs.options).ok());
  ScoreOptions score = pairs.Scores();
  const absl::Status unscored = Evaluate(score).status();
  CHECK(ExitCode(unscored) == 3);
  CHECK_THAT(std::string(MessageOf(unscored)), Catch::Contains(bad));
  score.bad_rows_share = 0.5;
  CHECK(Evaluate(score).value().first_bad_row == bad);
}

TEST_CASE("Data of another format has other fields", "[ffm]") {
  const Pairs pairs(Text::kLibsvm);
  REQUIRE(Train(pairs.options).ok());
  ScoreOptions score = pairs.Scores();
  score.format = "libffm";
  CHECK(MessageOf(Evaluate(score).status()) ==
        "--format libffm: the model was trained on libsvm, whose features are others");
}

TEST_CASE("Rows longer than a table's are refused before training", "[ffm]") {
  Pairs pairs(Text::kLibffm);
  pairs.options.fields = 65'536;
  const absl::Status status = Train(pairs.options).status();
  CHECK(ExitCode(status) == 2);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::Contains("--dim 4 for each of 65,536 fields makes 262,145 numbers"));
}

}  // namespace
}  // namespace cairn
