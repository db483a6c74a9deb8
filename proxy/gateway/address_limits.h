#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/address.h"
#include "base/result.h"
#include "config/model.h"

namespace wssgate::gateway {

/// What each client address has of this process: how many connections are open, and how fast it
/// begins handshakes and requests. IPv6 clients count by their /64, which one customer has whole.
/// Shared by all workers: a lock that 64 shards divide, taken once a connection and once a request,
/// and only where a limit is configured. Bounded: beyond half a million addresses at a time, new
/// ones pass uncounted.
class AddressLimits {
 public:
  using Clock = std::chrono::steady_clock;

  /// A network address as a key; nothing for a unix socket.
  struct Key {
    std::uint64_t bits = 0;  ///< the IPv4 address, or the first half of the IPv6 one
    bool ipv6 = false;
    bool operator==(const Key&) const = default;
  };
  static std::optional<Key> key_of(const SocketAddress& address);

  /// One connection's share, given back when destroyed. Empty: it counts nowhere.
  class Place {
   public:
    Place() = default;
    Place(AddressLimits* owner, Key key) : owner_(owner), key_(key) {}
    Place(Place&& other) noexcept;
    Place& operator=(Place&& other) noexcept;
    ~Place();

   private:
    AddressLimits* owner_ = nullptr;
    Key key_;
  };

  AddressLimits();

  /// For a connection that has just come. Errors: address_connection_limit, handshake_rate.
  Result<Place> enter(const SocketAddress& client, const config::Limits& limits,
                      Clock::time_point now);
  /// For a request that has just come: false where it is one too many.
  bool may_request(const SocketAddress& client, const config::Rate& rate, Clock::time_point now);

  /// How many addresses it knows at the moment.
  std::size_t size() const;

 private:
  struct Entry {
    std::uint64_t connections = 0;
    /// When the bucket of each rate will be full again; in the past: it is full.
    Clock::time_point handshakes_full;
    Clock::time_point requests_full;
  };
  struct Hash {
    std::uint64_t seed;  ///< clients must not choose where they collide
    std::size_t operator()(const Key& key) const;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Key, Entry, Hash> entries;
    Clock::time_point swept;
  };

  Shard& shard_of(const Key& key);
  /// Null where the shard has no room for another one.
  static Entry* find_or_add(Shard& shard, const Key& key, Clock::time_point now);
  static void sweep(Shard& shard, Clock::time_point now);
  void leave(const Key& key);

  static constexpr std::size_t kShards = 64;
  Hash hash_;
  std::array<Shard, kShards> shards_;
};

}  // namespace wssgate::gateway
