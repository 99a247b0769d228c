// A network between real processes that goes wrong when it is told to (chaos.py): passes TCP
// connections on, and delays, holds, loses or cuts what goes over them.
//
// Usage: cairn_chaos_proxy LINK...
//
// A link is PORT=TARGET, two ports of 127.0.0.1. Links are numbered from 0, the way from whoever
// connected to the target is "there", the other one "back". Commands, one a line on standard input,
// which ends the proxy when it closes; each is answered with "done":
//
//   delay LINK MS             from now on every byte takes so long; 0: none again
//   hold LINK WAY MS          nothing moves on that way for so long; WAY: there, back, both
//   lose LINK WAY MS          what is sent meanwhile is lost; TCP does not lose bytes in the
//   middle,
//                             so the connections are cut after that
//   cut LINK                  resets its connections
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <list>
#include <sstream>
#include <string>
#include <vector>

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::milliseconds;

constexpr size_t kReadBytes = 64u << 10;
constexpr size_t kQueuedBytesMax = 4u << 20;  // Of one way of a connection: then its sender waits.
constexpr int kPollMillisMax = 1'000;
enum Way : size_t { kThere = 0, kBack = 1, kWays = 2 };

struct Fault {
  Clock::time_point until;
  bool loses = false;
};

struct Link {
  uint16_t port = 0;
  uint16_t target = 0;
  int listener = -1;
  Millis delay{0};
  std::array<Fault, kWays> faults = {};
};

struct Piece {
  std::string bytes;
  Clock::time_point due;
};

struct Connection {
  Link* link = nullptr;
  std::array<int, kWays> from = {-1, -1};  // Whose bytes go there, and back.
  std::array<std::deque<Piece>, kWays> queues;
  std::array<size_t, kWays> queued = {};
  std::array<bool, kWays> ended = {};  // Nothing more comes from there.
  bool loses = false;                  // Bytes are missing: it cannot go on.
  bool broken = false;
};

