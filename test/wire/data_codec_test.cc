#include "wire/data_codec.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "support/sample_messages.h"

namespace cairn {
namespace {

template <typename T>
T Sample() {
  for (SampleMessage& sample : SampleMessages()) {
    if (const T* body = BodyAs<T>(sample.message)) return *body;
  }
  FAIL("no sample of this type");
  return {};
}

template <typename T>
std::vector<std::byte> Write(const T& body) {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  WritePayload(body, &out);
  return bytes;
}

template <typename T>
T RoundTrip(const T& body) {
  const std::vector<std::byte> bytes = Write(body);
  ByteReader in(bytes);
  T read;
  REQUIRE(ReadPayload(&in, &read).ok());
  return read;
}

template <typename T>
bool SameNumbers(std::span<const T> a, std::span<const T> b) {
  if (a.size() != b.size()) return false;
  return a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

TEST_CASE("a push comes back with all its arrays, aligned and alive") {
  const Push sent = Sample<Push>();
  const Push got = RoundTrip(sent);
  CHECK(got.ref == sent.ref);
  CHECK(got.step == sent.step);
  CHECK(got.epoch == sent.epoch);
  CHECK(got.rate_factor == sent.rate_factor);
  CHECK(got.rows == sent.rows);
  CHECK(got.parts == sent.parts);
  REQUIRE(got.slices.size() == sent.slices.size());
  for (size_t i = 0; i < sent.slices.size(); ++i) {
    CHECK(got.slices[i].table == sent.slices[i].table);
    CHECK(SameNumbers(got.slices[i].ids, sent.slices[i].ids));
    CHECK(SameNumbers(got.slices[i].values, sent.slices[i].values));
    CHECK(SameNumbers(got.slices[i].counts, sent.slices[i].counts));
    CHECK(reinterpret_cast<uintptr_t>(got.slices[i].ids.data()) % 8 == 0);
    CHECK(reinterpret_cast<uintptr_t>(got.slices[i].values.data()) % 8 == 0);
  }
}

TEST_CASE("a pull's reply comes back part by part") {
  const PullReply sent = Sample<PullReply>();
  const PullReply got = RoundTrip(sent);
  CHECK(got.error == sent.error);
  REQUIRE(got.parts.size() == sent.parts.size());
  for (size_t i = 0; i < sent.parts.size(); ++i) {
    CHECK(got.parts[i].partition == sent.parts[i].partition);
    CHECK(got.parts[i].code == sent.parts[i].code);
    CHECK(SameNumbers(got.parts[i].values, sent.parts[i].values));
  }
}

TEST_CASE("a pull comes back with its ids") {
  const Pull sent = Sample<Pull>();
  const Pull got = RoundTrip(sent);
  CHECK(got.kind == sent.kind);
  CHECK(got.ref == sent.ref);
  CHECK(got.step == sent.step);
  CHECK(got.parts == sent.parts);
  REQUIRE(got.slices.size() == sent.slices.size());
  for (size_t i = 0; i < sent.slices.size(); ++i) {
    CHECK(got.slices[i].table == sent.slices[i].table);
    CHECK(SameNumbers(got.slices[i].ids, sent.slices[i].ids));
  }
}

TEST_CASE("a push's reply comes back equal") {
  CHECK(RoundTrip(Sample<PushReply>()) == Sample<PushReply>());
}

TEST_CASE("slices that share an array travel as arrays of their own") {
  Pull pull = Sample<Pull>();
  pull.slices[1].ids = pull.slices[0].ids;
  const Pull got = RoundTrip(pull);
  CHECK(SameNumbers(got.slices[1].ids, pull.slices[0].ids));
  CHECK(got.slices[1].ids.data() != got.slices[0].ids.data());
}

TEMPLATE_TEST_CASE("PayloadBytes is exact, and nothing shorter or longer is read", "", Push,
                   PushReply, Pull, PullReply) {
  const TestType body = Sample<TestType>();
  std::vector<std::byte> bytes = Write(body);
  CHECK(bytes.size() == PayloadBytes(body));
  CHECK(bytes.size() % 8 == 0);
  TestType read;
  for (size_t n = 0; n < bytes.size(); n += 8) {
    ByteReader in{std::span(bytes).first(n)};
    CHECK_FALSE(ReadPayload(&in, &read).ok());
    read = {};
  }
  bytes.resize(bytes.size() + 8);
  ByteReader in(bytes);
  CHECK_FALSE(ReadPayload(&in, &read).ok());
}

}  // namespace
}  // namespace cairn
