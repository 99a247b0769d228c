#include "sim/sim_scenario.h"

#include <array>

#include "base/check.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/status.h"
#include "server/row_table.h"
#include "server/table_schema.h"
#include "sim/sim_program.h"

namespace cairn::sim {
namespace {

OptimizerSpec DrawOptimizer(Random* random) {
  static constexpr std::array<const char*, 5> kNames = {"sgd", "adagrad", "rowwise_adagrad", "ftrl",
                                                        "adam"};
  OptimizerSpec optimizer;
  optimizer.name = kNames[random->Below(kNames.size())];
  optimizer.learning_rate = 0.05f + 0.1f * static_cast<float>(random->Unit());
  optimizer.l2 = random->Chance(0.75) ? 0.02f : 0.0f;
  return optimizer;
}

// "x" learns; "ones" counts how often each row of data was trained.
std::vector<TableSpec> DrawTables(Random* random) {
  TableSpec x;
  x.name = "x";
  x.parts = {PartSpec{1, DrawOptimizer(random), {InitializerSpec::Kind::kNormal, 0.2f}},
             PartSpec{2 + static_cast<uint32_t>(random->Below(2)),
                      DrawOptimizer(random),
                      {InitializerSpec::Kind::kNormal, 0.3f}}};
  x.reduction = random->Chance(0.5) ? TableSpec::Reduction::kMean : TableSpec::Reduction::kSum;
  TableSpec ones;
  ones.name = "ones";
  ones.parts[0].optimizer.name = "sum";
  return {x, ones};
}

ConsistencyMode DrawMode(std::optional<Consistency> fixed, Random* random) {
  static constexpr std::array<Consistency, 5> kModes = {Consistency::kBsp, Consistency::kBsp,
                                                        Consistency::kSsp, Consistency::kAsp,
                                                        Consistency::kAsp};
  ConsistencyMode mode;
  const Consistency drawn = kModes[random->Below(kModes.size())];
  mode.consistency = fixed.value_or(drawn);
  const auto staleness = static_cast<uint32_t>(random->Below(4));
  if (mode.consistency == Consistency::kSsp) mode.staleness = staleness;
  return mode;
}

ProgramShape DrawShape(Random* random) {
  ProgramShape shape;
  shape.batches = 30 + random->Below(11);
  shape.rows_per_batch = 4 + random->Below(3);
  shape.rows_of_last_batch = 1 + random->Below(shape.rows_per_batch);
  shape.features_per_row = 3 + static_cast<uint32_t>(random->Below(2));
  shape.feature_pool = 24 + random->Below(40);
  shape.bare_every = random->Chance(0.25) ? 6 : 0;
  return shape;
}

JobPlan DrawPlan(const Scenario& scenario, Random* random) {
  JobPlan plan;
  plan.servers = scenario.servers;
  plan.workers = scenario.workers;
  plan.schedule.epochs = 3;
  plan.schedule.batches_per_epoch = scenario.shape.batches;
  plan.schedule.fixed_streams =
      scenario.job.mode.consistency == Consistency::kAsp ? 0 : scenario.job.streams;
  plan.schedule.warmup_share = random->Chance(0.5) ? 0.2f : 0.0f;
  plan.schedule.decay = random->Chance(0.5);
  plan.evaluation_batches = random->Chance(0.3) ? 3 + random->Below(4) : 0;
  plan.lease_batches = 5 + static_cast<uint32_t>(random->Below(4));
  plan.want_digest = true;
  plan.save_dir = random->Chance(0.2) ? "/model" : "";
  return plan;
}

Faults DrawFaults(Random* random) {
  Faults faults;
  // A quarter of the seeds has a quiet network, so that crashes are seen without it too.
  if (random->Chance(0.75)) {
    faults.loss = 0.2 * random->Unit();
    faults.duplication = 0.2 * random->Unit();
    faults.swizzle = random->Chance(0.5) ? 0.004 : 0;
  }
  faults.delay_most = kMicrosPerMilli << (1 + random->Below(5));
  if (random->Chance(0.2)) faults.delay_most = 50 * kMicrosPerMilli;
  if (random->Chance(0.75)) {
    faults.crash = 0.02 + 0.06 * random->Unit();
    faults.crashes_max = 1 + static_cast<uint32_t>(random->Below(5));
  }
  if (random->Chance(0.4)) {
    faults.pause = 0.002;
    faults.pauses_max = 1 + static_cast<uint32_t>(random->Below(3));
  }
  return faults;
}

// Of a source of its own, so that the other draws of a seed stay what they were.
void DrawSubmission(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("submission"), scenario->seed));
  scenario->submitted = random.Chance(0.5);
  scenario->faults.report = scenario->submitted && random.Chance(0.7) ? 0.6 : 0;
  if (random.Chance(0.2)) {
    scenario->faults.exodus_at = (100 + static_cast<Micros>(random.Below(900))) * kMicrosPerMilli;
  }
}

