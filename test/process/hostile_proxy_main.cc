// A man in the middle who forwards every frame and adds malformed ones, to both sides: what a live
// cluster is shaken with (hostile_test.py).
//
// Usage: cairn_hostile_proxy LISTEN TARGET SECONDS SEED RATE
//
// Listens on LISTEN (prints "listening ADDRESS"), connects each peer on to TARGET, and for SECONDS
// sends about RATE hostile frames a second; then only forwards, until its standard input closes.
// At the end it prints how many frames of each kind it sent, as "kind count" lines.
//
// No frame it makes is one that an honest peer could have sent: either something is wrong with its
// form, or it comes from and goes to a life that does not exist.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <zmq.hpp>

#include "base/crc32c.h"
#include "base/random.h"
#include "wire/frame_header.h"
#include "wire/limits.h"

namespace cairn {
namespace {

using Clock = std::chrono::steady_clock;
using Bytes = std::vector<std::byte>;

constexpr size_t kRemembered = 256;             // Frames that went by, to make hostile ones of.
constexpr size_t kRememberedBytes = 64u << 10;  // Of one of them.
constexpr long kPollMillis = 1;
constexpr int kLingerMillis = 0;

enum class Kind : uint8_t {
  kFlippedBits,     // Anywhere; the checksums do not match any more.
  kCutOff,          // Shorter than its lengths say.
  kTooLong,         // Longer than its lengths say.
  kNoise,           // Random bytes.
  kEmpty,           // No byte at all.
  kForeignVersion,  // Of another major version.
  kForeignType,     // Sealed, of a type that does not exist or is another message's.
  kWrongLengths,    // Sealed, but control and payload lengths are random.
  kScrambledBody,   // Sealed: right checksums over a body with random changes.
  kForeignLife,     // Sealed and whole, but from and to lives that are not there.
  kMultipart,       // Two frames as one message.
  kOversized,       // Beyond the limit: ZeroMQ cuts the connection.
  kCount,
};
constexpr std::array<std::string_view, static_cast<size_t>(Kind::kCount)> kKindNames = {
    "flipped_bits",   "cut_off",         "too_long",     "noise",
    "empty",          "foreign_version", "foreign_type", "wrong_lengths",
    "scrambled_body", "foreign_life",    "multipart",    "oversized"};

Bytes CopyOf(const zmq::message_t& frame) {
  const auto* data = static_cast<const std::byte*>(frame.data());
  return {data, data + frame.size()};
}

class FrameForge {
 public:
  explicit FrameForge(uint64_t seed) : random_(seed) {}

  // A frame that went by.
  void Remember(const zmq::message_t& frame) {
    if (frame.size() < sizeof(FrameHeader) || frame.size() > kRememberedBytes) return;
    if (seen_.size() < kRemembered) seen_.emplace_back();
    seen_[next_++ % kRemembered] = CopyOf(frame);
  }
  bool ready() const { return !seen_.empty(); }

  Kind Choose() {
    // The frames beyond the limit cost a connection each: now and then is enough.
    if (random_.Below(512) == 0) return Kind::kOversized;
    return static_cast<Kind>(random_.Below(static_cast<uint64_t>(Kind::kOversized)));
  }

  Bytes Make(Kind kind) {
    Bytes frame = seen_[random_.Below(seen_.size())];
    switch (kind) {
      case Kind::kFlippedBits:
        // At least the header is hurt: the bodies of bulk messages bear no checksum.
        frame = Flip(std::move(frame), sizeof(FrameHeader));
        frame[random_.Below(sizeof(FrameHeader))] ^= static_cast<std::byte>(1 + random_.Below(255));
        return frame;
      case Kind::kCutOff:
        frame.resize(random_.Below(frame.size()));
        return frame;
      case Kind::kTooLong:
        frame.resize(frame.size() + 1 + random_.Below(4096));
        return frame;
      case Kind::kNoise:
        return Noise(random_.Below(4096));
      case Kind::kForeignVersion:
        return Reseal(std::move(frame), [&](FrameHeader* h) {
          h->major = static_cast<uint16_t>(kWireMajor + 1 + random_.Below(1000));
        });
      case Kind::kForeignType:
        return Reseal(std::move(frame),
                      [&](FrameHeader* h) { h->type = static_cast<uint16_t>(random_.Below(64)); });
      case Kind::kWrongLengths:
        return Reseal(std::move(frame), [&](FrameHeader* h) {
          h->control_bytes = static_cast<uint32_t>(random_.Next());
          h->payload_bytes = random_.Next() >> random_.Below(64);
        });
      case Kind::kScrambledBody:
        return Reseal(Flip(std::move(frame), sizeof(FrameHeader)), [](FrameHeader*) {});
      case Kind::kForeignLife:
      case Kind::kMultipart:
        return Reseal(std::move(frame), [](FrameHeader*) {});
      case Kind::kOversized:
        return Bytes(limits::kFrameBytesMax + 1);
      case Kind::kEmpty:
      case Kind::kCount:
        break;
    }
    return {};
  }

 private:
  Bytes Noise(size_t bytes) {
    Bytes noise(bytes);
    for (std::byte& b : noise) b = static_cast<std::byte>(random_.Next());
    return noise;
  }

  // Changes some bits behind `from`.
  Bytes Flip(Bytes frame, size_t from) {
    if (frame.size() <= from) return frame;
    for (uint64_t flips = 1 + random_.Below(8); flips > 0; --flips) {
      const size_t at = from + random_.Below(frame.size() - from);
      frame[at] ^= static_cast<std::byte>(1 + random_.Below(255));
    }
    return frame;
  }

