// What a role tells over HTTP: whether it is well, and (the coordinator) how the job is.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cairn {

// GET /healthz: 200 "ok", or 503 with a sentence. GET /status: JSON. Serves one request at a time,
// on a thread of its own; a peer that stalls is dropped after a second. Thread-safe.
class HttpServer {
 public:
  struct Options {
    std::string listen = {};  // "HOST:PORT"; port 0: any free one.
    bool insecure = false;    // Allow a listen address that others can reach.
    // Called on the server's thread until the destructor returns; must not block for long.
    std::function<absl::Status()> health = {};
    std::function<std::string()> status = {};  // Null: there is no /status.
  };
  // kInvalidArgument: no address; kFailedPrecondition: not loopback, and `insecure` is not set;
  // kUnavailable: it cannot be bound.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(Options options);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const std::string& url() const { return url_; }  // "http://127.0.0.1:41793"

 private:
  class Impl;
  HttpServer(std::shared_ptr<Impl> impl, std::string url);

  // Shared with its thread, which a peer that sends a byte at a time may hold beyond our patience.
  const std::shared_ptr<Impl> impl_;
  const std::string url_;
};

}  // namespace cairn
