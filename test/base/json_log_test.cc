#include "base/json_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "base/option_parser.h"

namespace cairn {

// In json_log_writer.cc.
void StartLogForJsonLogTest();
void LogForJsonLogTest(const std::string& text);

namespace {

// What is written to standard error meanwhile.
class StandardError {
 public:
  StandardError() : saved_(::dup(STDERR_FILENO)) {
    REQUIRE(::pipe2(pipe_, O_CLOEXEC) == 0);
    ::dup2(pipe_[1], STDERR_FILENO);
  }
  ~StandardError() {
    ::dup2(saved_, STDERR_FILENO);
    for (const int fd : {saved_, pipe_[0], pipe_[1]}) ::close(fd);
  }
  StandardError(const StandardError&) = delete;
  StandardError& operator=(const StandardError&) = delete;

  std::string Read() const {
    char buffer[4096];
    const ssize_t bytes = ::read(pipe_[0], buffer, sizeof buffer);
    return std::string(buffer, static_cast<size_t>(bytes));
  }

 private:
  const int saved_;
  int pipe_[2];
};

TEST_CASE("Times are of UTC, in milliseconds", "[json_log]") {
  CHECK(FormatUtc(0) == "1970-01-01T00:00:00.000Z");
  CHECK(FormatUtc(1'795'392'300'123'456) == "2026-11-23T00:05:00.123Z");
  CHECK(UnixMicros() > 1'700'000'000 * kMicrosPerSecond);
}

TEST_CASE("An event is one line of JSON", "[json_log]") {
  EventLine event(0, "info", "epoch");
  event.Add("text", "a\n\"b\"").Add("count", uint64_t{7}).Add("loss", 0.5);
  event.Add("auc", std::numeric_limits<double>::quiet_NaN());
  CHECK(event.Finish() ==
        "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"info\",\"event\":\"epoch\","
        "\"text\":\"a\\n\\\"b\\\"\",\"count\":7,\"loss\":0.5,\"auc\":null}\n");
}

TEST_CASE("An error has its program and its exit code", "[json_log]") {
  CHECK(ErrorEvent(0, "cairn train", 3, "no data") ==
        "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"error\",\"event\":\"error\","
        "\"program\":\"cairn train\",\"exit_code\":3,\"message\":\"no data\"}\n");
}

TEST_CASE("What is logged becomes events, as long as there is a JsonLog", "[json_log]") {
  StartLogForJsonLogTest();
  const StandardError captured;
  {
    const JsonLog log;
    LogForJsonLogTest("mind the \"gap\"");
  }
  const std::string line = captured.Read();
  CHECK_THAT(line, Catch::StartsWith("{\"time\":\"20"));
  CHECK_THAT(line, Catch::Contains("\"level\":\"warning\",\"event\":\"log\",\"message\":\"mind the "
                                   "\\\"gap\\\"\",\"source\":\"json_log_writer.cc:"));
  CHECK(line.find('\n') == line.size() - 1);
  LogForJsonLogTest("plain");
  CHECK_THAT(captured.Read(), Catch::StartsWith("W") && Catch::EndsWith("plain\n"));
}

TEST_CASE("The format is text unless somebody asks for JSON", "[json_log]") {
  const OptionSpec row = LogFormatOption("Output");
  CHECK_FALSE(WantsJsonLog(*ParseOptions({&row, 1}, {})));
  CHECK_FALSE(WantsJsonLog(*ParseOptions({}, {})));
  const std::vector<std::string> arguments = {"--log-format", "json"};
  CHECK(WantsJsonLog(*ParseOptions({&row, 1}, arguments)));
}

}  // namespace
}  // namespace cairn
