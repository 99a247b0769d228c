#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "cli/run_cairn.h"

namespace cairn {
namespace {

// A file of settings for as long as it lives.
class SettingsFile {
 public:
  explicit SettingsFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              ("cairn-config-" + std::to_string(::getpid()) + ".toml")) {
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~SettingsFile() { std::filesystem::remove(path_); }
  SettingsFile(const SettingsFile&) = delete;
  SettingsFile& operator=(const SettingsFile&) = delete;

  std::string path() const { return path_.string(); }

 private:
  const std::filesystem::path path_;
};

TEST_CASE("config check counts the settings of a good file", "[config]") {
  const SettingsFile file("[learning]\nlr = 0.5\nbatch = 64\n");
  const Ran ran = Run({"config", "check", file.path()});
  CHECK(ran.code == 0);
  CHECK(ran.out == file.path() + ": 2 settings for train, nothing wrong\n");
}

TEST_CASE("config check says where a file is wrong", "[config]") {
  const SettingsFile typo("[learning]\noptimzer = \"sgd\"\n");
  const Ran ran = Run({"config", "check", typo.path()});
  CHECK(ran.code == 2);
  CHECK(ran.err == "cairn config check: " + typo.path() +
                       ":2:1: unknown key \"optimzer\" in [learning]; did you mean "
                       "\"optimizer\"?\n");
  CHECK(Run({"config", "check", "/nowhere/job.toml"}).code == 2);
  CHECK(Run({"config", "check"}).err == "cairn config check: FILE.toml is missing\n");
}

TEST_CASE("config check finds settings that contradict one another", "[config]") {
  const SettingsFile file("[cluster]\nstreams = 4\n");
  const Ran ran = Run({"config", "check", file.path()});
  CHECK(ran.code == 2);
  CHECK(ran.LastError().find(":2:1: streams needs --consistency bsp") != std::string::npos);
}

TEST_CASE("config check knows the files of every command and program", "[config]") {
  const SettingsFile file("[work]\nexecutors = 2\n");
  CHECK(Run({"config", "check", file.path()}).code == 2);
  CHECK(Run({"config", "check", file.path(), "--for", "ps_server"}).out ==
        file.path() + ": 1 setting for ps_server, nothing wrong\n");
  const SettingsFile rows("[data]\nrows = 2\n");
  CHECK(Run({"config", "check", "--for", "data gen", rows.path()}).code == 0);
}

TEST_CASE("config show prints a file that sets the same again", "[config]") {
  const std::vector<std::string> options = {"--train",    "a b", "--lr",    "0.25",
                                            "--patience", "3",   "--valid", "v"};
  std::vector<std::string> show = {"config", "show"};
  show.insert(show.end(), options.begin(), options.end());
  const Ran first = Run(show);
  CHECK(first.code == 0);
  CHECK(first.out.find("train = [\"a b\"]\n") != std::string::npos);
  CHECK(first.out.find("# batch is not set\n") != std::string::npos);
  CHECK(first.out.find("# seed = 1\n") != std::string::npos);
  const SettingsFile file(first.out);
  CHECK(Run({"config", "show", "--config", file.path()}).out == first.out);
}

TEST_CASE("config show tells where each value comes from", "[config]") {
  const SettingsFile file("[learning]\nbatch = 64\n");
  const Ran ran = Run({"config", "show", "--config", file.path(), "--epochs", "2", "--origin"},
                      {"CAIRN_TRAIN_LR=0.5"});
  CHECK(ran.code == 0);
  const auto origin_of = [&](const std::string& setting) {
    const size_t begin = ran.out.find("\n" + setting + " ");
    REQUIRE(begin != ran.out.npos);
    const std::string line = ran.out.substr(begin + 1, ran.out.find('\n', begin + 1) - begin - 1);
    return line.substr(line.rfind("# ") + 2);
  };
  CHECK(origin_of("batch = 64") == file.path() + ":2:1");
  CHECK(origin_of("lr = 0.5") == "CAIRN_TRAIN_LR");
  CHECK(origin_of("epochs = 2") == "--epochs");
  CHECK(origin_of("# seed = 1") == "default");
}

TEST_CASE("config show ends with what the settings contradict", "[config]") {
  const Ran ran = Run({"config", "show", "--streams", "4"});
  CHECK(ran.code == 2);
  CHECK(ran.out.find("streams = 4\n") != std::string::npos);
  CHECK(ran.LastError().starts_with("cairn config show: --streams needs"));
}

}  // namespace
}  // namespace cairn
