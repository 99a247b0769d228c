#include "train/batch_reader.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "idx_files.h"
#include "temp_files.h"
#include "train/data_sample.h"

namespace cairn {
namespace {

// `count` rows of libffm; row i has the features i and 1,000,000 + i.
std::string Rows(uint64_t first, uint64_t count) {
  std::string text;
  for (uint64_t i = first; i < first + count; ++i) {
    text += Concat(i % 2, " 0:", i, ":1 1:", 1'000'000 + i, ":0.5\n");
  }
  return text;
}

struct Data {
  std::unique_ptr<DataSource> source;
  DataDefinition definition;
  std::unique_ptr<BatchReader> reader;
};

Data OpenData(const std::vector<std::string>& paths, uint32_t batch_rows,
              const BatchReader::Options& options = {}) {
  Data data;
  data.source = DataSource::Open(paths, {}).value();
  data.definition = DefineData(*data.source, {.format = {}, .batch_rows = batch_rows}).value();
  data.reader = BatchReader::Create(data.source.get(), data.definition, options).value();
  return data;
}

std::vector<Key> FirstKeys(const RowBatch& rows) {
  std::vector<Key> keys;
  for (size_t row = 0; row < rows.rows(); ++row) keys.push_back(rows.keys[rows.offsets[row]]);
  return keys;
}

TEST_CASE("BatchReader: an epoch has every row once; in file order as it stands") {
  const TempFiles files;
  const std::vector<std::string> paths = {files.Write("a", Rows(0, 3000)),
                                          files.Write("b.zst", Zstd(Rows(3000, 500))),
                                          files.Write("c", Rows(3500, 1))};
  std::vector<Key> all(3501);
  for (Key key = 0; key < all.size(); ++key) all[key] = key;
  for (const uint32_t batch_rows : {1u, 10u, 64u, 500u, 100'000u}) {
    CAPTURE(batch_rows);
    const Data data = OpenData(paths, batch_rows);
    RowBatch rows;
    std::vector<Key> in_file_order;
    std::vector<Key> shuffled[2];
    for (uint64_t batch = 0; batch < data.reader->plan().batch_count(); ++batch) {
      REQUIRE(data.reader->ReadInFileOrder(batch, &rows).ok());
      const auto keys = FirstKeys(rows);
      in_file_order.insert(in_file_order.end(), keys.begin(), keys.end());
      for (uint64_t epoch = 0; epoch < 2; ++epoch) {
        REQUIRE(data.reader->Read(epoch, batch, &rows).ok());
        const auto more = FirstKeys(rows);
        shuffled[epoch].insert(shuffled[epoch].end(), more.begin(), more.end());
      }
    }
    CHECK(in_file_order == all);
    CHECK(shuffled[0] != all);
    CHECK(shuffled[0] != shuffled[1]);
    for (auto& keys : shuffled) {
      std::sort(keys.begin(), keys.end());
      CHECK(keys == all);
    }
  }
}

TEST_CASE("BatchReader: batches have about the rows that were asked for") {
  const TempFiles files;
  const Data data = OpenData({files.Write("a", Rows(100'000, 20'000))}, 1000);
  const uint64_t batches = data.reader->plan().batch_count();
  CHECK(batches == 21);
  RowBatch rows;
  for (uint64_t batch = 0; batch < batches; ++batch) {
    REQUIRE(data.reader->Read(0, batch, &rows).ok());
    if (batch + 1 < batches) CHECK(rows.rows() == Approx(1000).epsilon(0.05));
  }
}

TEST_CASE("BatchReader: a batch is the same whoever reads it, whatever was read before") {
  const TempFiles files;
  const std::string text = Rows(0, 5000);
  const std::string plain = files.Write("a", text);
  const Data data = OpenData({plain}, 300);
  const Data packed = OpenData({files.Write("b", Zstd(text))}, 300);
  const uint64_t batches = data.reader->plan().batch_count();
  std::vector<RowBatch> forwards(batches);
  for (uint64_t batch = 0; batch < batches; ++batch) {
    REQUIRE(data.reader->Read(3, batch, &forwards[batch]).ok());
  }
  // Two readers at once over one source.
  const auto read_backwards = [&](const Data& from, std::vector<RowBatch>* batches_read) {
    const auto reader = BatchReader::Create(from.source.get(), data.definition, {}).value();
    for (uint64_t batch = batches; batch-- > 0;) {
      if (!reader->Read(3, batch, &(*batches_read)[batch]).ok()) return;
    }
  };
  for (const Data* from : {&data, &packed}) {
    std::vector<RowBatch> backwards[2] = {std::vector<RowBatch>(batches),
                                          std::vector<RowBatch>(batches)};
    std::thread other(read_backwards, std::cref(*from), &backwards[0]);
    read_backwards(*from, &backwards[1]);
    other.join();
    CHECK(backwards[0] == forwards);
    CHECK(backwards[1] == forwards);
  }
}

TEST_CASE("BatchReader: a bad row is an error with its place") {
  const TempFiles files;
  const std::string good = files.Write("good", Rows(0, 700));
  const std::string bad = files.Write("bad", Rows(0, 700) + "1 0:5:1 0:x:1\n" + Rows(0, 50));
  const Data data = OpenData({good, bad}, 100);
  RowBatch rows;
  std::vector<std::string> errors;
  for (uint64_t batch = 0; batch < data.reader->plan().batch_count(); ++batch) {
    const absl::Status status = data.reader->Read(0, batch, &rows);
    if (status.ok()) continue;
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    errors.emplace_back(MessageOf(status));
  }
  CHECK(errors == std::vector<std::string>{bad + ":701:11: index is not a whole number: \"x\"; "
                                                 "--max-bad-rows SHARE leaves such rows out"});
}

TEST_CASE("BatchReader: a skipped bad row moves no other row") {
  const TempFiles files;
  std::string text = Rows(0, 1000);
  const Data before = OpenData({files.Write("a", text)}, 100);
  text[text.find("\n1 0:501:") + 3] = 'x';
  const Data after = OpenData({files.Write("b", text)}, 100, {.skip_bad_rows = true});
  uint64_t bad_rows = 0;
  for (uint64_t batch = 0; batch < before.reader->plan().batch_count(); ++batch) {
    RowBatch rows;
    REQUIRE(before.reader->Read(1, batch, &rows).ok());
    std::vector<Key> expected = FirstKeys(rows);
    expected.erase(std::remove(expected.begin(), expected.end(), 501), expected.end());
    REQUIRE(after.reader->Read(1, batch, &rows).ok());
    CHECK(FirstKeys(rows) == expected);
    bad_rows += rows.bad_rows;
  }
  CHECK(bad_rows == 1);
}

TEST_CASE("BatchReader: skipped bad rows have their places, and the first is known") {
  const TempFiles files;
  const std::string a = files.Write("a", Rows(0, 1) + "x 1:1\n" + Rows(1, 2) + "y 1:1\nz 1:1\n");
  const std::string b = files.Write("b", "\n" + Rows(3, 2) + "last");
  const Data data = OpenData({a, b}, 100, {.skip_bad_rows = true});
  CHECK_FALSE(data.reader->first_bad_row());
  RowBatch rows;
  std::vector<size_t> good_before;
  size_t good = 0;
  for (uint64_t batch = data.reader->plan().batch_count(); batch-- > 0;) {
    REQUIRE(data.reader->ReadInFileOrder(batch, &rows).ok());
    const std::vector<size_t> found = data.reader->FindBadRows(batch).value();
    CHECK(found.size() == rows.bad_rows);
    good_before.insert(good_before.begin(), found.begin(), found.end());
    good += rows.rows();
  }
  CHECK(good == 5);
  CHECK(good_before == std::vector<size_t>{1, 3, 3, 2});  // Of each batch, one a file.
  REQUIRE(data.reader->first_bad_row());
  CHECK(MessageOf(BadRowError(*data.source, *data.reader->first_bad_row())) ==
        a + ":2:1: label is not a finite number: \"x\"");
}

TEST_CASE("BatchReader: labels of two classes") {
  const TempFiles files;
  const std::string path = files.Write("a", "-1 1:1\n+1 2:1\n7 3:1\n");
  const Data data = OpenData({path}, 100, {.labels = LabelKind::kBinary});
  RowBatch rows;
  CHECK(MessageOf(data.reader->Read(0, 0, &rows)) ==
        path +
            ":3:1: label of two classes must be 0 or 1, or -1 or +1, not \"7\"; "
            "--max-bad-rows SHARE leaves such rows out");
}

TEST_CASE("BatchReader::Create refuses other data and broken definitions") {
  const TempFiles files;
  const Data data = OpenData({files.Write("a", Rows(0, 10))}, 5);
  const auto other = DataSource::Open({files.Write("b", Rows(1, 10))}, {}).value();
  CHECK(BatchReader::Create(other.get(), data.definition, {}).status().code() ==
        absl::StatusCode::kFailedPrecondition);
  DataDefinition broken = data.definition;
  broken.chunk_bytes = 100;
  CHECK(BatchReader::Create(data.source.get(), broken, {}).status().code() ==
        absl::StatusCode::kInvalidArgument);
}

TEST_CASE("BatchReader: a file that changes underneath is an error") {
  const TempFiles files;
  const Data data = OpenData({files.Write("a", Rows(0, 1000))}, 100);
  files.Write("a", Rows(0, 1001));
  RowBatch rows;
  CHECK(data.reader->Read(0, 0, &rows).code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("BatchReader reads the data set that comes with the sources") {
  struct Part {
    std::string name;
    uint64_t rows;
    uint64_t late;
  };
  for (const Part& part : {Part{"train", 179'817, 35'787}, Part{"valid", 20'035, 3'908}}) {
    const std::string path =
        Concat(CAIRN_SOURCE_DIR, "/examples/data/flights.", part.name, ".libffm.zst");
    const Data data = OpenData({path}, 1000, {.labels = LabelKind::kBinary});
    CHECK(SampleData(*data.source, data.definition).value().fields == 12);
    uint64_t rows_read = 0;
    double late = 0;
    RowBatch rows;
    for (uint64_t batch = 0; batch < data.reader->plan().batch_count(); ++batch) {
      REQUIRE(data.reader->Read(0, batch, &rows).ok());
      REQUIRE(rows.features() == 12 * rows.rows());
      rows_read += rows.rows();
      for (const float label : rows.labels) late += label;
    }
    CHECK(rows_read == part.rows);
    CHECK(late == static_cast<double>(part.late));
  }
}

TEST_CASE("BatchReader: images, and the place of a bad one") {
  const TempFiles files;
  files.Write("t-labels-idx1", IdxHeaderOf({3}) + std::string("\0\1\2", 3));
  const std::string path =
      files.Write("t-images-idx3", IdxHeaderOf({3, 1, 2}) + std::string("\0\xFF\xFF\0\0\0", 6));
  const auto source = DataSource::Open({path}, {}).value();
  const DataDefinition definition = DefineData(*source, {}).value();
  RowBatch rows;
  const auto any = BatchReader::Create(source.get(), definition, {}).value();
  REQUIRE(any->ReadInFileOrder(0, &rows).ok());
  CHECK(rows.labels == std::vector<float>{0, 1, 2});
  CHECK(rows.keys == std::vector<Key>{1, 0});
  const auto two_classes =
      BatchReader::Create(source.get(), definition, {LabelKind::kBinary, false}).value();
  CHECK(MessageOf(two_classes->ReadInFileOrder(0, &rows)) ==
        path +
            ": image 3: label of two classes must be 0 or 1, or -1 or +1, not \"2\"; "
            "--max-bad-rows SHARE leaves such rows out");
}

}  // namespace
}  // namespace cairn
