#include "cli/console.h"

#include <catch2/catch.hpp>
#include <iostream>
#include <sstream>

namespace cairn {
namespace {

TEST_CASE("The standard console has this process's streams, and some width", "[console]") {
  const Console console = StandardConsole();
  CHECK(console.out == &std::cout);
  CHECK(console.err == &std::cerr);
  CHECK(console.err_columns > 0);
}

TEST_CASE("A result is a line on its own", "[console]") {
  std::ostringstream out, err;
  PrintResult({&out, &err}, "done");
  CHECK(out.str() == "done\n");
  CHECK(err.str().empty());
}

}  // namespace
}  // namespace cairn