// Likewise. Half of the executors forget what was pulled, some of them before it can be named.
void DrawForgetting(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("forgetting"), scenario->seed));
  if (random.Chance(0.5)) scenario->pulled_ids_bytes_max = random.Below(8'000);
}

// Likewise. Rows of "ones", which the checkers count, are sums and stay exact.
void DrawWireValues(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("wire values"), scenario->seed));
  const bool rounds = random.Chance(0.4);
  if (!rounds || scenario->job.mode.consistency == Consistency::kBsp) return;
  scenario->job.wire_values = random.Chance(0.5) ? WireValues::kBf16 : WireValues::kBf16F8;
}

// What "x" admits, expires and gives up. Of a source of its own too.
void DrawRetention(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("retention"), scenario->seed));
  if (random.Chance(0.4)) return;
  JobSpec& job = scenario->job;
  RetentionSpec& retention = job.tables[kTableX].retention;
  const uint64_t admission = random.Below(3);
  if (admission == 1) retention.admit_count = 2 + static_cast<uint32_t>(random.Below(3));
  if (admission == 2) {
    retention.admit_probability = 0.3f + 0.6f * static_cast<float>(random.Unit());
  }
  retention.sketch_bytes = uint64_t{64} << 10;
  if (random.Chance(0.6)) retention.expire_steps = 3 + random.Below(20);
  if (retention.expire_steps > 0 && random.Chance(0.3)) retention.expire_below = 0.3f;
  if (!random.Chance(0.4)) return;
  const auto schema = TableSchema::Make(job, kTableX, {});
  CAIRN_CHECK(schema.ok(), MessageOf(schema.status()));
  const uint64_t rows = RetentionRules::kRowsLeast + random.Below(16);  // Of a partition.
  retention.bytes_max = job.partitions * ((*schema)->retention().sketch_bytes +
                                          rows * RowTable::BytesPerRow((*schema)->words()));
  scenario->shape.feature_pool = 40 * job.partitions;
}

// Likewise. Half of the coordinators die, some of them often.
void DrawCoordinatorCrashes(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("coordinator"), scenario->seed));
  if (random.Chance(0.5)) return;
  scenario->faults.coordinator_crash = 0.005 + 0.03 * random.Unit();
  scenario->faults.coordinator_crashes_max = 1 + static_cast<uint32_t>(random.Below(6));
}

// Likewise. Half of the jobs have checkpoints, most of which are needed.
void DrawCheckpoints(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("checkpoints"), scenario->seed));
  if (random.Chance(0.5)) return;
  scenario->plan.checkpoints = {"/checkpoints", 0.1 + 0.4 * random.Unit(),
                                1 + static_cast<uint32_t>(random.Below(3)), 1, false};
  // Of another hash, so that what is drawn below did not change when it came.
  scenario->plan.checkpoints.full_every =
      1 + static_cast<uint32_t>(HashWords(HashString("increments"), scenario->seed) % 4);
  scenario->times.cut_ahead = 1 + random.Below(4);
  if (random.Chance(0.2)) return;
  scenario->faults.server_crash = 0.0005 + 0.002 * random.Unit();
  scenario->faults.server_crashes_max = 1 + static_cast<uint32_t>(random.Below(4));
}

