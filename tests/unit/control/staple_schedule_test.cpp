#include "control/staple_schedule.h"

#include <gtest/gtest.h>

#include "support/test_ca.h"

namespace wssgate::control {
namespace {

using namespace std::chrono_literals;
using test::day;

const auto kBegin = day(2026, 6, 1);
const auto kEnd = day(2026, 6, 8);

TEST(RefreshDelay, EndsAtHalfOfTheResponsesLife) {
  EXPECT_EQ(refresh_delay(kBegin, kEnd, kBegin, 0), 84h);
  EXPECT_EQ(refresh_delay(kBegin, kEnd, kBegin + 24h, 0), 60h);
  EXPECT_EQ(refresh_delay(kBegin, kBegin + 4s, kBegin, 0), 2s);
}

TEST(RefreshDelay, IsSpreadByJitter) {
  EXPECT_EQ(refresh_delay(kBegin, kEnd, kBegin, 1), Duration(84h) * 8 / 10);
  EXPECT_LT(refresh_delay(kBegin, kEnd, kBegin, 0.7), refresh_delay(kBegin, kEnd, kBegin, 0.3));
}

TEST(RefreshDelay, ASecondHalfIsAskedAboutNowAndThen) {
  EXPECT_EQ(refresh_delay(kBegin, kEnd, kBegin + 90h, 0), 1h);
  EXPECT_EQ(refresh_delay(kBegin, kEnd, kEnd - 20min, 0), 5min);
  EXPECT_EQ(refresh_delay(kBegin, kEnd, kEnd - 1s, 0), 1s);
}

TEST(RefreshDelay, ALongLifeIsNotBelieved) {
  EXPECT_EQ(refresh_delay(kBegin, kBegin + 24h * 3650, kBegin, 0), 24h * 7);
  constexpr auto kNever = std::chrono::system_clock::time_point::max();
  EXPECT_EQ(refresh_delay(kBegin, kNever, kBegin, 0), 24h * 7);
}

TEST(RetryDelay, DoublesUpToItsMost) {
  const RetryTerms terms;
  EXPECT_EQ(retry_delay(1, std::nullopt, terms, 0), 1min);
  EXPECT_EQ(retry_delay(2, std::nullopt, terms, 0), 2min);
  EXPECT_EQ(retry_delay(6, std::nullopt, terms, 0), 32min);
  EXPECT_EQ(retry_delay(7, std::nullopt, terms, 0), 1h);
  EXPECT_EQ(retry_delay(4'000'000'000, std::nullopt, terms, 0), 1h);
  EXPECT_EQ(retry_delay(7, std::nullopt, terms, 1), 30min);
}

TEST(RetryDelay, IsShorterWhereTheStapleIsAboutToEnd) {
  const RetryTerms terms;
  EXPECT_EQ(retry_delay(7, 20min, terms, 0), 5min);
  EXPECT_EQ(retry_delay(7, 10s, terms, 0), 1min);
  EXPECT_EQ(retry_delay(7, Duration(24h), terms, 0), 1h);
}

}  // namespace
}  // namespace wssgate::control
