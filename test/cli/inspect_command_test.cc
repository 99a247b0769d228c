#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cli/run_cairn.h"

namespace cairn {
namespace {

struct InspectFixture {
  TempDirectory directory;
  std::string data = directory.PathOf("data.libffm");
  std::string model = directory.PathOf("model");
  std::string text = directory.PathOf("model.txt");

  InspectFixture() {
    REQUIRE(Run({"data", "gen", "--rows", "400", "--features", "1000", "--output", data}).code ==
            0);
    REQUIRE(Run({"train", "--train", data, "--epochs", "1", "--partitions", "4", "--save", model})
                .code == 0);
  }
};

TEST_CASE_METHOD(InspectFixture, "inspect shows a model, by name or as the first argument",
                 "[inspect]") {
  const Ran ran = Run({"inspect", model, "--top", "2"});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with("model         lr\n"));
  CHECK(ran.out.find("\ntable weights, sparse\n") != ran.out.npos);
  CHECK(ran.out.find("\ntable bias, dense: 1 float in 1 block\n") != ran.out.npos);
  CHECK(Run({"inspect", "--top", "2", "--model-dir", model}).out == ran.out);
  const Ran json = Run({"inspect", model, "--json", "--table", "bias"});
  CHECK(json.out.starts_with("{\n  \"model\": \"lr\",\n"));
  CHECK(json.out.find("\"name\": \"weights\"") == json.out.npos);
}

TEST_CASE_METHOD(InspectFixture, "inspect --key shows a row, or says that there is none",
                 "[inspect]") {
  const Ran bias = Run({"inspect", model, "--table", "bias", "--key", "0"});
  CHECK(bias.code == 0);
  CHECK(bias.out.starts_with("table bias, key 0\n  partition   "));
  const Ran none = Run({"inspect", model, "--key", "18446744073709551615"});
  CHECK(none.code == 0);
  CHECK(none.out.starts_with("table weights has no row of key 18446744073709551615; it would be"));
  CHECK(Run({"inspect", model, "--table", "bias", "--key", "1"}).out ==
        "no table can have a row 1\n");
  CHECK(Run({"inspect", model, "--key", "7", "--json"}).out.starts_with("{\n  \"key\": 7,\n"));
  for (const char* none : {"-1", "18446744073709551616", "country=US"}) {
    const Ran wrong = Run({"inspect", model, "--key", none});
    CHECK(wrong.code == 2);
    CHECK(wrong.LastError() ==
          Concat("cairn inspect: --key: a feature of libffm is the number of its index, not \"",
                 none, "\""));
  }
}

TEST_CASE_METHOD(InspectFixture, "A model goes to text and back, compressed or not", "[inspect]") {
  REQUIRE(Run({"inspect", model, "--dump", text}).code == 0);
  REQUIRE(Run({"inspect", model, "--dump", text + ".zst"}).code == 0);
  CHECK(std::filesystem::file_size(text + ".zst") < std::filesystem::file_size(text));
  const std::string first = directory.PathOf("first"), second = directory.PathOf("second");
  const Ran loaded = Run({"inspect", "--load", text + ".zst", "--save", first});
  INFO(loaded.err);
  CHECK(loaded.code == 0);
  CHECK(loaded.out.starts_with("saved  " + first + "\ndone   "));
  CHECK(loaded.out.find(" in 4 partitions; model digest ") != loaded.out.npos);
  REQUIRE(Run({"inspect", "--load", text, "--save", second, "--partitions", "8"}).code == 0);
  REQUIRE(Run({"inspect", first, "--dump", text + "2"}).code == 0);
  CHECK(ReadFile(text + "2") == ReadFile(text));
}

TEST_CASE_METHOD(InspectFixture, "Options that contradict each other are usage errors",
                 "[inspect]") {
  const auto error = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "inspect");
    const Ran ran = Run(arguments);
    CHECK(ran.code == 2);
    CHECK(ran.out.empty());
    return ran.LastError();
  };
  CHECK(error({}) == "cairn inspect: which model? cairn inspect DIR");
  CHECK(error({model, "--load", text, "--save", "x"}) ==
        "cairn inspect: --load makes a new model: leave out DIR");
  CHECK(error({model, "--dump", text, "--key", "1"}) ==
        "cairn inspect: --dump does not go with --key");
  CHECK(error({model, "--save", "x"}) == "cairn inspect: --save needs --load FILE");
  CHECK(error({"--load", text}) == "cairn inspect: --load needs --save DIR");
  CHECK(error({"--load", "-", "--save", "x"}).find("needs the name of a file") !=
        std::string::npos);
  CHECK(error({model, "--table", "wieghts"}) ==
        "cairn inspect: the model has no table \"wieghts\"; it has: weights, bias");
  CHECK(error({model, model}).find("unexpected argument") != std::string::npos);
}

TEST_CASE_METHOD(InspectFixture, "No model, and a text that is none", "[inspect]") {
  CHECK(Run({"inspect", directory.PathOf("none")}).code == 3);
  const Ran ran = Run({"inspect", "--load", data, "--save", directory.PathOf("new")});
  CHECK(ran.code == 4);
  CHECK(ran.LastError() == "cairn inspect: " + data + ":1:1: this is not \"cairn model text 2\"");
  CHECK(Run({"inspect", "--load", text, "--save", directory.PathOf("new")}).code == 3);
}

}  // namespace
}  // namespace cairn
