// Hellos that OpenSSL wrote: whole, cut at every byte, and cut into records of every size.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "protocol/tls/client_hello.h"
#include "unit/protocol/tls/hello_bytes.h"

namespace wssgate::tls {
namespace {

using testing::Bytes;
using testing::RealHello;

constexpr std::size_t kLimit = 64 * 1024;

struct Case {
  std::string name;
  RealHello hello;
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class RealHelloTest : public ::testing::TestWithParam<Case> {
 protected:
  const RealHello& said() const { return GetParam().hello; }
  const Bytes bytes_ = testing::real_hello(said());

  void expect_said(const ClientHelloResult& result) const {
    if (const auto* error = std::get_if<Error>(&result)) FAIL() << error->context;
    const auto* hello = std::get_if<ClientHello>(&result);
    ASSERT_NE(hello, nullptr);
    if (said().server_name.empty()) {
      EXPECT_FALSE(hello->server_name);
    } else {
      EXPECT_EQ(hello->server_name, said().server_name);
    }
    EXPECT_EQ(hello->alpn, said().alpn);
    EXPECT_EQ(hello->offers_tls13, !said().tls12_only);
  }
};

TEST_P(RealHelloTest, SaysWhatTheClientSaid) {
  expect_said(parse_client_hello(bytes_, kLimit));
  expect_said(parse_client_hello(bytes_, bytes_.size()));
}

TEST_P(RealHelloTest, EveryTruncationAsksForMoreThanItHasAndNotMoreThanTheWhole) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    const auto result = parse_client_hello(ByteView(bytes_).first(size), kLimit);
    const auto* more = std::get_if<NeedMore>(&result);
    ASSERT_NE(more, nullptr) << size;
    ASSERT_GT(more->total, size);
    ASSERT_LE(more->total, bytes_.size()) << size;
  }
}

TEST_P(RealHelloTest, RecordsOfEverySizeMakeTheSameHello) {
  const ByteView message = testing::message_in(bytes_);
  // Small ones each; of the large ones, enough to cut between all fields.
  for (std::size_t size = 1; size <= message.size(); size += size < 64 ? 1 : 7) {
    SCOPED_TRACE(size);
    expect_said(parse_client_hello(testing::in_records_of(message, size), kLimit));
  }
}

TEST_P(RealHelloTest, TruncatedRecordsAskForMoreThanTheyHaveAndNotMoreThanTheWhole) {
  for (const std::size_t record_size : {1, 3, 4, 5, 50}) {
    const Bytes cut = testing::in_records_of(testing::message_in(bytes_), record_size);
    // All the cuts near the message's header, then enough to meet each place in a record.
    for (std::size_t size = 0; size < cut.size(); size += size < 64 ? 1 : 17) {
      const auto result = parse_client_hello(ByteView(cut).first(size), kLimit);
      const auto* more = std::get_if<NeedMore>(&result);
      ASSERT_NE(more, nullptr) << record_size << ' ' << size;
      ASSERT_GT(more->total, size) << record_size;
      ASSERT_LE(more->total, cut.size()) << record_size << ' ' << size;
    }
  }
}

TEST_P(RealHelloTest, WhatFollowsTheLastRecordIsNotLookedAt) {
  const Bytes early_data = testing::record(testing::bytes_of("early"), 23);
  expect_said(parse_client_hello(testing::concat(bytes_, early_data), bytes_.size()));
  expect_said(parse_client_hello(testing::concat(bytes_, testing::bytes_of("?")), kLimit));
}

TEST_P(RealHelloTest, IsTooLargeByOneByteWhicheverPartIsThere) {
  const std::size_t limit = bytes_.size() - 1;
  for (std::size_t size = 5; size <= bytes_.size(); ++size) {
    const auto result = parse_client_hello(ByteView(bytes_).first(size), limit);
    const auto* error = std::get_if<Error>(&result);
    ASSERT_NE(error, nullptr) << size;
    ASSERT_EQ(error->reason, Reason::client_hello_too_large);
  }
}

INSTANTIATE_TEST_SUITE_P(
    OpenSsl, RealHelloTest,
    ::testing::Values(Case{"Plain", {}}, Case{"NoName", {.server_name = {}}},
                      Case{"Alpn", {.alpn = {"h2", "http/1.1"}}},
                      Case{"Tls12Only", {.tls12_only = true}},
                      Case{"ManyCiphers", {.ciphers = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"}},
                      Case{"PostQuantumSize", {.alpn = {"http/1.1"}, .extra_bytes = 1216}}),
    [](const ::testing::TestParamInfo<Case>& of) { return of.param.name; });

// What a reader does that waits for NeedMore.total bytes each time.
std::size_t wake_ups(const Bytes& bytes) {
  std::size_t given = 0;
  for (std::size_t count = 1; count < 100'000; ++count) {
    const auto result = parse_client_hello(ByteView(bytes).first(given), kLimit);
    const auto* more = std::get_if<NeedMore>(&result);
    if (more == nullptr) return std::holds_alternative<ClientHello>(result) ? count : 0;
    given = more->total;
  }
  return 0;
}

TEST(RealHelloInManyRecords, OneByteRecordsUpToTheLimitCostTheReaderFewWakeUps) {
  // OpenSSL 3.5 has a post-quantum key share in it already.
  const std::size_t plain = testing::message_in(testing::real_hello({})).size();
  const Bytes one = testing::real_hello({.extra_bytes = 10'400 - plain});
  const Bytes cut = testing::in_records_of(testing::message_in(one), 1);
  ASSERT_LT(cut.size(), kLimit);
  ASSERT_GT(cut.size(), kLimit * 9 / 10);
  EXPECT_GT(wake_ups(cut), 10U);
  EXPECT_LT(wake_ups(cut), 100U);
}

TEST(RealHelloInManyRecords, LargerThanOneRecordHolds) {
  const Bytes hello = testing::real_hello({.extra_bytes = 40'000});
  const auto result = parse_client_hello(hello, kLimit);
  ASSERT_TRUE(std::holds_alternative<ClientHello>(result));
  EXPECT_EQ(std::get<ClientHello>(result).server_name, "chat.example.com");
  // From the first record's first bytes on, the reader waits once for all of it.
  EXPECT_EQ(std::get<NeedMore>(parse_client_hello(ByteView(hello).first(9), kLimit)).total,
            hello.size());
}

}  // namespace
}  // namespace wssgate::tls
