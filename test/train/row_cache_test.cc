#include "train/row_cache.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "base/status.h"
#include "temp_files.h"
#include "train/batch_reader.h"
#include "train/data_sample.h"

namespace cairn {
namespace {

// Rows of libffm, one in `bad_every` of which cannot be parsed.
std::string Rows(uint64_t count, uint64_t bad_every = ~uint64_t{0}) {
  std::string text;
  for (uint64_t i = 1; i <= count; ++i) {
    text += Concat(i % 2, " 0:", i % 50, ":1 1:", 1'000'000 + i, i % 7 == 0 ? ":0.5\n" : ":1\n");
    if (i % bad_every == 0) text += "1 0:bad\n";
  }
  return text;
}

class Fixture {
 public:
  Fixture() { Write(Rows(3000)); }
  void Write(const std::string& text) {
    paths_ = {files.Write("data", text), files.Write("more", Rows(100))};
    Open();
  }
  void Open() {
    source = DataSource::Open(paths_, {}).value();
    definition = DefineData(*source, {.format = {}, .batch_rows = 200}).value();
  }
  std::unique_ptr<RowCache> Make(const std::string& where, uint64_t bytes_max = 1 << 24) const {
    return RowCache::Make({where, bytes_max}, definition, LabelKind::kBinary).value();
  }
  std::unique_ptr<BatchReader> Reader(RowCache* cache) const {
    return BatchReader::Create(source.get(), definition, {LabelKind::kBinary, true, cache}).value();
  }
  // Whether all batches of these epochs are those of the text.
  void CheckBatches(RowCache* cache, uint64_t first_epoch, uint64_t epochs) const {
    const auto cached = Reader(cache), plain = Reader(nullptr);
    RowBatch rows, expected;
    for (uint64_t epoch = first_epoch; epoch < first_epoch + epochs; ++epoch) {
      for (uint64_t batch = 0; batch < BatchCount(definition); ++batch) {
        REQUIRE(cached->Read(epoch, batch, &rows).ok());
        REQUIRE(plain->Read(epoch, batch, &expected).ok());
        REQUIRE(rows == expected);
        REQUIRE(cached->ReadInFileOrder(batch, &rows).ok());
        REQUIRE(plain->ReadInFileOrder(batch, &expected).ok());
        REQUIRE(rows == expected);
      }
    }
    REQUIRE(cached->first_bad_row().has_value() == plain->first_bad_row().has_value());
    if (plain->first_bad_row()) {
      CHECK(cached->first_bad_row()->offset == plain->first_bad_row()->offset);
    }
  }
  // The one cache of the "data" in the directory.
  std::string CachePath() const {
    std::string path;
    for (const auto& entry : std::filesystem::directory_iterator(files.directory())) {
      if (!entry.path().string().ends_with(".rows")) continue;
      CHECK(path.empty());
      path = entry.path().string();
    }
    return path;
  }

  TempFiles files;
  std::unique_ptr<DataSource> source;
  DataDefinition definition;

