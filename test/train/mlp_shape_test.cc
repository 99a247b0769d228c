#include "train/mlp_shape.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "train/idx_files.h"
#include "train/temp_files.h"

namespace cairn {
namespace {

ModelSettings Settings() {
  ModelSettings settings;
  settings.model = "mlp";
  settings.hidden = "8,4";
  return settings;
}

std::string ErrorOf(const ModelSettings& settings) {
  const absl::Status status = CheckLayers(settings);
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(MessageOf(status));
}

TEST_CASE("Hidden layers: units by commas") {
  CHECK(ParseHidden("7").value() == std::vector<size_t>{7});
  CHECK(ParseHidden("128, 64,1").value() == std::vector<size_t>{128, 64, 1});
  CHECK(ParseHidden("65536").ok());
  CHECK(MessageOf(ParseHidden("65537").status()) == "a layer of 65,537 units; at most 65,536");
  CHECK(MessageOf(ParseHidden("8,0").status()) == "a layer of 0 units; a layer has at least 1");
  CHECK(MessageOf(ParseHidden("-8").status()) == "\"-8\" is no whole number");
  CHECK(MessageOf(ParseHidden("8,,4").status()) == "\"\" is no whole number");
  CHECK_FALSE(ParseHidden("").ok());
  std::string many = "1";
  for (int i = 1; i < 65; ++i) many += ",1";
  CHECK(MessageOf(ParseHidden(many).status()) == "65 layers; at most 64");
}

TEST_CASE("Networks: which models have layers, and what goes into them") {
  CHECK(HasLayers("mlp"));
  CHECK(HasLayers("wide_deep"));
  CHECK(HasLayers("deepfm"));
  CHECK_FALSE(HasLayers("fm"));
  ModelSettings settings = Settings();
  settings.dim = 4;
  CHECK(InputsOf(settings) == 0);
  settings.inputs = 784;
  CHECK(InputsOf(settings) == 784);
  settings.model = "deepfm";
  CHECK(FieldsOf(settings) == 1);
  CHECK(InputsOf(settings) == 4);
  settings.fields = 39;
  CHECK(InputsOf(settings) == 39 * 4);
}

TEST_CASE("Networks: what contradicts itself is refused") {
  CHECK(CheckLayers(Settings()) == absl::OkStatus());
  ModelSettings settings = Settings();
  settings.hidden = "0";
  CHECK(ErrorOf(settings) == "--hidden 0: a layer of 0 units; a layer has at least 1");
  settings = Settings();
  settings.loss = "hinge";
  CHECK(ErrorOf(settings) == "unknown loss \"hinge\"; known: logistic, softmax, squared");
  settings.loss = "softmax";
  CHECK(ErrorOf(settings) == "0 classes: 2 .. 1000");
  settings.classes = 3;
  CHECK(CheckLayers(settings) == absl::OkStatus());
  CHECK(ResultsOf(settings) == 3);
  settings.model = "deepfm";
  CHECK(ErrorOf(settings) == "the model deepfm has one result: no --loss softmax");
  settings.model = "mlp";
  settings.update = "sequential";
  CHECK(ErrorOf(settings) == "the model mlp has no --update sequential");
}

TEST_CASE("Networks: too many weights are counted, not allocated") {
  ModelSettings settings = Settings();
  settings.hidden = "65536,65536";
  CHECK_THAT(ErrorOf(settings), Catch::Contains("--hidden 65536,65536: 4,295,098,369 weights"));
  settings.hidden = "65536";
  settings.inputs = 10'000;
  CHECK_THAT(ErrorOf(settings), Catch::Contains("at most 134,217,728 are possible"));
  settings.inputs = 0;  // A sparse first layer has a row for each feature that comes.
  CHECK(CheckLayers(settings) == absl::OkStatus());
}

TEST_CASE("Networks: dense inputs are images of one size") {
  const TempFiles files;
  const std::string path = files.Write("a-images-idx3-ubyte", IdxHeaderOf({2, 1, 3}) + "abcdef");
  files.Write("a-labels-idx1-ubyte", IdxHeaderOf({2}) + std::string("\x00\x01", 2));
  const auto images = DataSource::Open({path}, {}).value();
  const std::string text_path = files.Write("text", "1 1:1\n");
  const auto text = DataSource::Open({text_path}, {}).value();
  ModelSettings settings = Settings();
  CHECK(CheckInputs(settings, *text) == absl::OkStatus());
  settings.inputs = 3;
  CHECK(CheckInputs(settings, *images) == absl::OkStatus());
  CHECK(MessageOf(CheckInputs(settings, *text)) ==
        text_path + ": the model takes images of 3 pixels, and this file has none");
  settings.inputs = 4;
  CHECK(MessageOf(CheckInputs(settings, *images)) ==
        path + ": the model takes images of 4 pixels, and this file has 3");
}

TEST_CASE("Networks: the arithmetic that a job is pinned to") {
  ModelSettings settings = Settings();
  CHECK(GemmKernelOf(settings).value() == GemmKernel::Available().front());
  settings.gemm = "plain";
  CHECK(GemmKernelOf(settings).value()->math() == GemmMath::kPlain);
  settings.gemm = "fused";
  CHECK(GemmKernelOf(settings).ok() == (GemmKernel::Find(GemmMath::kFused) != nullptr));
  settings.gemm = "exact";
  const absl::Status missing = GemmKernelOf(settings).status();
  CHECK(missing.code() == absl::StatusCode::kUnimplemented);
  CHECK_THAT(std::string(MessageOf(missing)), Catch::Contains("pinned to exact arithmetic"));
}

}  // namespace
}  // namespace cairn
