#include "upstream/balancer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace wssgate::upstream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

const Health::TimePoint kNow = Health::Clock::now();
constexpr EjectionRules kAtOnce{.failures = 1, .time = 10s, .max_time = 60s};

Member member(const std::string& name, std::uint32_t weight = 1) {
  return {.endpoint = std::make_shared<Endpoint>(SocketAddress(), name),
          .weight = weight,
          .backup = false,
          .max_connections = 0};
}

std::vector<Member> members(std::initializer_list<std::uint32_t> weights) {
  std::vector<Member> made;
  for (const std::uint32_t weight : weights) {
    made.push_back(member(std::string(1, static_cast<char>('a' + made.size())), weight));
  }
  return made;
}

Member backup(const std::string& name) {
  Member made = member(name);
  made.backup = true;
  return made;
}

Draw draw(std::uint64_t turn) { return {.turn = turn, .random = mix(turn), .hash = mix(~turn)}; }

std::string name_of(const Pick& pick) {
  return pick.member == nullptr ? "none" : pick.member->endpoint->text;
}

std::string picked(const std::vector<Member>& from, Balance balance, std::uint64_t turn = 0,
                   const Tried& tried = {}, Health::TimePoint now = kNow) {
  return name_of(pick(from, balance, 0s, draw(turn), tried, now));
}

std::string order(const std::vector<Member>& from, Balance balance, std::uint64_t turns) {
  std::string names;
  for (std::uint64_t turn = 0; turn < turns; ++turn) names += picked(from, balance, turn);
  return names;
}

/// How many of so many turns each gets.
std::map<std::string, int> shares(const std::vector<Member>& from, Balance balance, int turns,
                                  Duration slow_start = 0s, Health::TimePoint now = kNow) {
  std::map<std::string, int> counts;
  for (int turn = 0; turn < turns; ++turn) {
    ++counts[name_of(
        pick(from, balance, slow_start, draw(static_cast<std::uint64_t>(turn)), {}, now))];
  }
  return counts;
}

TEST(RoundRobin, TakesEachInTurn) {
  EXPECT_EQ(order(members({1, 1, 1}), Balance::round_robin, 7), "abcabca");
  EXPECT_EQ(order(members({5, 5}), Balance::round_robin, 4), "abab");
}

TEST(RoundRobin, GivesSharesByWeightAndNotInARow) {
  const auto from = members({1, 3});
  const auto counts = shares(from, Balance::round_robin, 4000);
  EXPECT_NEAR(counts.at("a"), 1000, 10);
  EXPECT_EQ(order(from, Balance::round_robin, 400).find("bbbbb"), std::string::npos);
  EXPECT_EQ(order(from, Balance::round_robin, 400).find("aa"), std::string::npos);
}

TEST(LeastConnections, TakesTheLeastBusyForItsWeight) {
  const auto from = members({1, 2});
  from[0].endpoint->connections = 3;
  from[1].endpoint->connections = 5;
  EXPECT_EQ(order(from, Balance::least_connections, 3), "bbb");
  from[1].endpoint->connections = 7;
  EXPECT_EQ(order(from, Balance::least_connections, 3), "aaa");
}

TEST(LeastConnections, TakesEqualsInTurn) {
  const auto from = members({1, 1, 1});
  EXPECT_EQ(order(from, Balance::least_connections, 6), "abcabc");
  from[1].endpoint->connections = 1;
  EXPECT_EQ(order(from, Balance::least_connections, 4), "acac");
}

TEST(LeastConnections, FillsByWeight) {
  const auto from = members({1, 3});
  for (std::uint64_t turn = 0; turn < 400; ++turn) {
    ++pick(from, Balance::least_connections, 0s, draw(turn), {}, kNow)
          .member->endpoint->connections;
  }
  EXPECT_NEAR(from[0].endpoint->connections, 100, 1);
}

TEST(RandomTwo, NeverTakesTheBusiestAndReachesAllOthers) {
  const auto from = members({1, 1, 1, 1});
  from[2].endpoint->connections = 9;
  const auto counts = shares(from, Balance::random_two, 3000);
  EXPECT_EQ(counts.count("c"), 0U);
  for (const char* name : {"a", "b", "d"}) EXPECT_NEAR(counts.at(name), 1000, 150) << name;
}

TEST(RandomTwo, HasOneToTakeWhereThereIsOne) {
  EXPECT_EQ(order(members({1}), Balance::random_two, 3), "aaa");
}

TEST(Hash, GivesTheSameToTheSame) {
  const auto from = members({1, 1, 1});
  const std::string first = picked(from, Balance::hash, 7);
  Draw later = draw(8);
  later.hash = draw(7).hash;
  EXPECT_EQ(name_of(pick(from, Balance::hash, 0s, later, {}, kNow)), first);
}

