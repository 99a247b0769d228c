// PageRank (Page, Brin, Motwani, Winograd 1999), by passing on what arrives.
//
// (1 - d) / nodes arrives at each node at the start. A node passes d times whatever arrives on to
// the nodes that it links to, in equal shares; a node without links to all nodes. Its rank is all
// that has ever arrived. Workers share the nodes out and go in lock step (bsp). What they share is
// a table of sums, in which a node's row is what has arrived and was not passed on: a worker pulls
// the rows of its own nodes, subtracts what it has seen, and adds shares to the rows of others.
// After t steps d^t of everything is left to be passed on, so it is known when to stop.
//
// Usage: page_rank FILE [--workers N]. A line of the file is a link: the names of two nodes, the
// one that links first. Empty lines, and lines that begin with #, are left out.
#include <cairn/client.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iomanip>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "../common/example.h"

namespace {

using example::Check;

constexpr double kDamping = 0.85;
constexpr double kLeftOver = 1e-7;  // Of all ranks together, which are 1.
constexpr cairn::Key kOnlyBlock[] = {0};

struct Graph {
  std::vector<std::string> names;  // [nodes]
  std::vector<std::vector<uint32_t>>
      links;  // [nodes]: to where; one that comes twice counts twice.

  size_t nodes() const { return names.size(); }
};

Graph ReadGraph(const std::string& path) {
  Graph graph;
  std::map<std::string, uint32_t> numbers;
  const auto number_of = [&](const std::string& name) {
    const auto [found, is_new] = numbers.try_emplace(name, numbers.size());
    if (is_new) {
      graph.names.push_back(name);
      graph.links.emplace_back();
    }
    return found->second;
  };
  size_t line_number = 0;
  for (const std::string& line : example::ReadLines(path)) {
    ++line_number;
    const std::vector<std::string> words = example::SplitWords(line);
    if (words.empty() || words[0].starts_with("#")) continue;
    if (words.size() != 2) {
      example::Fail(example::kData, path + ":" + std::to_string(line_number) + ": " +
                                        std::to_string(words.size()) +
                                        " words; a link is the names of two nodes");
    }
    const uint32_t from = number_of(words[0]), to = number_of(words[1]);
    graph.links[from].push_back(to);
  }
  if (graph.nodes() == 0) example::Fail(example::kData, path + ": no links");
  return graph;
}

// What has arrived at a node is its row in "arrivals", and what "everywhere" holds, which has
// arrived at all of them.
cairn::JobSpec MakeJob(uint32_t workers) {
  cairn::JobSpec job;
  job.name = "page_rank";
  job.mode.consistency = cairn::Consistency::kBsp;
  job.streams = workers;
  job.tables.resize(2);
  job.tables[0].name = "arrivals";
  job.tables[0].parts[0].optimizer.name = "sum";
  job.tables[1] = job.tables[0];
  job.tables[1].name = "everywhere";
  job.tables[1].kind = cairn::TableSpec::Kind::kDense;
  job.tables[1].dense_size = 1;
  return job;
}

class Worker {
 public:
  struct Share {  // The nodes first, first + every, ...
    size_t first;
    size_t every;
  };
  Worker(const Graph& graph, Share share, cairn::Client* client)
      : graph_(graph), client_(client), is_first_(share.first == 0) {
    for (size_t node = share.first; node < graph.nodes(); node += share.every) {
      nodes_.push_back(node);
    }
  }

  // The start: a step of everybody, but one worker's task.
  void Begin() {
    cairn::Step step = client_->NextStep();
    const double start = (1 - kDamping) / static_cast<double>(graph_.nodes());
    if (is_first_) step.Push(everywhere_, kOnlyBlock, std::vector{static_cast<float>(start)});
    Check(step.Commit({}).Wait());
  }

  // Adds what has arrived to `ranks` [nodes of the graph].
  void PassOn(std::vector<double>* ranks) {
    std::vector<float> rows(nodes_.size());
    float everywhere[1];
    cairn::Step step = client_->NextStep();
    cairn::Pending pulled = step.Pull(arrivals_, nodes_, rows);
    Check(step.Pull(everywhere_, kOnlyBlock, everywhere).Wait());
    Check(pulled.Wait());
    std::vector<cairn::Key> targets = nodes_;
    std::vector<float> shares;
    for (const float row : rows) shares.push_back(-row);
    double to_all = is_first_ ? -everywhere[0] : 0;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const double arrived = double{rows[i]} + everywhere[0];
      (*ranks)[nodes_[i]] += arrived;
      const double flow = kDamping * arrived;
      const std::vector<uint32_t>& links = graph_.links[nodes_[i]];
      targets.insert(targets.end(), links.begin(), links.end());
      shares.resize(targets.size(), static_cast<float>(flow / static_cast<double>(links.size())));
      if (links.empty()) to_all += flow / static_cast<double>(graph_.nodes());
    }
    step.Push(arrivals_, targets, shares);
    step.Push(everywhere_, kOnlyBlock, std::vector{static_cast<float>(to_all)});
    Check(step.Commit({}).Wait());
  }

 private:
  const Graph& graph_;
  cairn::Client* const client_;
  const cairn::Table arrivals_ = client_->FindTable("arrivals").value();
  const cairn::Table everywhere_ = client_->FindTable("everywhere").value();
  const bool is_first_;
  std::vector<cairn::Key> nodes_;  // Its own.
};

}  // namespace

int main(int argc, char** argv) {
  const example::Arguments arguments = example::ParseArguments(argc, argv, 1, "FILE");
  const Graph graph = ReadGraph(arguments.words[0]);
  const int steps = static_cast<int>(std::ceil(std::log(kLeftOver) / std::log(kDamping)));
  example::Workers workers(MakeJob(arguments.workers), arguments.workers);
  std::vector<double> ranks(graph.nodes());
  workers.Run([&](uint32_t w, cairn::Client* client) {
    Worker worker(graph, {w, workers.count()}, client);
    worker.Begin();
    for (int i = 0; i < steps; ++i) worker.PassOn(&ranks);  // Those of its own nodes.
  });
  std::vector<std::pair<double, std::string>> sorted;
  for (size_t node = 0; node < ranks.size(); ++node) {
    sorted.emplace_back(-ranks[node], graph.names[node]);
  }
  std::sort(sorted.begin(), sorted.end());  // Of equal ranks, in the order of the alphabet.
  std::cout << std::setprecision(7) << std::fixed;
  for (const auto& [rank, name] : sorted) std::cout << -rank << " " << name << "\n";
  return 0;
}
