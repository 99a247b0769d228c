#include "train/program.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "wire/limits.h"

namespace cairn {
namespace {

// No field has its default, so that one that is forgotten shows.
TrainProgram Sample() {
  TrainProgram program;
  program.model = {"fm", "ftrl", 0.1f, 0.25f, 1e-7f, 0.123456789f, "sequential", {}};
  program.model.retention = {.admit_count = 3,
                             .admit_probability = 0.3f,
                             .sketch_bytes = 1u << 20,
                             .expire_steps = uint64_t{1} << 36,
                             .expire_below = 0.7f,
                             .bytes_max = uint64_t{1} << 42};
  program.model.dim = 13;
  program.model.vector_optimizer = "adam";
  program.model.vector_learning_rate = 0.7f;
  program.model.vector_l2 = 1e9f;
  program.model.init_scale = 0.03f;
  program.model.fields = 2;
  program.model.loss = "softmax";
  program.model.classes = 11;
  program.model.label_mean = 0.2f;
  program.model.label_scale = 0.6f;
  program.model.hidden = "3,2";
  program.model.inputs = 784;
  program.model.first_scale = 0.05f;
  program.model.first_rate = 0.15f;
  program.model.gemm = "fused";
  program.model.model_options = " of its own";
  program.schedule = {.epochs = 7,
                      .batches_per_epoch = 1'000'000'007,
                      .batches_max = 99,
                      .fixed_streams = 12,
                      .warmup_share = 0.1f,
                      .decay = true};
  program.train = {{{"/data/part 1.txt", 1 << 20, ~uint64_t{0}}, {"relative.zst", 12, 3}},
                   DataFormat::kLibsvm,
                   2048,
                   9,
                   77,
                   DataOrder::kFile};
  program.valid = {{{"/data/valid", 4096, 5}}, DataFormat::kLibffm, 1024, 3, 8,
                   DataOrder::kShuffled};
  program.valid.part = DataPart::kHeldOut;
  program.valid.held_out_of = 7;
  program.train.read.fields = program.valid.read.fields = 2;
  program.train.read.field_starts = {0, 77};
  program.bad_rows_share = 1.0 / 3;
  program.steps_at_once = 3;
  program.device = "cuda";
  return program;
}

std::string Encoded() { return EncodeProgram(Sample()).value(); }

// The text with its first `from` made `to`.
std::string With(const std::string& from, const std::string& to) {
  std::string text = Encoded();
  const size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string ErrorOf(const std::string& text) {
  const auto program = DecodeProgram(text);
  REQUIRE(!program.ok());
  CHECK(program.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(program.status()));
}

TEST_CASE("A program comes back as it was, to the last bit of every number") {
  const auto program = DecodeProgram(Encoded());
  REQUIRE(program.ok());
  CHECK(*program == Sample());
}

TEST_CASE("A program without validation data has none afterwards") {
  TrainProgram program = Sample();
  program.valid = {};
  CHECK(DecodeProgram(EncodeProgram(program).value()).value() == program);
}

TEST_CASE("How data is read comes back, for training and validation") {
  TrainProgram program = Sample();
  program.train.format = program.valid.format = DataFormat::kCsv;
  ReadSpec& read = program.train.read;
  read.columns = {"y", "a b", "c,d", " "};
  read.header = true;
  read.delimiter = '\t';
  read.label = ParseLabelRule("y>15").value();
  read.weight = "c,d";
  read.numeric = {"a b"};
  read.derived = {{"hour", DeriveFunction::kHour, "a b", 1}, {"x", DeriveFunction::kDiv, "a b", 3}};
  read.crosses = {{"hour", "x"}};
  read.hash_bits = 22;
  read.field_starts.clear();
  read.fields = program.model.fields = 5;
  program.valid.read = read;
  const std::string same = EncodeProgram(program).value();
  CHECK(DecodeProgram(same).value() == program);
  CHECK(same.find("valid_read as-train\n") != std::string::npos);
  program.valid.read.file_columns = {"y", " ", "c,d", "a b", "more"};
  CHECK(DecodeProgram(EncodeProgram(program).value()).value() == program);
  program.train.read.columns[1] = "a\nb";
  CHECK(MessageOf(EncodeProgram(program).status()) == "a line break in \"a?b\"");
}

TEST_CASE("How data is read is checked when it comes from outside") {
  CHECK_THAT(ErrorOf(Encoded() + "train_read colour red\n"),
             Catch::Matchers::Contains("no entry \"colour\" in how data is read"));
  CHECK_THAT(ErrorOf(Encoded() + "train_read derive x=sin(y)\n"),
             Catch::Matchers::Contains("no function \"sin\""));
  CHECK(ErrorOf(Encoded() + "valid_read fields 3\n") ==
        "data is read with 3 fields for a model of 2");
  const auto unfit = DecodeProgram(Encoded() + "train_read numeric a\n");
  CHECK(MessageOf(unfit.status()) ==
        "--numeric is for data with columns (csv, criteo), not for libsvm");
}

TEST_CASE("Paths may hold spaces, but no line breaks") {
  CHECK(DecodeProgram(Encoded()).value().train.files[0].path == "/data/part 1.txt");
  TrainProgram program = Sample();
  program.valid.files[0].path = "a\nb";
  CHECK(EncodeProgram(program).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("More files than a job can name are refused, with what to do") {
  TrainProgram program = Sample();
  program.train.files.assign(limits::kProgramBytesMax / 20, {"/a/path/of/some/length", 1, 1});
  const absl::Status status = EncodeProgram(program).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(status).find("fewer and larger") != std::string_view::npos);
}

TEST_CASE("What is no program is refused by its line") {
  CHECK(ErrorOf("") == "a training program without data");
  CHECK(ErrorOf("cairn program 2\n") == "not a training program of version 1");
  CHECK(ErrorOf(With("optimizer ftrl", "optimiser ftrl")) ==
        "program, line 3: unknown entry \"optimiser\"");
  CHECK(ErrorOf(With("epochs 7", "epochs seven")).find("program, line 15: ") == 0);
  CHECK(ErrorOf(With("decay 1", "decay 2")).find("decay is 2, at most 1") != std::string::npos);
  CHECK(ErrorOf(With("fixed_streams 12", "fixed_streams 4294967296")).find("at most 4294967295") !=
        std::string::npos);
  CHECK(ErrorOf(With("train 12 3 relative.zst", "train 12 3")).find("without a path") !=
        std::string::npos);
}

TEST_CASE("Definitions that no reader could follow are refused") {
  CHECK(ErrorOf(With("train_chunk_bytes 2048", "train_chunk_bytes 2047")).find("chunk_bytes") !=
        std::string::npos);
  CHECK(ErrorOf(With("valid_chunks_per_batch 3", "valid_chunks_per_batch 0"))
            .find("chunks_per_batch") != std::string::npos);
}

}  // namespace
}  // namespace cairn
