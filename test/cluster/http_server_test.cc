#include "cluster/http_server.h"

#include <httplib.h>

#include <catch2/catch.hpp>
#include <string>

#include "base/status.h"
#include "transport/address.h"

namespace cairn {
namespace {

std::unique_ptr<HttpServer> StartServer(std::function<absl::Status()> health,
                                        std::function<std::string()> status = {}) {
  auto server = HttpServer::Start({"127.0.0.1:0", false, std::move(health), std::move(status)});
  REQUIRE(server.status() == absl::OkStatus());
  return *std::move(server);
}

absl::Status StartError(const std::string& listen) {
  return HttpServer::Start({listen, false, [] { return absl::OkStatus(); }, {}}).status();
}

struct Answer {
  int status;
  std::string body;
};

Answer Get(const std::string& url, const std::string& path) {
  httplib::Client client(url);
  const httplib::Result result = client.Get(path);
  REQUIRE(result);
  return {result->status, result->body};
}

TEST_CASE("/healthz says ok, or what is wrong", "[http_server]") {
  absl::Status health;
  const auto server = StartServer([&health] { return health; });
  CHECK_THAT(server->url(), Catch::StartsWith("http://127.0.0.1:"));
  Answer answer = Get(server->url(), "/healthz");
  CHECK(answer.status == 200);
  CHECK(answer.body == "ok\n");
  health = Unavailable("the coordinator has been silent for 7 s");
  answer = Get(server->url(), "/healthz");
  CHECK(answer.status == 503);
  CHECK(answer.body == "the coordinator has been silent for 7 s\n");
}

TEST_CASE("/status is there only where there is one", "[http_server]") {
  const auto without = StartServer([] { return absl::OkStatus(); });
  CHECK(Get(without->url(), "/status").status == 404);
  const auto with =
      StartServer([] { return absl::OkStatus(); }, [] { return std::string("{\"a\": 1}\n"); });
  CHECK(Get(with->url(), "/status").body == "{\"a\": 1}\n");
  CHECK(Get(with->url(), "/").status == 404);
}

TEST_CASE("it ends at once, also when nobody ever asked", "[http_server]") {
  for (int i = 0; i < 20; ++i) StartServer([] { return absl::OkStatus(); });
}

TEST_CASE("addresses that are none, open to others, or taken", "[http_server]") {
  for (const char* listen : {"", "8080", "127.0.0.1", "127.0.0.1:port"}) {
    CHECK(StartError(listen).code() == absl::StatusCode::kInvalidArgument);
  }
  const absl::Status open = StartError("0.0.0.0:0");
  CHECK(open.code() == absl::StatusCode::kFailedPrecondition);
  CHECK_THAT(std::string(MessageOf(open)), Catch::Contains("--insecure"));
  const auto server = StartServer([] { return absl::OkStatus(); });
  const std::string taken = server->url().substr(std::string("http://").size());
  CHECK(StartError(taken).code() == absl::StatusCode::kUnavailable);
  CHECK_THAT(std::string(MessageOf(StartError(taken))), Catch::Contains(taken));
}

}  // namespace
}  // namespace cairn