  // With right checksums, and from and to lives that nobody has.
  template <typename Change>
  Bytes Reseal(Bytes frame, const Change& change) {
    FrameHeader header;
    std::memcpy(&header, frame.data(), sizeof header);
    header.from_incarnation = random_.Next() | 1;
    header.to_incarnation = random_.Next() | 1;
    const size_t body = frame.size() - sizeof header;
    header.flags = kFlagBodyChecksum;
    header.body_crc = Crc32c(std::span(frame).last(body));
    change(&header);
    std::memcpy(frame.data(), &header, sizeof header);
    header.header_crc = Crc32c(std::span(frame).first(offsetof(FrameHeader, header_crc)));
    std::memcpy(frame.data(), &header, sizeof header);
    return frame;
  }

  SeededRandom random_;
  std::vector<Bytes> seen_;
  size_t next_ = 0;
};

class Proxy {
 public:
  struct Options {
    std::string listen;
    std::string target;
    double seconds = 0;
    uint64_t seed = 0;
    double rate = 0;  // Hostile frames a second.
  };

  explicit Proxy(const Options& options)
      : options_(options), forge_(options.seed), random_(options.seed + 1) {}

  void Run() {
    front_.set(zmq::sockopt::linger, kLingerMillis);
    front_.set(zmq::sockopt::ipv6, options_.listen.find('[') != std::string::npos);
    front_.bind(options_.listen);
    std::cout << "listening " << front_.get(zmq::sockopt::last_endpoint) << std::endl;
    const Clock::time_point start = Clock::now();
    while (Poll()) {
      const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
      const double due = std::min(elapsed, options_.seconds) * options_.rate;
      while (forge_.ready() && static_cast<double>(sent_) < due) Attack();
    }
    for (size_t k = 0; k < counts_.size(); ++k) {
      std::cout << kKindNames[k] << ' ' << counts_[k] << '\n';
    }
    std::cout << std::flush;
  }

 private:
  // Forwards what there is. False: standard input was closed.
  bool Poll() {
    std::vector<zmq::pollitem_t> items = {{nullptr, STDIN_FILENO, ZMQ_POLLIN, 0},
                                          {front_.handle(), 0, ZMQ_POLLIN, 0}};
    std::vector<const std::string*> ids;
    for (auto& [id, back] : backs_) {
      items.push_back({back.handle(), 0, ZMQ_POLLIN, 0});
      ids.push_back(&id);
    }
    zmq::poll(items, std::chrono::milliseconds(kPollMillis));
    if (items[0].revents != 0) return false;
    for (size_t i = 2; i < items.size(); ++i) {
      if ((items[i].revents & ZMQ_POLLIN) != 0) FromTarget(*ids[i - 2]);
    }
    if ((items[1].revents & ZMQ_POLLIN) != 0) FromPeers();
    return true;
  }

  void FromPeers() {
    zmq::message_t id, frame;
    while (front_.recv(id, zmq::recv_flags::dontwait)) {
      if (!front_.recv(frame)) return;
      forge_.Remember(frame);
      BackOf(id.to_string()).send(frame, zmq::send_flags::dontwait);
    }
  }

  void FromTarget(const std::string& id) {
    zmq::message_t frame;
    while (backs_.at(id).recv(frame, zmq::recv_flags::dontwait)) {
      forge_.Remember(frame);
      SendToPeer(id, {frame.data<std::byte>(), frame.size()});
    }
  }

  zmq::socket_t& BackOf(const std::string& id) {
    const auto found = backs_.find(id);
    if (found != backs_.end()) return found->second;
    zmq::socket_t back(context_, zmq::socket_type::dealer);
    back.set(zmq::sockopt::linger, kLingerMillis);
    back.connect(options_.target);
    return backs_.emplace(id, std::move(back)).first->second;
  }

  void SendToPeer(const std::string& id, std::span<const std::byte> frame) {
    // A peer that is gone drops it, as a ROUTER does.
    if (!front_.send(zmq::buffer(id), zmq::send_flags::sndmore | zmq::send_flags::dontwait)) return;
    front_.send(zmq::buffer(frame.data(), frame.size()), zmq::send_flags::dontwait);
  }

  // One hostile frame to the target in the name of some peer, or to some peer.
  void Attack() {
    ++sent_;
    auto back = backs_.begin();
    std::advance(back, static_cast<ptrdiff_t>(random_.Below(backs_.size())));
    const Kind kind = forge_.Choose();
    ++counts_[static_cast<size_t>(kind)];
    const Bytes frame = forge_.Make(kind);
    const bool to_target = random_.Chance(0.5);
    if (kind == Kind::kMultipart && to_target) {
      back->second.send(zmq::buffer(frame), zmq::send_flags::sndmore | zmq::send_flags::dontwait);
    }
    if (to_target) {
      back->second.send(zmq::buffer(frame), zmq::send_flags::dontwait);
    } else {
      SendToPeer(back->first, frame);
    }
  }

  const Options options_;
  FrameForge forge_;
  SeededRandom random_;
  zmq::context_t context_;
  zmq::socket_t front_{context_, zmq::socket_type::router};
  std::map<std::string, zmq::socket_t> backs_;  // By the routing id of the peer in front.
  uint64_t sent_ = 0;
  std::array<uint64_t, static_cast<size_t>(Kind::kCount)> counts_ = {};
};

}  // namespace
}  // namespace cairn

int main(int argc, char** argv) {
  if (argc != 6) {
    std::cerr << "usage: cairn_hostile_proxy LISTEN TARGET SECONDS SEED RATE\n";
    return 2;
  }
  cairn::Proxy::Options options{argv[1], argv[2], std::strtod(argv[3], nullptr),
                                std::strtoull(argv[4], nullptr, 10), std::strtod(argv[5], nullptr)};
  try {
    cairn::Proxy(options).Run();
  } catch (const zmq::error_t& error) {
    std::cerr << "cairn_hostile_proxy: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
