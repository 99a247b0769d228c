#include <catch2/catch.hpp>

#include "cli/section.h"

namespace cairn {
namespace {

TEST_CASE("A mode of consistency says how far ahead one may be", "[options]") {
  for (const char* legal : {"asp", "bsp", "ssp:0", "ssp:3"}) {
    CHECK(Complaint(ClusterOptions(), "consistency", legal).empty());
  }
  for (const char* illegal : {"ssp", "ssp:-1", "bps"}) {
    CHECK(Complaint(ClusterOptions(), "consistency", illegal).starts_with("--consistency: "));
  }
}

TEST_CASE("Processes are here, or at an address", "[options]") {
  for (const char* legal : {"embedded", "local", "tcp://node1:7700", "ipc:///run/cairn"}) {
    CHECK(Complaint(ClusterOptions(), "cluster", legal).empty());
  }
  CHECK_THAT(Complaint(ClusterOptions(), "cluster", "lokal"),
             Catch::Contains("did you mean local"));
  CHECK_FALSE(Complaint(ClusterOptions(), "cluster", "tcp://node1").empty());
}

TEST_CASE("Patience is above 0", "[options]") {
  for (const char* name : {"join-timeout", "form-timeout", "orphan-timeout"}) {
    INFO(name);
    CHECK(Complaint(ClusterOptions(), name, "0.5").empty());
    CHECK_FALSE(Complaint(ClusterOptions(), name, "0").empty());
  }
}

TEST_CASE("Partitions are a power of two", "[options]") {
  CHECK(Complaint(ClusterOptions(), "partitions", "65536").empty());
  CHECK(Complaint(ClusterOptions(), "partitions", "65535") ==
        "--partitions \"65535\": must be a power of two, 1 to 65,536");
}

TEST_CASE("A process has a bounded number of threads", "[options]") {
  for (const char* name : {"servers", "executors", "workers", "threads"}) {
    INFO(name);
    CHECK(Complaint(ClusterOptions(), name, "1024").empty());
    CHECK_FALSE(Complaint(ClusterOptions(), name, "1025").empty());
    CHECK_FALSE(Complaint(ClusterOptions(), name, "0").empty());
  }
}

}  // namespace
}  // namespace cairn
