#include "train/chunks.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/status.h"
#include "idx_files.h"
#include "temp_files.h"

namespace cairn {
namespace {

using Catch::Matchers::Contains;

bool IsPermutation(const ChunkOrder& order, uint64_t count) {
  std::vector<bool> seen(count);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t chunk = order.Permute(i);
    if (chunk >= count || seen[chunk]) return false;
    seen[chunk] = true;
  }
  return true;
}

std::unique_ptr<DataSource> OpenAll(const std::vector<std::string>& paths) {
  return DataSource::Open(paths, {}).value();
}

DataDefinition Define(const DataSource& source, uint32_t chunks_per_batch) {
  DataDefinition definition;
  definition.files = source.files();
  definition.chunk_bytes = 64;
  definition.chunks_per_batch = chunks_per_batch;
  return definition;
}

DataDefinition Sizes(const std::vector<uint64_t>& sizes, uint32_t chunks_per_batch) {
  DataDefinition definition;
  for (const uint64_t bytes : sizes) definition.files.push_back({"f", bytes, 0});
  definition.chunk_bytes = 64;
  definition.chunks_per_batch = chunks_per_batch;
  return definition;
}

std::string LinesOf(const DataSource& source, const TextRange& range) {
  std::string buffer;
  const Lines lines = ReadLines(source, range, &buffer).value();
  // Whole lines at the place that is named.
  std::string again;
  CHECK(source.Read(range.file, lines.offset, lines.text.size(), &again).value() == lines.text);
  return std::string(lines.text);
}

TEST_CASE("ChunkOrder is a permutation, whatever the count") {
  for (uint64_t count = 0; count <= 5000; count += count < 700 ? 1 : 43) {
    CAPTURE(count);
    REQUIRE(IsPermutation(ChunkOrder(count, 7, count), count));
  }
  CHECK(IsPermutation(ChunkOrder(1'000'003, 1, 0), 1'000'003));
  CHECK(IsPermutation(ChunkOrder(1u << 20, 1, 0), 1u << 20));
  CHECK(IsPermutation(ChunkOrder((1u << 20) + 1, 1, 0), (1u << 20) + 1));
}

TEST_CASE("ChunkOrder stays in range and without repeats among very many chunks") {
  for (const uint64_t count : {(uint64_t{1} << 40) + 12'345, uint64_t{1} << 62, ~uint64_t{0}}) {
    const ChunkOrder order(count, 3, 9);
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < 2000; ++i) {
      seen.insert(order.Permute(i));
      seen.insert(order.Permute(count - 1 - i));
    }
    CHECK(seen.size() == 4000);
    CHECK(*seen.rbegin() < count);
    CHECK(*seen.rbegin() > count / 2);  // Spread out, not the first ones again.
    CHECK(*seen.begin() < count / 2);
  }
}

TEST_CASE("ChunkOrder: every chunk comes first about equally often over the epochs") {
  for (const uint64_t count : {2u, 3u, 5u, 16u, 17u}) {
    CAPTURE(count);
    std::map<uint64_t, int> first;
    const int epochs = 4000;
    for (int epoch = 0; epoch < epochs; ++epoch) {
      ++first[ChunkOrder(count, 1, static_cast<uint64_t>(epoch)).Permute(0)];
    }
    REQUIRE(first.size() == count);
    const double expected = epochs / static_cast<double>(count);
    for (const auto& [chunk, times] : first) {
      CHECK(std::abs(times - expected) < 5 * std::sqrt(expected));
    }
  }
}

TEST_CASE("ChunkOrder is fixed for all time") {
  const ChunkOrder order(1000, 1, 0);
  std::vector<uint64_t> first;
  for (uint64_t i = 0; i < 6; ++i) first.push_back(order.Permute(i));
  CHECK(first == std::vector<uint64_t>{296, 678, 594, 59, 504, 237});
  CHECK(ChunkOrder(1000, 1, 1).Permute(0) != first[0]);
  CHECK(ChunkOrder(1000, 2, 0).Permute(0) != first[0]);
}

TEST_CASE("BatchPlan numbers the chunks through all files") {
  const BatchPlan plan(Sizes({64, 65, 1, 200}, 3));
  CHECK(plan.chunk_count() == 1 + 2 + 1 + 4);
  CHECK(plan.batch_count() == 3);
  CHECK(plan.Chunk(0) == TextRange{0, 0, 64});
  CHECK(plan.Chunk(1) == TextRange{1, 0, 64});
  CHECK(plan.Chunk(2) == TextRange{1, 64, 65});
  CHECK(plan.Chunk(3) == TextRange{2, 0, 1});
  CHECK(plan.Chunk(7) == TextRange{3, 192, 200});
  CHECK(plan.BatchInFileOrder(0) == std::vector<TextRange>{{0, 0, 64}, {1, 0, 65}});
  CHECK(plan.BatchInFileOrder(1) == std::vector<TextRange>{{2, 0, 1}, {3, 0, 128}});
  CHECK(plan.BatchInFileOrder(2) == std::vector<TextRange>{{3, 128, 200}});
}

TEST_CASE("BatchPlan: every epoch visits every byte once, in another order") {
  const DataDefinition definition = Sizes({1000, 64, 777}, 4);
  const BatchPlan plan(definition);
  CHECK(BatchCount(definition) == plan.batch_count());
  CHECK(ChunkCount(definition) == plan.chunk_count());
  std::set<std::vector<uint64_t>> orders;
  for (uint64_t epoch = 0; epoch < 5; ++epoch) {
    std::map<std::pair<uint32_t, uint64_t>, uint64_t> ends;
    std::vector<uint64_t> order;
    for (uint64_t batch = 0; batch < plan.batch_count(); ++batch) {
      uint64_t chunks = 0;
      for (const TextRange& range : plan.Batch(epoch, batch)) {
        REQUIRE(ends.emplace(std::pair(range.file, range.begin), range.end).second);
        order.push_back(range.file * 1000 + range.begin);
        chunks += (range.end - range.begin + 63) / 64;
      }
      CHECK(chunks == (batch + 1 < plan.batch_count() ? 4 : plan.chunk_count() % 4));
    }
    uint64_t bytes = 0;
    for (const auto& [begin, end] : ends) bytes += end - begin.second;
    CHECK(bytes == 1000 + 64 + 777);
    orders.insert(order);
  }
  CHECK(orders.size() == 5);
}

TEST_CASE("BatchPlan: what is learnt and what is held out are all chunks, each in one of them") {
  const uint64_t chunks = GENERATE(1, 9, 10, 11, 57, 1000);
  const uint32_t of = GENERATE(2u, 5u, 10u);
  DataDefinition definition = Sizes({64 * chunks}, 3);
  definition.held_out_of = of;
  std::map<uint64_t, int> seen;
  std::set<uint64_t> places_in_group;
  uint64_t batch_chunks = 0;
  for (const DataPart part : {DataPart::kLearnt, DataPart::kHeldOut}) {
    definition.part = part;
    REQUIRE(CheckDefinition(definition).ok());
    const BatchPlan plan(definition);
    const uint64_t held_out = chunks / of;
    CHECK(plan.chunk_count() == (part == DataPart::kHeldOut ? held_out : chunks - held_out));
    CHECK(plan.chunk_count() == ChunkCount(definition));
    for (uint64_t i = 0; i < plan.chunk_count(); ++i) {
      const uint64_t chunk = plan.Chunk(i).begin / 64;
      ++seen[chunk];
      if (part == DataPart::kHeldOut) {
        CHECK(chunk / of == i);  // From all over the files.
        places_in_group.insert(chunk % of);
      }
    }
    for (uint64_t b = 0; b < plan.batch_count(); ++b) batch_chunks += plan.Chunks(1, b).size();
  }
  CHECK(seen.size() == chunks);
  CHECK(batch_chunks == chunks);
  if (chunks == 1000) CHECK(places_in_group.size() == of);  // Not always the same one.
}

TEST_CASE("BatchPlan: order kFile is the same every epoch") {
  DataDefinition definition = Sizes({1000}, 2);
  definition.order = DataOrder::kFile;
  const BatchPlan plan(definition);
  CHECK(plan.Batch(0, 1) == std::vector<TextRange>{{0, 128, 256}});
  CHECK(plan.Chunks(0, 1) == std::vector<uint64_t>{2, 3});
  CHECK(plan.Batch(9, 1) == plan.Batch(0, 1));
}

// Lines of many lengths, some empty, some longer than several chunks.
std::string RandomLines(SeededRandom* random, bool last_newline) {
  std::string text;
  const uint64_t lines = 1 + random->Below(60);
  for (uint64_t i = 0; i < lines; ++i) {
    const uint64_t bytes = random->Chance(0.1) ? random->Below(400) : random->Below(70);
    text += std::string(bytes, static_cast<char>('a' + i % 26));
    if (random->Chance(0.2)) text += '\r';
    text += '\n';
  }
  if (!last_newline) text += "end";
  return text;
}

TEST_CASE("ReadLines: the chunks' lines put together are the text, each line in one chunk") {
  SeededRandom random(11);
  for (int round = 0; round < 60; ++round) {
    const TempFiles files;
    const std::string text = RandomLines(&random, round % 2 == 0);
    const std::string content = round % 4 < 2 ? text : Zstd(text);
    const auto source = OpenAll({files.Write("file", content)});
    const BatchPlan plan(Define(*source, 3));
    std::string from_chunks;
    for (uint64_t chunk = 0; chunk < plan.chunk_count(); ++chunk) {
      const TextRange range = plan.Chunk(chunk);
      // The line that the chunk begins with is the first one to begin in it.
      CHECK((from_chunks.size() >= range.begin || from_chunks.size() == text.size()));
      const std::string lines = LinesOf(*source, range);
      if (!lines.empty()) CHECK(from_chunks.size() < range.end);
      from_chunks += lines;
    }
    CHECK(from_chunks == text);
    std::string from_batches;
    for (uint64_t batch = 0; batch < plan.batch_count(); ++batch) {
      for (const TextRange& range : plan.BatchInFileOrder(batch)) {
        from_batches += LinesOf(*source, range);
      }
    }
    CHECK(from_batches == text);
  }
}

TEST_CASE("ReadLines: a line belongs to the chunk of its first byte") {
  const TempFiles files;
  const std::string first(63, 'a');
  const std::string second(64, 'b');
  const auto source = OpenAll({files.Write("file", first + "\n" + second + "\nc")});
  CHECK(LinesOf(*source, {0, 0, 64}) == first + "\n");
  CHECK(LinesOf(*source, {0, 64, 128}) == second + "\n");
  CHECK(LinesOf(*source, {0, 128, 130}) == "c");
}

TEST_CASE("ReadLines refuses a line without end, with its place") {
  const TempFiles files;
  const std::string good = "1\n2\n";
  const auto source =
      OpenAll({files.Write("ok", good + std::string(kLineBytesMax, 'x')),
               files.Write("binary", good + std::string(2 * kLineBytesMax, 'x') + "\n")});
  CHECK(LinesOf(*source, {0, 0, 64}).size() == good.size() + kLineBytesMax);
  std::string buffer;
  const absl::Status status = ReadLines(*source, {1, 0, 64}, &buffer).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK_THAT(std::string(MessageOf(status)), Contains("binary:3: a line of more than 16.0 MiB"));
  // Inside of it no line begins: nothing to complain about, and nothing to read on for.
  CHECK(ReadLines(*source, {1, 640, 704}, &buffer).value().text.empty());
}

TEST_CASE("CheckDefinition finds every field that is out of range") {
  const DataDefinition good = Sizes({100}, 1);
  CHECK(CheckDefinition(good).ok());
  const auto refused = [&](auto change, std::string_view what) {
    DataDefinition bad = good;
    change(bad);
    const absl::Status status = CheckDefinition(bad);
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK_THAT(std::string(MessageOf(status)), Contains(std::string(what)));
  };
  refused([](DataDefinition& d) { d.files.clear(); }, "no files");
  refused([](DataDefinition& d) { d.files[0].bytes = 0; }, "no bytes");
  refused([](DataDefinition& d) { d.files[0].bytes = ~uint64_t{0}; }, "too many bytes");
  refused([](DataDefinition& d) { d.files.resize(5, {"f", uint64_t{1} << 62, 0}); }, "too many");
  refused([](DataDefinition& d) { d.format = static_cast<DataFormat>(9); }, "format");
  refused([](DataDefinition& d) { d.order = static_cast<DataOrder>(9); }, "order");
  for (const uint32_t bytes : {0u, 32u, 96u, 131'072u}) {
    refused([=](DataDefinition& d) { d.chunk_bytes = bytes; }, "chunk_bytes");
  }
  refused([](DataDefinition& d) { d.chunks_per_batch = 0; }, "chunks_per_batch");
  refused([](DataDefinition& d) { d.chunks_per_batch = (1u << 24) + 1; }, "chunks_per_batch");
}

TEST_CASE("CheckSameData compares texts, not paths") {
  const TempFiles files;
  const auto source = OpenAll({files.Write("a", "12\n"), files.Write("b", "3456\n")});
  const auto moved = OpenAll({files.Write("a.zst", Zstd("12\n")), files.Write("c", "3456\n")});
  const auto swapped = OpenAll({files.Path("b"), files.Path("a")});
  const auto edited = OpenAll({files.Path("a"), files.Write("d", "3457\n")});
  const auto fewer = OpenAll({files.Path("a")});
  const DataDefinition definition = Define(*source, 1);
  CHECK(CheckSameData(definition, *moved).ok());
  for (const auto* other : {&swapped, &edited, &fewer}) {
    CHECK(CheckSameData(definition, **other).code() == absl::StatusCode::kFailedPrecondition);
  }
  CHECK(MessageOf(CheckSameData(definition, *edited)) ==
        files.Path("d") + ": not the data that the job was defined over as " + files.Path("b") +
            ": 5 bytes of text are expected, and there are as many, but other ones; bring the old "
            "file back, or start a new job");
  files.Write("a", "12345\n");
  const auto grown = OpenAll({files.Path("a"), files.Path("b")});
  CHECK(MessageOf(CheckSameData(definition, *grown)) ==
        files.Path("a") +
            ": not the data that the job was defined over: 3 bytes of text are expected, and there "
            "are 6; bring the old file back, or start a new job");
}

TEST_CASE("CheckFormat tells images and text apart, and sizes of images") {
  const TempFiles files;
  files.Write("a-labels-idx1", IdxHeaderOf({1}) + "0");
  files.Write("b-labels-idx1", IdxHeaderOf({1}) + "0");
  const std::string text = files.Write("text", "1 2:3\n");
  const std::string small = files.Write("a-images-idx3", IdxHeaderOf({1, 1, 1}) + "x");
  const std::string large = files.Write("b-images-idx3", IdxHeaderOf({1, 2, 1}) + "xx");
  const auto error = [](const std::vector<std::string>& paths, DataFormat format) {
    return std::string(MessageOf(CheckFormat(*OpenAll(paths), format)));
  };
  CHECK(error({text}, DataFormat::kLibsvm).empty());
  CHECK(error({small, small}, DataFormat::kIdx).empty());
  CHECK(error({text, small}, DataFormat::kLibsvm) == small + ": holds idx images, not libsvm");
  CHECK(error({small, text}, DataFormat::kIdx) == text + ": holds no idx images");
  CHECK(error({small, large}, DataFormat::kIdx) ==
        large + ": images of 2 bytes, those of " + small + " have 1");
}

TEST_CASE("ReadLines: images that begin in a range") {
  const TempFiles files;
  files.Write("t-labels-idx1", IdxHeaderOf({3}) + "123");
  const auto source = OpenAll({files.Write("t-images-idx3", IdxHeaderOf({3, 1, 2}) + "aabbcc")});
  std::string buffer;
  const auto rows = [&](uint64_t begin, uint64_t end) {
    const Lines lines = ReadLines(*source, {0, begin, end}, &buffer).value();
    CHECK(lines.row_bytes == 3);
    CHECK(lines.offset % 3 == 0);
    return std::string(lines.text);
  };
  CHECK(rows(0, 1) == "1aa");
  CHECK(rows(0, 9) == "1aa2bb3cc");
  CHECK(rows(1, 3).empty());
  CHECK(rows(1, 4) == "2bb");
  CHECK(rows(3, 7) == "2bb3cc");
  CHECK(rows(7, 9).empty());
}

TEST_CASE("Describe is one line") {
  DataDefinition definition = Sizes({100'000, 2'000'000}, 16);
  definition.chunk_bytes = 4096;
  CHECK(Describe(definition) ==
        "2 files, 2.0 MiB of libffm, 514 chunks of 4.0 KiB in 33 batches of 16, "
        "shuffled with seed 1");
  definition.files.pop_back();
  definition.format = DataFormat::kLibsvm;
  definition.order = DataOrder::kFile;
  CHECK(Describe(definition) ==
        "1 file, 97.7 KiB of libsvm, 25 chunks of 4.0 KiB in 2 batches of 16, in file order");
}

}  // namespace
}  // namespace cairn
