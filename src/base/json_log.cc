#include "base/json_log.h"

#include <unistd.h>

#include <chrono>

#include "absl/time/time.h"
#include "base/log.h"
#include "base/status.h"

namespace cairn {
namespace {

std::string_view LevelOf(google::LogSeverity severity) {
  switch (severity) {
    case google::GLOG_INFO:
      return "info";
    case google::GLOG_WARNING:
      return "warning";
    case google::GLOG_ERROR:
      return "error";
    default:
      return "fatal";
  }
}

}  // namespace

struct JsonLog::Sink final : google::LogSink {
  void send(google::LogSeverity severity, const char*, const char* file, int line,
            const google::LogMessageTime& time, const char* message, size_t bytes) override {
    const Micros at = time.timestamp() * kMicrosPerSecond + time.usec();
    EventLine event(at, LevelOf(severity), "log");
    event.Add("message", std::string_view(message, bytes)).Add("source", Concat(file, ":", line));
    const std::string text = event.Finish();
    // Nobody to tell that standard error does not take it.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  }
};

OptionSpec LogFormatOption(std::string_view section) {
  return {.name = "log-format",
          .kind = OptionSpec::Kind::kChoice,
          .metavar = "FORMAT",
          .section = section,
          .help = "Of standard error: text for people, or a JSON object a line for programs",
          .fallback = "text",
          .choices = {"text", "json"}};
}

bool WantsJsonLog(const OptionValues& values) {
  constexpr std::string_view kName = "log-format";
  return values.Has(kName) && values.Text(kName) == "json";
}

Micros UnixMicros() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::string FormatUtc(Micros unix_micros) {
  const absl::Time time = absl::FromUnixMillis(unix_micros / kMicrosPerMilli);
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

EventLine::EventLine(Micros unix_micros, std::string_view level, std::string_view event)
    : json_(JsonWriter::Layout::kOneLine) {
  json_.BeginObject();
  Add("time", FormatUtc(unix_micros)).Add("level", level).Add("event", event);
}

EventLine& EventLine::Add(std::string_view key, std::string_view value) {
  json_.Key(key);
  json_.String(value);
  return *this;
}

EventLine& EventLine::Add(std::string_view key, const char* value) {
  return Add(key, std::string_view(value));
}

EventLine& EventLine::Add(std::string_view key, uint64_t value) {
  json_.Key(key);
  json_.Integer(value);
  return *this;
}

EventLine& EventLine::Add(std::string_view key, double value) {
  json_.Key(key);
  json_.Real(value);
  return *this;
}

std::string EventLine::Finish() {
  json_.EndObject();
  return json_.Finish();
}

std::string ErrorEvent(Micros unix_micros, std::string_view program, int exit_code,
                       std::string_view message) {
  return EventLine(unix_micros, "error", "error")
      .Add("program", program)
      .Add("exit_code", static_cast<uint64_t>(exit_code))
      .Add("message", message)
      .Finish();
}

JsonLog::JsonLog() : sink_(std::make_unique<Sink>()) {
  FLAGS_logtostderr = false;
  FLAGS_stderrthreshold = google::NUM_SEVERITIES;
  for (int severity = google::GLOG_INFO; severity < google::NUM_SEVERITIES; ++severity) {
    google::SetLogDestination(severity, "");  // No files.
  }
  google::AddLogSink(sink_.get());
}

JsonLog::~JsonLog() {
  google::RemoveLogSink(sink_.get());
  FLAGS_logtostderr = true;
}

}  // namespace cairn
