// Where a process was last heard from.
#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "wire/message.h"

namespace cairn {

// Process id -> route (an address, or a connection's routing id), bounded: the process not heard
// from for longest is forgotten first. Not thread-safe.
class RouteTable {
 public:
  explicit RouteTable(size_t routes_max) : routes_max_(routes_max) { CAIRN_CHECK(routes_max > 0); }

  // `process` was heard over `route`.
  void Learn(const ProcessId& process, const std::string& route) {
    const auto found = index_.find(process);
    if (found != index_.end()) {
      if (found->second->second != route) found->second->second = route;
      recent_.splice(recent_.begin(), recent_, found->second);
      return;
    }
    if (recent_.size() == routes_max_) {
      index_.erase(recent_.back().first);
      recent_.pop_back();
    }
    recent_.emplace_front(process, route);
    index_.emplace(process, recent_.begin());
  }

  // nullptr if it was never heard from, or forgotten. Valid until the next Learn or Forget.
  const std::string* Find(const ProcessId& process) const {
    const auto found = index_.find(process);
    return found == index_.end() ? nullptr : &found->second->second;
  }

  void Forget(const ProcessId& process) {
    const auto found = index_.find(process);
    if (found == index_.end()) return;
    recent_.erase(found->second);
    index_.erase(found);
  }

  size_t size() const { return recent_.size(); }

 private:
  struct Hash {
    size_t operator()(const ProcessId& id) const { return HashWords(id.process, id.incarnation); }
  };
  using Recent = std::list<std::pair<ProcessId, std::string>>;

  const size_t routes_max_;
  Recent recent_;  // The one heard last is in front.
  std::unordered_map<ProcessId, Recent::iterator, Hash> index_;
};

}  // namespace cairn
