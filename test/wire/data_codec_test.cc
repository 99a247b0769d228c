#include "wire/data_codec.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "base/status.h"
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
    CHECK(got.slices[i].named == sent.slices[i].named);
    CHECK(reinterpret_cast<uintptr_t>(got.slices[i].ids.data()) % 8 == 0);
    CHECK(reinterpret_cast<uintptr_t>(got.slices[i].counts.data()) % 4 == 0);
    CHECK(reinterpret_cast<uintptr_t>(got.slices[i].values.data()) % 4 == 0);
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

TEST_CASE("ids that are named stay at home, and counts of 1 too") {
  const std::vector<uint64_t> ids = {3, 77, 1'000'000};
  const std::vector<float> values = {0.1f, 0.2f, 0.3f};
  const std::vector<uint32_t> ones = {1, 1, 1};
  Push push;
  push.parts.push_back({.slice_end = 1});
  push.slices.push_back({0, ids, values, ones});
  const Push listed = RoundTrip(push);
  CHECK(SameNumbers(listed.slices[0].ids, push.slices[0].ids));
  CHECK(listed.slices[0].counts.empty());
  const size_t listed_bytes = Write(push).size();
  push.slices[0].named = {.request = 9, .begin = 2, .count = 3};
  const Push named = RoundTrip(push);
  CHECK(named.slices[0].ids.empty());
  CHECK(named.slices[0].lacks_ids());
  CHECK(named.slices[0].id_count() == 3);
  CHECK(SameNumbers(named.slices[0].values, push.slices[0].values));
  CHECK(Write(push).size() < listed_bytes);
}

TEST_CASE("a part of a large message costs next to nothing") {
  Push push;
  PushReply push_reply;
  for (uint32_t p = 0; p < 64; ++p) {
    push.parts.push_back({.partition = p, .term = 1, .prev = 6});
    push_reply.parts.push_back({p, PartCode::kOk, 0});
  }
  CHECK(Write(push).size() == 64 * 4);  // Filled up, since there is nothing else in it.
  CHECK(Write(push_reply).size() == 64);
}

TEMPLATE_TEST_CASE("PayloadBytesMax is enough, and nothing shorter or longer is read", "", Push,
                   PushReply, Pull, PullReply) {
  const TestType body = Sample<TestType>();
  std::vector<std::byte> bytes = Write(body);
  CHECK(bytes.size() <= PaddedTo8(PayloadBytesMax(body)));
  CHECK(bytes.size() % 8 == 0);
  TestType read;
  for (size_t n = 0; n < bytes.size(); ++n) {
    ByteReader in{std::span(bytes).first(n)};
    CHECK_FALSE(ReadPayload(&in, &read).ok());
    read = {};
  }
  bytes.resize(bytes.size() + 8);
  ByteReader in(bytes);
  CHECK_FALSE(ReadPayload(&in, &read).ok());
}

TEST_CASE("parts that the payload does not pay for are refused") {
  std::vector<std::byte> bytes;
  ByteWriter out(&bytes);
  for (const uint64_t number : {7, 2, 101, 65'000, 0}) out.Varint(number);
  for (int column = 0; column < 3; ++column) {
    out.Varint(0);
    out.Varint(1);
  }
  out.Extend(PaddedTo8(bytes.size()) - bytes.size());
  ByteReader in(bytes, 96);
  PushReply reply;
  CHECK(std::string(MessageOf(ReadPayload(&in, &reply))) ==
        "push_reply.parts at offset 99: 65000 of them take at least 1 bytes each, but the payload "
        "has 16");
  CHECK(reply.parts.capacity() == 0);
}

}  // namespace
}  // namespace cairn
