#include "control/charts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace wssgate::control {
namespace {

using testing::ElementsAre;

constexpr ChartWindow kThirds{.points = History::kSteps / 3, .steps_a_point = 3};

/// The history after so many steps, each of which had its own number of tunnels and requests.
History::Points after(std::uint64_t steps) {
  History::Points points;
  for (std::uint64_t i = 0; i < steps; ++i) {
    points.push_back({.tunnels = static_cast<float>(i), .requests = static_cast<float>(i)});
  }
  while (points.size() > History::kSteps) points.pop_front();
  return points;
}

TEST(Charts, AreTheMostOfWhatIsOpenAndTheMeanOfRates) {
  const History::Points points = after(7);
  EXPECT_THAT(chart_of(points, 7, kThirds, ChartOf::tunnels).points, ElementsAre(2, 5, 6));
  const Chart requests = chart_of(points, 7, kThirds, ChartOf::requests);
  EXPECT_THAT(requests.points, ElementsAre(1, 4, 6));
  EXPECT_EQ(requests.most, 6) << "of any step: means would hide a peak";
}

TEST(Charts, APointStaysWhatItWas) {
  std::vector<double> before;
  for (std::uint64_t steps = 1; steps < 3 * History::kSteps; ++steps) {
    const Chart chart = chart_of(after(steps), steps, kThirds, ChartOf::requests);
    ASSERT_LE(chart.points.size(), kThirds.points);
    // All but the last, which was filling, and those that are forgotten.
    for (std::size_t i = 0; i + 1 < before.size(); ++i) {
      if (before[i] < chart.points.front()) continue;
      ASSERT_TRUE(std::binary_search(chart.points.begin(), chart.points.end(), before[i])) << steps;
    }
    before = chart.points;
  }
  EXPECT_GE(before.size(), kThirds.points - 1);
}

TEST(Charts, TheMostIsOneOfThePointsThatAreShown) {
  History::Points points(8);
  points.front().requests = 1e6F;
  EXPECT_EQ(chart_of(points, 8, {.points = 2, .steps_a_point = 3}, ChartOf::requests).most, 0)
      << "there is no room for the first";
}

// A host that came later has fewer points than there have been steps.
TEST(Charts, OfAllHostsHaveTheSamePoints) {
  History::Points late = after(8);
  late.erase(late.begin(), late.begin() + 4);
  EXPECT_THAT(chart_of(late, 8, kThirds, ChartOf::tunnels).points, ElementsAre(5, 7));
  EXPECT_THAT(chart_of(after(8), 8, kThirds, ChartOf::tunnels).points, ElementsAre(2, 5, 7));
}

TEST(Charts, OfNothingAreEmpty) {
  EXPECT_TRUE(chart_of({}, 0, kThirds, ChartOf::bytes).points.empty());
}

}  // namespace
}  // namespace wssgate::control
