#include "cli/preview_view.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("A preview tells data, tables, memory and settings", "[preview]") {
  TrainPreview preview;
  preview.data = "2 files";
  preview.valid_data = "1 file";
  preview.rows_estimate = 1'234'567.4;
  preview.features_per_row = 8.04;
  preview.positive_share = 0.29777;
  preview.features_estimate = 5'000;
  preview.batches_per_epoch = 1'300;
  preview.tables = {{"w", "sparse", 1, 44, 5'000}, {"bias", "dense", 2, 8, 1}};
  preview.model_bytes_estimate = 220'008;
  preview.notes = {"the state starts afresh"};
  preview.settings = {{"train", "a\nb"}, {"lr", "0.3"}};
  CHECK(FormatPreview(preview) == R"(data     2 files
valid    1 file
rows     about 1,234,567, of 8 features each, about 5,000 different ones
labels   about 29.8 % are 1
epoch    1,300 batches
table    w: sparse, about 5,000 rows of 1 weight, 44 bytes each with optimizer state
table    bias: dense, about 1 rows of 2 weights, 8 bytes each with optimizer state
memory   about 214.9 KiB of model on all servers together
note     the state starts afresh

settings
  train  a b
  lr     0.3
)");
}

TEST_CASE("A preview tells of labels what is learnt of them", "[preview]") {
  TrainPreview preview;
  preview.mean_label = 2.5;
  preview.settings = {{"loss", "softmax"}, {"classes", "10"}};
  CHECK_THAT(FormatPreview(preview), Catch::Contains("\nlabels   of 10 classes\n"));
  preview.settings = {{"loss", "squared"}};
  CHECK_THAT(FormatPreview(preview), Catch::Contains("\nlabels   numbers, on average 2.5\n"));
}

}  // namespace
}  // namespace cairn
