#include "base/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

namespace wssgate {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr std::array kBounds{0.001, 0.01};

TEST(Histogram, CountsAValueUpToItsBound) {
  Histogram histogram(kBounds);
  for (const auto value : {0us, 1'000us, 1'001us, 10'000us, 10'001us, 5'000'000us})
    histogram.add(value);
  EXPECT_THAT(histogram.counts(), ElementsAre(2, 2, 2));
  EXPECT_NEAR(histogram.sum(), 5.022002, 1e-9);
}

TEST(Histogram, AddsAnother) {
  Histogram one(kBounds);
  one.add(5ms);
  Histogram other(kBounds);
  other.add(5ms);
  other.add(1s);
  one.add(other);
  EXPECT_THAT(one.counts(), ElementsAre(0, 2, 1));
  EXPECT_NEAR(one.sum(), 1.01, 1e-9);
}

}  // namespace
}  // namespace wssgate
