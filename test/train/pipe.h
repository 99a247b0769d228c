// A pipe with both ends in the test.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "base/check.h"

namespace cairn {

class Pipe {
 public:
  Pipe() { CAIRN_CHECK(::pipe2(ends_, O_CLOEXEC) == 0, "cannot make a pipe for the test"); }
  ~Pipe() {
    ::close(ends_[0]);
    EndWriting();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int reading() const { return ends_[0]; }
  // Not more than a pipe holds: nobody reads meanwhile.
  void Write(std::string_view text) const {
    CAIRN_CHECK(::write(ends_[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void EndWriting() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }

 private:
  int ends_[2] = {-1, -1};
};

}  // namespace cairn
