// What both programs share: rows of data, logistic regression's arithmetic, and what is said in the
// end. Nothing here knows how the ranks come to one model.
#pragma once

#include <mpi.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct Rows {
  std::vector<uint64_t>
      keys;  // Of all rows, one after the other; a feature that is there counts 1.
  std::vector<size_t> begins = {0};
  std::vector<float> labels;  // 0 or 1.

  size_t size() const { return labels.size(); }
  std::span<const uint64_t> KeysOf(size_t row) const {
    return {keys.data() + begins[row], begins[row + 1] - begins[row]};
  }
};

struct Settings {
  std::string train, valid;
  uint64_t features = 0;  // Keys are taken modulo this.
  double seconds = 0;
  static constexpr size_t kBatchRows = 1'000;
  static constexpr float kRate = 0.1f;  // AdaGrad's.
};

[[noreturn]] inline void Fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  MPI_Abort(MPI_COMM_WORLD, 1);
  std::exit(1);
}

inline Settings ParseArguments(int argc, char** argv) {
  if (argc != 5) Fail(std::string("usage: ") + argv[0] + " TRAIN VALID FEATURES SECONDS");
  const Settings settings{argv[1], argv[2], std::strtoull(argv[3], nullptr, 10),
                          std::strtod(argv[4], nullptr)};
  if (settings.features == 0 || settings.seconds <= 0) Fail("FEATURES and SECONDS are positive");
  return settings;
}

// Every `parts`th line, from line `part` on, of libsvm ("1 7:1 9:1") or libffm ("1 0:7:1 1:9:1").
inline Rows Read(const std::string& path, uint64_t features, int part, int parts) {
  std::ifstream file(path);
  if (!file) Fail(path + ": there is no such file");
  Rows rows;
  std::string line;
  for (int number = 0; std::getline(file, line); ++number) {
    if (number % parts != part) continue;
    const std::string_view text = line;
    rows.labels.push_back(std::strtof(line.c_str(), nullptr) > 0 ? 1 : 0);
    for (size_t end = text.find(' '); end != text.npos;) {
      const size_t begin = end + 1;
      end = text.find(' ', begin);
      const std::string_view word = text.substr(begin, end - begin);
      const size_t colon = word.rfind(':');
      if (colon == word.npos) continue;
      const size_t before = word.substr(0, colon).rfind(':');
      uint64_t key = 0;
      std::from_chars(word.data() + (before == word.npos ? 0 : before + 1), word.data() + colon,
                      key);
      rows.keys.push_back(key % features);
    }
    rows.begins.push_back(rows.keys.size());
  }
  if (rows.size() < Settings::kBatchRows) Fail(path + ": too few rows for every rank");
  return rows;
}

inline float Sigmoid(float z) { return 1 / (1 + std::exp(-z)); }

inline double SecondsNow() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// By the rank that has scored the validation data: z [rows].
inline void Report(const char* how, const Rows& rows, std::span<const float> z, uint64_t trained) {
  double loss = 0;
  std::vector<std::pair<float, float>> ranked;  // (score, label)
  for (size_t i = 0; i < rows.size(); ++i) {
    loss += std::log1p(std::exp(rows.labels[i] > 0 ? -z[i] : z[i]));
    ranked.emplace_back(z[i], rows.labels[i]);
  }
  std::sort(ranked.begin(), ranked.end());
  double rank_sum = 0, ones = 0;
  for (size_t i = 0; i < ranked.size();) {  // Equal scores share their mean rank.
    size_t end = i;
    while (end < ranked.size() && ranked[end].first == ranked[i].first) ++end;
    for (size_t j = i; j < end; ++j) {
      ones += ranked[j].second;
      rank_sum += ranked[j].second * (static_cast<double>(i + end) + 1) / 2;
    }
    i = end;
  }
  const double zeros = static_cast<double>(rows.size()) - ones;
  const double auc = (rank_sum - ones * (ones + 1) / 2) / (ones * zeros);
  std::printf("%s: %llu rows learnt, logloss %.4f, auc %.4f\n", how,
              static_cast<unsigned long long>(trained), loss / static_cast<double>(rows.size()),
              auc);
}

inline void ReportMemory(int rank) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("rank %d: peak memory %ld MiB\n", rank, usage.ru_maxrss / 1024);
}
