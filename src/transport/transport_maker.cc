#include "transport/transport_maker.h"

#include "base/random.h"

namespace cairn {

void SendAll(Transport* transport, Outbox* outbox) {
  for (Outgoing& outgoing : *outbox) {
    if (outgoing.address.empty()) {
      const ProcessId to = outgoing.message->header.to;
      transport->Reply(to, std::move(outgoing.message));
    } else {
      transport->Send(outgoing.address, std::move(outgoing.message));
    }
  }
  outbox->clear();
}

uint64_t NewIncarnation() {
  SystemRandom random;
  uint64_t incarnation = 0;
  while (incarnation == 0) incarnation = random.Next();
  return incarnation;
}

}  // namespace cairn
