// What a core asks its shell to send. A core never sends: it appends here.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "wire/message.h"

namespace cairn {

struct Outgoing {
  std::string address;  // Where to; empty: answer over the connection that header.to used.
  MessagePtr message;
};

using Outbox = std::vector<Outgoing>;

inline MessagePtr MakeMessage(const Header& header, Body body) {
  return std::make_shared<const Message>(Message{header, std::move(body)});
}

}  // namespace cairn
