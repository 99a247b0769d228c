#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cairn/inspect.h"
#include "cluster/sample_model.h"

namespace cairn {
namespace {

struct Fixture {
  Fixture() { Dump(model, text_path); }

  static void Dump(const std::string& dir, const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    REQUIRE(DumpModel(dir, [&](std::string_view piece) {
              file << piece;
              return absl::Status();
            }) == absl::OkStatus());
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Replaces the first `from` in the text.
  void Edit(const std::string& from, const std::string& to) {
    std::string text = Read(text_path);
    REQUIRE(text.find(from) != text.npos);
    text.replace(text.find(from), from.size(), to);
    std::ofstream(text_path, std::ios::binary) << text;
  }
  absl::StatusOr<LoadModelReport> Load(const std::string& name) {
    LoadModelOptions options;
    options.text_path = text_path;
    options.save_dir = temp.PathOf(name);
    options.partitions = partitions;
    options.memory_bytes = memory_bytes;
    return LoadModel(options);
  }
  std::string Error() {
    const absl::Status status = Load("loaded").status();
    CHECK(status.code() == absl::StatusCode::kDataLoss);
    const std::string dir = temp.PathOf("loaded");
    CHECK((!std::filesystem::exists(dir) || std::filesystem::is_empty(dir)));
    const std::string message(MessageOf(status));
    return message.starts_with(text_path) ? message.substr(text_path.size()) : message;
  }

  TempDirectory temp;
  std::string model = temp.PathOf("model");
  Manifest manifest = WriteSampleModel(model, 4);
  std::string text_path = temp.PathOf("model.txt");
  uint32_t partitions = 0;
  uint64_t memory_bytes = uint64_t{1} << 30;
};

TEST_CASE_METHOD(Fixture, "A model of its text has the same digest and the same text",
                 "[model_load]") {
  for (const uint64_t memory : {uint64_t{1} << 30, uint64_t{4'000}, uint64_t{1}}) {
    memory_bytes = memory;
    const std::string name = Concat("loaded", memory);
    const LoadModelReport report = Load(name).value();
    CHECK(report.digest == FormatDigest(manifest.digest_high, manifest.digest_low));
    CHECK(report.partitions == 4);
    CHECK(report.rows == kSampleKeys + kSampleKeys / 2);
    Dump(temp.PathOf(name), temp.PathOf("again.txt"));
    CHECK(Read(temp.PathOf("again.txt")) == Read(text_path));
  }
}

TEST_CASE_METHOD(Fixture, "The number of partitions can be another", "[model_load]") {
  for (const uint32_t count : {1, 2, 64}) {
    partitions = count;
    const std::string name = Concat("loaded", count);
    const LoadModelReport report = Load(name).value();
    CHECK(report.partitions == count);
    InspectOptions options;
    options.model_dir = temp.PathOf(name);
    const ModelReport inspected = Inspect(options).value();
    CHECK(inspected.digest == report.digest);
    CHECK(inspected.partitions == count);
    CHECK(inspected.job == "a job");
  }
}

TEST_CASE_METHOD(Fixture, "The order of the rows is of no matter, and repeats are found",
                 "[model_load]") {
  Edit("\ncounts 4 1 2\n", "\n");
  Edit("\nrows\n", "\nrows\ncounts 4 1 2\n");
  CHECK(Load("moved").value().digest == FormatDigest(manifest.digest_high, manifest.digest_low));
  Edit("\nEND 83", "\ncounts 4 1 2\nEND 84");
  const std::string error = Error();
  CHECK(error.find(":1: key 4 was on line 17 already") != error.npos);
}

TEST_CASE_METHOD(Fixture, "Rows that are not the digest's are refused, unless that line is gone",
                 "[model_load]") {
  Edit("\ncounts 4 1 2\n", "\ncounts 4 1 2.5\n");
  const std::string error = Error();
  CHECK(error.find("take that line out if the text was changed on purpose") != error.npos);
  Edit("\ndigest " + FormatDigest(manifest.digest_high, manifest.digest_low), "");
  REQUIRE(Load("changed").ok());
  InspectOptions options;
  options.model_dir = temp.PathOf("changed");
  options.table = "counts";
  CHECK(FindKey(options, 4).value()[0].rows[0].weights == std::vector<float>{2.5f});
}

TEST_CASE_METHOD(Fixture, "A bad line is named by number and column", "[model_load]") {
  Edit("\nrows\n", "\nrows\ncounts 4 x 2\n");
  CHECK(Error() == ":17:10: count: \"x\" is not a whole number of 0 or more");
}

TEST_CASE_METHOD(Fixture, "A text that is cut short, or lacks blocks, is no model",
                 "[model_load]") {
  Edit("\nEND 83\n", "\n");
  const std::string cut = Error();
  CHECK(cut.find("the last line, \"END ROWS\", is missing: the text is cut short") != cut.npos);
  std::string text = Read(text_path);
  const size_t block = text.find("\ndense 7 ");
  text.erase(block, text.find('\n', block + 1) - block);
  std::ofstream(text_path, std::ios::binary) << text << "END 82\n";
  CHECK(Error() == ": table \"dense\" has 7 blocks on its lines, and 8 by its size");
}

TEST_CASE_METHOD(Fixture, "Tables that this program cannot make are refused", "[model_load]") {
  Edit(" optimizer sum ", " optimizer momentum ");
  const std::string unknown = Error();
  CHECK(unknown.find("table \"counts\": ") != unknown.npos);
  CHECK(unknown.find("momentum") != unknown.npos);
  Edit(" optimizer momentum ", " optimizer adam ");
  CHECK(Error() ==
        ": table \"counts\": its parts do not have as much state as their optimizers keep");
}

TEST_CASE_METHOD(Fixture, "A model is not overwritten, and a missing text is not found",
                 "[model_load]") {
  LoadModelOptions options;
  options.text_path = text_path;
  options.save_dir = model;
  CHECK(LoadModel(options).status().code() == absl::StatusCode::kFailedPrecondition);
  options.save_dir = temp.PathOf("new");
  options.text_path = temp.PathOf("none");
  CHECK(LoadModel(options).status().code() == absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace cairn
