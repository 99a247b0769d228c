#include "base/option_sources.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "base/memory_file_system.h"
#include "base/status.h"

namespace cairn {
namespace {

using Kind = OptionSpec::Kind;
using OriginKind = OptionOrigin::Kind;
using Texts = std::vector<std::string>;

const std::vector<OptionSpec>& Table() {
  static const auto* const kTable = new std::vector<OptionSpec>{
      ConfigOption(),
      {.name = "train",
       .kind = Kind::kTexts,
       .metavar = "PATH",
       .section = "Data",
       .required = true},
      {.name = "epochs", .kind = Kind::kCount, .section = "Stop", .fallback = "1"},
  };
  return *kTable;
}

struct Places {
  Texts arguments;
  Texts environment;
  std::string file = "[data]\ntrain = \"file\"\n[stop]\nepochs = 2\n";
};

absl::StatusOr<OptionValues> Read(const Places& places) {
  MemoryFileSystem files;
  const std::span<const char> text(places.file);
  REQUIRE(files.WriteFileAtomically("job.toml", std::as_bytes(text)).ok());
  return ReadOptions({Table(), "CAIRN_TRAIN_"}, {places.arguments, places.environment, &files});
}

TEST_CASE("The command line goes before the environment, that before the file", "[options]") {
  const Texts flags = {"--config", "job.toml", "--epochs", "4"};
  const Texts environment = {"CAIRN_TRAIN_EPOCHS=3"};
  const auto all = Read({flags, environment});
  REQUIRE(all.ok());
  CHECK(all->Count("epochs") == 4);
  CHECK(all->Origin("epochs").kind == OriginKind::kFlag);
  CHECK(all->Texts("train") == Texts{"file"});
  CHECK(all->Origin("train").where == "job.toml:2:1");
  const auto two = Read({{"--config", "job.toml"}, environment});
  REQUIRE(two.ok());
  CHECK(two->Count("epochs") == 3);
  const auto one = Read({{"--config=job.toml"}, {}});
  REQUIRE(one.ok());
  CHECK(one->Count("epochs") == 2);
  const auto none = Read({{"--train", "x"}, {}});
  REQUIRE(none.ok());
  CHECK(none->Count("epochs") == 1);
}

TEST_CASE("A list replaces the list of a place that it goes before", "[options]") {
  const auto values = Read({{"--config", "job.toml", "--train", "a", "b"}, {}});
  REQUIRE(values.ok());
  CHECK(values->Texts("train") == Texts{"a", "b"});
}

TEST_CASE("The environment may name the file, the file may not", "[options]") {
  const auto values = Read({{}, {"CAIRN_TRAIN_CONFIG=job.toml"}});
  REQUIRE(values.ok());
  CHECK(values->Count("epochs") == 2);
  CHECK(values->Origin("config").where == "CAIRN_TRAIN_CONFIG");
}

TEST_CASE("Each place's errors are its own, whoever goes before whom", "[options]") {
  const auto error = [](const Places& places) {
    const absl::Status status = Read(places).status();
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    return std::string(MessageOf(status));
  };
  const Texts flags = {"--config", "job.toml", "--epochs", "4"};
  CHECK(error({flags, {"CAIRN_TRAIN_EPOCHS=x"}}).starts_with("CAIRN_TRAIN_EPOCHS \"x\""));
  CHECK(error({flags, {}, "[stop]\nepochs = -1\n"}).starts_with("job.toml:2:10: epochs \"-1\""));
  CHECK(error({{"--config", "none.toml"}, {}}).find("none.toml") != std::string::npos);
  CHECK(error({{}, {}}) == "--train PATH is missing");
}

TEST_CASE("Of this process's environment only our own names are looked at", "[options]") {
  ::setenv("CAIRN_SOURCES_TEST", "1", 1);
  const Texts variables = ProcessEnvironment();
  ::unsetenv("CAIRN_SOURCES_TEST");
  CHECK(std::count(variables.begin(), variables.end(), "CAIRN_SOURCES_TEST=1") == 1);
  CHECK(std::all_of(variables.begin(), variables.end(),
                    [](const std::string& text) { return text.starts_with("CAIRN_"); }));
}

}  // namespace
}  // namespace cairn
