#include "transport/route_table.h"

#include <catch2/catch.hpp>

namespace cairn {
namespace {

TEST_CASE("the last route of a process is remembered") {
  RouteTable routes(10);
  CHECK(routes.Find({1, 1}) == nullptr);
  routes.Learn({1, 1}, "here");
  routes.Learn({1, 2}, "another life");
  routes.Learn({1, 1}, "there");
  REQUIRE(routes.Find({1, 1}) != nullptr);
  CHECK(*routes.Find({1, 1}) == "there");
  CHECK(*routes.Find({1, 2}) == "another life");
  routes.Forget({1, 1});
  routes.Forget({9, 9});
  CHECK(routes.Find({1, 1}) == nullptr);
  CHECK(routes.size() == 1);
}

TEST_CASE("the process not heard from for longest is forgotten first") {
  RouteTable routes(3);
  for (uint32_t p = 1; p <= 3; ++p) routes.Learn({p, 0}, "route");
  routes.Learn({1, 0}, "route");
  routes.Learn({4, 0}, "route");
  CHECK(routes.size() == 3);
  CHECK(routes.Find({2, 0}) == nullptr);
  for (uint32_t p : {1, 3, 4}) CHECK(routes.Find({p, 0}) != nullptr);
}

}  // namespace
}  // namespace cairn
