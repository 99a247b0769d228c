#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "cairn/server.h"
#include "cluster/run_program.h"

namespace cairn {
namespace {

Ran Run(const std::vector<std::string>& arguments) {
  return RunMain([](int argc, char** argv) { return ServerMain(argc, argv, {}); }, "ps_server",
                 arguments);
}

TEST_CASE("ps_server --help lists its options", "[server_program]") {
  const Ran ran = Run({"--help"});
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with("Usage:\n  ps_server --coordinator ADDRESS [options]\n"));
  for (const char* option : {"--listen", "--advertise", "--executors", "--insecure", "--ready-file",
                             "--join-timeout", "--orphan-timeout", "--http", "--parent"}) {
    CHECK(ran.out.find(std::string("\n  ") + option) != std::string::npos);
  }
}

TEST_CASE("Mistakes on the command line end ps_server with 2", "[server_program]") {
  CHECK(Run({}).code == 2);
  CHECK(Run({}).err == "ps_server: --coordinator ADDRESS is missing\n");
  CHECK(Run({"--cordinator", "x"}).err ==
        "ps_server: unknown option --cordinator; did you mean --coordinator?\n");
  CHECK(Run({"--coordinator", "tcp://127.0.0.1:1", "--executors", "0"}).code == 2);
}

TEST_CASE("A listen address for everybody needs --insecure", "[server_program]") {
  const Ran ran = Run({"--coordinator", "tcp://127.0.0.1:1", "--listen", "tcp://0.0.0.0:0"});
  CHECK(ran.code == 2);
  CHECK(ran.out.empty());
  CHECK(ran.err.find("--insecure") != std::string::npos);
}

TEST_CASE("What nobody can connect to is not advertised", "[server_program]") {
  const Ran ran = Run({"--coordinator", "tcp://127.0.0.1:1", "--listen", "tcp://0.0.0.0:0",
                       "--insecure", "--advertise", "tcp://0.0.0.0:0"});
  CHECK(ran.code == 2);
  CHECK(ran.out.empty());
  CHECK(ran.err.find("--advertise tcp://0.0.0.0:0: nobody can connect") != std::string::npos);
}

}  // namespace
}  // namespace cairn
