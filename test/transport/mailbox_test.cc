#include "transport/mailbox.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "transport/inbox.h"

namespace cairn {
namespace {

constexpr std::chrono::steady_clock::time_point kPast{};

TEST_CASE("items come out in the order in which they went in") {
  Mailbox<int> mailbox(3);
  CHECK(mailbox.Push(1));
  CHECK(mailbox.Push(2));
  CHECK(mailbox.PopUntil(kPast) == 1);
  CHECK(mailbox.Push(3));
  CHECK(mailbox.PopUntil(kPast) == 2);
  CHECK(mailbox.PopUntil(kPast) == 3);
  CHECK(mailbox.PopUntil(kPast) == std::nullopt);
}

TEST_CASE("a full mailbox takes completions only") {
  Mailbox<int> mailbox(2);
  CHECK(mailbox.Push(1));
  CHECK(mailbox.Push(2));
  CHECK_FALSE(mailbox.Push(3));
  CHECK(mailbox.PushCompletion(4));
  CHECK(mailbox.PopUntil(kPast) == 1);
  CHECK_FALSE(mailbox.Push(5));
  CHECK(mailbox.PopUntil(kPast) == 2);
  CHECK(mailbox.PopUntil(kPast) == 4);
}

TEST_CASE("a mailbox is full of bytes, too, and one item always finds room") {
  Mailbox<int> mailbox(10, 100);
  CHECK(mailbox.Push(1, 1'000));
  CHECK_FALSE(mailbox.Push(2, 1));
  CHECK(mailbox.PushCompletion(3));
  CHECK(mailbox.PopUntil(kPast) == 1);
  CHECK(mailbox.Push(4, 99));
  CHECK(mailbox.Push(5, 1));
  CHECK_FALSE(mailbox.Push(6, 1));
  CHECK(mailbox.PopUntil(kPast) == 3);
  CHECK_FALSE(mailbox.Push(6, 1));
  CHECK(mailbox.PopUntil(kPast) == 4);
  CHECK(mailbox.Push(6, 1));
}

TEST_CASE("a closed mailbox takes and gives nothing, and lets go of what it held") {
  Mailbox<std::shared_ptr<int>> mailbox(2);
  const auto item = std::make_shared<int>(1);
  mailbox.Push(item);
  mailbox.Close();
  CHECK(item.use_count() == 1);
  CHECK(mailbox.closed());
  CHECK_FALSE(mailbox.Push(item));
  CHECK_FALSE(mailbox.PushCompletion(item));
  CHECK(mailbox.PopUntil(InTime()) == std::nullopt);
  mailbox.Close();
}

TEST_CASE("a waiting consumer is woken by an item and by the end") {
  Mailbox<int> mailbox(10);
  std::vector<int> got;
  std::thread consumer([&] {
    while (auto item = mailbox.PopUntil(InTime())) {
      got.push_back(*item);
      if (*item == 3) mailbox.Close();
    }
  });
  for (int i = 1; i <= 3; ++i) mailbox.Push(i);
  consumer.join();
  CHECK(got == std::vector<int>{1, 2, 3});
}

TEST_CASE("many producers, one consumer: nothing is lost") {
  constexpr int kEach = 5'000;
  Mailbox<int> mailbox(4 * kEach);
  std::vector<std::thread> producers;
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&mailbox, p] {
      for (int i = 0; i < kEach; ++i) mailbox.Push(p * kEach + i);
    });
  }
  std::vector<int> next = {0, kEach, 2 * kEach, 3 * kEach};
  for (int n = 0; n < 4 * kEach; ++n) {
    const auto item = mailbox.PopUntil(InTime());
    REQUIRE(item.has_value());
    REQUIRE(*item == next[*item / kEach]++);
  }
  for (std::thread& producer : producers) producer.join();
}

TEST_CASE("who brings work to a sleeping consumer may do it, and nobody else meanwhile") {
  Mailbox<int> mailbox(10);
  CHECK_FALSE(mailbox.TryEnter());  // Nobody sleeps yet.
  std::atomic<int> got{0};
  std::thread consumer([&] {
    while (auto item = mailbox.PopUntil(InTime())) {
      got = *item;
      if (*item == 2) mailbox.Close();
    }
  });
  REQUIRE(Eventually([&] { return mailbox.TryEnter(); }));
  CHECK_FALSE(mailbox.TryEnter());
  CHECK(mailbox.Push(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(got == 0);
  mailbox.Leave(Mailbox<int>::Then::kSleepOn);  // Wakes it all the same: there is an item.
  CHECK(Eventually([&] { return got == 1; }));
  CHECK(mailbox.Push(2));
  consumer.join();
  CHECK_FALSE(mailbox.TryEnter());  // Closed.
}

TEST_CASE("a sleeping consumer wakes up without an item if it is told to") {
  Mailbox<int> mailbox(10);
  std::optional<int> got = 1;
  std::thread consumer([&] { got = mailbox.PopUntil(InTime()); });
  REQUIRE(Eventually([&] { return mailbox.TryEnter(); }));
  mailbox.Leave(Mailbox<int>::Then::kWake);
  consumer.join();
  CHECK(got == std::nullopt);
}

TEST_CASE("a deadline that passes while somebody works for the consumer is kept after that") {
  Mailbox<int> mailbox(10);
  const auto begin = std::chrono::steady_clock::now();
  std::atomic<bool> returned{false};
  std::thread consumer([&] {
    CHECK(mailbox.PopUntil(begin + std::chrono::milliseconds(200)) == std::nullopt);
    returned = true;
  });
  REQUIRE(Eventually([&] { return mailbox.TryEnter(); }));
  std::this_thread::sleep_until(begin + std::chrono::milliseconds(250));
  CHECK_FALSE(returned);
  mailbox.Leave(Mailbox<int>::Then::kSleepOn);
  CHECK(Eventually([&] { return returned.load(); }));
  mailbox.Close();
  consumer.join();
}

TEST_CASE("an end comes after what is being done for the consumer") {
  Mailbox<int> mailbox(10);
  std::atomic<bool> ended{false};
  std::thread consumer([&] {
    CHECK(mailbox.PopUntil(InTime()) == std::nullopt);
    ended = true;
  });
  REQUIRE(Eventually([&] { return mailbox.TryEnter(); }));
  mailbox.Close();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK_FALSE(ended);
  mailbox.Leave(Mailbox<int>::Then::kSleepOn);
  consumer.join();
}

}  // namespace
}  // namespace cairn
