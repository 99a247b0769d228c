#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "cairn/model.h"
#include "cluster/run_program.h"

namespace cairn {
namespace {

Ran Run(const std::vector<std::string>& arguments) {
  return RunMain([](int argc, char** argv) { return WorkerMain(argc, argv, {}); }, "ps_worker",
                 arguments);
}

TEST_CASE("ps_worker --help lists its options", "[worker_program]") {
  const Ran ran = Run({"--help"});
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with("Usage:\n  ps_worker --coordinator ADDRESS [options]\n"));
  for (const char* option :
       {"--threads", "--cache", "--cache-mib", "--device", "--device-memory", "--job",
        "--join-timeout", "--orphan-timeout", "--ready-file", "--http", "--parent"}) {
    CHECK(ran.out.find(std::string("\n  ") + option) != std::string::npos);
  }
}

TEST_CASE("Mistakes on the command line end ps_worker with 2", "[worker_program]") {
  CHECK(Run({}).err == "ps_worker: --coordinator ADDRESS is missing\n");
  CHECK(Run({"--coordinator", "tcp://127.0.0.1:1", "--threads", "0"}).code == 2);
  CHECK(Run({"--coordinator", "tcp://127.0.0.1:1", "--join-timeout", "0"}).code == 2);
  CHECK(Run({"--coordinator", "tcp://127.0.0.1:1", "--cache", "/no/such"}).err ==
        "ps_worker: --cache \"/no/such\": none, memory, or a directory that is there\n");
  const Ran far = Run({"--coordinator", "tcp://127.0.0.1:1", "--device", "cuda:255"});
  CHECK(far.code == 2);
  CHECK_THAT(far.err, Catch::StartsWith("ps_worker: --device cuda:255: "));
}

TEST_CASE("ps_worker gives up where there is no coordinator", "[worker_program]") {
  const Ran ran = Run({"--coordinator", "tcp://127.0.0.1:1", "--join-timeout", "0.05"});
  CHECK(ran.code == 5);
  CHECK(ran.out == "working for tcp://127.0.0.1:1\n");
  CHECK(ran.err.find("ps_worker: no answer from the coordinator at tcp://127.0.0.1:1") !=
        std::string::npos);
}

}  // namespace
}  // namespace cairn
