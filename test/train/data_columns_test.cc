#include "train/data_columns.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "temp_files.h"

namespace cairn {
namespace {

using Strings = std::vector<std::string>;

class Data {
 public:
  explicit Data(const Strings& texts) {
    Strings paths;
    for (const std::string& text : texts) {
      paths.push_back(files_.Write("f" + std::to_string(paths.size()), text));
    }
    source_ = DataSource::Open(paths, {}).value();
  }

  absl::StatusOr<ReadSpec> Resolve(ReadSpec spec, DataFormat format = DataFormat::kCsv,
                                   LabelNeed need = LabelNeed::kRequired) const {
    const absl::Status status = ResolveColumns(*source_, format, need, &spec);
    if (!status.ok()) return status;
    return spec;
  }
  std::string ErrorOf(const ReadSpec& spec, DataFormat format = DataFormat::kCsv) const {
    const auto resolved = Resolve(spec, format);
    REQUIRE_FALSE(resolved.ok());
    return std::string(MessageOf(resolved.status()));
  }
  const std::string& path(size_t file) const { return source_->files()[file].path; }

 private:
  TempFiles files_;
  std::unique_ptr<DataSource> source_;
};

TEST_CASE("Columns and label come from the header", "[data_columns]") {
  const Data data(
      {"\xEF\xBB\xBF"
       "click, a,\"b,c\"\r\n1,2,3\n",
       "click,a,\"b,c\"\n"});
  const ReadSpec spec = data.Resolve({}).value();
  CHECK(spec.header);
  CHECK(spec.columns == Strings{"click", "a", "b,c"});
  CHECK(spec.file_columns.empty());
  CHECK(spec.label.column == "click");
}

TEST_CASE("Files of one list have one header", "[data_columns]") {
  const Data other({"y,a,b\n1,2,3\n", "y,b,a\n1,2,3\n"});
  CHECK(other.ErrorOf({}) == other.path(1) + ":1: the header is not the one of " + other.path(0) +
                                 ": column 2 is \"b\", there \"a\"");
  const Data shorter({"y,a,b\n1,2,3\n", "y,a\n1,2\n"});
  CHECK(shorter.ErrorOf({}) == shorter.path(1) + ":1: the header is not the one of " +
                                   shorter.path(0) + ": column 3 is not there, there \"b\"");
  const Data broken({"y,\"a\n1,2\n"});
  CHECK(broken.ErrorOf({}) ==
        broken.path(0) +
            ":1: column 3: a quoted cell must end on its line, here it does not: \"\"a\"");
}

TEST_CASE("Named columns mean that there is no header", "[data_columns]") {
  const Data data({"1,2,3\n"});
  ReadSpec named;
  named.columns = {"a", "y", "b"};
  const ReadSpec spec = data.Resolve(named).value();
  CHECK_FALSE(spec.header);
  CHECK(spec.file_columns.empty());
  CHECK(spec.label.column == "y");
}

TEST_CASE("Data for a model may have its columns in another order", "[data_columns]") {
  ReadSpec model;
  model.columns = {"y", "a", "b"};
  model.header = true;
  model.label.column = "y";
  model.file_columns = {"of", "another", "file"};
  const Data same({"y,a,b\n1,2,3\n"});
  CHECK(same.Resolve(model).value().file_columns.empty());
  const Data turned({"b,more,y,a\n1,2,3,4\n"});
  CHECK(turned.Resolve(model).value().file_columns == Strings{"b", "more", "y", "a"});
  const Data unlabelled({"b,a\n1,2\n"});
  CHECK(unlabelled.Resolve(model, DataFormat::kCsv, LabelNeed::kOptional).ok());
  CHECK(unlabelled.ErrorOf(model) == unlabelled.path(0) +
                                         ": the data has no column \"y\", which is the label; the "
                                         "columns are: b, a");
  const Data missing({"y,a\n1,2\n"});
  CHECK(missing.ErrorOf(model) == missing.path(0) +
                                      ": the data has no column \"b\", which is needed for the "
                                      "features; the columns are: y, a");
}

TEST_CASE("Data without a header may lack the label's column only", "[data_columns]") {
  ReadSpec model;
  model.columns = {"a", "y", "b"};
  model.label.column = "y";
  const auto optional = LabelNeed::kOptional;
  CHECK(Data({"1,2,3\n"}).Resolve(model, DataFormat::kCsv, optional).value().file_columns.empty());
  CHECK(Data({"1,2\n"}).Resolve(model, DataFormat::kCsv, optional).value().file_columns ==
        Strings{"a", "b"});
  CHECK(Data({"1\n"}).Resolve(model, DataFormat::kCsv, optional).value().file_columns.empty());
  CHECK(Data({"1,2\n"}).Resolve(model).value().file_columns.empty());
}

TEST_CASE("Criteo's rows may lack the label", "[data_columns]") {
  const std::string row(38, '\t');
  const Data data({row + "\n"});
  const ReadSpec spec = data.Resolve({}, DataFormat::kCriteo, LabelNeed::kOptional).value();
  REQUIRE(spec.file_columns.size() == 39);
  CHECK(spec.file_columns[0] == "i1");
  const Data labelled({"1\t" + row + "\n"});
  CHECK(labelled.Resolve({}, DataFormat::kCriteo, LabelNeed::kOptional).value() == ReadSpec{});
}

TEST_CASE("Crosses of libffm get fields behind those of the data", "[data_columns]") {
  const Data data({"1 0:1:1 7:2:1\n0 3:1:1\n"});
  ReadSpec spec;
  CHECK(data.Resolve(spec, DataFormat::kLibffm).value().cross_field == 0);
  spec.crosses = {{"0", "3"}};
  CHECK(data.Resolve(spec, DataFormat::kLibffm).value().cross_field == 8);
  spec.cross_field = 20;  // The model's.
  CHECK(data.Resolve(spec, DataFormat::kLibffm).value().cross_field == 20);
}

TEST_CASE("What does not fit the format is refused", "[data_columns]") {
  ReadSpec spec;
  spec.numeric = {"a"};
  CHECK(Data({"1 2:3\n"}).ErrorOf(spec, DataFormat::kLibsvm) ==
        "--numeric is for data with columns (csv, criteo), not for libsvm");
}

}  // namespace
}  // namespace cairn