// Likewise. Half of the clusters have machines that stand still, and clocks of their own.
void DrawMachines(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("machines"), scenario->seed));
  if (random.Chance(0.5)) return;
  Faults& faults = scenario->faults;
  faults.drift = 0.1 * random.Unit();
  faults.server_pause = 0.001;
  faults.server_pauses_max = static_cast<uint32_t>(random.Below(4));
  faults.coordinator_pause = 0.01;
  faults.coordinator_pauses_max = static_cast<uint32_t>(random.Below(4));
}

// Likewise. Half of the clusters have disks that do what disks do.
void DrawDisks(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("disks"), scenario->seed));
  if (random.Chance(0.5)) return;
  Faults& faults = scenario->faults;
  faults.power_loss = 0.2 + 0.6 * random.Unit();
  faults.disk_error = random.Chance(0.5) ? 0.002 : 0;
  faults.damage = random.Chance(0.5) ? 0.5 : 0;
}

// Likewise. A fifth of the jobs with checkpoints ends one day on another cluster.
void DrawMove(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("move"), scenario->seed));
  if (random.Chance(0.8) || scenario->plan.checkpoints.directory.empty()) return;
  const JobSpec& job = scenario->job;
  Faults& faults = scenario->faults;
  faults.move_at = (200 + static_cast<Micros>(random.Below(1'500))) * kMicrosPerMilli;
  faults.moved_servers = 2 + static_cast<uint32_t>(random.Below(scenario->servers - 1));
  faults.moved_partitions = 4u << random.Below(4);
  const RetentionSpec& retention = job.tables[kTableX].retention;
  // What expires is a matter of each partition: bsp's bits would be others. A budget is for so
  // many.
  const bool is_bound =
      job.mode.consistency == Consistency::kBsp && !(retention == RetentionSpec{});
  if (is_bound || retention.bytes_max > 0) faults.moved_partitions = job.partitions;
}

// Likewise. Some data kills those who work on it, again and again.
void DrawKillers(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("killers"), scenario->seed));
  scenario->times.left_out_most = 1;
  ProgramShape& shape = scenario->shape;
  SeededRandom validation(HashWords(HashString("killers of scorers"), scenario->seed));
  const uint64_t to_score = scenario->plan.evaluation_batches;
  if (to_score > 0 && validation.Chance(0.2)) shape.kills_scorer = 1 + validation.Below(to_score);
  if (random.Chance(0.9)) return;
  uint64_t* const killer = random.Chance(0.5) ? &shape.kills_reader : &shape.kills_computer;
  *killer = 1 + random.Below(shape.batches);
}

// Likewise. Cables and switches: what is cut is cut both ways, and some are not heard who hear.
void DrawCuts(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("cuts drawn"), scenario->seed));
  if (random.Chance(0.3)) scenario->faults.cut = 0.0005;
  if (random.Chance(0.3)) scenario->faults.deaf = 0.01;
}

// Likewise. Programs of users push beside the workers: in bsp and ssp all streams are theirs.
void DrawClients(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("clients"), scenario->seed));
  const bool some = random.Chance(0.25);
  if (!some || scenario->job.mode.consistency != Consistency::kAsp) return;
  scenario->clients = 1 + static_cast<uint32_t>(random.Below(2));
}

// Likewise. Somebody needs the machines.
void DrawLeaves(Scenario* scenario) {
  SeededRandom random(HashWords(HashString("leaves"), scenario->seed));
  if (random.Chance(0.6)) return;
  scenario->faults.leave = 0.002;
  scenario->faults.leaves_max = 1 + static_cast<uint32_t>(random.Below(3));
}

