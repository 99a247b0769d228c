// A server's work on pull and push bundles, from bytes to bytes, without sockets: to count the
// instructions that single mechanisms cost.
//
// Usage: bundle_cost [--bundles N] [--keys N] [--stamps on|off] [--checksum control|all]
//   --bundles   pulls, and as many pushes, 200 by default
//   --keys      of each, 10,000 by default; twice as many are there
//   --stamps    off: no stamp is looked at, neither for duplicates nor for gaps
//   --checksum  all: bodies of bundles are checksummed too
//
// With valgrind:
//   valgrind --tool=callgrind --toggle-collect='*ServePull*' bundle_cost
//   valgrind --tool=callgrind --toggle-collect='*ServePush*' bundle_cost
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "base/option_parser.h"
#include "base/status.h"
#include "server/executor_core.h"
#include "sharding/key_cut.h"
#include "wire/codec.h"

namespace cairn {
namespace {

constexpr uint32_t kPartitions = 64;
constexpr ProcessId kSelf{1, 11};
constexpr ProcessId kClient{2, 22};
constexpr ProcessId kCoordinator{kCoordinatorProcess, 5};

struct Settings {
  uint64_t bundles = 0;
  uint64_t keys = 0;
  bool stamps = true;
  Checksum checksum = Checksum::kControl;
};

// Of logistic regression.
JobSpec Job() {
  TableSpec table;
  table.name = "w";
  table.parts[0].optimizer.name = "adagrad";
  JobSpec job;
  job.partitions = kPartitions;
  job.streams = 1;
  job.tables = {table};
  return job;
}

std::unique_ptr<ExecutorCore> MakeServer(const Settings& settings) {
  Welcome welcome;
  welcome.job = Job();
  ServerGuards guards;
  guards.stamp_check = guards.gap_check = settings.stamps;
  auto core = ExecutorCore::Make(welcome, kSelf, kCoordinator, "none", {0, 1, guards, {}});
  CAIRN_CHECK(core.ok());
  MapUpdate map;
  map.index = 1;
  map.opened = 1;
  map.partitions.assign(kPartitions, {1, kSelf});
  ExecutorActions actions;
  (*core)->Receive(
      std::make_shared<const Message>(Message{{kCoordinator, kSelf, 0, 1}, std::move(map)}),
      &actions);
  return *std::move(core);
}

// The bundles of one step.
struct Bundles {
  Frame pull, push;
};

class Client {
 public:
  explicit Client(const Settings& settings) : settings_(settings), cutter_(kPartitions) {
    layout_ = LayoutOf(Job().tables[0], 0);
  }

  Bundles Next() {
    std::vector<Key> keys(settings_.keys);
    for (Key& key : keys) key = Mix64(++draw_) % (2 * settings_.keys);
    const auto cut = cutter_.Cut(layout_, keys);
    std::vector<float> gradients(cut->unique());
    for (float& gradient : gradients) gradient = 0.1f + static_cast<float>(Mix64(++draw_) % 1'000);
    Pull pull;
    Push push;
    pull.ref = push.ref = {0, 1};
    pull.step = push.step = ++step_;
    push.rows = 1'000;
    const uint64_t request = 2 * step_;
    for (uint32_t p = 0; p < kPartitions; ++p) {
      const std::span<const uint64_t> ids = cut->IdsOf(p);
      const size_t begin = cut->offsets[p];
      pull.parts.push_back({p, 1, 0, p, p + 1});
      pull.slices.push_back({0, ids, {}, {}});
      push.parts.push_back({p, 1, step_ == 1 ? kStart : step_ - 1, 0, 1, p, p + 1});
      push.slices.push_back({0,
                             ids,
                             std::span(gradients).subspan(begin, ids.size()),
                             std::span(cut->counts).subspan(begin, ids.size()),
                             {request, 0, static_cast<uint32_t>(ids.size())}});
    }
    const Header header{kClient, kSelf, request, 1};
    return {EncodeMessage({header, std::move(pull)}, settings_.checksum),
            EncodeMessage({header, std::move(push)}, settings_.checksum)};
  }

 private:
  const Settings settings_;
  KeyCutter cutter_;
  TableLayout layout_;
  uint64_t draw_ = 0;
  StepIndex step_ = 0;
};

// A frame in, its answer out.
size_t Serve(ExecutorCore* server, const Frame& frame, Checksum checksum) {
  const auto message = DecodeMessage(frame);
  CAIRN_CHECK(message.ok(), MessageOf(message.status()));
  ExecutorActions actions;
  server->Receive(*message, &actions);
  CAIRN_CHECK(actions.messages.size() == 1);
  return EncodeMessage(*actions.messages[0].message, checksum).size();
}

// Two functions, so that each can be counted by its name.
[[gnu::noinline]] size_t ServePull(ExecutorCore* server, const Frame& frame, Checksum checksum) {
  return Serve(server, frame, checksum) + 1;
}
[[gnu::noinline]] size_t ServePush(ExecutorCore* server, const Frame& frame, Checksum checksum) {
  return Serve(server, frame, checksum) + 2;
}

Settings ParseSettings(const std::vector<std::string>& arguments) {
  using Kind = OptionSpec::Kind;
  const auto count = [](std::string name, std::string fallback, uint64_t max) {
    return OptionSpec{.name = std::move(name),
                      .kind = Kind::kCount,
                      .metavar = "N",
                      .fallback = std::move(fallback),
                      .counts = {.min = 1, .max = max}};
  };
  const auto choice = [](std::string name, std::vector<std::string> choices) {
    return OptionSpec{.name = std::move(name),
                      .kind = Kind::kChoice,
                      .fallback = choices.front(),
                      .choices = std::move(choices)};
  };
  const std::vector<OptionSpec> specs = {
      count("bundles", "200", 1'000'000), count("keys", "10000", 500'000),
      choice("stamps", {"on", "off"}), choice("checksum", {"control", "all"})};
  const auto values = ParseOptions(specs, arguments);
  if (!values.ok()) {
    std::fprintf(stderr, "bundle_cost: %s\n", std::string(MessageOf(values.status())).c_str());
    std::exit(2);
  }
  return {values->Count("bundles"), values->Count("keys"), values->Text("stamps") == "on",
          values->Text("checksum") == "all" ? Checksum::kAll : Checksum::kControl};
}

int Main(const Settings& settings) {
  const std::unique_ptr<ExecutorCore> server = MakeServer(settings);
  Client client(settings);
  size_t bytes = 0;
  std::chrono::steady_clock::duration pull{}, push{};
  for (uint64_t i = 0; i < settings.bundles; ++i) {
    const Bundles bundles = client.Next();
    const auto begin = std::chrono::steady_clock::now();
    bytes += ServePull(server.get(), bundles.pull, settings.checksum);
    const auto middle = std::chrono::steady_clock::now();
    bytes += ServePush(server.get(), bundles.push, settings.checksum);
    pull += middle - begin;
    push += std::chrono::steady_clock::now() - middle;
  }
  const auto nanos = [&](auto time) {
    const std::chrono::duration<double, std::nano> all = time;
    return all.count() / static_cast<double>(settings.bundles * settings.keys);
  };
  std::printf("%llu pulls and pushes of %llu keys: %.1f and %.1f ns a key, %zu bytes answered\n",
              static_cast<unsigned long long>(settings.bundles),
              static_cast<unsigned long long>(settings.keys), nanos(pull), nanos(push), bytes);
  return 0;
}

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  return cairn::Main(cairn::ParseSettings({argv + 1, argv + argc}));
}
