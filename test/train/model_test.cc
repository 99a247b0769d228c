#include "train/model.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"

namespace cairn {
namespace {

TEST_CASE("Models: made by name") {
  ModelSettings settings;
  CHECK(MakeModel(settings).value()->tables().size() == 2);
  settings.model = "count";
  CHECK(MakeModel(settings).value()->tables().size() == 1);
  settings.model = "fn";
  const absl::Status unknown = MakeModel(settings).status();
  CHECK(unknown.code() == absl::StatusCode::kInvalidArgument);
  CHECK(MessageOf(unknown) ==
        "unknown model \"fn\"; known: lr, fm, ffm, mlp, wide_deep, deepfm, count");
}

class Nothing final : public CustomModel {
 public:
  Labels labels() const override { return Labels::kNumbers; }
  std::vector<TableSpec> Tables() const override { return {{.name = "nothing"}}; }
  double Learn(const ModelBatch&, std::span<const ModelTable>) const override { return 0; }
  void Score(const ModelBatch&, std::span<const ModelTable>, std::span<float>) const override {}
};

TEST_CASE("Models: a program brings its own, under names that are not taken") {
  const CustomModels own = {
      {"nothing", [](const ModelSpec&) { return std::make_unique<Nothing>(); }},
      {"lr", [](const ModelSpec&) { return std::make_unique<Nothing>(); }},
      {"bad", [](const ModelSpec&) -> absl::StatusOr<std::unique_ptr<CustomModel>> {
         return InvalidArgument("options is not a number");
       }}};
  ModelSettings settings;
  settings.model = "nothing";
  CHECK(MakeModel(settings, own).value()->tables()[0].name == "nothing");
  CHECK(IsKnown("nothing", own));
  CHECK_FALSE(IsKnown("nothing", {}));
  CHECK(IsKnown("mlp", {}));
  const auto error = [&](const std::string& model) {
    settings.model = model;
    return std::string(MessageOf(MakeModel(settings, own).status()));
  };
  CHECK(error("lr") == "the model lr is Cairn's already: give yours another name");
  CHECK(error("bad") == "model bad: options is not a number");
  CHECK(error("nothin") ==
        "unknown model \"nothin\"; known: lr, fm, ffm, mlp, wide_deep, deepfm, count, bad, lr, "
        "nothing");
}

TEST_CASE("Models: the table of features has the retention of the settings, the bias none") {
  ModelSettings settings;
  settings.retention = {.admit_count = 2, .expire_steps = 5, .bytes_max = 1 << 20};
  const auto tables = MakeModel(settings).value()->tables();
  CHECK(tables[0].retention == settings.retention);
  CHECK(tables[1].retention == RetentionSpec{});
  settings.model = "count";
  CHECK_THAT(std::string(MessageOf(MakeModel(settings).status())),
             Catch::Contains("a row for every feature"));
}

}  // namespace
}  // namespace cairn
