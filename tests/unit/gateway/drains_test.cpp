#include "gateway/drains.h"

#include <gtest/gtest.h>

namespace wssgate::gateway {
namespace {

using Kind = DrainTarget::Kind;
using namespace std::chrono_literals;

Host host_named(const std::string& name) {
  Host host;
  host.names.push_back(*HostPattern::parse(name));
  return host;
}

TEST(DrainWindow, SpreadsEvenlyAndLeavesTimeToAnswer) {
  const TunnelClock::time_point begun{};
  const DrainWindow window(begun, {30s});
  EXPECT_EQ(window.order(0, 4).at, begun);
  EXPECT_EQ(window.order(2, 4).at, begun + 12500ms);
  EXPECT_EQ(window.order(3, 4).at, begun + 18750ms);
  EXPECT_EQ(window.order(3, 4).until, begun + 30s);
  EXPECT_EQ(window.order(3, 4).code, 1012);
  const DrainWindow brief(begun, {400ms});
  EXPECT_EQ(brief.order(1, 2).at, begun + 150ms);
}

TEST(DrainWindow, HasWorkersTakeTurns) {
  const TunnelClock::time_point begun{};
  const DrainWindow second_of_two(begun, {30s, 0.5});
  EXPECT_EQ(second_of_two.order(0, 4).at, begun + 500ms) << "few are not kept for long";
  EXPECT_EQ(second_of_two.order(0, 250).at, begun + 50ms);
  EXPECT_EQ(second_of_two.order(1, 250).at, begun + 150ms);
}

TEST(DrainWindow, ClosesLateOnesAtOnceAndGivesThemTimeToo) {
  const DrainWindow window(TunnelClock::now() - 1h, {30s});
  const CloseOrder order = window.order_now();
  EXPECT_LE(order.at, TunnelClock::now());
  EXPECT_GT(order.until, order.at);
}

TEST(DrainTarget, CoversByAnyNameOrAddress) {
  Host host = host_named("a.example");
  host.names.push_back(*HostPattern::parse("*.b.example"));
  EXPECT_TRUE((DrainTarget{Kind::host, "*.b.example"}.covers(host)));
  EXPECT_FALSE((DrainTarget{Kind::host, "b.example"}.covers(host)));
  EXPECT_TRUE(DrainTarget().covers(host));
}

TEST(Drains, NameOnlyWhatTheyWereToldOf) {
  const Host a = host_named("a.example");
  const Host b = host_named("b.example");
  Drains drains;
  const DrainTarget target{Kind::host, "a.example"};
  drains.add(target, DrainWindow(TunnelClock::now(), {1s}));
  EXPECT_TRUE(drains.name(a));
  EXPECT_FALSE(drains.name(b));
  drains.add(DrainTarget(), DrainWindow(TunnelClock::now(), {1s}));
  EXPECT_FALSE(drains.name(b)) << "in a drain of everything, what is there still is served";
  drains.remove(target);
  EXPECT_FALSE(drains.name(a));
}

// What the first one was to do at its end must not come early upon the second.
TEST(Drains, BegunAnewHaveAllTheirTimeAnew) {
  const TunnelClock::time_point begun{};
  const DrainTarget target{Kind::host, "a.example"};
  Drains drains;
  drains.add(target, DrainWindow(begun, {30s}));
  EXPECT_FALSE(drains.is_over(target, begun + 29s));
  EXPECT_TRUE(drains.is_over(target, begun + 30s));
  drains.remove(target);
  EXPECT_FALSE(drains.is_over(target, begun + 30s));
  drains.add(target, DrainWindow(begun + 20s, {30s}));
  EXPECT_FALSE(drains.is_over(target, begun + 30s));
  EXPECT_TRUE(drains.is_over(target, begun + 50s));
}

}  // namespace
}  // namespace wssgate::gateway
