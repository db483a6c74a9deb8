#include "gateway/line_sampler.h"

#include <gtest/gtest.h>

namespace wssgate::gateway {
namespace {

using namespace std::chrono_literals;

TEST(LineSampler, LetsTenASecondThroughAndCountsTheRest) {
  LineSampler sampler;
  const LineSampler::Clock::time_point start(1000h);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(sampler.sample(Reason::not_tls, start), 0) << i;
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(sampler.sample(Reason::not_tls, start + 900ms)) << i;
  EXPECT_EQ(sampler.sample(Reason::plain_http, start), 0) << "each reason by itself";
  EXPECT_EQ(sampler.sample(Reason::not_tls, start + 1s), 7);
  EXPECT_EQ(sampler.sample(Reason::not_tls, start + 1s), 0);
}

}  // namespace
}  // namespace wssgate::gateway
