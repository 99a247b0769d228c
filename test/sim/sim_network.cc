#include "sim/sim_network.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "base/hash.h"
#include "base/status.h"
#include "wire/codec.h"

namespace cairn::sim {
namespace {

bool HasFragments(const Message& message) {
  const auto* push = BodyAs<Push>(message);
  if (push == nullptr) return false;
  for (const PushPart& part : push->parts) {
    if (part.fragment_count > 1) return true;
  }
  return false;
}

// Such a message is another one as bytes: the ids stay at home.
bool NamesIds(const Message& message) {
  const auto* push = BodyAs<Push>(message);
  if (push == nullptr) return false;
  return std::any_of(push->slices.begin(), push->slices.end(),
                     [](const TableSlice& slice) { return slice.named.request != 0; });
}

// What our own code sends, our own decoder has to take.
MessagePtr ThroughBytes(const Message& message) {
  absl::StatusOr<MessagePtr> decoded = DecodeMessage(EncodeMessage(message, Checksum::kAll));
  CAIRN_CHECK(decoded.ok(), MessageOf(decoded.status()));
  return *std::move(decoded);
}

}  // namespace

SimNetwork::SimNetwork(const Scenario& scenario, ProbeCounts* probes)
    : faults_(scenario.faults),
      first_worker_(1 + scenario.servers),
      workers_(scenario.workers + scenario.clients),
      random_(HashWords(HashString("network"), scenario.seed)),
      cut_random_(HashWords(HashString("cuts"), scenario.seed)),
      probes_(probes) {}

Micros SimNetwork::Delay() {
  const double least = static_cast<double>(faults_.delay_least);
  const double ratio = static_cast<double>(faults_.delay_most) / least;
  return static_cast<Micros>(least * std::exp2(random_.Unit() * std::log2(ratio)));
}

bool SimNetwork::IsWorker(uint32_t place) const {
  return place >= first_worker_ && place < first_worker_ + workers_;
}

void SimNetwork::MaybeCuts(uint32_t from, uint32_t to, Micros now) {
  const auto until = [&](Micros most) {
    return now + 1 + static_cast<Micros>(cut_random_.Below(static_cast<uint64_t>(most)));
  };
  if (cut_random_.Chance(faults_.cut)) {
    probes_->Hit(Probe::kLinkWasCut);
    bad_until_[{from, to}] = bad_until_[{to, from}] = until(faults_.cut_most);
  }
  if (from == 0 && IsWorker(to) && cut_random_.Chance(faults_.deaf)) {
    probes_->Hit(Probe::kDeaf);
    bad_until_[{from, to}] = until(faults_.deaf_most);
  }
}

bool SimNetwork::Loses(uint32_t from, uint32_t to, Micros now) {
  Micros& bad_until = bad_until_[{from, to}];
  if (now >= bad_until) MaybeCuts(from, to, now);
  if (now < bad_until) return true;
  if (random_.Chance(faults_.swizzle)) {
    probes_->Hit(Probe::kLinkWentBad);
    bad_until =
        now + 1 + static_cast<Micros>(random_.Unit() * static_cast<double>(faults_.swizzle_most));
    return true;
  }
  return random_.Chance(faults_.loss);
}

std::vector<SimNetwork::Delivery> SimNetwork::Send(uint32_t from, uint32_t to,
                                                   const MessagePtr& message, Micros now) {
  probes_->Hit(Probe::kMessage);
  const bool fragments = HasFragments(*message);
  if (fragments) probes_->Hit(Probe::kFragment);
  if (Loses(from, to, now)) {
    probes_->Hit(Probe::kDropped);
    if (fragments) probes_->Hit(Probe::kFragmentDropped);
    return {};
  }
  std::vector<Delivery> deliveries(random_.Chance(faults_.duplication) ? 2 : 1);
  if (deliveries.size() > 1) probes_->Hit(Probe::kDuplicated);
  for (Delivery& delivery : deliveries) {
    delivery.at = now + Delay();
    const bool names = NamesIds(*message);
    const bool encode = random_.Chance(names ? faults_.encode_named : faults_.encode);
    if (encode) probes_->Hit(Probe::kEncoded);
    if (encode && names) probes_->Hit(Probe::kNamedPush);
    delivery.message = encode ? ThroughBytes(*message) : message;
  }
  return deliveries;
}

void SimNetwork::Heal() {
  const Faults old = faults_;
  faults_ = Faults{};
  faults_.delay_least = old.delay_least;
  faults_.delay_most = std::min<Micros>(old.delay_most, 5 * kMicrosPerMilli);
  bad_until_.clear();
}

}  // namespace cairn::sim
