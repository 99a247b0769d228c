// A server in a process of its own, so that its CPU time and memory can be told from a client's.
#pragma once

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/status.h"
#include "cairn/client.h"
#include "cairn/coordinator.h"
#include "cairn/server.h"

namespace cairn {

// Ends the program, with a word, if not.
inline void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(MessageOf(status)).c_str());
  std::exit(1);
}

inline double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double CpuNanos(clockid_t clock) {
  timespec time{};
  CAIRN_CHECK(clock_gettime(clock, &time) == 0, "no CPU clock");
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// A process that serves at an address until its client has left.
struct Peer {
  pid_t pid = 0;
  std::string address;

  // Of the whole process, all threads and system calls.
  double CpuNanos() const {
    clockid_t clock = 0;
    CAIRN_CHECK(clock_getcpuclockid(pid, &clock) == 0, "no clock of the server");
    return cairn::CpuNanos(clock);
  }
  void Wait() const {
    int status = 0;
    CAIRN_CHECK(waitpid(pid, &status, 0) == pid && status == 0, "the server process has failed");
  }
};

// Forks before this process has any thread. `serve` tells the address and returns at the end.
inline Peer StartPeer(
    const std::function<void(const std::function<void(const std::string&)>&)>& serve) {
  int ends[2];
  CAIRN_CHECK(pipe(ends) == 0, "no pipe");
  const pid_t pid = fork();
  CAIRN_CHECK(pid >= 0, "no second process");
  if (pid == 0) {
    close(ends[0]);
    serve([&](const std::string& address) {
      const auto size = static_cast<ssize_t>(address.size());
      CAIRN_CHECK(write(ends[1], address.data(), address.size()) == size);
      close(ends[1]);
    });
    std::exit(0);
  }
  close(ends[1]);
  char text[256];
  const ssize_t size = read(ends[0], text, sizeof(text));
  close(ends[0]);
  CAIRN_CHECK(size > 0, "the server process has ended");
  return {pid, std::string(text, static_cast<size_t>(size))};
}

inline Peer StartServerProcess(const TableSpec& table) {
  return StartPeer([&](const auto& tell) {
    Coordinator::Options options;
    options.job.tables = {table};
    const auto coordinator = Coordinator::Start(options);
    Must(coordinator.status());
    Server::Options serving;
    serving.coordinator = (*coordinator)->address();
    const auto server = Server::Start(serving);
    Must(server.status());
    tell((*coordinator)->address());
    Must((*coordinator)->Wait());
  });
}

inline std::unique_ptr<Client> Join(const Peer& server) {
  Client::Options options;
  options.coordinator = server.address;
  auto client = Client::Join(options);
  Must(client.status());
  return *std::move(client);
}

}  // namespace cairn
