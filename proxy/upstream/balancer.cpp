#include "upstream/balancer.h"

#include <algorithm>
#include <cmath>

namespace wssgate::upstream {
namespace {

// Weights are in parts, for slow starts.
constexpr std::uint64_t kWhole = 1024;
// Less would leave an endpoint without any request to warm up on.
constexpr std::uint64_t kFirstShare = kWhole / 10;

struct Candidate {
  const Member* member;
  std::uint64_t weight;
  std::uint64_t connections;
};
using Candidates = std::vector<Candidate>;

enum class Group : std::uint8_t { well, well_backups, all };

bool belongs(const Member& member, Group group, Health::TimePoint now) {
  if (group == Group::all) return true;
  return member.backup == (group == Group::well_backups) && member.endpoint->health.is_well(now);
}

std::uint64_t weight_of(const Member& member, Duration slow_start, Health::TimePoint now) {
  if (slow_start.count() == 0) return member.weight * kWhole;
  const auto back_for = member.endpoint->health.back_for(now);
  if (!back_for || *back_for >= slow_start) return member.weight * kWhole;
  const auto share = static_cast<std::uint64_t>(
      static_cast<double>(kWhole) * (std::chrono::duration<double>(*back_for) / slow_start));
  return member.weight * std::max(share, kFirstShare);
}

/// Those of the first group that has any.
Candidates candidates(const std::vector<Member>& members, Duration slow_start, const Tried& tried,
                      Health::TimePoint now) {
  Candidates found;
  for (const Group group : {Group::well, Group::well_backups, Group::all}) {
    for (const Member& member : members) {
      if (!belongs(member, group, now)) continue;
      if (std::find(tried.begin(), tried.end(), member.endpoint.get()) != tried.end()) continue;
      found.push_back({.member = &member,
                       .weight = weight_of(member, slow_start, now),
                       .connections = member.endpoint->connections});
    }
    if (!found.empty()) break;
  }
  return found;
}

/// `point` is anywhere in 64 bits: each has as much of them as its weight is of all weights.
const Candidate& by_weight(const Candidates& from, std::uint64_t point) {
  std::uint64_t total = 0;
  for (const Candidate& each : from) total += each.weight;
  std::uint64_t place = ((point >> 32U) * total) >> 32U;
  for (const Candidate& each : from) {
    if (place < each.weight) return each;
    place -= each.weight;
  }
  return from.back();
}

const Candidate& in_turn(const Candidates& from, std::uint64_t turn) {
  const bool equal = std::all_of(from.begin(), from.end(), [&](const Candidate& each) {
    return each.weight == from.front().weight;
  });
  if (equal) return from[turn % from.size()];
  // Multiples of the golden ratio fall evenly: the heavier ones do not come in a row.
  constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
  return by_weight(from, turn * kGolden);
}

bool is_less_busy(const Candidate& a, const Candidate& b) {
  return a.connections * b.weight < b.connections * a.weight;
}

const Candidate& least_busy(Candidates& from, std::uint64_t turn) {
  const Candidate least = *std::min_element(from.begin(), from.end(), is_less_busy);
  std::erase_if(from, [&](const Candidate& each) { return is_less_busy(least, each); });
  return in_turn(from, turn);
}

const Candidate& random_two(Candidates& from, std::uint64_t random) {
  const Candidate first = by_weight(from, random);
  if (from.size() == 1) return from.front();
  std::erase_if(from, [&](const Candidate& each) { return each.member == first.member; });
  const Candidate second = by_weight(from, mix(random));
  const Member* const chosen = is_less_busy(second, first) ? second.member : first.member;
  from = {{.member = chosen, .weight = 1, .connections = 0}};
  return from.front();
}

/// Its place in the order that this hash gives to all endpoints: whoever leaves or joins changes
/// nothing in the order of the others.
double rank(const Member& member, std::uint64_t hash) {
  constexpr double kRange = 9007199254740992.0;  // 2^53: what a double tells apart
  const std::uint64_t bits = mix(hash ^ hash_text(member.endpoint->text)) >> 11U;
  const double between_0_and_1 = (static_cast<double>(bits) + 0.5) / kRange;
  return -static_cast<double>(member.weight) / std::log(between_0_and_1);
}

const Candidate& by_hash(const Candidates& from, std::uint64_t hash) {
  return *std::max_element(from.begin(), from.end(), [&](const Candidate& a, const Candidate& b) {
    return rank(*a.member, hash) < rank(*b.member, hash);
  });
}

const Candidate& choose(Candidates& from, Balance balance, const Draw& draw) {
  switch (balance) {
    case Balance::round_robin:
      return in_turn(from, draw.turn);
    case Balance::random_two:
      return random_two(from, draw.random);
    case Balance::hash:
      return by_hash(from, draw.hash);
    case Balance::least_connections:
      break;
  }
  return least_busy(from, draw.turn);
}

}  // namespace

Pick pick(const std::vector<Member>& members, Balance balance, Duration slow_start,
          const Draw& draw, const Tried& tried, Health::TimePoint now) {
  Candidates from = candidates(members, slow_start, tried, now);
  if (from.empty()) return {};
  std::erase_if(from, [](const Candidate& each) {
    const std::uint32_t most = each.member->max_connections;
    return most != 0 && each.connections >= most;
  });
  if (from.empty()) return {.member = nullptr, .full = true};
  return {.member = choose(from, balance, draw).member, .full = false};
}

std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  return mix(hash);
}

std::uint64_t mix(std::uint64_t bits) {
  bits += 0x9E3779B97F4A7C15;
  bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EB;
  return bits ^ (bits >> 31U);
}

}  // namespace wssgate::upstream
