#include "upstream/health.h"

#include <gtest/gtest.h>

namespace wssgate::upstream {
namespace {

using namespace std::chrono_literals;
using State = Health::State;

constexpr EjectionRules kRules{.failures = 3, .time = 10s, .max_time = 35s};
constexpr CheckRules kChecks{.healthy_after = 2, .unhealthy_after = 3};

class HealthTest : public testing::Test {
 protected:
  std::optional<Duration> fail() { return health_.failed(now_, kRules); }
  bool succeed() { return health_.succeeded(now_, now_); }
  State state() const { return health_.state(now_); }

  Health health_;
  Health::TimePoint now_ = Health::Clock::now();
};

TEST_F(HealthTest, EjectsAfterSoManyFailuresInARow) {
  EXPECT_EQ(fail(), std::nullopt);
  EXPECT_EQ(fail(), std::nullopt);
  EXPECT_FALSE(succeed());
  EXPECT_EQ(fail(), std::nullopt);
  EXPECT_EQ(fail(), std::nullopt);
  EXPECT_EQ(state(), State::healthy);
  EXPECT_EQ(fail(), 10s);
  EXPECT_EQ(state(), State::ejected);
  EXPECT_FALSE(health_.is_well(now_));
  EXPECT_EQ(fail(), std::nullopt) << "it is out already";
  now_ += 10s;
  EXPECT_EQ(state(), State::probation);
  EXPECT_TRUE(health_.is_well(now_));
}

TEST_F(HealthTest, OneFailureOnProbationEjectsForTwiceAsLongUpToTheMost) {
  for (int i = 0; i < 2; ++i) fail();
  EXPECT_EQ(fail(), 10s);
  Duration last = 10s;
  for (const Duration expected : {20s, 35s, 35s}) {
    now_ += last;
    EXPECT_EQ(fail(), expected);
    last = expected;
  }
}

TEST_F(HealthTest, ReturnsWithASuccess) {
  for (int i = 0; i < 3; ++i) fail();
  now_ += 10s;
  EXPECT_TRUE(succeed());
  EXPECT_FALSE(succeed()) << "told once";
  EXPECT_EQ(state(), State::healthy);
  EXPECT_EQ(fail(), std::nullopt);
}

TEST_F(HealthTest, DoesNotReturnBeforeItsTime) {
  for (int i = 0; i < 3; ++i) fail();
  now_ += 5s;
  EXPECT_FALSE(succeed()) << "a request of the last resort";
  EXPECT_EQ(state(), State::ejected);
}

TEST_F(HealthTest, DoesNotReturnByARequestFromBefore) {
  const auto before = now_;
  now_ += 1s;
  for (int i = 0; i < 3; ++i) fail();
  now_ += 10s;
  EXPECT_FALSE(health_.succeeded(now_, before));
  EXPECT_EQ(state(), State::probation);
  EXPECT_TRUE(succeed());
}

TEST_F(HealthTest, ForgetsEarlierEjectionsOnceItHasBeenWellForAsLong) {
  for (int i = 0; i < 3; ++i) fail();
  now_ += 10s;
  succeed();
  now_ += 9s;
  for (int i = 0; i < 2; ++i) fail();
  EXPECT_EQ(fail(), 20s);
  now_ += 20s;
  succeed();
  now_ += 20s;
  for (int i = 0; i < 2; ++i) fail();
  EXPECT_EQ(fail(), 10s);
}

TEST_F(HealthTest, ChecksTakeItOutAndBringItBack) {
  EXPECT_FALSE(health_.check_failed(kChecks));
  EXPECT_FALSE(health_.check_failed(kChecks));
  EXPECT_FALSE(health_.check_passed(now_, kChecks));
  EXPECT_FALSE(health_.check_failed(kChecks));
  EXPECT_FALSE(health_.check_failed(kChecks));
  EXPECT_TRUE(health_.check_failed(kChecks)) << "three in a row";
  EXPECT_FALSE(health_.check_failed(kChecks)) << "told once";
  EXPECT_EQ(state(), State::unhealthy);
  EXPECT_FALSE(health_.is_well(now_));

  EXPECT_FALSE(health_.check_passed(now_, kChecks));
  EXPECT_FALSE(health_.check_failed(kChecks));
  EXPECT_FALSE(health_.check_passed(now_, kChecks));
  EXPECT_TRUE(health_.check_passed(now_, kChecks)) << "two in a row";
  EXPECT_EQ(state(), State::healthy);
  EXPECT_EQ(health_.back_for(now_ + 3s), 3s);
}

TEST_F(HealthTest, WithoutChecksNothingIsKnown) {
  for (int i = 0; i < 3; ++i) health_.check_failed(kChecks);
  health_.forget_checks();
  EXPECT_EQ(state(), State::healthy);
  EXPECT_EQ(health_.back_for(now_), std::nullopt) << "it was never away";
}

}  // namespace
}  // namespace wssgate::upstream
