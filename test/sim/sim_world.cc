#include "sim/sim_world.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/memory_file_system.h"
#include "base/random.h"
#include "base/status.h"
#include "coordinator/checkpoint_file.h"
#include "sim/sim_client.h"
#include "sim/sim_coordinator.h"
#include "sim/sim_damage.h"
#include "sim/sim_disk.h"
#include "sim/sim_event.h"
#include "sim/sim_mishaps.h"
#include "sim/sim_network.h"
#include "sim/sim_server.h"
#include "sim/sim_submitter.h"
#include "sim/sim_worker.h"
#include "wire/codec.h"
#include "wire/message_type.h"

namespace cairn::sim {
namespace {

class World {
 public:
  World(const Scenario& scenario, Trace trace);
  SimResult Run();

 private:
  class Host;
  // Where a process runs; after a crash another life of it does.
  struct Place {
    Role role = Role::kWorker;
    std::unique_ptr<Host> host;  // Outlives the process, as does its machine's disk.
    std::unique_ptr<SimDisk> disk;
    double clock_rate = 1;  // Of the machine's clock,
    Micros clock_zero = 0;  // and what it showed when everything began.
    std::unique_ptr<SimProcess> process;
    uint32_t life = 0;
    uint64_t incarnation = 0;  // Of this life.
    uint64_t wake = 0;         // The wake event that counts, and its time.
    Micros wake_at = kNever;
    Micros paused_until = 0;
    bool doomed = false;         // Crashes as soon as its handler returns.
    bool told_to_leave = false;  // Hears of it then,
    bool leaves = false;         // and has.
  };

  void AddPlace(Role role);
  void SetUpMachine(Place* place);
  // What the place's clock shows now; when it will show that.
  Micros ClockOf(const Place& place) const;
  Micros TimeOf(const Place& place, Micros clock) const;
  void Plan(Event event);
  void PlanStart(uint32_t place, Micros at);
  void PlanAt(EventKind kind, Micros at);
  void Handle(Event* event);
  void Dispatch(Event* event, Place* place);
  void StartLife(uint32_t place);
  void AfterHandler(uint32_t place);
  void MaybeLeave(uint32_t place);
  void SendFrom(uint32_t place, Outbox messages);
  bool MaybeDies(uint32_t place, const Outbox& messages);
  void MaybePauses(uint32_t place);
  void MayLosePower(uint32_t place);
  void MayDamage(Role role);
  bool CanLoseServer() const;
  void Crash(uint32_t place, Micros away_least = 0);
  void EndLife(uint32_t place, Micros away_least);
  void Exodus();
  void Move();
  SimSubmitter* submitter();
  void ReportDeath(uint32_t place, Probe probe);
  uint32_t PlaceOf(const Outgoing& out) const;
  bool AllEnded() const;
  void CheckEnd();
  void NoteExpiry(const Message& message);
  void Note(const char* what, uint32_t place, uint32_t from, const Message* message);

  Scenario scenario_;                  // But for a move, const.
  std::optional<SimProgram> program_;  // Likewise; always there.
  const Trace trace_;
  SimResult result_;
  SeededRandom random_;  // Mishaps and delays within processes.
  SimMishaps mishaps_;
  SimNetwork network_;
  SeededRandom disk_random_;
  MemoryFileSystem files_;
  SimDamage damage_;
  LogWitness log_witness_;
  Checkers checkers_;
  std::vector<Place> places_;  // The coordinator, servers, workers, clients, a submitter if any.
  std::map<uint64_t, uint32_t> place_of_incarnation_;
  std::priority_queue<Event, std::vector<Event>, Later> events_;
  uint64_t next_sequence_ = 0;
  Micros now_ = 0;
  bool job_is_over_ = false;  // This life of the coordinator has decided so, or a former one.
};

class World::Host final : public SimHost {
 public:
  Host(World* world, uint32_t place)
      : world_(world), place_(place), address_(Concat("sim://", place)) {}

