#include "train/step_device.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "kernels/device_backends.h"
#include "train/model.h"

namespace cairn {
namespace {

using Values = std::vector<std::vector<float>>;

constexpr size_t kRows = 300;

// Rows over 50 features, with numbers and weights; labels fit `loss`. Of fields 0 .. 2.
RowBatch Rows(const std::string& loss) {
  RowBatch rows;
  for (uint64_t row = 0; row < kRows; ++row) {
    for (uint64_t i = 0; i < 4; ++i) {
      rows.AddFeature(HashWords(row, i) % 50,
                      static_cast<float>(UnitInterval(HashWords(row, i, 1)) - 0.5));
      rows.fields.push_back(static_cast<uint16_t>(i % 3));
    }
    const uint64_t random = HashWords(row, 9);
    const float label = loss == kSquaredLoss ? static_cast<float>(random % 100) / 7
                                             : static_cast<float>(random % 3 == 0);
    rows.AddRow(label, static_cast<float>(1 + row % 2));
  }
  return rows;
}

// A model with a batch, and what was pulled for it.
struct Prepared {
  explicit Prepared(const ModelSettings& settings)
      : model(MakeModel(settings).value()),
        cutter(4),
        batch(model->Prepare(Rows(settings.loss), &cutter)) {
    uint64_t count = 0;
    for (const auto& cut : *batch->pull()) {
      std::vector<float>& table = values.emplace_back(cut->unique() * cut->width);
      for (float& value : table) {
        value = static_cast<float>(UnitInterval(HashWords(9, ++count)) - 0.5);
      }
    }
  }
  StepResult Compute() const { return model->Compute(*batch, values, 3, 0.5f); }
  absl::StatusOr<StepResult> ComputeOn(StepDevice* device) const {
    return model->ComputeOn(*batch, values, 3, 0.5f, device);
  }

