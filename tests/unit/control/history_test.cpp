#include "control/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace wssgate::control {
namespace {

using gateway::Figures;
using namespace std::chrono_literals;

const History::TimePoint kBegin{1h};

Figures with_host(const std::string& name, std::uint64_t requests, std::uint64_t begun = 0,
                  std::uint64_t bytes = 0) {
  Figures figures;
  figures.hosts[name] = {.requests = requests, .tunnels_begun = begun, .bytes_from_clients = bytes};
  figures.all = figures.hosts[name];
  return figures;
}

TEST(History, TellsRatesOfTheTimeThatHasPassed) {
  History history;
  history.add(kBegin, with_host("a.example", 100), {});
  EXPECT_TRUE(history.all().empty()) << "there is nothing to compare with";
  history.add(kBegin + 20s, with_host("a.example", 140, 7, 2'000), {});
  ASSERT_EQ(history.all().size(), 1);
  EXPECT_EQ(history.all().front().requests, 2);
  EXPECT_EQ(history.all().front().tunnels, 7);
  EXPECT_EQ(history.hosts().at("a.example").points.front().bytes_from_clients, 100);
}

TEST(History, RequestsToNoHostAreAmongAll) {
  History history;
  Figures figures;
  history.add(kBegin, figures, {});
  figures.all.requests = 50;
  history.add(kBegin + 10s, figures, {});
  EXPECT_EQ(history.all().back().requests, 5);
  EXPECT_TRUE(history.hosts().empty());
}

TEST(History, WhatIsPassedThroughIsCountedWhileItIsOpen) {
  History history;
  Figures figures;
  history.add(kBegin, figures, {});
  figures.hosts["a.example"] = {.passing_through = 3};
  history.add(kBegin + 10s, figures, {});
  EXPECT_EQ(history.hosts().at("a.example").points.back().passing_through, 3);
  EXPECT_EQ(history.steps(), 1);
}

TEST(History, KeepsAnHourAndForgetsHostsThatAreSilentForOne) {
  History history;
  auto now = kBegin;
  history.add(now, {}, {});
  history.add(now += History::kStep, with_host("a.example", 10), {});
  for (std::size_t i = 1; i < History::kSteps; ++i) {
    history.add(now += History::kStep, with_host("a.example", 10), {});
  }
  EXPECT_EQ(history.all().size(), History::kSteps);
  EXPECT_EQ(history.hosts().size(), 1);
  history.add(now += History::kStep, with_host("a.example", 10), {});
  EXPECT_EQ(history.all().size(), History::kSteps);
  EXPECT_TRUE(history.hosts().empty());
}

TEST(History, KeepsTheBusiestHosts) {
  History history;
  Figures none;
  Figures many;
  for (std::size_t i = 0; i < 10 * History::kMostHosts; ++i) {
    many.hosts["quiet-" + std::to_string(i)] = {.requests = 1};
  }
  history.add(kBegin, none, {});
  history.add(kBegin + 10s, many, {});
  EXPECT_EQ(history.hosts().size(), History::kMostHosts);
  many.hosts["busy"] = {.requests = 10'000};
  history.add(kBegin + 20s, many, {});
  EXPECT_EQ(history.hosts().size(), History::kMostHosts);
  EXPECT_EQ(history.hosts().count("busy"), 1);
}

TEST(History, RecentRefusalsAreThoseOfAboutAnHour) {
  History history;
  constexpr auto kReason = static_cast<std::size_t>(Reason::unknown_server_name);
  History::Refusals refusals{};
  auto now = kBegin;
  for (int minute = 0; minute <= 180; ++minute, now += 1min) {
    refusals[kReason] += 10;
    history.add(now, {}, refusals);
  }
  const auto recent = history.recent(now, {}, refusals);
  EXPECT_GE(recent.span, 60min);
  EXPECT_LE(recent.span, 66min);
  EXPECT_GE(recent.refusals[kReason], 600);
  EXPECT_LE(recent.refusals[kReason], 660);
  EXPECT_EQ(History().recent(now, {}, refusals).refusals[kReason], 0);
}

}  // namespace
}  // namespace wssgate::control