  void Send(Outbox messages) override { world_->SendFrom(place_, std::move(messages)); }
  Micros DrawDelay(Micros most) override {
    return 1 + static_cast<Micros>(world_->random_.Below(static_cast<uint64_t>(most)));
  }
  void After(Micros delay, std::function<void(Micros)> call) override {
    Event event;
    event.at = world_->now_ + delay;
    event.kind = EventKind::kCall;
    event.place = place_;
    event.life = world_->places_[place_].life;
    event.call = std::move(call);
    world_->Plan(std::move(event));
  }
  const std::string& address() const override { return address_; }
  const Scenario& scenario() const override { return world_->scenario_; }
  const SimProgram& program() const override { return *world_->program_; }
  Checkers* checkers() override { return &world_->checkers_; }
  ProbeCounts* probes() override { return &world_->result_.probes; }
  FileSystem* files() override { return world_->places_[place_].disk.get(); }
  void MayLosePower() override { world_->MayLosePower(place_); }
  void Die() override { world_->places_[place_].doomed = true; }

 private:
  World* const world_;
  const uint32_t place_;
  const std::string address_;
};

World::World(const Scenario& scenario, Trace trace)
    : scenario_(scenario),
      program_(std::in_place, scenario_),
      trace_(trace),
      random_(HashWords(HashString("world"), scenario.seed)),
      mishaps_(scenario_, &random_, &result_.probes),
      network_(scenario, &result_.probes),
      disk_random_(HashWords(HashString("disks"), scenario.seed)),
      damage_(scenario.plan.checkpoints.directory, &files_, &disk_random_, &result_.probes),
      checkers_(scenario_, *program_, &result_.probes) {
  result_.seed = scenario.seed;
  AddPlace(Role::kCoordinator);
  for (uint32_t i = 0; i < scenario.servers; ++i) AddPlace(Role::kServer);
  for (uint32_t i = 0; i < scenario.workers; ++i) AddPlace(Role::kWorker);
  for (uint32_t i = 0; i < scenario.clients; ++i) AddPlace(Role::kClient);
  if (scenario.submitted) AddPlace(Role::kSubmitter);
  PlanAt(EventKind::kHeal, scenario.heal_at);
  if (scenario.faults.exodus_at > 0) PlanAt(EventKind::kExodus, scenario.faults.exodus_at);
  if (scenario.faults.move_at > 0) PlanAt(EventKind::kMove, scenario.faults.move_at);
}

void World::AddPlace(Role role) {
  const auto place = static_cast<uint32_t>(places_.size());
  Place& added = places_.emplace_back();
  added.role = role;
  added.host = std::make_unique<Host>(this, place);
  SetUpMachine(&added);
  Micros latest = role == Role::kCoordinator ? 1 : 20 * kMicrosPerMilli;
  if (role == Role::kSubmitter) latest = 400 * kMicrosPerMilli;  // The others wait for it.
  if (role == Role::kClient) latest = 1'500 * kMicrosPerMilli;
  PlanStart(place, static_cast<Micros>(random_.Below(latest)));
}

void World::SetUpMachine(Place* place) {
  const Faults& faults = scenario_.faults;
  const std::string& checkpoints = scenario_.plan.checkpoints.directory;
  place->disk = std::make_unique<SimDisk>(SimDisk::Options{
      &files_, &disk_random_, &result_.probes, scenario_.syncs,
      checkpoints.empty() ? 0 : faults.disk_error, checkpoints, damage_.unreadable()});
  if (faults.drift == 0) return;
  place->clock_rate = 1 + faults.drift * (2 * disk_random_.Unit() - 1);
  place->clock_zero = static_cast<Micros>(disk_random_.Below(1'000 * kMicrosPerSecond));
}

Micros World::ClockOf(const Place& place) const {
  return place.clock_zero + static_cast<Micros>(static_cast<double>(now_) * place.clock_rate);
}

Micros World::TimeOf(const Place& place, Micros clock) const {
  if (clock == kNever || place.clock_rate == 1) return clock;
  return static_cast<Micros>(static_cast<double>(clock - place.clock_zero) / place.clock_rate) + 1;
}

void World::Plan(Event event) {
  event.sequence = next_sequence_++;
  events_.push(std::move(event));
}

void World::PlanStart(uint32_t place, Micros at) {
  Event start;
  start.at = at;
  start.kind = EventKind::kStart;
  start.place = place;
  Plan(std::move(start));
}

void World::PlanAt(EventKind kind, Micros at) {
  Event event;
  event.at = at;
  event.kind = kind;
  Plan(std::move(event));
}

SimResult World::Run() {
  const Micros latest = scenario_.heal_at + scenario_.patience;
  while (!AllEnded()) {
    if (events_.empty() || now_ > latest || result_.events >= scenario_.events_max) {
      checkers_.Report("liveness", Concat("not over after ", result_.events, " events and ",
                                          now_ / kMicrosPerMilli, " ms"));
      break;
    }
    Event event = events_.top();
    events_.pop();
    now_ = std::max(now_, event.at);
    ++result_.events;
    Handle(&event);
  }
  CheckEnd();
  result_.ended_at = now_;
  result_.mishaps = mishaps_.count();
  result_.violations = checkers_.violations();
  return std::move(result_);
}

// ---- Events -----------------------------------------------------------------------------------

void World::Handle(Event* event) {
  if (event->kind == EventKind::kHeal) {
    mishaps_.Heal();
    network_.Heal();
    for (Place& place : places_) place.disk->Heal();
    Note("heal", 0, 0, nullptr);
    return;
  }
  if (event->kind == EventKind::kExodus) {
    Exodus();
    return;
  }
  if (event->kind == EventKind::kMove) {
    Move();
    return;
  }
  Place& place = places_[event->place];
  if (now_ < place.paused_until && event->kind != EventKind::kStart) {
    event->at = place.paused_until;
    Plan(std::move(*event));
    return;
  }
  Dispatch(event, &place);
  AfterHandler(event->place);
}

void World::Dispatch(Event* event, Place* place) {
  const bool of_this_life = event->life == place->life && place->process != nullptr;
  switch (event->kind) {
    case EventKind::kDeliver:
      Note("deliver", event->place, event->from, event->message.get());
      if (place->process == nullptr || place->process->ended()) {
        result_.probes.Hit(Probe::kDeadLetter);
        return;
      }
      if (const auto to = place_of_incarnation_.find(event->message->header.to.incarnation);
          to != place_of_incarnation_.end() && to->second != event->place) {
        result_.probes.Hit(Probe::kDeadLetter);
      }
      NoteExpiry(*event->message);
      place->process->Deliver(event->message, ClockOf(*place));
      return;
    case EventKind::kWake:
      if (!of_this_life || event->wake != place->wake) return;
      place->wake_at = kNever;
      Note("wake", event->place, event->place, nullptr);
      place->process->Wake(ClockOf(*place));
      return;
    case EventKind::kCall:
      if (!of_this_life) return;
      Note("call", event->place, event->place, nullptr);
      event->call(ClockOf(*place));
      return;
    case EventKind::kStart:
      Note("start", event->place, event->place, nullptr);
      StartLife(event->place);
      return;
    case EventKind::kHeal:
    case EventKind::kExodus:
    case EventKind::kMove:
      return;
  }
}

void World::StartLife(uint32_t place) {
  Place& at = places_[place];
  const uint64_t incarnation = random_.Next() | 1;
  place_of_incarnation_[incarnation] = place;
  at.incarnation = incarnation;
  if (at.role == Role::kCoordinator) {
    at.process = std::make_unique<SimCoordinator>(at.host.get(), incarnation, &log_witness_);
  } else if (at.role == Role::kServer) {
    at.process = std::make_unique<SimServer>(at.host.get(), incarnation);
  } else if (at.role == Role::kClient) {
    at.process = std::make_unique<SimClient>(at.host.get(), incarnation);
  } else if (at.role == Role::kSubmitter) {
    at.process = std::make_unique<SimSubmitter>(at.host.get(), incarnation);
  } else {
    at.process = std::make_unique<SimWorker>(at.host.get(), incarnation);
  }
  at.process->Start(ClockOf(at));
}

void World::AfterHandler(uint32_t place) {
  Place& at = places_[place];
  MaybeLeave(place);
  if (at.doomed) Crash(place);
  if (at.role == Role::kCoordinator && at.process != nullptr) {
    const CoordinatorCore* core = static_cast<const SimCoordinator&>(*at.process).core();
    job_is_over_ = core != nullptr && core->state().ended;
  }
  if (at.process == nullptr || at.process->ended()) return;
  const Micros next = std::max(TimeOf(at, at.process->next_wake()), now_ + 1);
  if (next >= at.wake_at) return;
  at.wake_at = next;
  Event wake;
  wake.at = next;
  wake.kind = EventKind::kWake;
  wake.place = place;
  wake.life = at.life;
  wake.wake = ++at.wake;
  Plan(std::move(wake));
}

// Who has been told to leave and has is followed by another one. When the job is over everybody
// leaves, and stays where it can be looked at.
void World::MaybeLeave(uint32_t place) {
  Place& at = places_[place];
  if (at.doomed || at.process == nullptr) return;
  if (std::exchange(at.told_to_leave, false) && !at.process->ended()) {
    Note("told to leave", place, place, nullptr);
    at.leaves = true;
    at.process->AskToLeave(ClockOf(at));
  }
  if (at.doomed || !at.leaves || !at.process->ended() || job_is_over_) return;
  Note("left", place, place, nullptr);
  result_.probes.Hit(Probe::kHasLeft);
  EndLife(place, 0);
  at.disk->ProcessDied();
}

// ---- Messages and mishaps -----------------------------------------------------------------------

uint32_t World::PlaceOf(const Outgoing& out) const {
  if (out.address == kCoordinatorAddress) return 0;
  if (!out.address.empty()) {
    for (uint32_t i = 0; i < places_.size(); ++i) {
      if (places_[i].host->address() == out.address) return i;
    }
    CAIRN_CHECK(false, "a message to an address that nobody has");
  }
  // An answer goes back over the connection that its addressee came by.
  const auto found = place_of_incarnation_.find(out.message->header.to.incarnation);
  CAIRN_CHECK(found != place_of_incarnation_.end(), "an answer to somebody who never was");
  return found->second;
}

void World::SendFrom(uint32_t place, Outbox messages) {
  size_t sent = messages.size();
  if (MaybeDies(place, messages)) sent = random_.Below(messages.size() + 1);
  for (size_t i = 0; i < sent; ++i) {
    const uint32_t to = PlaceOf(messages[i]);
    for (SimNetwork::Delivery& delivery : network_.Send(place, to, messages[i].message, now_)) {
      Event event;
      event.at = delivery.at;
      event.place = to;
      event.from = place;
      event.message = std::move(delivery.message);
      Plan(std::move(event));
    }
  }
}

// True if the process dies while it sends these. Workers may stand still first.
bool World::MaybeDies(uint32_t place, const Outbox& messages) {
  Place& at = places_[place];
  if (mishaps_.healed() || at.doomed) return false;
  const bool works = at.role == Role::kWorker || at.role == Role::kClient;
  if (works) MaybePauses(place);
  if (mishaps_.Dies(at.role, messages, CanLoseServer())) return at.doomed = true;
  if (mishaps_.Leaves(at.role, CanLoseServer())) at.told_to_leave = true;
  if (!works) MaybePauses(place);
  return false;
}

// Messages for it pile up.
void World::MaybePauses(uint32_t place) {
  Place& at = places_[place];
  const Micros pause = mishaps_.Pause(at.role, CanLoseServer());
  if (pause == 0) return;
  at.paused_until = now_ + pause;
  if (at.role != Role::kCoordinator) ReportDeath(place, Probe::kDeathMistaken);
}

void World::MayLosePower(uint32_t place) {
  Place& at = places_[place];
  if (at.doomed || !mishaps_.LosesPower()) return;
  at.disk->LosePowerAtNextSync();
  at.doomed = true;
}

void World::MayDamage(Role role) {
  const double share = scenario_.faults.damage;
  if (share == 0 || mishaps_.healed() || role == Role::kWorker || role == Role::kClient) {
    return;
  }
  if (!disk_random_.Chance(share)) return;
  const auto* coordinator = static_cast<const SimCoordinator*>(places_.front().process.get());
  if (role == Role::kCoordinator) {
    damage_.ToLog(&log_witness_);
  } else if (coordinator != nullptr && coordinator->core() != nullptr) {
    damage_.ToCheckpoint(coordinator->core()->state());
  }
}

// There is a checkpoint to go back to, whatever happens to the log, and the job is not over: what a
// server holds then is the model that the checkers look at.
bool World::CanLoseServer() const {
  const auto* coordinator = static_cast<const SimCoordinator*>(places_.front().process.get());
  if (coordinator == nullptr || coordinator->core() == nullptr) return false;
  const JobState& state = coordinator->core()->state();
  return log_witness_.has_checkpoint && !state.checkpoints.empty() &&
         state.epochs.size() < state.plan.schedule.epochs;
}

void World::Crash(uint32_t place, Micros away_least) {
  Place& at = places_[place];
  Note("crash", place, place, nullptr);
  result_.probes.Hit(Probe::kCrash);
  ReportDeath(place, Probe::kDeathReported);
  at.process.reset();
  const Faults& faults = scenario_.faults;
  const bool loses_power = faults.power_loss > 0 && disk_random_.Chance(faults.power_loss);
  loses_power ? at.disk->LosePower() : at.disk->ProcessDied();
  MayDamage(at.role);
  EndLife(place, away_least);
}

// Another life begins some time later.
void World::EndLife(uint32_t place, Micros away_least) {
  Place& at = places_[place];
  at.process.reset();
  at.doomed = at.told_to_leave = at.leaves = false;
  at.wake_at = kNever;
  at.paused_until = 0;
  ++at.life;
  const auto away = static_cast<Micros>(random_.Below(scenario_.faults.restart_most));
  PlanStart(place, now_ + 1 + away_least + away);
}

// All workers at once, and nobody comes back before the coordinator has noticed.
void World::Exodus() {
  Note("exodus", 0, 0, nullptr);
  for (uint32_t place = 0; place < places_.size(); ++place) {
    const Place& at = places_[place];
    const bool works = at.role == Role::kWorker && at.process != nullptr && !at.process->ended();
    if (!works) continue;
    Crash(place, scenario_.times.worker_lease);
  }
}

// Everybody dies, with the job log and all that was on its way. Whoever is started from now on is
// of another cluster.
void World::Move() {
  if (!CanLoseServer()) {
    constexpr Micros kLater = 20 * kMicrosPerMilli;
    if (!mishaps_.healed()) PlanAt(EventKind::kMove, now_ + kLater);
    return;
  }
  Note("move", 0, 0, nullptr);
  result_.probes.Hit(Probe::kMoved);
  for (uint32_t place = 0; place < places_.size(); ++place) {
    if (places_[place].process != nullptr) Crash(place);
  }
  const std::vector<std::string> log = files_.List(kJobDirectory).value();
  for (const std::string& name : log) {
    CAIRN_CHECK(files_.Remove(JoinPath(kJobDirectory, name)).ok());
  }
  log_witness_ = {};
  std::vector<Event> planned;
  for (; !events_.empty(); events_.pop()) {
    if (events_.top().kind != EventKind::kDeliver) planned.push_back(events_.top());
  }
  for (Event& event : planned) events_.push(std::move(event));
  scenario_.plan.servers = scenario_.faults.moved_servers;
  scenario_.plan.checkpoints.resume = true;
  scenario_.job.partitions = scenario_.faults.moved_partitions;
  program_.emplace(scenario_);
}

SimSubmitter* World::submitter() {
  Place& last = places_.back();
  return last.role == Role::kSubmitter ? static_cast<SimSubmitter*>(last.process.get()) : nullptr;
}

// The submitter sees a worker die, or takes a pause for death, a little later.
void World::ReportDeath(uint32_t place, Probe probe) {
  if (scenario_.faults.report == 0 || !random_.Chance(scenario_.faults.report)) return;
  if (submitter() == nullptr) return;  // It does not run yet.
  const MemberDead dead{kHostName, PidOf(places_[place].incarnation), "was killed"};
  Event report;
  report.at = now_ + 1 + static_cast<Micros>(random_.Below(20 * kMicrosPerMilli));
  report.kind = EventKind::kCall;
  report.place = static_cast<uint32_t>(places_.size() - 1);
  report.life = places_.back().life;
  report.call = [this, dead, probe](Micros now) {
    result_.probes.Hit(probe);
    submitter()->ReportDeath(dead, now);
  };
  Plan(std::move(report));
}

// ---- The end ------------------------------------------------------------------------------------

bool World::AllEnded() const {
  const Place& coordinator = places_.front();
  if (coordinator.process == nullptr || !coordinator.process->ended()) return false;
  return std::all_of(places_.begin(), places_.end(), [](const Place& place) {
    return place.process == nullptr || place.process->ended();
  });
}

void World::CheckEnd() {
  const auto* coordinator = static_cast<const SimCoordinator*>(places_.front().process.get());
  if (coordinator == nullptr || !coordinator->ended()) return;
  const JobResult& result = coordinator->core()->result();
  if (result.code != 0) {
    checkers_.Report("liveness", Concat("the job ended with ", result.code, ": ", result.message));
    return;
  }
  const SimSubmitter* const told = submitter();
  if (told != nullptr && told->ended()) checkers_.OnReport(told->core().result(), result);
  // Of those that serve: who was taken for dead, and was not, may wake up when all is over.
  std::set<uint64_t> primaries;
  for (const PartitionEntry& partition : coordinator->core()->state().partitions) {
    primaries.insert(partition.primary.incarnation);
  }
  std::vector<const ExecutorCore*> executors;
  for (const Place& place : places_) {
    if (place.role != Role::kServer || place.process == nullptr) continue;
    if (!primaries.contains(place.incarnation)) continue;
    const auto held = static_cast<const SimServer&>(*place.process).executors();
    executors.insert(executors.end(), held.begin(), held.end());
  }
  checkers_.AtEnd(executors, *coordinator->core());
}

// ---- The trace ----------------------------------------------------------------------------------

// The coordinator hears of somebody whom it has struck off.
void World::NoteExpiry(const Message& message) {
  if (!std::holds_alternative<Heartbeat>(message.body)) return;
  const auto& coordinator = static_cast<const SimCoordinator&>(*places_.front().process);
  if (coordinator.core() == nullptr) return;
  if (!coordinator.core()->state().members.contains(message.header.from.process)) {
    result_.probes.Hit(Probe::kExpiredAlive);
  }
}

void World::Note(const char* what, uint32_t place, uint32_t from, const Message* message) {
  uint64_t hash = HashWords(static_cast<uint64_t>(now_), HashString(what), place, from);
  if (message != nullptr) {
    hash = HashWords(hash, static_cast<uint64_t>(TypeOf(message->body)),
                     message->header.from.process, message->header.request);
  }
  result_.trace_hash = HashWords(result_.trace_hash, hash);
  if (trace_ != Trace::kText) return;
  result_.trace += Concat(now_, ' ', what, ' ', from, " to ", place, ' ',
                          message == nullptr ? "" : DescribeMessage(*message), '\n');
}

}  // namespace

SimResult RunScenario(const Scenario& scenario, Trace trace) {
  return World(scenario, trace).Run();
}

}  // namespace cairn::sim
