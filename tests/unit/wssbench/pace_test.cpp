#include "wssbench/pace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "wssbench/recorder.h"

namespace wssgate::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = TimePoint(seconds(1'000));

TEST(BenchPace, TheSlotsTogetherKeepTheRateEvenly) {
  constexpr std::size_t kSlots = 7;
  constexpr double kRate = 100;
  std::vector<TimePoint> times;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    Pace pace(kRate, kSlots, slot, kStart);
    for (; pace.next() < kStart + seconds(1); pace.advance()) times.push_back(pace.next());
  }
  std::sort(times.begin(), times.end());
  ASSERT_EQ(times.size(), 100U);
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_EQ(times[i], kStart + milliseconds(10) * i) << i;
  }
}

TEST(BenchPace, TimesDoNotDriftWhereTheIntervalIsNoWholeNumber) {
  Pace pace(3, 1, 0, kStart);
  for (int i = 0; i < 3'000'000; ++i) pace.advance();
  EXPECT_EQ(pace.next(), kStart + seconds(1'000'000));
}

TEST(BenchPace, TellsHowManyWereDueBeforeTheEnd) {
  Pace pace(10, 2, 1, kStart);  // at 100 ms, 300 ms, 500 ms …
  EXPECT_EQ(pace.left_until(kStart + milliseconds(100)), 0U);
  EXPECT_EQ(pace.left_until(kStart + milliseconds(101)), 1U);
  EXPECT_EQ(pace.left_until(kStart + milliseconds(600)), 3U);
  pace.advance();
  EXPECT_EQ(pace.left_until(kStart + milliseconds(600)), 2U);
}

Window window() { return {kStart, kStart, kStart + seconds(10)}; }

// Coordinated omission: a server that stalls for 5 s must show it in every message that was due
// in these, although only one was under way.
TEST(BenchPace, AStallIsInTheLatencyOfAllThatWereDue) {
  Options options;
  options.rate = 100;
  Recorder books(options);
  books.begin(window());
  Pace pace(options.rate, 1, 0, kStart);
  TimePoint now = kStart;
  for (; pace.next() < kStart + seconds(10); pace.advance()) {
    now = std::max(now, pace.next());
    now += pace.next() == kStart + seconds(2) ? Clock::duration(seconds(5)) : milliseconds(1);
    books.done(pace.next(), now);
  }
  const Histogram& latency = books.totals().latency;
  EXPECT_EQ(latency.count(), 1'000U);
  EXPECT_EQ(latency.max(), 5'000'000'000U);
  // Half of all messages were due in the stall, or waited behind it.
  EXPECT_GT(latency.percentile(60), 500'000'000U);
  EXPECT_LT(latency.percentile(20), 1'100'000U);
}

TEST(BenchRecorder, AClosedLoopCountsWhatEndsWithinTheWindow) {
  Recorder books((Options()));
  books.begin(window());
  books.done(kStart - seconds(2), kStart - seconds(1));
  books.done(kStart - seconds(1), kStart + milliseconds(1));
  books.done(kStart + seconds(9), kStart + seconds(10));
  EXPECT_EQ(books.totals().count, 1U);
}

TEST(BenchRecorder, AnOpenLoopCountsWhatWasDueWithinTheWindow) {
  Options options;
  options.rate = 1;
  Recorder books(options);
  books.begin(window());
  books.done(kStart - seconds(1), kStart + milliseconds(1));
  books.done(kStart + seconds(9), kStart + seconds(12));
  EXPECT_EQ(books.totals().count, 1U);
  EXPECT_EQ(books.totals().latency.max(), 3'000'000'000U);
}

TEST(BenchRecorder, GivesEachSecondOnce) {
  Recorder books((Options()));
  books.begin(window());
  for (int i = 0; i < 25; ++i) {
    const TimePoint now = kStart + milliseconds(100) * i;
    books.done(now - milliseconds(1), now);
  }
  auto seconds_ended = books.take_intervals();
  ASSERT_EQ(seconds_ended.size(), 2U);
  EXPECT_EQ(seconds_ended[0].count, 10U);
  EXPECT_EQ(seconds_ended[1].latency.count(), 10U);
  EXPECT_TRUE(books.take_intervals().empty());
  books.roll(TimePoint::max());
  EXPECT_EQ(books.take_intervals()[2].count, 5U);
}

}  // namespace
}  // namespace wssgate::bench
