// Runs the main function of a program within the test, and takes what it prints.
#pragma once

#include <functional>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace cairn {

struct Ran {
  int code;
  std::string out;
  std::string err;
};

// Takes what a program prints, for as long as it lives.
class Capture {
 public:
  explicit Capture(std::ostream* stream) : stream_(*stream), old_(stream->rdbuf(text_.rdbuf())) {}
  ~Capture() { stream_.rdbuf(old_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* const old_;
};

inline Ran RunMain(const std::function<int(int, char**)>& main, const std::string& name,
                   std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), name);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const Capture out(&std::cout);
  const Capture err(&std::cerr);
  const int code = main(static_cast<int>(arguments.size()), argv.data());
  return {code, out.text(), err.text()};
}

}  // namespace cairn
