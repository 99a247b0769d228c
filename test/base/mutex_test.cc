#include "base/mutex.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace cairn {
namespace {

TEST_CASE("a Mutex lets one thread in at a time") {
  Mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        MutexLock lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 40'000);
}

// From another thread: for the owner itself, std::mutex::try_lock is undefined.
bool IsFree(Mutex& mutex) {
  bool free = false;
  std::thread([&] {
    if (!mutex.TryLock()) return;
    free = true;
    mutex.Unlock();
  }).join();
  return free;
}

TEST_CASE("a MutexLock holds until its end, or until Unlock") {
  Mutex mutex;
  {
    MutexLock lock(mutex);
    CHECK_FALSE(IsFree(mutex));
  }
  CHECK(IsFree(mutex));
  MutexLock lock(mutex);
  lock.Unlock();
  CHECK(IsFree(mutex));
}

TEST_CASE("a CondVar hands over, and leaves the Mutex locked") {
  Mutex mutex;
  CondVar changed;
  int turn = 0;
  std::thread other([&] {
    MutexLock lock(mutex);
    while (turn != 1) changed.Wait(mutex);
    turn = 2;
    changed.NotifyAll();
  });
  {
    MutexLock lock(mutex);
    turn = 1;
    changed.NotifyOne();
    while (turn != 2) changed.Wait(mutex);
    CHECK_FALSE(IsFree(mutex));
  }
  other.join();
  CHECK(turn == 2);
}

TEST_CASE("WaitUntil ends at its deadline, with the Mutex locked") {
  Mutex mutex;
  CondVar changed;
  MutexLock lock(mutex);
  // Already over, so nothing is waited for.
  CHECK_FALSE(changed.WaitUntil(mutex, std::chrono::steady_clock::time_point::min()));
  CHECK_FALSE(IsFree(mutex));
}

}  // namespace
}  // namespace cairn
