#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "cairn/server.h"

namespace cairn {
namespace {

struct Ran {
  int code;
  std::string out;
  std::string err;
};

// Takes what a program prints, for as long as it lives.
class Capture {
 public:
  explicit Capture(std::ostream* stream) : stream_(*stream), old_(stream->rdbuf(text_.rdbuf())) {}
  ~Capture() { stream_.rdbuf(old_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* const old_;
};

Ran Run(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "ps_server");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const Capture out(&std::cout);
  const Capture err(&std::cerr);
  const int code = ServerMain(static_cast<int>(arguments.size()), argv.data(), {});
  return {code, out.text(), err.text()};
}

TEST_CASE("ps_server --help lists its options", "[server_program]") {
  const Ran ran = Run({"--help"});
  CHECK(ran.code == 0);
  CHECK(ran.out.starts_with("Usage:\n  ps_server --coordinator ADDRESS [options]\n"));
  for (const char* option :
       {"--listen", "--executors", "--insecure", "--ready-file", "--join-timeout"}) {
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

}  // namespace
}  // namespace cairn
