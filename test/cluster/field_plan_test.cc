#include "cluster/field_plan.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/temp_directory.h"

namespace cairn {
namespace {

class Harness {
 public:
  explicit Harness(const std::string& text, ReadSpec read = {}) {
    std::ofstream(path_) << text;
    source_ = DataSource::Open({path_}, {}).value();
    definition = DefineData(*source_, {.format = {}, .read = std::move(read)}).value();
    options.model = "ffm";
  }

  absl::Status Plan() {
    return PlanFields(options, before, *source_, SampleData(*source_, definition).value(),
                      &definition, &notes);
  }
  std::string Error(absl::StatusCode code) {
    const absl::Status status = Plan();
    CHECK(status.code() == code);
    std::string text(MessageOf(status));
    const size_t path = text.find(path_);
    return path == text.npos ? text : text.replace(path, path_.size(), "FILE");
  }
  const ReadSpec& read() const { return definition.read; }

  TrainOptions options;
  DataDefinition before;
  DataDefinition definition;
  std::vector<std::string> notes;

 private:
  const TempDirectory directory_;
  const std::string path_ = directory_.PathOf("data");
  std::unique_ptr<DataSource> source_;
};

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnfit = absl::StatusCode::kFailedPrecondition;

TEST_CASE("Fields of libffm are as many as a sample has, or as is said", "[field_plan]") {
  Harness harness("1 0:1:1 4:2:1\n0 2:1:1\n");
  REQUIRE(harness.Plan().ok());
  CHECK(harness.read().fields == 5);
  CHECK(harness.notes.empty());
  harness.options.fields = 9;
  REQUIRE(harness.Plan().ok());
  CHECK(harness.read().fields == 9);
  harness.options.fields = 4;
  CHECK(harness.Error(kInvalid) == "--fields is 4, but FILE has a field 4: at least 5");
  CHECK(Harness("1\n0 \n1 0:1:x").Error(kUnfit) == "FILE: no row of a sample has features");
}

TEST_CASE("Crosses of libffm have fields, even if none is in the sample", "[field_plan]") {
  ReadSpec read;
  read.crosses = {{"0", "1"}, {"1", "2"}};
  Harness harness("1 0:1:1 2:2:1\n0 1:1:1\n", read);
  REQUIRE(harness.Plan().ok());
  CHECK(harness.read().fields == 5);
}

TEST_CASE("Fields of columns are the columns and the crosses", "[field_plan]") {
  ReadSpec read;
  read.crosses = {{"a", "b"}};
  Harness harness("y,a,b\n1,u,\n0,v,\n", read);
  REQUIRE(harness.Plan().ok());
  CHECK(harness.read().fields == 3);
  harness.options.fields = 3;  // As a report has it.
  CHECK(harness.Plan().ok());
  harness.options.fields = 4;
  CHECK(harness.Error(kInvalid) == "--fields is 4, but FILE has 3: leave it out, it is for libffm");
}

TEST_CASE("Fields of libsvm are found", "[field_plan]") {
  ReadSpec read;
  read.hash_bits = 8;
  Harness harness("1 1:1 4:1\n0 2:1 5:1\n1 3:1 4:1\n0 2:1 4:1\n1 1:1 5:1\n", read);
  REQUIRE(harness.Plan().ok());
  CHECK(harness.read().fields == 2);
  CHECK(harness.read().field_starts == std::vector<Key>{0, 4});
  CHECK(harness.read().hash_bits == 8);
  CHECK(harness.notes ==
        std::vector<std::string>{"2 fields were found: they begin at indices 0, 4"});
  CHECK(CheckDefinition(harness.definition).ok());
}

TEST_CASE("Notes of found fields are short", "[field_plan]") {
  std::string numbers = "1";
  for (int i = 0; i < 30; ++i) numbers += " " + std::to_string(i) + ":1";
  Harness many(numbers);
  REQUIRE(many.Plan().ok());
  CHECK(many.notes[0].starts_with("30 fields were found: they begin at indices 0, 1, 2,"));
  CHECK(many.notes[0].ends_with(", 18, 19, ..."));
  Harness one("1 5:1\n0 7:1\n");
  REQUIRE(one.Plan().ok());
  CHECK(one.notes[0] == "1 field was found: no two features come in a row together");
}

TEST_CASE("Data without fields is refused", "[field_plan]") {
  CHECK(Harness("1 1:1 2:1\n0 2:1 3:1\n1 3:1 4:1\n0 4:1 5:1\n1 5:1 6:1\n").Error(kUnfit) ==
        "FILE: --model ffm needs fields, and libsvm names none. Of the rows in a sample, "
        "neighbouring indices are no fields: there would be 6 of them, and no row has more than 2 "
        "features; write libffm (field:index:value) or csv instead");
}

TEST_CASE("Networks take features without fields for those of one", "[field_plan]") {
  Harness harness("1 1:1 2:1\n0 2:1 3:1\n1 3:1 4:1\n0 4:1 5:1\n1 5:1 6:1\n");
  harness.options.model = "deepfm";
  REQUIRE(harness.Plan().ok());
  CHECK(harness.read().fields == 0);
  CHECK(harness.notes ==
        std::vector<std::string>{"no fields were found in the indices: all features are of one"});
  harness.options.fields = 2;
  CHECK(harness.Error(kInvalid) == "--fields is 2, but FILE has 0: leave it out, it is for libffm");
}

TEST_CASE("A job that goes on from a model has its fields", "[field_plan]") {
  Harness ffm("1 0:1:1 4:2:1\n");
  ffm.options.init_dir = "DIR";
  ffm.before.format = DataFormat::kLibffm;
  ffm.before.read.fields = 7;
  REQUIRE(ffm.Plan().ok());
  CHECK(ffm.read().fields == 7);
  ffm.before.read.fields = 3;
  CHECK(ffm.Error(kUnfit) ==
        "the model in DIR has 3 fields, but FILE has a field 4: start without --init");
  Harness svm("1 1:1 4:1\n0 2:1 5:1\n");
  svm.before.format = DataFormat::kLibsvm;
  svm.before.read.fields = 3;
  svm.before.read.field_starts = {0, 2, 7};
  REQUIRE(svm.Plan().ok());
  CHECK(svm.read().field_starts == svm.before.read.field_starts);
  CHECK(svm.read().fields == 3);
  CHECK(svm.notes.empty());
}

TEST_CASE("Models without fields get none", "[field_plan]") {
  Harness harness("1 0:1:1 4:2:1\n");
  harness.options.model = "fm";
  harness.definition.read.fields = 9;
  REQUIRE(harness.Plan().ok());
  CHECK(harness.read() == ReadSpec{});
  CHECK(CheckFieldOptions(harness.options).ok());
  harness.options.fields = 9;
  CHECK(MessageOf(CheckFieldOptions(harness.options)) ==
        "--fields is for --model ffm, wide_deep or deepfm: fm has no use for them");
  harness.options.model = "ffm";
  CHECK(CheckFieldOptions(harness.options).ok());
  harness.options.fields = 65'537;
  CHECK(MessageOf(CheckFieldOptions(harness.options)) == "--fields is 65537: 1 to 65536");
}

}  // namespace
}  // namespace cairn
