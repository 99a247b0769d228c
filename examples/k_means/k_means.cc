// k-means by Lloyd's method: a point goes to the nearest centroid, a centroid to the mean of its
// points, until nothing moves. Begins with the first K points.
//
// Workers share the points out and go in lock step (bsp). In each iteration a worker pushes, for
// each cluster, the sum of its own points and their number; the table adds up what all workers
// push, and the next pull shows the sums of all. They are under new keys in each iteration, so that
// nobody has to clear them. All workers see the same sums, to the last bit: they stop together.
//
// Usage: k_means FILE K [--workers N]. A line of the file is a point: numbers, between commas or
// blanks.
#include <cairn/client.h>

#include <cmath>
#include <cstdint>
#include <iostream>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../common/example.h"

namespace {

using example::Check;
using example::Fail;

constexpr uint32_t kIterationsMax = 1'000;

struct Points {
  size_t dimensions = 0;
  std::vector<float> values;  // [points x dimensions]

  size_t size() const { return values.size() / dimensions; }
  std::span<const float> point(size_t i) const {
    return std::span(values).subspan(i * dimensions, dimensions);
  }
};

Points ReadPoints(const std::string& path) {
  Points points;
  size_t number = 0;
  for (const std::string& line : example::ReadLines(path)) {
    const std::string where = path + ":" + std::to_string(++number) + ": ";
    const std::vector<std::string> words = example::SplitWords(line, " \t\r,");
    if (points.dimensions == 0) points.dimensions = words.size();
    if (words.empty() || words.size() != points.dimensions) {
      Fail(example::kData, where + std::to_string(words.size()) + " numbers; expected " +
                               std::to_string(points.dimensions) + ", as in the first line");
    }
    for (const std::string& word : words) {
      float& value = points.values.emplace_back();
      if (!example::ParseNumber(word, &value) || !std::isfinite(value)) {
        Fail(example::kData, where + "\"" + word + "\" is no number");
      }
    }
  }
  return points;
}

// A cluster's row: the sum of its points, how many there are, and the sum of their squared
// distances to the centroid of the iteration before.
cairn::JobSpec MakeJob(size_t dimensions, uint32_t workers) {
  cairn::JobSpec job;
  job.name = "k_means";
  job.mode.consistency = cairn::Consistency::kBsp;
  job.streams = workers;
  job.tables.resize(1);
  job.tables[0].name = "clusters";
  job.tables[0].parts[0].width = static_cast<uint32_t>(dimensions + 2);
  job.tables[0].parts[0].optimizer.name = "sum";
  return job;
}

struct Clusters {
  std::vector<float> centroids;  // [k x dimensions]
  std::vector<float> sizes;      // [k]
  double distances = 0;          // The sum over all points.
  uint32_t iterations = 0;
};

class Worker {
 public:
  struct Share {  // The points first, first + every, ...
    size_t first;
    size_t every;
  };
  Worker(const Points& points, Share share, size_t k, cairn::Client* client)
      : points_(points), share_(share), k_(k), width_(points.dimensions + 2), client_(client) {}

  Clusters Run() {
    clusters_.centroids.assign(
        points_.values.begin(),
        points_.values.begin() + static_cast<ptrdiff_t>(k_ * points_.dimensions));
    clusters_.sizes.resize(k_);
    bool moved = true;
    for (uint32_t i = 1; moved && i <= kIterationsMax; ++i) {
      const std::vector<cairn::Key> keys = KeysOf(i);
      Check(client_->Push(table_, keys, SumUp()).Wait());
      std::vector<float> rows(k_ * width_);
      Check(client_->Pull(table_, keys, rows).Wait());
      moved = Move(rows);
      clusters_.iterations = i;
    }
    return clusters_;
  }

 private:
  std::vector<cairn::Key> KeysOf(uint32_t iteration) const {
    std::vector<cairn::Key> keys;
    for (size_t c = 0; c < k_; ++c) keys.push_back(iteration * k_ + c);
    return keys;
  }

  // [k x width]: what this worker's points add to the clusters' rows.
  std::vector<float> SumUp() const {
    std::vector<float> rows(k_ * width_);
    for (size_t i = share_.first; i < points_.size(); i += share_.every) {
      const std::span<const float> point = points_.point(i);
      const auto [nearest, distance] = Nearest(point);
      float* const row = rows.data() + nearest * width_;
      for (size_t d = 0; d < point.size(); ++d) row[d] += point[d];
      row[point.size()] += 1;
      row[point.size() + 1] += distance;
    }
    return rows;
  }

  // With its squared distance. Of equally near ones the first.
  std::pair<size_t, float> Nearest(std::span<const float> point) const {
    std::pair<size_t, float> best = {0, std::numeric_limits<float>::infinity()};
    for (size_t c = 0; c < k_; ++c) {
      const float* const centroid = clusters_.centroids.data() + c * point.size();
      float distance = 0;
      for (size_t d = 0; d < point.size(); ++d) {
        distance += (point[d] - centroid[d]) * (point[d] - centroid[d]);
      }
      if (distance < best.second) best = {c, distance};
    }
    return best;
  }

  // Each centroid to the mean of its points; a cluster without points stays. Whether any has moved.
  bool Move(const std::vector<float>& rows) {
    const std::vector<float> before = clusters_.centroids;
    clusters_.distances = 0;
    for (size_t c = 0; c < k_; ++c) {
      const float* const row = rows.data() + c * width_;
      clusters_.sizes[c] = row[points_.dimensions];
      clusters_.distances += row[points_.dimensions + 1];
      for (size_t d = 0; clusters_.sizes[c] > 0 && d < points_.dimensions; ++d) {
        clusters_.centroids[c * points_.dimensions + d] = row[d] / clusters_.sizes[c];
      }
    }
    return clusters_.centroids != before;
  }

  const Points& points_;
  const Share share_;
  const size_t k_;
  const size_t width_;
  cairn::Client* const client_;
  const cairn::Table table_ = client_->FindTable("clusters").value();
  Clusters clusters_;
};

void Print(const Clusters& clusters, size_t dimensions) {
  for (size_t c = 0; c < clusters.sizes.size(); ++c) {
    std::cout << clusters.sizes[c] << " points around";
    for (size_t d = 0; d < dimensions; ++d) {
      std::cout << " " << clusters.centroids[c * dimensions + d];
    }
    std::cout << "\n";
  }
  std::cout << "squared distances: " << clusters.distances << "\n"
            << "iterations: " << clusters.iterations << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  const example::Arguments arguments = example::ParseArguments(argc, argv, 2, "FILE K");
  const Points points = ReadPoints(arguments.words[0]);
  size_t k = 0;
  if (!example::ParseNumber(arguments.words[1], &k) || k < 1 || k > points.size()) {
    Fail(example::kUsage, "K is " + arguments.words[1] + ": 1 to " + std::to_string(points.size()) +
                              ", the number of points");
  }
  example::Workers workers(MakeJob(points.dimensions, arguments.workers), arguments.workers);
  Clusters clusters;
  workers.Run([&](uint32_t w, cairn::Client* client) {
    Clusters found = Worker(points, {w, workers.count()}, k, client).Run();
    if (w == 0) clusters = std::move(found);  // They have all found the same.
  });
  Print(clusters, points.dimensions);
  return 0;
}