TEST(Hash, GivesSharesByWeight) {
  const auto counts = shares(members({1, 1, 2}), Balance::hash, 8000);
  EXPECT_NEAR(counts.at("a"), 2000, 200);
  EXPECT_NEAR(counts.at("b"), 2000, 200);
  EXPECT_NEAR(counts.at("c"), 4000, 200);
}

TEST(Hash, OneMoreEndpointMovesOnlyItsOwnShare) {
  auto from = members({1, 1, 1, 1});
  std::vector<std::string> before;
  for (std::uint64_t turn = 0; turn < 5000; ++turn) {
    before.push_back(picked(from, Balance::hash, turn));
  }
  from.insert(from.begin(), member("new"));
  int moved = 0;
  for (std::uint64_t turn = 0; turn < 5000; ++turn) {
    const std::string now = picked(from, Balance::hash, turn);
    if (now == before[turn]) continue;
    EXPECT_EQ(now, "new");
    ++moved;
  }
  EXPECT_NEAR(moved, 1000, 150);
}

TEST(Hash, TheSharesOfOneThatIsOutGoToAllOthers) {
  const auto from = members({1, 1, 1});
  (void)from[0].endpoint->health.failed(kNow, kAtOnce);
  const auto counts = shares(from, Balance::hash, 3000);
  EXPECT_EQ(counts.count("a"), 0U);
  EXPECT_NEAR(counts.at("b"), 1500, 150);
}

TEST(Pick, SkipsWhatWasTriedAndThenHasNone) {
  const auto from = members({1, 1, 1});
  Tried tried{from[0].endpoint.get()};
  EXPECT_NE(picked(from, Balance::round_robin, 0, tried), "a");
  tried.push_back(from[2].endpoint.get());
  EXPECT_EQ(picked(from, Balance::round_robin, 0, tried), "b");
  tried.push_back(from[1].endpoint.get());
  const Pick none = pick(from, Balance::round_robin, 0s, draw(0), tried, kNow);
  EXPECT_EQ(none.member, nullptr);
  EXPECT_FALSE(none.full);
}

TEST(Pick, TakesBackupsOnlyWhenNoOtherIsWell) {
  auto from = members({1, 1});
  from.push_back(backup("spare"));
  EXPECT_EQ(order(from, Balance::round_robin, 4), "abab");
  (void)from[0].endpoint->health.failed(kNow, kAtOnce);
  EXPECT_EQ(order(from, Balance::round_robin, 2), "bb");
  (void)from[1].endpoint->health.failed(kNow, kAtOnce);
  EXPECT_EQ(picked(from, Balance::round_robin), "spare");
}

TEST(Pick, TakesABackupWhenAllOthersWereTried) {
  auto from = members({1});
  from.push_back(backup("spare"));
  EXPECT_EQ(picked(from, Balance::round_robin, 0, {from[0].endpoint.get()}), "spare");
}

TEST(Pick, TakesAnyWhenNoneIsWell) {
  const auto from = members({1, 1});
  for (const Member& each : from) (void)each.endpoint->health.failed(kNow, kAtOnce);
  EXPECT_EQ(order(from, Balance::round_robin, 4), "abab");
}

TEST(Pick, SkipsFullOnesAndSaysWhenAllAre) {
  auto from = members({1, 1});
  from.push_back(backup("spare"));
  from[0].max_connections = from[1].max_connections = 2;
  from[0].endpoint->connections = 2;
  EXPECT_EQ(order(from, Balance::round_robin, 2), "bb");
  from[1].endpoint->connections = 2;
  const Pick none = pick(from, Balance::round_robin, 0s, draw(0), {}, kNow);
  EXPECT_EQ(none.member, nullptr) << "backups are for endpoints that fail, not for full ones";
  EXPECT_TRUE(none.full);
}

TEST(SlowStart, GivesMoreAndMore) {
  const auto from = members({1, 1});
  (void)from[0].endpoint->health.failed(kNow, kAtOnce);
  const auto back = kNow + 10s;
  const auto share_at = [&](Health::TimePoint now) {
    return shares(from, Balance::round_robin, 1100, 60s, now)["a"];
  };
  EXPECT_EQ(share_at(back - 1s), 0);
  EXPECT_NEAR(share_at(back), 100, 10);
  EXPECT_NEAR(share_at(back + 30s), 367, 10);
  EXPECT_EQ(share_at(back + 60s), 550);
}

TEST(HashText, IsTheSameEverywhere) {
  EXPECT_EQ(hash_text("127.0.0.1:3000"), hash_text(std::string("127.0.0.1:") + "3000"));
  EXPECT_EQ(hash_text(""), mix(0xCBF29CE484222325));
  EXPECT_EQ(mix(0), 0xE220A8397B1DCDAF) << "SplitMix64's first output for the seed 0";
}

}  // namespace
}  // namespace wssgate::upstream
