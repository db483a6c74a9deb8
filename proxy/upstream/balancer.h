#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "upstream/endpoint.h"

namespace wssgate::upstream {

enum class Balance : std::uint8_t { least_connections, round_robin, random_two, hash };

/// What one request's choice goes by.
struct Draw {
  /// Counts the requests of the upstream.
  std::uint64_t turn = 0;
  /// Any bits.
  std::uint64_t random = 0;
  /// Of what requests are hashed by (hash_text).
  std::uint64_t hash = 0;
};

/// Those that this request has been refused by already.
using Tried = std::vector<const Endpoint*>;

struct Pick {
  /// Null: there is none.
  const Member* member = nullptr;
  /// There would be some, but each has its max_connections.
  bool full = false;
};

/// Which member gets the request. The first of these groups decides that has any which was not
/// tried: endpoints that are well and no backups; backups that are well; all. Among those that
/// have room it goes by `balance` and the weights, which rise from a tenth during `slow_start`
/// after a return.
///   least_connections   the fewest connections for the weight, in turn among equals
///   round_robin         each in turn
///   random_two          the one with fewer connections of two that are drawn
///   hash                weighted rendezvous hashing: another member moves its own share only
Pick pick(const std::vector<Member>& members, Balance balance, Duration slow_start,
          const Draw& draw, const Tried& tried, Health::TimePoint now);

/// The same on every machine: FNV-1a, mixed.
std::uint64_t hash_text(std::string_view text);
/// Bits that look like chance: SplitMix64's finaliser.
std::uint64_t mix(std::uint64_t bits);

}  // namespace wssgate::upstream