sockaddr_in Local(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void SetUp(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
}

// With a reset, which the other side notices at once.
void Break(Connection* connection) {
  const linger now = {.l_onoff = 1, .l_linger = 0};
  for (const int socket : connection->from) {
    ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(socket);
  }
  connection->broken = true;
}

class Proxy {
 public:
  bool Listen(const std::string& text);
  int Run();

 private:
  struct Watched {
    Connection* connection;
    Way way;
    bool writes;
  };

  bool Obey(const std::string& line);
  void Accept(Link* link);
  int FillPolls(Clock::time_point now);
  void Watch(Connection* connection, Way way, Clock::time_point now, Clock::time_point* next);
  void Read(Connection* connection, Way way, Clock::time_point now);
  void Write(Connection* connection, Way way, Clock::time_point now);
  void Finish(Clock::time_point now);

  std::list<Link> links_;
  std::list<Connection> connections_;
  std::string commands_;  // Read, and not yet a whole line.
  std::vector<pollfd> polls_;
  std::vector<Watched> watched_;  // By those that follow standard input and the listeners.
};

bool Proxy::Listen(const std::string& text) {
  Link& link = links_.emplace_back();
  char equals = 0;
  std::istringstream in(text);
  if (!(in >> link.port >> equals >> link.target) || equals != '=') return false;
  link.listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(link.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  SetUp(link.listener);
  const sockaddr_in address = Local(link.port);
  return ::bind(link.listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
         ::listen(link.listener, 64) == 0;
}

bool Proxy::Obey(const std::string& line) {
  std::istringstream in(line);
  std::string verb, way = "both";
  size_t number = 0;
  int64_t millis = 0;
  in >> verb >> number;
  if (verb == "hold" || verb == "lose") in >> way;
  if (verb != "cut") in >> millis;
  if (!in || number >= links_.size()) return false;
  Link& link = *std::next(links_.begin(), static_cast<ptrdiff_t>(number));
  const Clock::time_point until = Clock::now() + Millis(millis);
  if (verb == "delay") {
    link.delay = Millis(millis);
  } else if (verb == "hold" || verb == "lose") {
    if (way != "back") link.faults[kThere] = {until, verb == "lose"};
    if (way != "there") link.faults[kBack] = {until, verb == "lose"};
  } else if (verb == "cut") {
    for (Connection& connection : connections_) {
      if (connection.link == &link && !connection.broken) Break(&connection);
    }
  } else {
    return false;
  }
  std::cout << "done" << std::endl;
  return true;
}

void Proxy::Accept(Link* link) {
  const int near = ::accept4(link->listener, nullptr, nullptr, SOCK_CLOEXEC);
  if (near < 0) return;
  const int far = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in target = Local(link->target);
  SetUp(near);
  Connection connection;
  connection.link = link;
  connection.from = {near, far};
  // On one machine this is done at once, or nobody is there.
  if (::connect(far, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 0) {
    Break(&connection);
    return;
  }
  SetUp(far);
  connections_.push_back(std::move(connection));
}

// What to wait for on one way of a connection, and when to look again.
void Proxy::Watch(Connection* connection, Way way, Clock::time_point now, Clock::time_point* next) {
  const Fault& fault = connection->link->faults[way];
  const bool faulty = now < fault.until;
  if (faulty) *next = std::min(*next, fault.until);
  const bool holds = faulty && !fault.loses;
  if (!connection->ended[way] && !holds && connection->queued[way] < kQueuedBytesMax) {
    polls_.push_back({connection->from[way], POLLIN, 0});
    watched_.push_back({connection, way, false});
  }
  if (connection->queues[way].empty() || holds) return;
  const Clock::time_point due = connection->queues[way].front().due;
  if (due > now) {
    *next = std::min(*next, due);
    return;
  }
  polls_.push_back({connection->from[1 - way], POLLOUT, 0});
  watched_.push_back({connection, way, true});
}

// Returns how long to wait.
int Proxy::FillPolls(Clock::time_point now) {
  polls_.assign(1, {STDIN_FILENO, POLLIN, 0});
  watched_.clear();
  for (const Link& link : links_) polls_.push_back({link.listener, POLLIN, 0});
  Clock::time_point next = now + Millis(kPollMillisMax);
  for (Connection& connection : connections_) {
    for (const Way way : {kThere, kBack}) Watch(&connection, way, now, &next);
  }
  const auto wait = std::chrono::ceil<Millis>(next - now).count();
  return static_cast<int>(std::max<int64_t>(0, wait));
}

void Proxy::Read(Connection* connection, Way way, Clock::time_point now) {
  std::string bytes(kReadBytes, '\0');
  const ssize_t got = ::recv(connection->from[way], bytes.data(), bytes.size(), 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got < 0) {
    Break(connection);
    return;
  }
  if (got == 0) {
    connection->ended[way] = true;
    return;
  }
  const Fault& fault = connection->link->faults[way];
  if (now < fault.until && fault.loses) {
    connection->loses = true;
    return;
  }
  bytes.resize(static_cast<size_t>(got));
  connection->queued[way] += bytes.size();
  connection->queues[way].push_back({std::move(bytes), now + connection->link->delay});
}

void Proxy::Write(Connection* connection, Way way, Clock::time_point now) {
  std::deque<Piece>& queue = connection->queues[way];
  while (!queue.empty() && queue.front().due <= now) {
    std::string& bytes = queue.front().bytes;
    const ssize_t sent =
        ::send(connection->from[1 - way], bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) {
      Break(connection);
      return;
    }
    connection->queued[way] -= static_cast<size_t>(sent);
    bytes.erase(0, static_cast<size_t>(sent));
    if (!bytes.empty()) return;
    queue.pop_front();
  }
}

// Closes connections that are over, or that cannot go on.
void Proxy::Finish(Clock::time_point now) {
  for (Connection& connection : connections_) {
    if (connection.broken) continue;
    const auto& faults = connection.link->faults;
    const bool loss_over = now >= faults[kThere].until && now >= faults[kBack].until;
    if (connection.loses && loss_over) {
      Break(&connection);
      continue;
    }
    // Whose process has died is closed once what it sent has arrived.
    for (const Way way : {kThere, kBack}) {
      if (!connection.broken && connection.ended[way] && connection.queues[way].empty()) {
        Break(&connection);
      }
    }
  }
  connections_.remove_if([](const Connection& connection) { return connection.broken; });
}

int Proxy::Run() {
  std::cout << "ready" << std::endl;
  while (true) {
    const int wait = FillPolls(Clock::now());
    if (::poll(polls_.data(), polls_.size(), wait) < 0 && errno != EINTR) return 1;
    const Clock::time_point now = Clock::now();
    const size_t listeners = 1;
    const size_t first = listeners + links_.size();
    for (size_t i = 0; i < watched_.size(); ++i) {
      const Watched& it = watched_[i];
      if (polls_[first + i].revents == 0 || it.connection->broken) continue;
      it.writes ? Write(it.connection, it.way, now) : Read(it.connection, it.way, now);
    }
    size_t at = listeners;
    for (Link& link : links_) {
      if (polls_[at++].revents != 0) Accept(&link);
    }
    if (polls_[0].revents != 0) {
      char buffer[256];
      const ssize_t got = ::read(STDIN_FILENO, buffer, sizeof buffer);
      if (got <= 0) return 0;
      commands_.append(buffer, static_cast<size_t>(got));
    }
    for (size_t end = 0; (end = commands_.find('\n')) != commands_.npos;) {
      const std::string line = commands_.substr(0, end);
      commands_.erase(0, end + 1);
      if (!Obey(line)) {
        std::cerr << "not a command: " << line << '\n';
        return 2;
      }
    }
    Finish(now);
  }
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  cairn::Proxy proxy;
  for (int i = 1; i < argc; ++i) {
    if (proxy.Listen(argv[i])) continue;
    std::cerr << "cannot listen: " << argv[i] << '\n';
    return 2;
  }
  return proxy.Run();
}
