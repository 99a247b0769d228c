// Runs of processes that cannot go on, with shell scripts in the place of the role programs. What
// the real ones do: test/process/cluster_test.py.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/status.h"
#include "base/temp_directory.h"
#include "cluster/cluster_run.h"
#include "cluster/linear_data.h"

namespace cairn {
namespace {

constexpr auto kLong = std::chrono::milliseconds(20'000);

// A coordinator that listens nowhere, and a worker that never does anything.
struct Folder {
  TempDirectory directory, programs, logs;
  TrainOptions options;

  Folder() {
    options.train = {WriteLinearData(directory, "train", 100, 1)};
    options.cluster = "local";
    options.program_dir = programs.path();
    options.log_dir = logs.path();
    Write("ps_coordinator",
          "while [ \"$1\" != --ready-file ]; do shift; done\n"
          "echo tcp://127.0.0.1:1 > \"$2.tmp\" && mv \"$2.tmp\" \"$2\"\n"
          "while :; do sleep 1; done\n");
    Write("ps_worker", "while :; do sleep 1; done\n");
  }
  void Write(const std::string& name, const std::string& script) const {
    const std::string path = programs.PathOf(name);
    std::ofstream(path) << "#!/bin/sh\n" << script;
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
  }
  std::unique_ptr<ClusterRun> Start() const {
    auto run = StartLocalRun(options, MakeTrainPlan(options).value());
    REQUIRE(run.status() == absl::OkStatus());
    return *std::move(run);
  }
};

TEST_CASE("a server that is killed ends the run with its words", "[local_run]") {
  const Folder folder;
  folder.Write("ps_server", "echo last words; kill -KILL $$\n");
  const auto run = folder.Start();
  CHECK(run->log_dir() == folder.logs.path());
  const absl::Status status = run->WaitFor(kLong).status();
  CHECK(ExitCode(status) == 1);
  CHECK_THAT(std::string(MessageOf(status)),
             Catch::StartsWith("server 1 was killed by SIGKILL (signal 9)\n") &&
                 Catch::Contains("| last words\n"));
  CHECK(std::filesystem::exists(folder.logs.PathOf("failure.json")));
}

TEST_CASE("after an interrupt nobody's death is a cause", "[local_run]") {
  const Folder folder;
  folder.Write("ps_server", "kill -KILL $$\n");
  folder.Write("ps_worker", "exit 130\n");  // So that nobody has to be waited for.
  const auto run = folder.Start();
  run->Interrupt();
  // The job ends, or the death is seen first.
  const absl::StatusOr<bool> over = run->WaitFor(kLong);
  const absl::Status status = over.ok() ? run->Finish() : over.status();
  CHECK(ExitCode(status) == 130);
  CHECK(MessageOf(status) == "interrupted");
  CHECK_FALSE(std::filesystem::exists(folder.logs.PathOf("failure.json")));
}

TEST_CASE("while all live, a run goes on", "[local_run]") {
  const Folder folder;
  folder.Write("ps_server", "while :; do sleep 1; done\n");
  const auto run = folder.Start();
  CHECK_FALSE(*run->WaitFor(std::chrono::milliseconds(50)));
}

}  // namespace
}  // namespace cairn
