// The launcher, with shell scripts in the place of the role programs.
#include "cluster/local_processes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/temp_directory.h"

namespace cairn {
namespace {

// More than anything here takes: only failures wait for it.
constexpr auto kLong = std::chrono::milliseconds(20'000);

// Writes the ready file that it is told to, which is the argument behind --ready-file.
constexpr char kReady[] =
    "while [ \"$1\" != --ready-file ]; do shift; done\n"
    "echo tcp://127.0.0.1:7700 > \"$2.tmp\" && mv \"$2.tmp\" \"$2\"\n";
constexpr char kForEver[] = "while :; do sleep 1; done\n";

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Deaths {
  std::vector<std::pair<pid_t, std::string>> list;
  LocalProcesses::OnDeath callback = [this](pid_t pid, const std::string& text) {
    list.emplace_back(pid, text);
  };
};

// Programs and logs, each in a directory.
struct Folder {
  TempDirectory programs, logs;
  LocalProcesses::Options options;

  Folder() {
    Write("ps_coordinator", std::string(kReady) + kForEver);
    Write("ps_server", kForEver);
    Write("ps_worker", kForEver);
    options.program_dir = programs.path();
    options.log_dir = logs.path();
  }
  void Write(const std::string& name, const std::string& script) const {
    const std::string path = programs.PathOf(name);
    std::ofstream(path) << "#!/bin/sh\n" << script;
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
  }
  std::unique_ptr<LocalProcesses> Start() const {
    auto processes = LocalProcesses::Start(options);
    REQUIRE(processes.status() == absl::OkStatus());
    return *std::move(processes);
  }
  std::string Log(const std::string& name) const { return TextOf(logs.PathOf(name + ".log")); }
};

// Watches until `done`, or in vain.
template <typename Done>
bool WatchUntil(LocalProcesses* processes, Deaths* deaths, const Done& done) {
  const auto deadline = std::chrono::steady_clock::now() + kLong;
  while (!done() && std::chrono::steady_clock::now() < deadline) {
    processes->Watch(std::chrono::milliseconds(10), deaths->callback);
  }
  return done();
}

TEST_CASE("every role is started with what it needs to know", "[local_processes]") {
  Folder folder;
  folder.Write("ps_coordinator", std::string("echo \"$@\"\n") + kReady + kForEver);
  folder.Write("ps_server", "echo \"$@\"\n");
  folder.Write("ps_worker", "echo \"$@\"\n");
  folder.options.servers = 2;
  folder.options.executors = 3;
  folder.options.threads = 4;
  folder.options.cache = {"memory", uint64_t{5} << 20};
  folder.options.workers = 2;
  folder.options.device = {"cpu", 7'000};
  folder.options.form_timeout = absl::Seconds(7);
  folder.options.orphan_timeout = absl::Milliseconds(500);
  const auto processes = folder.Start();
  CHECK(processes->coordinator_address() == "tcp://127.0.0.1:7700");
  processes->WaitForEnd(std::chrono::milliseconds(200));
  const std::string parent = "--parent " + std::to_string(::getpid()) + "\n";
  CHECK_THAT(folder.Log("coordinator"),
             Catch::Contains("--listen tcp://127.0.0.1:0") &&
                 Catch::StartsWith("--job-dir " + folder.logs.PathOf("job ")) &&
                 Catch::Contains("--form-timeout 7 ") && Catch::EndsWith(parent));
  const std::string member = "--coordinator tcp://127.0.0.1:7700 --orphan-timeout 0.5 ";
  CHECK(folder.Log("server-1") == member + "--executors 3 " + parent);
  CHECK(folder.Log("server-2") == member + "--executors 3 " + parent);
  for (const char* worker : {"worker-1", "worker-2"}) {
    CHECK(folder.Log(worker) == member + "--threads 4 --cache memory --cache-mib 5 " +
                                    "--device-memory 7000 --device cpu " + parent);
  }
}

TEST_CASE("workers may be another program than ps_worker", "[local_processes]") {
  Folder folder;
  folder.Write("my_worker", "echo mine\n");
  folder.options.worker_program = folder.programs.PathOf("my_worker");
  folder.Start()->WaitForEnd(std::chrono::milliseconds(200));
  CHECK(folder.Log("worker-1") == "mine\n");
  folder.options.worker_program = folder.programs.PathOf("no_worker");
  const absl::Status status = LocalProcesses::Start(folder.options).status();
  CHECK(status.code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(std::string(MessageOf(status)), Catch::Contains("the program no_worker is neither"));
}

TEST_CASE("a worker that is killed is told of and started again, but not for ever",
          "[local_processes]") {
  Folder folder;
  folder.Write("ps_worker", "echo life; kill -KILL $$\n");
  folder.options.restarts_max = 2;
  const auto processes = folder.Start();
  Deaths deaths;
  REQUIRE(WatchUntil(processes.get(), &deaths, [&] { return processes->failure().has_value(); }));
  REQUIRE(deaths.list.size() == 2);
  CHECK(deaths.list[0].second == "worker 1 was killed by SIGKILL (signal 9)");
  CHECK(deaths.list[0].first != deaths.list[1].first);
  CHECK(folder.Log("worker-1") == "life\nlife\nlife\n");
  CHECK(processes->failure()->role == "worker 1");
  CHECK_THAT(processes->failure()->advice, Catch::Contains("--max-restarts allows for 2"));
}

TEST_CASE("a coordinator that is killed is started again, where the others look for it",
          "[local_processes]") {
  Folder folder;
  // The first life has a ready file, the second one has not.
  folder.Write("ps_coordinator", std::string("case \"$*\" in *ready-file*)\n") + kReady +
                                     "kill -KILL $$;;\nesac\necho \"$@\"\n" + kForEver);
  const auto processes = folder.Start();
  Deaths deaths;
  REQUIRE(WatchUntil(processes.get(), &deaths,
                     [&] { return folder.Log("coordinator").ends_with("\n"); }));
  CHECK_FALSE(processes->failure().has_value());
  CHECK(deaths.list.empty());  // It is no member of the job.
  CHECK_THAT(folder.Log("coordinator"),
             Catch::StartsWith("--job-dir " + folder.logs.PathOf("job")) &&
                 Catch::EndsWith("--listen tcp://127.0.0.1:7700 --parent " +
                                 std::to_string(::getpid()) + "\n"));
}

TEST_CASE("a server that is killed is a failure at once, and so is a coordinator too many",
          "[local_processes]") {
  Folder folder;
  folder.options.restarts_max = 0;
  const bool server = GENERATE(true, false);
  if (server) {
    folder.Write("ps_server", "echo one; echo two; kill -SEGV $$\n");
  } else {
    folder.Write("ps_coordinator", std::string(kReady) + "echo one; echo two; kill -SEGV $$\n");
  }
  const auto processes = folder.Start();
  Deaths deaths;
  REQUIRE(WatchUntil(processes.get(), &deaths, [&] { return processes->failure().has_value(); }));
  const RoleFailure& failure = *processes->failure();
  CHECK(Headline(failure) == (server ? "server 1 was killed by SIGSEGV (signal 11)"
                                     : "the coordinator was killed by SIGSEGV (signal 11)"));
  CHECK(failure.lines == std::vector<std::string>{"one", "two"});
  CHECK_FALSE(failure.advice.empty());
  CHECK(deaths.list.empty());
  const absl::Status told = ReportFailure(failure, folder.logs.path());
  CHECK(told.code() == absl::StatusCode::kInternal);
  CHECK_THAT(std::string(MessageOf(told)),
             Catch::StartsWith(Headline(failure) + "\n") && Catch::Contains("| two\n"));
  CHECK_THAT(TextOf(folder.logs.PathOf("failure.json")), Catch::Contains(Headline(failure)));
}

TEST_CASE("who ends by itself has some seconds for the job to end as well", "[local_processes]") {
  Folder folder;
  folder.options.servers = 2;
  folder.Write("ps_server", "exit 3\n");
  const auto processes = folder.Start();
  Deaths deaths;
  for (int i = 0; i < 20; ++i) processes->Watch(std::chrono::milliseconds(5), deaths.callback);
  CHECK_FALSE(processes->failure().has_value());
  processes->WaitForEnd(std::chrono::milliseconds(0));
  REQUIRE(processes->EndedWith(3).has_value());
  CHECK(processes->EndedWith(3)->role == "server 1");
  CHECK_FALSE(processes->EndedWith(4).has_value());
  JobResult cause;
  cause.code = 3;
  cause.message = "data.txt:7:2: not a number";
  const absl::Status told = ReportFailure(*processes->EndedWith(3), cause, folder.logs.path());
  CHECK(told.code() == absl::StatusCode::kNotFound);
  CHECK_THAT(std::string(MessageOf(told)), Catch::StartsWith("data.txt:7:2: not a number\n"));
}

TEST_CASE("a server that has left is started again, if the job goes on", "[local_processes]") {
  Folder folder;
  const std::string ended = GENERATE("exit 0", "exit 130");
  folder.Write("ps_server", "echo life; " + ended + "\n");
  folder.options.restarts_servers = true;
  folder.options.restarts_max = 1;
  const auto processes = folder.Start();
  Deaths deaths;
  REQUIRE(WatchUntil(processes.get(), &deaths, [&] { return processes->failure().has_value(); }));
  REQUIRE(deaths.list.size() == 1);
  CHECK(deaths.list[0].second == "server 1 has left");
  CHECK(folder.Log("server-1") == "life\nlife\n");
}

TEST_CASE("nothing runs on, and new logs can be removed", "[local_processes]") {
  Folder folder;
  folder.options.log_dir.clear();
  folder.Write("ps_worker", "trap '' TERM INT\necho $$ > \"" + folder.logs.PathOf("pid") +
                                ".tmp\"\nmv \"" + folder.logs.PathOf("pid") + ".tmp\" \"" +
                                folder.logs.PathOf("pid") + "\"\n" + kForEver);
  auto processes = folder.Start();
  const std::string logs = processes->log_dir();
  CHECK(std::filesystem::is_directory(logs));
  Deaths deaths;
  REQUIRE(WatchUntil(processes.get(), &deaths,
                     [&] { return std::filesystem::exists(folder.logs.PathOf("pid")); }));
  const pid_t worker = std::stoi(TextOf(folder.logs.PathOf("pid")));
  CHECK(::kill(worker, 0) == 0);
  if (GENERATE(true, false)) processes->WaitForEnd(std::chrono::milliseconds(0));
  processes->RemoveLogs();
  processes.reset();
  CHECK(::kill(worker, 0) == -1);
  CHECK_FALSE(std::filesystem::exists(logs));
}

TEST_CASE("a coordinator that does not come up is told of with its own words",
          "[local_processes]") {
  Folder folder;
  folder.Write("ps_coordinator", "echo no room >&2; exit 5\n");
  const absl::Status started = LocalProcesses::Start(folder.options).status();
  CHECK(started.code() == absl::StatusCode::kDeadlineExceeded);
  CHECK_THAT(
      std::string(MessageOf(started)),
      Catch::StartsWith("the coordinator ended with exit code 5") && Catch::Contains("| no room"));
  CHECK(std::filesystem::exists(folder.logs.PathOf("failure.json")));
}

TEST_CASE("programs that are not there are named", "[local_processes]") {
  Folder folder;
  std::filesystem::remove(folder.programs.PathOf("ps_worker"));
  const absl::Status started = LocalProcesses::Start(folder.options).status();
  CHECK(started.code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(std::string(MessageOf(started)), Catch::Contains("the program ps_worker"));
}

}  // namespace
}  // namespace cairn
