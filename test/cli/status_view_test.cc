#include "cli/status_view.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace cairn {
namespace {

JobStatus Training() {
  JobStatus status;
  status.job = "flights";
  status.job_id = 7;
  status.phase = JobPhase::kTraining;
  status.mode = {Consistency::kSsp, 2};
  status.epoch = 1;
  status.epochs = 6;
  status.batches_done = 1;
  status.batches = 4;
  status.rows = 2'000;
  status.loss_sum = 800;
  status.bytes_sent = 2'048;
  status.bytes_received = 1'024;
  status.epochs_done = 1;
  status.epochs_listed = {{0, 8'000, 0.5, 0.45, std::nan(""), 1.25, std::nan("")}};
  MemberStatus server;
  server.process = 1;
  server.role = Role::kServer;
  server.address = "tcp://127.0.0.1:4100";
  server.host = "alpha";
  server.pid = 321;
  server.silent_ms = 250;
  server.usage = {.rss_bytes = 5 << 20, .cpu_ms = 7, .bytes_sent = 10, .bytes_received = 20};
  MemberStatus worker;
  worker.process = 12;
  worker.host = "beta";
  worker.pid = 4;
  worker.silent_ms = 12'000;
  worker.streams = 3;
  status.members = {server, worker};
  status.member_count = 3;
  return status;
}

TEST_CASE("A job in training is shown with its epochs and members", "[status_view]") {
  CHECK(FormatStatus(Training(), 0, std::nullopt) ==
        "job      flights, ssp:2\n"
        "phase    training, epoch 2 of 6, 25 %, loss 0.4000\n"
        "traffic  2.0 KiB sent, 1.0 KiB received by all members\n"
        "\n"
        "  epoch  rows   train loss  valid loss  valid auc  seconds\n"
        "  1      8,000  0.5000      0.4500      -          1.2\n"
        "\n"
        "  process  role    where      address               silent  streams  memory   sent  "
        "received\n"
        "  1        server  alpha:321  tcp://127.0.0.1:4100  250 ms  0        5.0 MiB  10 B  "
        "20 B\n"
        "  12       worker  beta:4     -                     12.0 s  3        0 B      0 B   "
        "0 B\n"
        "  and 1 more\n");
}

TEST_CASE("Only the last epochs are shown", "[status_view]") {
  JobStatus status = Training();
  status.epochs_listed.clear();
  for (uint64_t epoch = 0; epoch < 9; ++epoch) {
    status.epochs_listed.push_back({epoch, 1, 0.5, 0.5, 0.5, 1});
  }
  const std::string text = FormatStatus(status, 0, std::nullopt);
  CHECK(text.find("\n  4 ") == text.npos);
  CHECK(text.find("\n  5 ") != text.npos);
  CHECK(text.find("\n  9 ") != text.npos);
}

TEST_CASE("The rate is what came since the status before, in one epoch", "[status_view]") {
  const JobStatus status = Training();
  EarlierStatus earlier{kMicrosPerSecond, status};
  earlier.status.rows = 1'000;
  const auto text = [&] { return FormatStatus(status, 3 * kMicrosPerSecond, earlier); };
  CHECK(text().find("\nrate     500 rows/s\n") != std::string::npos);
  earlier.status.epoch = 0;
  CHECK(text().find("\nrate ") == std::string::npos);
  earlier = {kMicrosPerSecond, status};
  earlier.status.job_id = 8;
  CHECK(text().find("\nrate ") == std::string::npos);
}

TEST_CASE("What is missing, lost, or how it ended has a line of its own", "[status_view]") {
  JobStatus idle;
  idle.waiting_for = "a job for 3 s";
  CHECK(FormatStatus(idle, 0, std::nullopt) ==
        "job      none yet\nphase    idle\nwaiting  for a job for 3 s\n"
        "traffic  0 B sent, 0 B received by all members\n");
  JobStatus over = Training();
  over.phase = JobPhase::kFinished;
  over.code = 6;
  over.message = "the loss is not finite";
  over.workers_lost = 2;
  const std::string text = FormatStatus(over, 0, std::nullopt);
  CHECK(text.find("\nend      the loss is not finite (6)\nlost     2 workers\n") != text.npos);
  over.workers_lost = 1;
  CHECK(FormatStatus(over, 0, std::nullopt).find("\nlost     1 worker\n") != std::string::npos);
}

TEST_CASE("Checkpoints, and what became of them, are told", "[status_view]") {
  JobStatus status = Training();
  status.checkpoint = 7;
  CHECK(FormatStatus(status, 0, std::nullopt).find("\nsaved    checkpoint 7\n") !=
        std::string::npos);
  status.rollbacks = 1;
  status.alarm = "checkpoint 8 was given up: the disk is full";
  CHECK(FormatStatus(status, 0, std::nullopt)
            .find("\nsaved    checkpoint 7, gone back 1 time\n"
                  "alarm    checkpoint 8 was given up: the disk is full\n") != std::string::npos);
}

}  // namespace
}  // namespace cairn