 private:
  std::vector<std::string> paths_;
};

TEST_CASE_METHOD(Fixture, "Batches are the same with a cache and without", "[row_cache]") {
  definition.order = GENERATE(DataOrder::kShuffled, DataOrder::kFile);
  const auto cache =
      Make(GENERATE(as<std::string>(), "memory", "directory") == "memory" ? "memory"
                                                                          : files.directory());
  CheckBatches(cache.get(), 0, 3);
  CHECK(cache->chunks_known() == ChunkCount(definition));
}

TEST_CASE_METHOD(Fixture, "What is in the cache is not read from the text", "[row_cache]") {
  const auto cache = Make(GENERATE(true, false) ? "memory" : files.directory());
  CheckBatches(cache.get(), 0, 1);
  std::ofstream(files.Path("data"), std::ios::app) << "more\n";
  RowBatch rows;
  CHECK(absl::IsFailedPrecondition(Reader(nullptr)->Read(1, 0, &rows)));
  CHECK(Reader(cache.get())->Read(1, 0, &rows).ok());
}

TEST_CASE_METHOD(Fixture, "Rows that do not fit into memory are read from the text",
                 "[row_cache]") {
  const uint64_t index_bytes = ChunkCount(definition) * sizeof(RowCacheEntry);
  const auto cache = Make("memory", index_bytes + 8192);
  CheckBatches(cache.get(), 0, 2);
  CHECK(cache->chunks_known() > 0);
  CHECK(cache->chunks_known() < ChunkCount(definition));
  CHECK(Make("memory", index_bytes) == nullptr);
}

TEST_CASE_METHOD(Fixture, "Chunks with bad rows are parsed every time", "[row_cache]") {
  Write(Rows(3000, 500));
  {
    const auto cache = Make(files.directory());
    CheckBatches(cache.get(), 0, 2);
    CHECK(cache->chunks_known() == ChunkCount(definition));
  }
  CheckBatches(Make(files.directory()).get(), 0, 1);  // By another job, too.
}

TEST_CASE_METHOD(Fixture, "A file serves later jobs, as long as the data is the same",
                 "[row_cache]") {
  CheckBatches(Make(files.directory()).get(), 0, 1);
  const std::string path = CachePath();
  REQUIRE(!path.empty());
  CHECK(Make(files.directory())->chunks_known() == ChunkCount(definition));
  DataDefinition other = definition;
  other.seed = 99;  // Another order of the same rows.
  other.chunks_per_batch = 1;
  const auto same = RowCache::Make({files.directory()}, other, LabelKind::kBinary).value();
  CHECK(same->chunks_known() == ChunkCount(definition));
  other.read.hash_bits = 8;  // Other rows of the same text: a file of its own.
  CHECK(RowCache::Make({files.directory()}, other, LabelKind::kBinary).value()->chunks_known() ==
        0);
  // Bytes as many as before, of the same first and last pieces, perhaps: the time tells.
  std::filesystem::last_write_time(
      files.Path("data"),
      std::filesystem::last_write_time(files.Path("data")) + std::chrono::hours(1));
  Open();
  const auto renewed = Make(files.directory());
  CHECK(renewed->chunks_known() == 0);
  CheckBatches(renewed.get(), 0, 1);
  CHECK(CachePath() == path);
  CHECK(Make(files.directory())->chunks_known() == ChunkCount(definition));
}

TEST_CASE_METHOD(Fixture, "A damaged file is made anew and never used", "[row_cache]") {
  CheckBatches(Make(files.directory()).get(), 0, 1);
  const std::string path = CachePath();
  const auto size = std::filesystem::file_size(path);
  {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(size / 2));  // Rows, or else the index.
    file.write("damaged", 7);
  }
  const auto cache = Make(files.directory());
  CheckBatches(cache.get(), 0, 1);
  CheckBatches(cache.get(), 1, 1);
  CHECK(cache->chunks_known() == ChunkCount(definition));
  CHECK(Make(files.directory())->chunks_known() == ChunkCount(definition));
  std::filesystem::resize_file(path, size / 2);
  CheckBatches(Make(files.directory()).get(), 0, 1);
  CHECK(std::filesystem::file_size(path) == size);
}

TEST_CASE_METHOD(Fixture, "Threads fill and use a cache together", "[row_cache]") {
  const auto cache = Make(GENERATE(true, false) ? "memory" : files.directory());
  const uint64_t batches = BatchCount(definition);
  std::vector<RowBatch> expected(batches), read(batches);
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        const auto reader = Reader(cache.get());
        for (uint64_t batch = t; batch < batches; batch += 3) {
          reader->Read(epoch, batch, &read[batch]).IgnoreError();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    const auto plain = Reader(nullptr);
    for (uint64_t batch = 0; batch < batches; ++batch) {
      REQUIRE(plain->Read(epoch, batch, &expected[batch]).ok());
    }
    CHECK(read == expected);
  }
}

TEST_CASE_METHOD(Fixture, "A place that is no directory is refused, none is none", "[row_cache]") {
  CHECK(Make("none") == nullptr);
  const absl::Status status =
      RowCache::Make({files.Path("nowhere")}, definition, LabelKind::kBinary).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(status) ==
        "--cache \"" + files.Path("nowhere") + "\": none, memory, or a directory that is there");
}

TEST_CASE_METHOD(Fixture, "A job's caches: none in memory for a single epoch", "[row_cache]") {
  TrainProgram program;
  program.train = definition;
  program.schedule.epochs = 1;
  CHECK(RowCaches::Make({"memory"}, program).value()->train == nullptr);
  CHECK(RowCaches::Make({files.directory()}, program).value()->train != nullptr);
  program.schedule.epochs = 2;
  CHECK(RowCaches::Make({"memory"}, program).value()->train != nullptr);
  CHECK(RowCaches::Make({"memory"}, program).value()->valid == nullptr);
  program.valid = definition;
  CHECK(RowCaches::Make({"memory"}, program).value()->valid != nullptr);
}

}  // namespace
}  // namespace cairn
