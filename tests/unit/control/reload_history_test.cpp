#include "control/reload_history.h"

#include <gtest/gtest.h>

#include <string>

namespace wssgate::control {
namespace {

using namespace std::chrono_literals;

Reload reload_at(std::chrono::seconds second, const std::string& refused, bool changed = false) {
  Reload reload;
  reload.at = std::chrono::system_clock::time_point(second);
  reload.changed = changed;
  if (!refused.empty()) reload.refused.push_back({.at = {}, .message = refused, .hint = ""});
  return reload;
}

TEST(ReloadHistory, TheSameAgainIsOneEntry) {
  ReloadHistory history;
  history.add(reload_at(1s, ""));
  for (int i = 2; i < 100; ++i) history.add(reload_at(std::chrono::seconds(i), "a port is taken"));
  history.add(reload_at(100s, "another reason"));
  ASSERT_EQ(history.entries().size(), 3);
  EXPECT_EQ(history.entries()[1].times, 98);
  EXPECT_EQ(history.entries()[1].reload.at.time_since_epoch(), 2s);
  EXPECT_EQ(history.entries()[1].last.time_since_epoch(), 99s);
}

TEST(ReloadHistory, WhatSomebodyElseAskedForIsShown) {
  ReloadHistory history;
  Reload start = reload_at(1s, "");
  start.cause = "start";
  Reload asked = reload_at(2s, "");
  asked.cause = "wssgate reload";
  history.add(start);
  history.add(asked);
  history.add(asked);
  ASSERT_EQ(history.entries().size(), 2);
  EXPECT_EQ(history.entries().back().reload.cause, "wssgate reload");
  EXPECT_EQ(history.entries().back().times, 2);
}

TEST(ReloadHistory, AnotherWarningIsAnotherResult) {
  ReloadHistory history;
  Reload warned = reload_at(1s, "");
  warned.warnings.push_back({.at = {}, .message = "a", .hint = "", .severity = Severity::warning});
  history.add(reload_at(1s, ""));
  history.add(warned);
  history.add(warned);
  history.add(reload_at(1s, ""));
  EXPECT_EQ(history.entries().size(), 3);
}

TEST(ReloadHistory, ADayLessIsNoNews) {
  for (const auto kind : {Problem::Kind::member_expiring, Problem::Kind::root_expiring}) {
    ReloadHistory history;
    for (const char* message : {"it expires, in 9 days", "it expires, in 8 days"}) {
      Reload warned = reload_at(1s, "");
      warned.warnings.push_back({.at = {.file = "a.pem"},
                                 .message = message,
                                 .hint = "",
                                 .severity = Severity::warning,
                                 .kind = kind});
      history.add(warned);
    }
    EXPECT_EQ(history.entries().size(), 1);
  }
}

TEST(ReloadHistory, WhatIsNotKeptIsComparedToo) {
  const auto with_last = [](const std::string& last) {
    Reload reload;
    for (int i = 0; i < 20; ++i) reload.refused.push_back({.at = {}, .message = "a", .hint = ""});
    reload.refused.back().message = last;
    return reload;
  };
  ReloadHistory history;
  history.add(with_last("a"));
  history.add(with_last("b"));
  history.add(with_last("b"));
  EXPECT_EQ(history.entries().size(), 2);
}

TEST(ReloadHistory, WhatChangedSomethingIsNeverTheSame) {
  ReloadHistory history;
  for (int i = 0; i < 100; ++i) history.add(reload_at(std::chrono::seconds(i), "", true));
  ASSERT_EQ(history.entries().size(), ReloadHistory::kMostReloads);
  EXPECT_EQ(history.entries().back().last.time_since_epoch(), 99s);
}

TEST(ReloadHistory, OfManyProblemsItKeepsTheFirstOnes) {
  Reload reload;
  for (int i = 0; i < 10'000; ++i) {
    reload.held.push_back({.at = {}, .message = std::to_string(i), .hint = ""});
  }
  ReloadHistory history;
  history.add(reload);
  EXPECT_EQ(history.entries().front().reload.held.size(), ReloadHistory::kMostProblems);
  EXPECT_EQ(history.entries().front().problems_left_out, 10'000 - ReloadHistory::kMostProblems);
  EXPECT_FALSE(history.entries().front().reload.ok());
}

}  // namespace
}  // namespace wssgate::control