// The defaults are for machines that people watch; here a second is long.
CoordinatorTimes FastTimes() {
  CoordinatorTimes times;
  times.heartbeat = 50 * kMicrosPerMilli;
  times.worker_lease = 400 * kMicrosPerMilli;
  times.server_lease = 1'500 * kMicrosPerMilli;
  times.replacement_timeout = 500 * kMicrosPerMilli;
  times.form_timeout = 30 * kMicrosPerSecond;
  times.submitter_lease = 10 * kMicrosPerSecond;
  times.job_timeout = 30 * kMicrosPerSecond;
  times.worker_timeout = 10 * kMicrosPerSecond;
  times.save_timeout = 10 * kMicrosPerSecond;
  times.repeat = 60 * kMicrosPerMilli;
  times.farewell = 5 * kMicrosPerSecond;
  return times;
}

}  // namespace

Scenario MakeScenario(uint64_t seed, std::optional<Consistency> mode) {
  SeededRandom random(HashWords(HashString("scenario"), seed));
  Scenario scenario;
  scenario.seed = seed;
  scenario.servers = 3 + static_cast<uint32_t>(random.Below(2));
  scenario.executors = 1 + static_cast<uint32_t>(random.Below(2));
  scenario.workers = 3 + static_cast<uint32_t>(random.Below(2));
  scenario.capacity = 1 + static_cast<uint32_t>(random.Below(4));
  scenario.steps_in_flight = 1 + static_cast<uint32_t>(random.Below(3));
  scenario.shape = DrawShape(&random);
  JobSpec& job = scenario.job;
  job.name = "sim";
  job.seed = HashWords(seed, 7);
  job.partitions = 8u << random.Below(2);
  job.mode = DrawMode(mode, &random);
  job.streams = 3 + static_cast<uint32_t>(random.Below(2));
  job.tables = DrawTables(&random);
  scenario.plan = DrawPlan(scenario, &random);
  scenario.times = FastTimes();
  scenario.sizes = {.fragment = 40 + random.Below(80), .message = 150 + random.Below(400)};
  scenario.faults = DrawFaults(&random);
  DrawSubmission(&scenario);
  DrawForgetting(&scenario);
  DrawWireValues(&scenario);
  DrawRetention(&scenario);
  DrawCoordinatorCrashes(&scenario);
  DrawCheckpoints(&scenario);
  DrawMachines(&scenario);
  DrawDisks(&scenario);
  DrawMove(&scenario);
  DrawKillers(&scenario);
  DrawCuts(&scenario);
  DrawClients(&scenario);
  DrawLeaves(&scenario);
  // Without a checkpoint to go back to a server that is only slow must not be taken for dead.
  if (scenario.plan.checkpoints.directory.empty()) {
    scenario.times.server_lease = 600 * kMicrosPerSecond;
  }
  const absl::Status legal = CheckJob(job);
  CAIRN_CHECK(legal.ok(), MessageOf(legal));
  return scenario;
}

void MakeHarsh(Scenario* scenario) {
  scenario->plan.checkpoints = {"/checkpoints", 0.12, 2, 4, false};
  scenario->times.cut_ahead = 2;
  scenario->times.server_lease = 1'500 * kMicrosPerMilli;
  scenario->times.replacement_timeout = 20 * kMicrosPerMilli;
  scenario->times.suspects = 0;  // Steps that are run alone come too slowly.
  ProgramShape& shape = scenario->shape;
  shape.kills_reader = shape.kills_computer = shape.kills_scorer = 0;
  Faults& faults = scenario->faults;
  faults.server_crash = 0.004;
  faults.server_crashes_max = 12;
  faults.crash = 0.08;
  faults.crashes_max = 12;
  faults.loss = 0.2;
  faults.cut = faults.deaf = faults.leave = 0;
  faults.delay_most = 50 * kMicrosPerMilli;
  faults.restart_most = 100 * kMicrosPerMilli;
}

}  // namespace cairn::sim
