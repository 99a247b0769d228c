#include "cluster/http_server.h"

#include <httplib.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/done_signal.h"
#include "base/mutex.h"
#include "base/status.h"
#include "transport/address.h"

namespace cairn {
namespace {

constexpr time_t kStallSeconds = 1;
constexpr auto kStopPatience = std::chrono::seconds(2);
constexpr size_t kBodyBytesMax = 4096;  // No request of ours has one.

// Serves on the thread that accepts: what comes meanwhile waits in the kernel's short queue.
class InlineQueue final : public httplib::TaskQueue {
 public:
  void enqueue(std::function<void()> serve) override { serve(); }
  void shutdown() override {}
};

// Unlike the library's default, a port that somebody listens on is taken.
void SetSocketOptions(socket_t socket) {
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

}  // namespace

class HttpServer::Impl {
 public:
  explicit Impl(Options options)
      : has_status_(options.status != nullptr), options_(std::move(options)) {
    server_.new_task_queue = [] { return new InlineQueue; };
    server_.set_socket_options(SetSocketOptions);
    server_.set_keep_alive_max_count(1);
    server_.set_read_timeout(kStallSeconds);
    server_.set_write_timeout(kStallSeconds);
    server_.set_payload_max_length(kBodyBytesMax);
    server_.Get("/healthz", [this](const httplib::Request&, httplib::Response& response) {
      const absl::Status health = Health();
      response.status = health.ok() ? 200 : 503;
      response.set_content(health.ok() ? "ok\n" : std::string(MessageOf(health)) + "\n",
                           "text/plain");
    });
    if (!has_status_) return;
    server_.Get("/status", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(StatusText(), "application/json");
    });
  }

  // Returns the port, or -1.
  int Bind(const Address& address) {
    if (address.port == 0) return server_.bind_to_any_port(address.host);
    return server_.bind_to_port(address.host, address.port) ? address.port : -1;
  }

  void Serve() {
    server_.listen_after_bind();
    done_.Set(true);
  }

  void Stop() {
    {
      MutexLock lock(mutex_);
      options_ = {};
    }
    // Stopping what does not listen yet would be lost.
    while (!server_.is_running() && !done_.done()) std::this_thread::yield();
    server_.stop();
    done_.WaitUntil(std::chrono::steady_clock::now() + kStopPatience);
  }

 private:
  absl::Status Health() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return options_.health ? options_.health() : Unavailable("this process is about to end");
  }
  std::string StatusText() CAIRN_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return options_.status ? options_.status() : "{}\n";
  }

  const bool has_status_;
  httplib::Server server_;
  DoneSignal<bool> done_;
  Mutex mutex_;  // Held while a callback runs: none does once Stop has taken them away.
  Options options_ CAIRN_GUARDED_BY(mutex_);
};

HttpServer::HttpServer(std::shared_ptr<Impl> impl, std::string url)
    : impl_(std::move(impl)), url_(std::move(url)) {
  std::thread([impl = impl_] { impl->Serve(); }).detach();
}

HttpServer::~HttpServer() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Options options) {
  const std::string listen = options.listen;
  absl::StatusOr<Address> address = ParseAddress("tcp://" + listen);
  if (!address.ok()) {
    return InvalidArgument("--http \"", listen, "\" is not HOST:PORT as in 127.0.0.1:8080");
  }
  if (!options.insecure && !IsLocal(*address)) {
    return FailedPrecondition("--http ", listen,
                              " would tell everybody on the network about the job: use a loopback "
                              "address, or, if the network is trusted, say --insecure");
  }
  auto impl = std::make_shared<Impl>(std::move(options));
  const int port = impl->Bind(*address);
  if (port < 0)
    return Unavailable("cannot listen on --http ", listen,
                       ": the port is taken, or "
                       "the address is not one of this machine");
  address->port = static_cast<uint16_t>(port);
  const std::string bound = FormatAddress(*address);
  return std::unique_ptr<HttpServer>(
      new HttpServer(std::move(impl), "http" + bound.substr(bound.find(':'))));
}

}  // namespace cairn
