// tf-idf: what a word tells of a document, among other documents. Each line of the file is one.
//
//   weight = how often the word occurs in the document * ln(documents / documents with the word)
//
// Workers share the documents out. First they count in how many documents each word occurs: a
// table of sums, to which every document pushes 1 for each of its words. Then each looks its own
// documents' words up. Prints the words of each document that weigh most.
//
// Usage: tf_idf FILE [--workers N]
#include <cairn/client.h>
#include <cairn/key.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "../common/example.h"

namespace {

using example::Check;

constexpr size_t kTopWords = 3;
constexpr cairn::Key kOnlyBlock[] = {0};

cairn::TableSpec SumTable(const std::string& name) {
  cairn::TableSpec table;
  table.name = name;
  table.parts[0].optimizer.name = "sum";
  return table;
}

// A sum counts exactly up to 2^24.
cairn::JobSpec MakeJob() {
  cairn::JobSpec job;
  job.name = "tf_idf";
  job.tables = {SumTable("frequencies"), SumTable("documents")};
  job.tables[1].kind = cairn::TableSpec::Kind::kDense;
  job.tables[1].dense_size = 1;
  return job;
}

struct Document {
  std::vector<std::string> words;  // Different ones, in the order of the alphabet.
  std::vector<cairn::Key> keys;
  std::vector<float> counts;
};

// Letters and digits make words, whatever their case; bytes that are not ASCII count as letters.
Document Read(const std::string& line) {
  std::string text = line;
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    c = byte >= 0x80 ? c : std::isalnum(byte) ? static_cast<char>(std::tolower(byte)) : ' ';
  }
  std::map<std::string, float> counts;
  for (const std::string& word : example::SplitWords(text)) ++counts[word];
  Document document;
  for (const auto& [word, count] : counts) {
    document.words.push_back(word);
    document.keys.push_back(cairn::KeyOf(word));
    document.counts.push_back(count);
  }
  return document;
}

class Worker {
 public:
  explicit Worker(cairn::Client* client) : client_(client) {}

  // Both tables in one step: they tell of the same documents at any time.
  void Count(const Document& document) {
    const std::vector<float> ones(document.keys.size(), 1);
    cairn::Step step = client_->NextStep();
    step.Push(frequencies_, document.keys, ones);
    step.Push(documents_, kOnlyBlock, std::vector<float>{1});
    Check(step.Commit({}).Wait());
  }

  // "word weight, word weight, ..."
  std::string Weigh(const Document& document) {
    float documents[1];
    std::vector<float> frequencies(document.keys.size());
    Check(client_->Read(documents_, kOnlyBlock, documents).Wait());
    Check(client_->Read(frequencies_, document.keys, frequencies).Wait());
    std::vector<std::pair<double, std::string>> weighed;
    for (size_t i = 0; i < document.words.size(); ++i) {
      const double rarity = std::log(double{documents[0]} / frequencies[i]);
      weighed.emplace_back(-document.counts[i] * rarity, document.words[i]);
    }
    std::sort(weighed.begin(), weighed.end());  // Of equal weights, in the order of the alphabet.
    std::ostringstream text;
    text << std::fixed << std::setprecision(4);
    for (size_t i = 0; i < std::min(kTopWords, weighed.size()); ++i) {
      text << (i == 0 ? "" : ", ") << weighed[i].second << " " << -weighed[i].first;
    }
    return text.str();
  }

 private:
  cairn::Client* const client_;
  const cairn::Table frequencies_ = client_->FindTable("frequencies").value();
  const cairn::Table documents_ = client_->FindTable("documents").value();
};

}  // namespace

int main(int argc, char** argv) {
  const example::Arguments arguments = example::ParseArguments(argc, argv, 1, "FILE");
  std::vector<Document> documents;
  for (const std::string& line : example::ReadLines(arguments.words[0])) {
    documents.push_back(Read(line));
  }
  example::Workers workers(MakeJob(), arguments.workers);
  workers.Run([&](uint32_t w, cairn::Client* client) {
    for (size_t i = w; i < documents.size(); i += workers.count()) {
      Worker(client).Count(documents[i]);
    }
  });
  std::vector<std::string> results(documents.size());
  workers.Run([&](uint32_t w, cairn::Client* client) {
    for (size_t i = w; i < documents.size(); i += workers.count()) {
      results[i] = Worker(client).Weigh(documents[i]);
    }
  });
  for (size_t i = 0; i < results.size(); ++i) std::cout << i + 1 << ": " << results[i] << "\n";
  return 0;
}