  const std::unique_ptr<Model> model;
  KeyCutter cutter;
  const std::unique_ptr<PreparedBatch> batch;
  Values values;
};

ModelSettings SettingsOf(const std::string& model, const std::string& loss = kLogisticLoss,
                         uint32_t inputs = 0) {
  ModelSettings settings;
  settings.model = model;
  settings.loss = loss;
  settings.dim = 3;
  settings.fields = 3;
  settings.hidden = "12,7";
  settings.inputs = inputs;
  settings.classes = loss == kSoftmaxLoss ? 4 : 0;
  settings.label_mean = loss == kSquaredLoss ? 5.0f : 0;
  settings.label_scale = loss == kSquaredLoss ? 3.0f : 1;
  settings.first_scale = 0.1f;
  return settings;
}

// All that can be computed on a device.
std::vector<ModelSettings> AllSettings() {
  std::vector<ModelSettings> all;
  for (const char* loss : {kLogisticLoss, kSquaredLoss}) {
    all.push_back(SettingsOf("lr", loss));
    all.push_back(SettingsOf("fm", loss));
  }
  for (const char* loss : {kLogisticLoss, kSquaredLoss, kSoftmaxLoss}) {
    for (const uint32_t inputs : {0, 50}) all.push_back(SettingsOf("mlp", loss, inputs));
  }
  return all;
}

struct Notes {
  std::vector<std::string> all;
  StepDevice::Note note = [this](const std::string& text) { all.push_back(text); };
};

std::unique_ptr<StepDevice> Device(const std::string& device, uint64_t bytes,
                                   const StepDevice::Note& note,
                                   Slicing slicing = Slicing::kAllowed) {
  const DeviceWish wish = {device, bytes};
  BackendOptions options;
  options.memory_bytes_max = bytes;
  return std::make_unique<StepDevice>(MakeBackend(device, options).value(), slicing, wish, note);
}

double Distance(const StepResult& a, const StepResult& b) {
  double squares = 0, norm = 0;
  REQUIRE(a.push->tables.size() == b.push->tables.size());
  for (size_t table = 0; table < a.push->tables.size(); ++table) {
    const std::vector<float>& x = a.push->tables[table].values;
    const std::vector<float>& y = b.push->tables[table].values;
    REQUIRE(x.size() == y.size());
    CHECK(a.push->tables[table].cut == b.push->tables[table].cut);
    for (size_t i = 0; i < x.size(); ++i) {
      squares += (double{x[i]} - y[i]) * (double{x[i]} - y[i]);
      norm += double{y[i]} * y[i];
    }
  }
  return std::sqrt(squares / norm);
}

void CheckTheRest(const StepResult& result, const StepResult& exact) {
  CHECK(result.rows == exact.rows);
  CHECK(result.extra_weight == exact.extra_weight);
  CHECK(result.push->epoch == exact.push->epoch);
  CHECK(result.push->rate_factor == exact.push->rate_factor);
  CHECK(result.push->rows == exact.push->rows);
  CHECK(result.push->bare == exact.push->bare);
}

TEST_CASE("A step that fits is the model's own to the last bit, on the CPU", "[step_device]") {
  for (const ModelSettings& settings : AllSettings()) {
    CAPTURE(settings.model, settings.loss, settings.inputs);
    const Prepared prepared(settings);
    Notes notes;
    const auto device = Device("cpu", 1 << 20, notes.note, Slicing::kForbidden);
    const StepResult exact = prepared.Compute();
    const StepResult result = prepared.ComputeOn(device.get()).value();
    CHECK(result.loss_sum == exact.loss_sum);
    CHECK(Distance(result, exact) == 0);
    CheckTheRest(result, exact);
    CHECK(notes.all.empty());
  }
}

TEST_CASE("A step that is cut pushes the same within rounding, and the same bits again",
          "[step_device]") {
  for (const ModelSettings& settings : AllSettings()) {
    CAPTURE(settings.model, settings.loss, settings.inputs);
    const Prepared prepared(settings);
    const StepResult exact = prepared.Compute();
    Notes notes;
    const auto device = Device("cpu", 2'048, notes.note);
    const StepResult result = prepared.ComputeOn(device.get()).value();
    CHECK(result.loss_sum == Approx(exact.loss_sum).epsilon(1e-9));
    CHECK(Distance(result, exact) <= 1e-6);
    CheckTheRest(result, exact);
    CHECK(Distance(prepared.ComputeOn(device.get()).value(), result) == 0);
    const bool fits = settings.model == "lr";  // 300 margins.
    REQUIRE(notes.all.size() == (fits ? 0 : 1));
    if (fits) continue;
    CHECK_THAT(notes.all[0], Catch::StartsWith("device cpu: steps are cut in ") &&
                                 Catch::Contains(" slices; whole, one would take ") &&
                                 Catch::EndsWith(", and --device-memory is 2.0 KiB"));
  }
}

TEST_CASE("A step on whichever device there is gives the same within rounding", "[step_device]") {
  if (!ResolveDevice("cuda").ok()) {
    WARN("skipped, nothing was run on a GPU: " << ResolveDevice("cuda").status());
    return;
  }
  for (const ModelSettings& settings : AllSettings()) {
    CAPTURE(settings.model, settings.loss, settings.inputs);
    const Prepared prepared(settings);
    const StepResult exact = prepared.Compute();
    Notes notes;
    for (const uint64_t bytes : {0, 1 << 16}) {
      const auto device = Device("cuda", bytes, notes.note);
      const StepResult result = prepared.ComputeOn(device.get()).value();
      CHECK(result.loss_sum == Approx(exact.loss_sum).epsilon(1e-6));
      CHECK(Distance(result, exact) <= 1e-5);
      CHECK(Distance(prepared.ComputeOn(device.get()).value(), result) == 0);
    }
  }
}

TEST_CASE("No rows push nothing, and what is not finite is not pushed", "[step_device]") {
  Notes notes;
  const auto device = Device("cpu", 0, notes.note);
  for (const ModelSettings& settings : AllSettings()) {
    CAPTURE(settings.model, settings.loss, settings.inputs);
    Prepared prepared(settings);
    const auto empty = prepared.model->Prepare({}, &prepared.cutter);
    const StepResult nothing =
        prepared.model->ComputeOn(*empty, prepared.values, 0, 1, device.get()).value();
    CHECK(nothing.rows == 0);
    CHECK(nothing.push->tables.empty());
    prepared.values[1].assign(prepared.values[1].size(), NAN);  // A bias.
    CHECK(prepared.ComputeOn(device.get()).value().push->bare);
  }
}

TEST_CASE("Memory that is too little is told of, with what to do", "[step_device]") {
  const Prepared prepared(SettingsOf("fm"));
  Notes notes;
  const auto tiny = Device("cpu", 100, notes.note);
  const absl::Status one_row = prepared.ComputeOn(tiny.get()).status();
  CHECK(one_row.code() == absl::StatusCode::kResourceExhausted);
  CHECK(MessageOf(one_row) ==
        "cpu: a step of 1 row takes 512 B, and may take 100 B; that is the least: take smaller "
        "layers, or allow more --device-memory");
  const auto small = Device("cpu", 2'048, notes.note, Slicing::kForbidden);
  const absl::Status whole = prepared.ComputeOn(small.get()).status();
  CHECK(whole.code() == absl::StatusCode::kResourceExhausted);
  CHECK_THAT(std::string(MessageOf(whole)),
             Catch::StartsWith("cpu: a step of 300 rows takes ") &&
                 Catch::EndsWith("; with bsp steps are computed whole, since slices change last "
                                 "bits: take fewer --batch rows, or allow more --device-memory"));
  CHECK(notes.all.empty());
}

TEST_CASE("The models that are said to have steps on a device have them", "[step_device]") {
  Notes notes;
  const auto device = Device("cpu", 0, notes.note);
  for (const char* model : {"lr", "fm", "ffm", "mlp", "wide_deep", "deepfm", "count"}) {
    CAPTURE(model);
    const Prepared prepared(SettingsOf(model));
    const absl::Status status = prepared.ComputeOn(device.get()).status();
    CHECK(status.ok() == HasDeviceSteps(model, kGradientUpdate));
    if (!status.ok()) CHECK(status.code() == absl::StatusCode::kUnimplemented);
  }
  ModelSettings settings = SettingsOf("lr");
  settings.update = kSequentialUpdate;
  const Prepared sequential(settings);
  CHECK(sequential.ComputeOn(device.get()).status().code() == absl::StatusCode::kUnimplemented);
  CHECK_FALSE(HasDeviceSteps("lr", kSequentialUpdate));
}

TrainProgram ProgramOf(const std::string& model, const std::string& device) {
  TrainProgram program;
  program.model = SettingsOf(model);
  program.device = device;
  return program;
}

std::string WhyNot(const DeviceWish& wish, const TrainProgram& program) {
  const absl::Status status = ChooseDevice(wish, program).status();
  CHECK(status.code() == absl::StatusCode::kUnimplemented);
  return std::string(MessageOf(status));
}

TEST_CASE("Without a wish the CPU computes, but for networks where there is a GPU",
          "[step_device]") {
  const bool has_gpu = ResolveDevice("cuda").ok();
  for (const char* model : {"lr", "fm", "ffm", "count"}) {
    CHECK(ChooseDevice({}, ProgramOf(model, kAnyDevice)).value() == "cpu");
  }
  CHECK(ChooseDevice({}, ProgramOf("mlp", kAnyDevice)).value() == (has_gpu ? "cuda:0" : "cpu"));
  CHECK(ChooseDevice({}, ProgramOf("mlp", kCpuDevice)).value() == "cpu");
  CHECK(ChooseDevice({"cpu"}, ProgramOf("mlp", kAnyDevice)).value() == "cpu");
  if (has_gpu) {
    CHECK(ChooseDevice({}, ProgramOf("lr", kCudaDevice)).value() == "cuda:0");
    CHECK(ChooseDevice({"cuda"}, ProgramOf("lr", kAnyDevice)).value() == "cuda:0");
  } else {
    CHECK_THAT(WhyNot({}, ProgramOf("lr", kCudaDevice)),
               Catch::StartsWith("this job is computed on GPUs, and this worker has none: cuda: "));
  }
}

TEST_CASE("A worker that was told otherwise than its job says why it leaves", "[step_device]") {
  CHECK(WhyNot({"cuda:1"}, ProgramOf("lr", kCpuDevice)) ==
        "this job is computed on CPUs, and this worker was started with --device cuda:1: start it "
        "without, or the training with --device cuda");
  CHECK(WhyNot({"cpu"}, ProgramOf("lr", kCudaDevice)) ==
        "this job is computed on GPUs, and this worker was started with --device cpu: start it "
        "without, or the training with --device cpu");
  CHECK(WhyNot({"cuda"}, ProgramOf("ffm", kAnyDevice)) ==
        "this worker was started with --device cuda, which lr, fm and mlp know, and the job's "
        "model is ffm: start workers without it");
  CHECK_THAT(WhyNot({"auto", 1'000}, ProgramOf("count", kAnyDevice)),
             Catch::StartsWith("this worker was started with --device-memory, which "));
  TrainProgram sequential = ProgramOf("lr", kAnyDevice);
  sequential.model.update = kSequentialUpdate;
  CHECK_THAT(WhyNot({"cuda"}, sequential), Catch::Contains("lr with --update sequential"));
}

TEST_CASE("There is a device for a step only where something was asked for", "[step_device]") {
  Notes notes;
  const TrainProgram program = ProgramOf("lr", kAnyDevice);
  CHECK(MakeStepDevice({}, program, Slicing::kAllowed, notes.note).value() == nullptr);
  CHECK(MakeStepDevice({"cpu"}, program, Slicing::kAllowed, notes.note).value() == nullptr);
  const auto limited =
      MakeStepDevice({"auto", 1'000}, program, Slicing::kAllowed, notes.note).value();
  REQUIRE(limited != nullptr);
  CHECK(limited->name() == "cpu");
  TrainProgram pinned = ProgramOf("mlp", kAnyDevice);
  pinned.model.gemm = "exact";
  CHECK(MakeStepDevice({"cpu", 1'000}, pinned, Slicing::kAllowed, notes.note).status().code() ==
        absl::StatusCode::kUnimplemented);
}

TEST_CASE("A device is checked in the words of the command line", "[step_device]") {
  CHECK(CheckDevice("auto").ok());
  CHECK(CheckDevice("cpu").ok());
  CHECK(CheckDevice("gpu").code() == absl::StatusCode::kInvalidArgument);
  const absl::Status far = CheckDevice("cuda:255");  // Nobody has so many.
  CHECK(far.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(far)), Catch::StartsWith("--device cuda:255: ") &&
                                              Catch::EndsWith("; --device cpu does without"));
}

}  // namespace
}  // namespace cairn
