#include "cluster/status_json.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

namespace cairn {
namespace {

void CheckHas(const std::string& json, const std::string& part) {
  CHECK_THAT(json, Catch::Contains(part));
}

TEST_CASE("a coordinator without a job says so, and nothing else", "[status_json]") {
  JobStatus status;
  status.waiting_for = "a job";
  CHECK(JobStatusAsJson(status) ==
        "{\n  \"job\": \"\",\n  \"phase\": \"idle\",\n  \"waiting_for\": \"a job\"\n}\n");
}

TEST_CASE("a job that runs shows its progress and its members", "[status_json]") {
  JobStatus status;
  status.job = "lr";
  status.phase = JobPhase::kTraining;
  status.mode = {Consistency::kSsp, 2};
  status.epoch = 1;
  status.epochs = 3;
  status.batches_done = 5;
  status.batches = 10;
  status.rows = 700;
  status.loss_sum = 350.5;
  status.epochs_listed = {{0, 1400, 0.5, std::numeric_limits<double>::quiet_NaN(), 0.75, 2}};
  status.members = {
      {7, Role::kServer, "tcp://node1:41", "node1", 4711, 30, 2, {1000, 2000, 3000, 4000}}};
  status.member_count = 1;
  status.workers_lost = 4;
  status.checkpoint = 12;
  status.rollbacks = 3;
  status.alarm = "the disk is full";
  const std::string json = JobStatusAsJson(status);
  for (const char* part : {"\"job\": \"lr\"",
                           "\"phase\": \"training\"",
                           "\"consistency\": \"ssp:2\"",
                           "\"epoch\": 2,",
                           "\"epochs\": 3",
                           "\"batches_done\": 5",
                           "\"batches\": 10",
                           "\"rows\": 700",
                           "\"loss_sum\": 350.5",
                           "\"valid_logloss\": null",
                           "\"valid_auc\": 0.75",
                           "\"member_count\": 1",
                           "\"process\": 7",
                           "\"role\": \"server\"",
                           "\"address\": \"tcp://node1:41\"",
                           "\"host\": \"node1\"",
                           "\"pid\": 4711",
                           "\"silent_ms\": 30",
                           "\"streams\": 2",
                           "\"rss_bytes\": 1000",
                           "\"cpu_ms\": 2000",
                           "\"bytes_sent\": 3000",
                           "\"bytes_received\": 4000",
                           "\"workers_lost\": 4",
                           "\"checkpoint\": 12",
                           "\"rollbacks\": 3",
                           "\"alarm\": \"the disk is full\""}) {
    CheckHas(json, part);
  }
  CHECK(json.find("result") == std::string::npos);
}

TEST_CASE("a job that is over shows its result", "[status_json]") {
  JobStatus status;
  status.job = "lr";
  status.phase = JobPhase::kFarewell;
  status.code = 3;
  status.message = "data.txt:7: not a number";
  status.rows_trained = 9000;
  status.features = 32;
  status.digest_high = 1;
  status.digest_low = 0xAB;
  status.train_seconds = 1.5;
  const std::string json = JobStatusAsJson(status);
  for (const char* part :
       {"\"exit_code\": 3", "\"message\": \"data.txt:7: not a number\"", "\"rows\": 9000",
        "\"features\": 32", "\"model_digest\": \"000000000000000100000000000000ab\"",
        "\"train_seconds\": 1.5"}) {
    CheckHas(json, part);
  }
}

}  // namespace
}  // namespace cairn
