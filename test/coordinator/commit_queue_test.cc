#include "coordinator/commit_queue.h"

#include <catch2/catch.hpp>
#include <string>

namespace cairn {
namespace {

// Recognised by its manifest.
CoordinatorActions Actions(const char* name, uint64_t first_index, size_t records) {
  CoordinatorActions actions;
  actions.manifest = ManifestFile{0, "", name};
  if (records > 0) actions.log.first_index = first_index;
  for (size_t i = 0; i < records; ++i) actions.log.records.emplace_back(MemberLeft{});
  return actions;
}

std::string Ready(CommitQueue* queue) {
  std::string names;
  while (const std::optional<CoordinatorActions> actions = queue->TakeReady()) {
    CHECK(actions->log.empty());
    names += actions->manifest->text;
  }
  return names;
}

TEST_CASE("CommitQueue: what decides nothing is done at once") {
  CommitQueue queue;
  CHECK(Ready(&queue) == "");
  queue.Add(Actions("a", 0, 0));
  queue.Add(Actions("b", 0, 0));
  CHECK(queue.TakeBatches().empty());
  CHECK(Ready(&queue) == "ab");
}

TEST_CASE("CommitQueue: nothing is done before its records, and those before it, are written") {
  CommitQueue queue;
  queue.Add(Actions("a", 0, 0));
  queue.Add(Actions("b", 1, 2));
  CHECK(Ready(&queue) == "a");
  const std::vector<LogBatch> first = queue.TakeBatches();
  REQUIRE(first.size() == 1);
  CHECK(first[0].first_index == 1);
  CHECK(first[0].records.size() == 2);
  // They are being written meanwhile.
  queue.Add(Actions("c", 0, 0));
  queue.Add(Actions("d", 3, 1));
  queue.Add(Actions("e", 4, 1));
  CHECK(queue.TakeBatches().empty());
  CHECK(Ready(&queue) == "");
  queue.Written();
  CHECK(Ready(&queue) == "bc");
  const std::vector<LogBatch> second = queue.TakeBatches();
  REQUIRE(second.size() == 2);
  CHECK(second[0].first_index == 3);
  CHECK(second[1].first_index == 4);
  CHECK(Ready(&queue) == "");
  CHECK(!queue.empty());
  queue.Written();
  CHECK(Ready(&queue) == "de");
  CHECK(queue.empty());
}

}  // namespace
}  // namespace cairn
