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
