// What the examples that read a file have in common: a command line, lines of text, and workers.
#pragma once

#include <cairn/client.h>
#include <cairn/cluster.h>
#include <errno.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace example {

enum ExitCode { kInternal = 1, kUsage = 2, kData = 3 };

[[noreturn]] inline void Fail(ExitCode code, const std::string& message) {
  std::cerr << program_invocation_short_name << ": " << message << std::endl;
  std::exit(code);
}

inline void Check(const absl::Status& status) {
  if (!status.ok()) Fail(kInternal, status.ToString());
}

// Whether the whole text is a number; else `number` is left alone.
template <typename Number>
bool ParseNumber(std::string_view text, Number* number) {
  Number parsed{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  *number = parsed;
  return true;
}

struct Arguments {
  std::vector<std::string> words;  // But for --workers and its number.
  uint32_t workers = 2;            // 1 .. 64
};

// `usage` is of the words, as "FILE K"; there must be at least so many of them.
inline Arguments ParseArguments(int argc, char** argv, size_t words_min, const std::string& usage) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word != "--workers") {
      arguments.words.emplace_back(word);
    } else if (++i == argc || !ParseNumber(argv[i], &arguments.workers) || arguments.workers < 1 ||
               arguments.workers > 64) {
      Fail(kUsage, "--workers needs a number from 1 to 64");
    }
  }
  if (arguments.words.size() >= words_min) return arguments;
  Fail(kUsage,
       std::string("usage: ") + program_invocation_short_name + " " + usage + " [--workers N]");
}

// At least one.
inline std::vector<std::string> ReadLines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(std::move(line));
  if (lines.empty()) Fail(kData, path + ": there is no such file, or nothing in it");
  return lines;
}

// Words are what lies between blanks.
inline std::vector<std::string> SplitWords(std::string_view line,
                                           std::string_view blanks = " \t\r") {
  std::vector<std::string> words;
  for (size_t at = line.find_first_not_of(blanks); at != line.npos;) {
    const size_t end = std::min(line.find_first_of(blanks, at), line.size());
    words.emplace_back(line.substr(at, end - at));
    at = line.find_first_not_of(blanks, end);
  }
  return words;
}

// A cluster within this program, and a client for each worker. Across machines Client::Join takes
// the cluster's place.
class Workers {
 public:
  // They join one after the other: in kBsp and kSsp, worker w has stream w.
  Workers(const cairn::JobSpec& job, uint32_t workers) {
    auto cluster = cairn::LocalCluster::Start({.job = job, .servers = 2});
    Check(cluster.status());
    cluster_ = *std::move(cluster);
    for (uint32_t w = 0; w < workers; ++w) {
      auto client = cluster_->NewClient({});
      Check(client.status());
      clients_.push_back(*std::move(client));
    }
  }

  uint32_t count() const { return static_cast<uint32_t>(clients_.size()); }
  cairn::Client* client(uint32_t worker) { return clients_[worker].get(); }

  // Runs `work` for each worker, in a thread of its own, and waits until all have ended.
  void Run(const std::function<void(uint32_t worker, cairn::Client* client)>& work) {
    std::vector<std::jthread> threads;
    for (uint32_t w = 0; w < count(); ++w) {
      threads.emplace_back([&work, w, client = client(w)] { work(w, client); });
    }
  }

 private:
  std::unique_ptr<cairn::LocalCluster> cluster_;  // Outlives its clients.
  std::vector<std::unique_ptr<cairn::Client>> clients_;
};

}  // namespace example
