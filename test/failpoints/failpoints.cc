// To be loaded before a program of ours (LD_PRELOAD): kills it in the middle of keeping something
// on disk. Counts what a process does to files under a directory: creating, writing, syncing,
// renaming, removing. At the Nth of these it dies: of a write half is done, of anything else
// nothing.
//
//   CAIRN_FAIL_UNDER  the directory; what people read, *.log, does not count
//   CAIRN_FAIL_AT     N, from 1
//   CAIRN_FAIL_IN     only in programs of this name; without, in all
//   CAIRN_FAIL_ONCE   a file that is made first: where it is there already, nobody dies
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

struct Settings {
  std::string under;
  long at = 0;  // 0: never.
  std::string once;
};

const Settings& TheSettings() {
  static const Settings settings = [] {
    Settings read;
    const char* const under = std::getenv("CAIRN_FAIL_UNDER");
    const char* const at = std::getenv("CAIRN_FAIL_AT");
    const char* const once = std::getenv("CAIRN_FAIL_ONCE");
    const char* const in = std::getenv("CAIRN_FAIL_IN");
    if (under == nullptr || at == nullptr || once == nullptr) return read;
    if (in != nullptr && std::string(in) != program_invocation_short_name) return read;
    read.under = under;
    read.at = std::atol(at);
    read.once = once;
    return read;
  }();
  return settings;
}

template <typename Function>
Function Next(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  Function function;
  std::memcpy(&function, &found, sizeof function);
  return function;
}

std::atomic<long> steps{0};

// Is this the step at which the process dies? True at most once in all processes.
bool IsTheEnd(const char* path) {
  const Settings& settings = TheSettings();
  if (settings.at == 0 || !std::string_view(path).starts_with(settings.under)) return false;
  if (std::string_view(path).ends_with(".log")) return false;
  if (++steps != settings.at) return false;
  static const auto open_file = Next<int (*)(const char*, int, ...)>("open");
  return open_file(settings.once.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) >= 0;
}

void Die() {
  kill(getpid(), SIGKILL);
  while (true) pause();
}

void MaybeDie(const char* path) {
  if (IsTheEnd(path)) Die();
}

std::string PathOf(int fd) {
  char name[64];
  std::snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  char path[4096];
  const ssize_t size = readlink(name, path, sizeof path - 1);
  return size < 0 ? std::string() : std::string(path, static_cast<size_t>(size));
}

}  // namespace

// The names are the C library's.
extern "C" {

int open(const char* path, int flags, ...) {
  static const auto next = Next<int (*)(const char*, int, ...)>("open");
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
    MaybeDie(path);
  }
  return next(path, flags, mode);
}

int mkdir(const char* path, mode_t mode) {
  static const auto next = Next<int (*)(const char*, mode_t)>("mkdir");
  MaybeDie(path);
  return next(path, mode);
}

int rename(const char* from, const char* to) {
  static const auto next = Next<int (*)(const char*, const char*)>("rename");
  MaybeDie(to);
  return next(from, to);
}

int unlink(const char* path) {
  static const auto next = Next<int (*)(const char*)>("unlink");
  MaybeDie(path);
  return next(path);
}

int remove(const char* path) {
  static const auto next = Next<int (*)(const char*)>("remove");
  MaybeDie(path);
  return next(path);
}

int fsync(int fd) {
  static const auto next = Next<int (*)(int)>("fsync");
  MaybeDie(PathOf(fd).c_str());
  return next(fd);
}

int fdatasync(int fd) {
  static const auto next = Next<int (*)(int)>("fdatasync");
  MaybeDie(PathOf(fd).c_str());
  return next(fd);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto next = Next<ssize_t (*)(int, const void*, size_t)>("write");
  if (TheSettings().at > 0 && IsTheEnd(PathOf(fd).c_str())) {
    (void)!next(fd, bytes, size / 2);
    Die();
  }
  return next(fd, bytes, size);
}

}  // extern "C"
