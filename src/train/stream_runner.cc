#include "train/stream_runner.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/check.h"

namespace cairn {
namespace {

bool HasDiverged(const TrainedRows& trained, double loss_max) {
  const double weight = static_cast<double>(trained.rows) + trained.extra_weight;
  return !(trained.loss_sum <= loss_max * std::max(weight, 1.0));  // True of NaN.
}

}  // namespace

StreamRunner::StreamRunner(const JobSpec& job, const Schedule& schedule, MemberCore* member,
                           ClientCore* client, Options options)
    : job_(job), schedule_(schedule), member_(member), client_(client), options_(options) {
  CAIRN_CHECK(options_.steps_in_flight > 0, "a window of no steps never moves");
}

// ---- Streams come and go ---------------------------------------------------------------------

void StreamRunner::OnGrants(Micros now, RunnerActions* out) {
  const Grants& grants = *member_->grants();
  std::vector<StreamRef> gone;
  for (const auto& [ref, run] : runs_) {
    const auto listed = std::find_if(grants.grants.begin(), grants.grants.end(),
                                     [&known = ref](const Grant& g) { return g.ref == known; });
    if (listed == grants.grants.end()) gone.push_back(ref);
  }
  for (const StreamRef& ref : gone) DropRun(ref);
  for (const Grant& grant : grants.grants) {
    if (grant.work.kind == StreamWork::Kind::kClient) continue;
    if (Run* run = FindRun(grant.ref); run != nullptr) {
      run->grant.limit = grant.limit;
      continue;
    }
    Run& run = runs_[grant.ref];
    run.grant = grant;
    run.next_step = grant.base + 1;
    run.done = run.reported = grant.base;
    TakeNotes(grants, grant.ref, &run);
    if (!Evaluates(run)) client_->OpenRun(grant.ref, grant.base);
  }
  any_alone_ = std::any_of(runs_.begin(), runs_.end(), [](const auto& entry) {
    return entry.second.alone_until > entry.second.done;
  });
  std::vector<Run*> by_step;
  for (auto& [ref, run] : runs_) by_step.push_back(&run);
  std::stable_sort(by_step.begin(), by_step.end(),
                   [](const Run* a, const Run* b) { return a->next_step < b->next_step; });
  for (Run* run : by_step) Advance(run, now, out);
  Drain(now, out);
}

StreamRunner::Run* StreamRunner::FindRun(const StreamRef& ref) {
  const auto found = runs_.find(ref);
  return found == runs_.end() ? nullptr : &found->second;
}

StreamRunner::Step* StreamRunner::FindStep(const StepKey& key, Run** run) {
  *run = FindRun(key.ref);
  if (*run == nullptr) return nullptr;
  for (Step& step : (*run)->steps) {
    if (step.step == key.step) return &step;
  }
  return nullptr;
}

void StreamRunner::DropRun(const StreamRef& ref) {
  if (client_->HasRun(ref)) client_->DropRun(ref);
  if (alone_.has_value() && alone_->key.ref == ref) {
    alone_.reset();
    held_up_ = true;
    WakeAt(0);
  }
  runs_.erase(ref);
  std::erase_if(ops_, [&](const auto& entry) { return entry.second.ref == ref; });
}

BatchRef StreamRunner::BatchOf(const Run& run, StepIndex step) const {
  const StreamWork& work = run.grant.work;
  const bool fixed = job_.mode.consistency != Consistency::kAsp;
  BatchRef batch{work.epoch, work.first_batch + step - 1, true};
  if (fixed && !Evaluates(run)) batch = FixedBatch(schedule_, work.slot, step);
  batch.exists = batch.exists && std::ranges::find(run.skipped, step) == run.skipped.end();
  return batch;
}

float StreamRunner::RateOf(const Run& run, const Step& step) const {
  if (Evaluates(run)) return 1;
  if (job_.mode.consistency == Consistency::kAsp) {
    const uint64_t done = step.batch.epoch * schedule_.batches_per_epoch + step.batch.batch;
    return RateFactor(schedule_, done, BatchesInAll(schedule_));
  }
  return RateFactor(schedule_, step.step - 1, FixedStepsThrough(schedule_, schedule_.epochs));
}

// ---- A step's life: read, pull, compute, push -------------------------------------------------

void StreamRunner::Advance(Run* run, Micros now, RunnerActions* out) {
  const StepIndex end = std::min(run->grant.limit, run->grant.work.last);
  const size_t window = options_.steps_in_flight;
  while (run->steps.size() < window + options_.reads_ahead && run->next_step <= end) {
    const BatchRef batch = BatchOf(*run, run->next_step);
    if (Evaluates(*run) && !batch.exists) {  // It is left out: nobody waits for its scores.
      ++run->next_step;
      continue;
    }
    if (!MayBegin(*run, run->next_step, batch.exists)) break;
    Step& step = run->steps.emplace_back();
    step.stage = Stage::kReading;
    step.step = run->next_step++;
    step.batch = batch;
    out->reads.push_back({{run->grant.ref, step.step},
                          Evaluates(*run),
                          step.batch.epoch,
                          step.batch.batch,
                          step.batch.exists});
  }
  for (size_t i = 0; i < std::min(window, run->steps.size()); ++i) {
    const Stage stage = run->steps[i].stage;
    // A step that is still being read keeps its turn: one behind it would wait for what it pushes.
    if (stage <= Stage::kReading && options_.steps_at_once > 0 && !Evaluates(*run)) return;
    if (stage != Stage::kRead) continue;
    if (!MayPull(*run)) return;
    StartPull(run, &run->steps[i], now, out);
  }
}

void StreamRunner::AdvanceAfter(Run* run, Micros now, RunnerActions* out) {
  if (options_.steps_at_once == 0 || job_.mode.consistency != Consistency::kAsp) {
    Advance(run, now, out);
    return;
  }
  for (auto& [ref, each] : runs_) Advance(&each, now, out);
}

// Whether the run's next step that is read may go on to its pull.
bool StreamRunner::MayPull(const Run& run) const {
  if (options_.steps_at_once == 0 || Evaluates(run)) return true;
  const bool is_asp = job_.mode.consistency == Consistency::kAsp;
  bool is_before = true;
  int64_t at_once = 0;
  for (const auto& [ref, other] : runs_) {
    if (&other == &run) is_before = false;
    if (&other != &run && (!is_asp || Evaluates(other))) continue;
    if (is_before && HasMoreToPull(other)) return false;
    at_once += std::count_if(other.steps.begin(), other.steps.end(), [](const Step& step) {
      return step.stage > Stage::kRead && step.stage < Stage::kPushing;
    });
  }
  return at_once < options_.steps_at_once;
}

bool StreamRunner::HasMoreToPull(const Run& run) const {
  return run.next_step <= std::min(run.grant.limit, run.grant.work.last) ||
         std::any_of(run.steps.begin(), run.steps.end(),
                     [](const Step& step) { return step.stage <= Stage::kRead; });
}

void StreamRunner::BatchRead(const StepKey& key, std::unique_ptr<PreparedBatch> batch, Micros now,
                             RunnerActions* out) {
  Run* run = nullptr;
  Step* step = FindStep(key, &run);
  if (step == nullptr || step->stage != Stage::kReading) return;  // Of a run that was dropped.
  step->prepared = std::move(batch);
  step->stage = Stage::kRead;
  if (alone_.has_value() && alone_->key == key) {
    alone_->is_closing = true;
    ++alone_number_;
    SayAlone(now, out);
  }
  Advance(run, now, out);
  Drain(now, out);
}

void StreamRunner::StartPull(Run* run, Step* step, Micros now, RunnerActions* out) {
  step->stage = Stage::kPulling;
  ClientCore::PullRequest request;
  request.payload = step->prepared->pull();
  if (Evaluates(*run)) {
    request.kind = Pull::Kind::kReadOnly;
  } else {
    request.ref = run->grant.ref;
    request.step = step->step;
    if (options_.steps_at_once > 0) request.after_push = step->step - 1;
  }
  step->op = client_->StartPull(std::move(request), now, &out->messages);
  ops_[step->op] = {run->grant.ref, step->step};
}

void StreamRunner::OnCompletion(Completion completion, Micros now, RunnerActions* out) {
  const auto found = ops_.find(completion.op);
  if (found == ops_.end()) return;
  const StepKey key = found->second;
  ops_.erase(found);
  if (completion.code == Completion::Code::kError) {
    error_ = completion.status;
    return;
  }
  if (completion.code == Completion::Code::kFenced) {
    DropRun(key.ref);  // Somebody else runs the stream now.
    return;
  }
  Run* run = nullptr;
  Step* step = FindStep(key, &run);
  if (step == nullptr) return;
  if (!completion.is_push) {
    step->passed = completion.code == Completion::Code::kPassed;
    if (!step->passed) step->values = completion.values.Packed();
    step->stage = Stage::kPulled;
  }
  ComputeInOrder(run, now, out);
  Settle(run, now, out);
}

// Steps are pushed in order, so they are computed in order, whatever order the pulls come back in.
void StreamRunner::ComputeInOrder(Run* run, Micros now, RunnerActions* out) {
  for (Step& step : run->steps) {
    if (step.stage == Stage::kPushing) continue;
    if (step.stage == Stage::kPulled && step.passed) {
      step.stage = Stage::kPushing;
      // An attempt before has trained it, and has not come to saying so. Its loss is not known.
      const uint64_t rows = step.prepared->row_count();
      step.trained = {rows, 0, -static_cast<double>(rows)};
      client_->SkipStep(run->grant.ref, step.step, now, &out->messages);
      continue;
    }
    if (step.stage == Stage::kPulled) {
      if (!MayBegin(*run, step.step, step.batch.exists)) return;
      step.stage = Stage::kComputing;
      out->computes.push_back({{run->grant.ref, step.step},
                               Evaluates(*run),
                               step.batch.epoch,
                               RateOf(*run, step),
                               std::move(step.prepared),
                               std::move(step.values)});
    }
    if (!Evaluates(*run)) return;
  }
}

void StreamRunner::Computed(const StepKey& key, std::shared_ptr<const PushPayload> push,
                            const TrainedRows& trained, Micros now, RunnerActions* out) {
  Run* run = nullptr;
  Step* step = FindStep(key, &run);
  if (step == nullptr || step->stage != Stage::kComputing) return;
  if (alone_.has_value() && alone_->key == key) {  // It is over before anybody sees what it did.
    alone_->is_closing = true;
    ++alone_number_;
    alone_->push = std::move(push);
    alone_->trained = trained;
    SayAlone(now, out);
    return;
  }
  Push(key, std::move(push), trained, now, out);
  Drain(now, out);
}

void StreamRunner::Push(const StepKey& key, std::shared_ptr<const PushPayload> push,
                        const TrainedRows& trained, Micros now, RunnerActions* out) {
  Run* run = nullptr;
  Step* step = FindStep(key, &run);
  step->stage = Stage::kPushing;
  step->trained = trained;
  step->op = client_->StartPush({key.ref, key.step, std::move(push)}, now, &out->messages);
  ops_[step->op] = key;
  ComputeInOrder(run, now, out);
  if (options_.steps_at_once > 0) AdvanceAfter(run, now, out);
}

void StreamRunner::Scored(const StepKey& key, ScoredRows rows, Micros now, RunnerActions* out) {
  Run* run = nullptr;
  Step* step = FindStep(key, &run);
  if (step == nullptr || step->stage != Stage::kComputing) return;
  if (alone_.has_value() && alone_->key == key) {
    alone_->is_closing = true;
    ++alone_number_;
    alone_->scored = std::move(rows);
    SayAlone(now, out);
    return;
  }
  SendScores(key, std::move(rows), now, out);
  Drain(now, out);
}

void StreamRunner::SendScores(const StepKey& key, ScoredRows rows, Micros now, RunnerActions* out) {
  Run* run = nullptr;
  Step* step = FindStep(key, &run);
  step->stage = Stage::kPushing;
  EvaluationResult result{
      key.ref,  key.step, std::move(rows.scores), std::move(rows.labels), std::move(rows.weights),
      rows.kind};
  step->result = MakeMessage(member_->HeaderTo(member_->coordinator()), std::move(result));
  out->messages.push_back({member_->coordinator_address(), step->result});
  run->report_at = now + options_.repeat_after;
  WakeAt(run->report_at);
}

void StreamRunner::Receive(const Message& message, Micros now, RunnerActions* out) {
  if (message.header.to != member_->self()) return;
  if (BodyAs<StepAloneAck>(message) != nullptr) OnAloneAck(message, now, out);
  const auto* ack = BodyAs<EvaluationAck>(message);
  if (ack == nullptr) return;
  Run* run = nullptr;
  const Step* step = FindStep({ack->ref, ack->step}, &run);
  if (step == nullptr || step->result == nullptr) return;
  std::erase_if(run->steps, [&](const Step& s) { return s.step == ack->step; });
  Advance(run, now, out);
  Drain(now, out);
}

// ---- What is done, and saying so --------------------------------------------------------------

// Whether the coordinator has to act on the run's last report.
bool StreamRunner::AtEnd(const Run& run) {
  return run.done == std::min(run.grant.limit, run.grant.work.last) ||
         std::isnan(run.trained.loss_sum);
}

void StreamRunner::Settle(Run* run, Micros now, RunnerActions* out) {
  if (Evaluates(*run)) return;
  const StepIndex progress = client_->ProgressOf(run->grant.ref);
  while (!run->steps.empty() && run->steps.front().step <= progress &&
         !std::isnan(run->trained.loss_sum)) {
    const Step& step = run->steps.front();
    run->trained.rows += step.trained.rows;
    run->trained.loss_sum += HasDiverged(step.trained, options_.loss_max)
                                 ? std::numeric_limits<double>::quiet_NaN()
                                 : step.trained.loss_sum;
    run->trained.extra_weight += step.trained.extra_weight;
    run->done = step.step;
    ops_.erase(step.op);
    run->steps.pop_front();
  }
  // Of steps that are run alone at once: if the next one kills, it is known that these did not.
  const bool at_once = AtEnd(*run) || run->done <= run->alone_until;
  if (run->done > run->reported && (at_once || now >= run->report_at)) Report(run, now, out);
  if (run->done > run->reported) WakeAt(run->report_at);
  AdvanceAfter(run, now, out);
}

void StreamRunner::Report(Run* run, Micros now, RunnerActions* out) {
  const Progress progress{run->grant.ref, run->done, run->trained.rows, run->trained.loss_sum,
                          run->trained.extra_weight};
  out->messages.push_back({member_->coordinator_address(),
                           MakeMessage(member_->HeaderTo(member_->coordinator()), progress)});
  run->reported = run->done;
  run->report_at = now + (AtEnd(*run) ? options_.repeat_after : options_.progress_every);
  WakeAt(run->report_at);
}

// The client core may complete operations within any call: take them until there are no more.
void StreamRunner::Drain(Micros now, RunnerActions* out) {
  while (true) {
    std::vector<Completion> completions = client_->TakeCompletions();
    if (completions.empty()) break;
    for (Completion& completion : completions) OnCompletion(std::move(completion), now, out);
  }
  ServeAlone(now, out);
}

void StreamRunner::Tick(Micros now, RunnerActions* out) {
  next_tick_ = INT64_MAX;
  if (!alone_.has_value() && held_up_) Resume(now, out);
  Drain(now, out);
  if (alone_.has_value() && (!alone_->is_open || alone_->is_closing)) {
    if (now >= alone_repeat_at_) SayAlone(now, out);
    WakeAt(alone_repeat_at_);
  }
  for (auto& [ref, run] : runs_) {
    const bool evaluates = Evaluates(run);
    const bool at_end = !evaluates && AtEnd(run);
    // A report that may be lost is repeated: the last one before the coordinator has to act.
    if (!evaluates && now >= run.report_at && (run.done > run.reported || at_end)) {
      Report(&run, now, out);
    }
    if (!evaluates && (run.done > run.reported || at_end)) WakeAt(run.report_at);
    if (!evaluates) continue;
    const bool repeat = now >= run.report_at;
    for (Step& step : run.steps) {
      if (step.result == nullptr) continue;
      if (step.result->header.to != member_->coordinator()) {  // There is another one by now.
        step.result = MakeMessage(member_->HeaderTo(member_->coordinator()), step.result->body);
      }
      if (repeat) out->messages.push_back({member_->coordinator_address(), step.result});
      run.report_at = repeat ? now + options_.repeat_after : run.report_at;
      WakeAt(run.report_at);
    }
  }
}

// ---- Steps that are done alone ----------------------------------------------------------------

void StreamRunner::TakeNotes(const Grants& grants, const StreamRef& ref, Run* run) {
  for (const StepNote& note : grants.notes) {
    if (note.stream != ref.stream) continue;
    if (note.kind == StepNote::Kind::kAlone) run->alone_until = note.step;
    if (note.kind == StepNote::Kind::kSkipped) run->skipped.push_back(note.step);
  }
}

// The run's step, if it is the next one to be computed, and that alone.
const StreamRunner::Step* StreamRunner::ToComputeAlone(const Run& run) const {
  const auto next = std::ranges::find_if(
      run.steps, [](const Step& step) { return step.stage != Stage::kPushing; });
  const bool is_ready = next != run.steps.end() && next->stage == Stage::kPulled && !next->passed;
  return is_ready && RunsAlone(run, next->step, next->batch.exists) ? &*next : nullptr;
}

bool StreamRunner::IsToReadAlone(const Run& run) const {
  const bool has_room = run.steps.size() < options_.steps_in_flight + options_.reads_ahead;
  const bool has_more = run.next_step <= std::min(run.grant.limit, run.grant.work.last);
  return has_room && has_more && run.next_step <= run.alone_until &&
         RunsAlone(run, run.next_step, BatchOf(run, run.next_step).exists);
}

bool StreamRunner::AnyWaitsToBeAlone() const {
  return any_alone_ && std::any_of(runs_.begin(), runs_.end(), [this](const auto& entry) {
           return IsToReadAlone(entry.second) || ToComputeAlone(entry.second) != nullptr;
         });
}

// Anything that could kill the process, or shows others what was done: pulls do neither.
bool StreamRunner::IsBusy() const {
  return std::any_of(runs_.begin(), runs_.end(), [](const auto& entry) {
    return std::any_of(entry.second.steps.begin(), entry.second.steps.end(), [](const Step& step) {
      return step.stage == Stage::kReading || step.stage >= Stage::kComputing;
    });
  });
}

// May the step be read, or computed, now, beside others?
bool StreamRunner::MayBegin(const Run& run, StepIndex step, bool exists) {
  const bool may = !alone_.has_value() && !RunsAlone(run, step, exists) && !AnyWaitsToBeAlone();
  held_up_ = held_up_ || !may;
  return may;
}

// Lets the next one begin, as soon as there is nothing else.
void StreamRunner::ServeAlone(Micros now, RunnerActions* out) {
  if (!any_alone_ || alone_.has_value() || IsBusy()) return;
  for (auto& [ref, run] : runs_) {
    const Step* const computed = ToComputeAlone(run);
    if (computed == nullptr && !IsToReadAlone(run)) continue;
    BeginAlone(&run, computed, now, out);
    return;
  }
}

// `computed`: null: the next step is read.
void StreamRunner::BeginAlone(Run* run, const Step* computed, Micros now, RunnerActions* out) {
  if (computed == nullptr) {
    Step& step = run->steps.emplace_back();
    step.stage = Stage::kAsking;
    step.step = run->next_step++;
    step.batch = BatchOf(*run, step.step);
  }
  const StepIndex number = computed == nullptr ? run->steps.back().step : computed->step;
  alone_ = Alone{.key = {run->grant.ref, number},
                 .computes = computed != nullptr,
                 .is_open = false,
                 .is_closing = false,
                 .push = nullptr,
                 .trained = {},
                 .scored = {}};
  ++alone_number_;
  SayAlone(now, out);
}

void StreamRunner::SayAlone(Micros now, RunnerActions* out) {
  const StepIndex step = alone_->is_closing ? 0 : alone_->key.step;
  Header header = member_->HeaderTo(member_->coordinator());
  header.request = alone_number_;
  out->messages.push_back(
      {member_->coordinator_address(), MakeMessage(header, StepAlone{alone_->key.ref, step})});
  alone_repeat_at_ = now + options_.repeat_after;
  WakeAt(alone_repeat_at_);
}

void StreamRunner::OnAloneAck(const Message& message, Micros now, RunnerActions* out) {
  if (!alone_.has_value() || message.header.request != alone_number_) return;
  const StepKey key = alone_->key;
  if (alone_->is_closing) {
    Alone done = std::move(*alone_);
    alone_.reset();
    const Run* const of = FindRun(key.ref);
    if (done.computes && of != nullptr && Evaluates(*of)) {
      SendScores(key, std::move(done.scored), now, out);
    } else if (done.computes) {
      Push(key, done.push, done.trained, now, out);
    }
    Resume(now, out);
    Drain(now, out);
    return;
  }
  if (alone_->is_open) return;
  alone_->is_open = true;
  Run* run = nullptr;
  Step* const step = FindStep(key, &run);
  if (alone_->computes) {
    step->stage = Stage::kComputing;
    out->computes.push_back({key, Evaluates(*run), step->batch.epoch, RateOf(*run, *step),
                             std::move(step->prepared), std::move(step->values)});
  } else {
    step->stage = Stage::kReading;
    out->reads.push_back({key, Evaluates(*run), step->batch.epoch, step->batch.batch, true});
  }
}

// What was held up may go on.
void StreamRunner::Resume(Micros now, RunnerActions* out) {
  held_up_ = false;
  for (auto& [ref, run] : runs_) {
    ComputeInOrder(&run, now, out);
    Advance(&run, now, out);
  }
}

}  // namespace cairn
