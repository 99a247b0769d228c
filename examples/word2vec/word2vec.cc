// word2vec: skip-gram with negative sampling (Mikolov, Sutskever, Chen, Corrado, Dean 2013). Words
// that occur among the same others get vectors that point the same way. A line of the file is a
// sentence.
//
// Each word has two vectors, a row in each of two tables: one as itself, one as a neighbour of
// others. Workers share the sentences out. For each sentence a worker pulls the vectors of its
// words, of their neighbours and of some words drawn at random, and pushes gradients of the loss
//   -log sigmoid(<word, neighbour>) - sum over drawn words of log sigmoid(-<word, drawn>)
// With one worker the result is always the same.
//
// Usage: word2vec FILE [WORD...] [--workers N]. Prints the words that are nearest to each WORD; to
// every word, if there is none.
#include <cairn/client.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "../common/example.h"

namespace {

using example::Check;

constexpr uint32_t kDimensions = 16;
constexpr size_t kWindow = 2;  // Words on each side that are neighbours.
constexpr size_t kDrawn = 5;   // Words drawn for each neighbour.
constexpr int kEpochs = 20;
constexpr size_t kNearest = 3;
constexpr double kDrawPower = 0.75;  // A word is drawn as often as it occurs, to this power.

struct Corpus {
  std::vector<std::string> words;           // Different ones; a number is a word's key.
  std::map<std::string, uint32_t> numbers;  // Of the words.
  std::vector<std::vector<cairn::Key>> sentences;
  std::vector<double> weights;  // By word: as it is drawn.
};

Corpus ReadCorpus(const std::string& path) {
  Corpus corpus;
  std::vector<double> counts;
  for (const std::string& line : example::ReadLines(path)) {
    std::vector<cairn::Key> sentence;
    for (const std::string& word : example::SplitWords(line)) {
      const auto [found, is_new] = corpus.numbers.try_emplace(word, corpus.words.size());
      if (is_new) corpus.words.push_back(word);
      counts.resize(corpus.words.size());
      ++counts[found->second];
      sentence.push_back(found->second);
    }
    if (sentence.size() > 1) corpus.sentences.push_back(std::move(sentence));
  }
  if (corpus.words.size() < 2) example::Fail(example::kData, path + ": fewer than two words");
  for (const double count : counts) corpus.weights.push_back(std::pow(count, kDrawPower));
  return corpus;
}

cairn::JobSpec MakeJob() {
  cairn::JobSpec job;
  job.name = "word2vec";
  job.tables.resize(2);
  job.tables[0].name = "words";
  job.tables[0].parts[0].width = kDimensions;
  job.tables[0].parts[0].optimizer = {.name = "adagrad", .learning_rate = 0.3f};
  job.tables[1] = job.tables[0];
  job.tables[1].name = "neighbours";  // These begin at 0.
  job.tables[0].parts[0].initializer = {cairn::InitializerSpec::Kind::kNormal, 0.1f};
  return job;
}

// The vectors of some words, one after the other, and their gradients.
struct Vectors {
  std::vector<cairn::Key> words;
  std::vector<float> values = {};
  std::vector<float> gradients = {};

  void Resize() {
    values.resize(words.size() * kDimensions);
    gradients.resize(values.size());
  }
  float* vector(size_t i) { return values.data() + i * kDimensions; }
  float* gradient(size_t i) { return gradients.data() + i * kDimensions; }
};

class Worker {
 public:
  Worker(const Corpus& corpus, uint32_t seed, cairn::Client* client)
      : corpus_(corpus), random_(seed), client_(client) {
    std::partial_sum(corpus.weights.begin(), corpus.weights.end(), std::back_inserter(sums_));
  }

