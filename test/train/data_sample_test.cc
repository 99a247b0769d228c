#include "train/data_sample.h"

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "idx_files.h"
#include "temp_files.h"

namespace cairn {
namespace {

using Catch::Matchers::Contains;

std::string Repeat(const std::string& line, size_t times) {
  std::string text;
  for (size_t i = 0; i < times; ++i) text += line;
  return text;
}

std::unique_ptr<DataSource> OpenOne(const std::string& path) {
  return DataSource::Open({path}, {}).value();
}

TEST_CASE("DefineData cuts by the length of the lines") {
  struct Case {
    size_t line_bytes;
    uint32_t batch_rows;
    uint32_t chunk_bytes;
    uint32_t chunks_per_batch;
  };
  const TempFiles files;
  for (const Case& c : {
           Case{100, 1000, 8192, 12},  // 6,400 bytes for 64 lines: nearer to 8 KiB than to 4.
           Case{64, 64, 4096, 1},
           Case{64, 1, 64, 1},
           Case{10, 1, 64, 1},           // Chunks have a least size: about 6 rows here.
           Case{5000, 1000, 65536, 77},  // And a largest one.
           Case{40, 8, 256, 1},
       }) {
    CAPTURE(c.line_bytes, c.batch_rows);
    const std::string line = "1 2:" + std::string(c.line_bytes - 5, '1') + "\n";
    const auto source = OpenOne(files.Write("f", Repeat(line, 500)));
    const DataDefinition definition =
        DefineData(*source, {.format = {}, .batch_rows = c.batch_rows}).value();
    CHECK(definition.chunk_bytes == c.chunk_bytes);
    CHECK(definition.chunks_per_batch == c.chunks_per_batch);
    CHECK(definition.format == DataFormat::kLibsvm);
    CHECK(definition.files == source->files());
  }
}

TEST_CASE("DefineData looks at the lines of all files, not of the first ones only") {
  const TempFiles files;
  const std::string head = files.Write("head", Repeat("1 2:3\n", 100'000));
  const std::string tail =
      files.Write("tail", Repeat("1 2:" + std::string(115, '3') + "\n", 100'000));
  const auto source = DataSource::Open({head, tail}, {}).value();
  const DataDefinition definition = DefineData(*source, {}).value();
  const double batches = static_cast<double>(BatchCount(definition));
  // 200,000 rows in batches of about 1,000; by the first MiB there would be more than 1,000
  // batches.
  CHECK(batches == Approx(200.0).epsilon(0.25));
}

TEST_CASE("DefineData takes over what it is given") {
  const TempFiles files;
  const auto source = OpenOne(files.Write("f", "1 2:3:1\n"));
  const DataDefinition definition =
      DefineData(*source, {.format = DataFormat::kLibsvm, .seed = 9, .order = DataOrder::kFile})
          .value();
  CHECK(definition.format == DataFormat::kLibsvm);
  CHECK(definition.seed == 9);
  CHECK(definition.order == DataOrder::kFile);
  CHECK(DefineData(*source, {}).value().format == DataFormat::kLibffm);
}

TEST_CASE("DefineData refuses what it cannot cut") {
  const TempFiles files;
  const auto labels = OpenOne(files.Write("labels", "0\n1\n"));
  const absl::Status status = DefineData(*labels, {}).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(MessageOf(status)), Contains(files.Path("labels") + ": cannot tell"));
  const auto csv = OpenOne(files.Write("csv", "a,b\n1,2\n"));
  const absl::Status no_label = DefineData(*csv, {}).status();
  CHECK(no_label.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(no_label)), Contains(files.Path("csv") + ": which column"));
  const auto good = OpenOne(files.Write("good", Repeat("1 2:3 4:5 6:7 8:9\n", 1000)));
  CHECK_FALSE(DefineData(*good, {.format = {}, .batch_rows = 0}).ok());
  CHECK_THAT(std::string(MessageOf(
                 DefineData(*good, {.format = {}, .batch_rows = 1'000'000'000}).status())),
             Contains("too large"));
}

TEST_CASE("SampleData counts all of small data") {
  const TempFiles files;
  const auto source = OpenOne(files.Write("f", "1 0:1:1 7:2:1\n0 3:1:1\n\n0\n1 1:1:1 2:2:1 3:3:1"));
  const DataDefinition definition = DefineData(*source, {}).value();
  const DataSample sample = SampleData(*source, definition).value();
  CHECK(sample.rows == 4);
  CHECK(sample.features_per_row == 1.5);
  CHECK(sample.rows_estimate == 4);
  CHECK(sample.rows_per_chunk * static_cast<double>(ChunkCount(definition)) == 4);
  CHECK(sample.positive_share == 0.5);
  CHECK(sample.mean_label == 0.5);
  CHECK(sample.labels_are_binary);
  CHECK(sample.fields == 8);
}

TEST_CASE("SampleRows takes them from all over the data") {
  const TempFiles files;
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "1 " + std::to_string(i % 10) + ":1\n";
  const auto source = OpenOne(files.Write("f", text));
  const DataDefinition definition = DefineData(*source, {}).value();
  const RowBatch rows = SampleRows(*source, definition).value();
  CHECK(rows.rows() == SampleData(*source, definition).value().rows);
  CHECK(rows.rows() < 50'000);
  CHECK(SampleRows(*source, definition).value() == rows);
}

TEST_CASE("SampleData knows when all labels are one") {
  const TempFiles files;
  const auto only_label = [&](const std::string& text) {
    const auto source = OpenOne(files.Write("f", text));
    return SampleData(*source, DefineData(*source, {}).value()).value().only_label;
  };
  CHECK(only_label("1 1:1\n1 2:1\n") == 1.0f);
  CHECK(only_label("-1 1:1\n") == -1.0f);
  CHECK_FALSE(only_label("1 1:1\n0 1:1\n").has_value());
}

TEST_CASE("SampleData finds numeric columns of large numbers") {
  const TempFiles files;
  const auto source =
      OpenOne(files.Write("f", "label,price,age,cost,far\n1,1200,9.5,-5000,9\n0,,-10,70,99999\n"));
  for (const uint32_t hash_bits : {0u, 30u}) {
    DefineOptions options;
    options.read.numeric = {"price", "age", "cost"};
    options.read.hash_bits = hash_bits;
    const DataSample sample = SampleData(*source, DefineData(*source, options).value()).value();
    CHECK(sample.large_columns == 2);
    CHECK(sample.largest_column == "cost");
    CHECK(sample.largest_value == 5000);
  }
}

TEST_CASE("SampleData estimates large data from all over it") {
  const TempFiles files;
  // Sorted: only a sample that is spread sees the labels and lengths of both halves.
  const std::string text = Repeat("0 5:1\n", 200'000) + Repeat("1 5:1 6:1 7:1\n", 200'000);
  const auto source = OpenOne(files.Write("f", text));
  const DataDefinition definition = DefineData(*source, {}).value();
  const DataSample sample = SampleData(*source, definition).value();
  CHECK(sample.rows < 100'000);
  CHECK(sample.rows_estimate == Approx(400'000).epsilon(0.15));
  CHECK(sample.features_per_row == Approx(2).epsilon(0.15));
  CHECK(sample.positive_share == Approx(0.5).epsilon(0.15));
  CHECK(sample.fields == 0);
  DataDefinition other_seed = definition;
  other_seed.seed = 99;
  CHECK(SampleData(*source, other_seed).value().rows == sample.rows);
}

TEST_CASE("SampleData tells kinds of labels apart") {
  const TempFiles files;
  const auto binary = [&](const std::string& text) {
    const auto source = OpenOne(files.Write("f", text));
    return SampleData(*source, DefineData(*source, {}).value()).value().labels_are_binary;
  };
  CHECK(binary("0 1:1\n1 1:1\n"));
  CHECK(binary("-1 1:1\n+1 1:1\n"));
  CHECK_FALSE(binary("-1 1:1\n0 1:1\n+1 1:1\n"));
  CHECK_FALSE(binary("0.5 1:1\n"));
}

TEST_CASE("SampleData leaves bad rows out, and says what is wrong if there are no others") {
  const TempFiles files;
  const auto some = OpenOne(files.Write("some", "1 1:1\n1 x\n"));
  CHECK(SampleData(*some, DefineData(*some, {}).value()).value().rows == 1);
  const auto none = OpenOne(files.Write("none", "a 1:1\nb 1:1\n"));
  CHECK(MessageOf(SampleData(*none, DefineData(*none, {}).value()).status()) ==
        files.Path("none") + ":1:1: label is not a finite number: \"a\"");
  const auto blank = OpenOne(files.Write("blank", "\n\n"));
  const auto defined = DefineData(*blank, {.format = DataFormat::kLibsvm}).value();
  CHECK(MessageOf(SampleData(*blank, defined).status()) ==
        blank->name(0) + ": no rows in the data");
}

TEST_CASE("DefineData says which file is no data, and why") {
  using std::string_view_literals::operator""sv;
  const TempFiles files;
  const auto error = [&](std::string_view content, std::optional<DataFormat> format = {}) {
    const std::string path = files.Write("file", content);
    const auto definition = DefineData(*OpenOne(path), {.format = format});
    REQUIRE_FALSE(definition.ok());
    const std::string text(MessageOf(definition.status()));
    REQUIRE(text.starts_with(path + ": "));
    return text.substr(path.size() + 2);
  };
  const std::string no_text =
      "; name files of text, plain or compressed by gzip or zstd, or of idx images";
  CHECK(error("1 2:3\n\0garbage"sv) == "is not text: a zero byte at offset 6" + no_text);
  CHECK(error(Gzip("1 2:3\n\0garbage"sv)) == "is not text: a zero byte at offset 6" + no_text);
  CHECK(error("\x7F"
              "ELF\0"sv,
              DataFormat::kLibsvm) == "is not text: a zero byte at offset 4" + no_text);
  const std::string late = Repeat("1 2:3\n", 40'000) + std::string(100'000, '\0');
  CHECK(error(late, DataFormat::kLibsvm).starts_with("is not text: a zero byte at offset 2"));
  CHECK(error("\n\r\n \n") == "holds only empty lines");
  CHECK(error(std::string(100'000, '\n')) == "holds only empty lines at its beginning");
  CHECK(error("1\n0\n") == "cannot tell the data format: no row with features at its beginning");
  CHECK(error("one two\n").starts_with("the data is in no format that is known: \"one two\" is"));
}

TEST_CASE("DefineData and SampleData: images") {
  const TempFiles files;
  std::string images = IdxHeaderOf({1000, 10, 10});
  std::string labels = IdxHeaderOf({1000});
  for (int i = 0; i < 1000; ++i) {
    images += std::string(75, '\0') + std::string(25, '\xFF');
    labels += static_cast<char>(i % 4 == 0);
  }
  files.Write("t-labels-idx1", labels);
  const auto source = OpenOne(files.Write("t-images-idx3", images));
  const DataDefinition definition = DefineData(*source, {.format = {}, .batch_rows = 100}).value();
  CHECK(definition.format == DataFormat::kIdx);
  CHECK(definition.chunk_bytes == 8192);  // The nearest to 64 rows of 101 bytes.
  const DataSample sample = SampleData(*source, definition).value();
  CHECK(sample.rows == 1000);
  CHECK(sample.features_per_row == 25);
  CHECK(sample.positive_share == 0.25);
  CHECK(sample.labels_are_binary);
  CHECK_FALSE(DefineData(*source, {.format = DataFormat::kLibsvm}).ok());
}

TEST_CASE("SampleData reads as the definition says, and counts labels by weight") {
  const TempFiles files;
  const auto source = OpenOne(files.Write("csv", "delay,w,a,b\n20,3,x,y\n1,1,x,\n16,0,,\n"));
  DefineOptions options;
  options.read.label = ParseLabelRule("delay>15").value();
  options.read.weight = "w";
  const DataDefinition definition = DefineData(*source, options).value();
  CHECK(definition.format == DataFormat::kCsv);
  CHECK(definition.read.header);
  const DataSample sample = SampleData(*source, definition).value();
  CHECK(sample.rows == 3);
  CHECK(sample.features_per_row == 1);
  CHECK(sample.positive_share == 0.75);
  CHECK(sample.fields == 2);
}

}  // namespace
}  // namespace cairn
