#include "gateway/address_limits.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <vector>

// What one client address may have, with a clock in the test's hands.
namespace wssgate::gateway {
namespace {

using namespace std::chrono_literals;

SocketAddress at(const std::string& ip) { return *SocketAddress::parse(ip + ":1"); }

const AddressLimits::Clock::time_point kStart = AddressLimits::Clock::time_point(1000h);

TEST(AddressLimits, CountConnectionsOfOneAddress) {
  AddressLimits limits;
  config::Limits configured;
  configured.connections_per_address = 2;
  auto first = limits.enter(at("192.0.2.1"), configured, kStart);
  const auto second = limits.enter(at("192.0.2.1"), configured, kStart);
  ASSERT_TRUE(first && second);

  const auto third = limits.enter(at("192.0.2.1"), configured, kStart);
  EXPECT_EQ(third.ok() ? Reason::none : third.error().reason, Reason::address_connection_limit);
  EXPECT_TRUE(limits.enter(at("192.0.2.2"), configured, kStart));

  { const AddressLimits::Place ended = *std::move(first); }
  EXPECT_TRUE(limits.enter(at("192.0.2.1"), configured, kStart));
}

TEST(AddressLimits, TakeAnIpv6NetworkOf64BitsForOneAddress) {
  AddressLimits limits;
  config::Limits configured;
  configured.connections_per_address = 1;
  const auto first = limits.enter(at("[2001:db8:0:1::1]"), configured, kStart);
  EXPECT_FALSE(limits.enter(at("[2001:db8:0:1:ffff::9]"), configured, kStart));
  EXPECT_TRUE(limits.enter(at("[2001:db8:0:2::1]"), configured, kStart));
}

TEST(AddressLimits, TakeMappedIpv4ForIpv4) {
  AddressLimits limits;
  config::Limits configured;
  configured.connections_per_address = 1;
  const auto first = limits.enter(at("192.0.2.1"), configured, kStart);
  EXPECT_FALSE(limits.enter(at("[::ffff:192.0.2.1]"), configured, kStart));
  EXPECT_TRUE(limits.enter(at("[::ffff:192.0.2.2]"), configured, kStart));
}

TEST(AddressLimits, LetSoManyHandshakesAtOnceAndThenOneByOne) {
  AddressLimits limits;
  config::Limits configured;
  configured.handshakes_per_address = {4, 2s};
  const auto may = [&](AddressLimits::Clock::duration after) {
    return limits.enter(at("192.0.2.1"), configured, kStart + after).ok();
  };
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(may(0s)) << i;
  EXPECT_FALSE(may(0s));
  EXPECT_FALSE(may(499ms));
  EXPECT_TRUE(may(500ms));
  EXPECT_FALSE(may(500ms));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(may(10s)) << i;
  EXPECT_FALSE(may(10s)) << "a long rest fills the bucket once";
}

TEST(AddressLimits, CountRequestsApartFromHandshakes) {
  AddressLimits limits;
  config::Limits configured;
  configured.handshakes_per_address = {1, 1s};
  EXPECT_TRUE(limits.enter(at("192.0.2.1"), configured, kStart));
  EXPECT_TRUE(limits.may_request(at("192.0.2.1"), {1, 1s}, kStart));
  EXPECT_FALSE(limits.may_request(at("192.0.2.1"), {1, 1s}, kStart));
  EXPECT_TRUE(limits.may_request(at("192.0.2.2"), {1, 1s}, kStart));
}

TEST(AddressLimits, KnowNobodyWhereNothingIsLimited) {
  AddressLimits limits;
  const auto place = limits.enter(at("192.0.2.1"), config::Limits(), kStart);
  EXPECT_TRUE(place);
  EXPECT_TRUE(limits.may_request(at("192.0.2.1"), {}, kStart));
  EXPECT_EQ(limits.size(), 0U);
}

// An attacker has millions of addresses: memory is bounded, and who rests is forgotten.
TEST(AddressLimits, ForgetWhoRestsWhenThereAreTooMany) {
  AddressLimits limits;
  const config::Rate rate{1, 1s};
  const auto ask_from = [&](std::uint32_t network, AddressLimits::Clock::time_point now) {
    for (std::uint32_t i = 0; i < 700'000; ++i) {
      sockaddr_in ip{};
      ip.sin_family = AF_INET;
      ip.sin_addr.s_addr = htonl(network << 24 | i);
      const SocketAddress address(reinterpret_cast<const sockaddr*>(&ip), sizeof ip);
      ASSERT_TRUE(limits.may_request(address, rate, now)) << address.text();
    }
  };
  ask_from(10, kStart);
  EXPECT_EQ(limits.size(), 64U * 8192U);
  ask_from(11, kStart + 5s);
  EXPECT_EQ(limits.size(), 64U * 8192U);
  EXPECT_FALSE(limits.may_request(at("11.0.0.1"), rate, kStart + 5s)) << "it is known";
  EXPECT_TRUE(limits.may_request(at("10.0.0.1"), rate, kStart + 5s)) << "it is not known any more";
}

}  // namespace
}  // namespace wssgate::gateway
