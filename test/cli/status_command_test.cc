#include <catch2/catch.hpp>

#include "base/memory_file_system.h"
#include "cli/run_cairn.h"
#include "coordinator/coordinator_shell.h"
#include "transport/zmq_transport.h"

namespace cairn {
namespace {

TEST_CASE("status asks a coordinator, and prints what it says", "[status]") {
  MemoryFileSystem files;
  const auto listen = [](MessageHandler handler) {
    ZmqOptions options;
    options.listen = "tcp://127.0.0.1:0";
    return MakeZmqTransport(options, std::move(handler));
  };
  const auto coordinator = StartIdleCoordinator({}, listen, &files).value();
  const std::vector<std::string> ask = {"status", "--coordinator", coordinator->address(),
                                        "--timeout", "20"};
  const Ran text = Run(ask);
  INFO(text.err);
  CHECK(text.code == 0);
  CHECK_THAT(text.out, Catch::StartsWith("job      none yet\nphase    idle\nwaiting  for a job"));
  std::vector<std::string> as_json = ask;
  as_json.push_back("--json");
  CHECK_THAT(Run(as_json).out, Catch::Contains("\"phase\": \"idle\""));
  // The environment may say where it is.
  CHECK(Run({"status", "--timeout", "20"}, {"CAIRN_STATUS_COORDINATOR=" + coordinator->address()})
            .code == 0);
}

TEST_CASE("status ends with 5 and a sentence if nobody is there", "[status]") {
  const Ran ran =
      Run({"status", "--coordinator", "ipc:///nowhere/coordinator", "--timeout", "0.02"});
  CHECK(ran.code == 5);
  CHECK(ran.out.empty());
  CHECK_THAT(
      ran.LastError(),
      Catch::StartsWith("cairn status: no coordinator has answered at ipc:///nowhere/coord"));
  CHECK(Run({"status"}).code == 2);
  CHECK(Run({"status", "--coordinator", "x"}).code == 2);
}

}  // namespace
}  // namespace cairn