  void Learn(const std::vector<cairn::Key>& sentence, float rate_factor) {
    Vectors words{sentence}, others;
    std::vector<size_t> centres;  // Of each neighbour: which word of the sentence it is next to.
    for (size_t i = 0; i < sentence.size(); ++i) {
      const size_t end = std::min(sentence.size(), i + kWindow + 1);
      for (size_t j = i < kWindow ? 0 : i - kWindow; j < end; ++j) {
        if (j == i) continue;
        centres.push_back(i);
        others.words.push_back(sentence[j]);
        for (size_t n = 0; n < kDrawn; ++n) others.words.push_back(Draw(sentence[j]));
      }
    }
    words.Resize();
    others.Resize();
    cairn::Step step = client_->NextStep();
    cairn::Pending pulled = step.Pull(words_, words.words, words.values);
    Check(step.Pull(neighbours_, others.words, others.values).Wait());
    Check(pulled.Wait());
    for (size_t i = 0; i < others.words.size(); ++i) {
      const size_t centre = centres[i / (1 + kDrawn)];
      const float label = i % (1 + kDrawn) == 0 ? 1 : 0;  // Whether it is a neighbour indeed.
      const float z = std::inner_product(words.vector(centre), words.vector(centre) + kDimensions,
                                         others.vector(i), 0.0f);
      const float slope = 1 / (1 + std::exp(-z)) - label;
      for (size_t d = 0; d < kDimensions; ++d) {
        words.gradient(centre)[d] += slope * others.vector(i)[d];
        others.gradient(i)[d] = slope * words.vector(centre)[d];
      }
    }
    step.Push(words_, words.words, words.gradients);
    step.Push(neighbours_, others.words, others.gradients);
    Check(step.Commit({.rate_factor = rate_factor}).Wait());
  }

  // Of all words, each of length 1.
  std::vector<std::vector<float>> Directions() {
    Vectors all;
    all.words.resize(corpus_.words.size());
    std::iota(all.words.begin(), all.words.end(), 0);
    all.Resize();
    Check(client_->Read(words_, all.words, all.values).Wait());
    std::vector<std::vector<float>> directions;
    for (size_t i = 0; i < all.words.size(); ++i) {
      float* const vector = all.vector(i);
      const float length =
          std::sqrt(std::inner_product(vector, vector + kDimensions, vector, 0.0f));
      for (size_t d = 0; d < kDimensions; ++d) vector[d] /= length;
      directions.emplace_back(vector, vector + kDimensions);
    }
    return directions;
  }

 private:
  // Any word but this one.
  cairn::Key Draw(cairn::Key not_this) {
    while (true) {
      const double at = std::generate_canonical<double, 53>(random_) * sums_.back();
      const auto word = static_cast<cairn::Key>(
          std::upper_bound(sums_.begin(), sums_.end() - 1, at) - sums_.begin());
      if (word != not_this) return word;
    }
  }

  const Corpus& corpus_;
  std::vector<double> sums_;  // Of the weights.
  std::mt19937 random_;
  cairn::Client* const client_;
  const cairn::Table words_ = client_->FindTable("words").value();
  const cairn::Table neighbours_ = client_->FindTable("neighbours").value();
};

void PrintNearest(const Corpus& corpus, const std::vector<std::vector<float>>& directions,
                  uint32_t word) {
  std::vector<std::pair<float, uint32_t>> others;
  for (uint32_t other = 0; other < directions.size(); ++other) {
    const std::vector<float>& direction = directions[other];
    const float cosine =
        std::inner_product(direction.begin(), direction.end(), directions[word].begin(), 0.0f);
    if (other != word) others.emplace_back(-cosine, other);
  }
  std::sort(others.begin(), others.end());
  others.resize(std::min(others.size(), kNearest));
  std::cout << corpus.words[word] << ":";
  for (const auto& [cosine, other] : others) {
    std::cout << " " << corpus.words[other] << " " << -cosine;
  }
  std::cout << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  const example::Arguments arguments = example::ParseArguments(argc, argv, 1, "FILE [WORD...]");
  const Corpus corpus = ReadCorpus(arguments.words[0]);
  std::vector<uint32_t> asked;
  for (size_t i = 1; i < arguments.words.size(); ++i) {
    const auto found = corpus.numbers.find(arguments.words[i]);
    if (found == corpus.numbers.end()) {
      example::Fail(example::kUsage, arguments.words[i] + " is no word of " + arguments.words[0]);
    }
    asked.push_back(found->second);
  }
  if (asked.empty()) {
    asked.resize(corpus.words.size());
    std::iota(asked.begin(), asked.end(), 0);
  }
  example::Workers workers(MakeJob(), arguments.workers);
  workers.Run([&](uint32_t w, cairn::Client* client) {
    Worker worker(corpus, w, client);
    for (int epoch = 0; epoch < kEpochs; ++epoch) {
      const float rate_factor = 1 - static_cast<float>(epoch) / kEpochs;
      for (size_t i = w; i < corpus.sentences.size(); i += workers.count()) {
        worker.Learn(corpus.sentences[i], rate_factor);
      }
    }
  });
  const auto directions = Worker(corpus, 0, workers.client(0)).Directions();
  std::cout << std::fixed << std::setprecision(2);
  for (const uint32_t word : asked) PrintNearest(corpus, directions, word);
  return 0;
}
