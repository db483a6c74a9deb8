#include "gateway/address_limits.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>

#include "upstream/balancer.h"

namespace wssgate::gateway {
namespace {

constexpr std::size_t kMostInShard = 8192;
// A full shard is looked through for addresses to forget no more often than this.
constexpr std::chrono::milliseconds kBetweenSweeps{100};

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

/// Takes one from a bucket of `rate.count` that fills again in `rate.period`; `full` is when it
/// will be full. False when it is empty.
bool take(std::chrono::steady_clock::time_point& full, const config::Rate& rate,
          std::chrono::steady_clock::time_point now) {
  const std::chrono::nanoseconds period = rate.period;
  const auto each = period / static_cast<std::int64_t>(rate.count);
  const auto then = std::max(full, now) + each;
  if (then - now > period) return false;
  full = then;
  return true;
}

}  // namespace

std::optional<AddressLimits::Key> AddressLimits::key_of(const SocketAddress& address) {
  if (address.family() == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address.get(), sizeof v4);
    return Key{v4.sin_addr.s_addr, false};
  }
  if (address.family() != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address.get(), sizeof v6);
  Key key{0, true};
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    std::uint32_t v4 = 0;
    std::memcpy(&v4, v6.sin6_addr.s6_addr + 12, sizeof v4);
    return Key{v4, false};
  }
  std::memcpy(&key.bits, v6.sin6_addr.s6_addr, sizeof key.bits);
  return key;
}

AddressLimits::Place::Place(Place&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), key_(other.key_) {}

AddressLimits::Place& AddressLimits::Place::operator=(Place&& other) noexcept {
  std::swap(owner_, other.owner_);
  std::swap(key_, other.key_);
  return *this;
}

AddressLimits::Place::~Place() {
  if (owner_ != nullptr) owner_->leave(key_);
}

std::size_t AddressLimits::Hash::operator()(const Key& key) const {
  return upstream::mix(key.bits ^ (key.ipv6 ? ~seed : seed));
}

AddressLimits::AddressLimits() : hash_{random_seed()} {
  for (Shard& shard : shards_) shard.entries = decltype(shard.entries)(0, hash_);
}

AddressLimits::Shard& AddressLimits::shard_of(const Key& key) {
  return shards_[(hash_(key) >> 32) % kShards];
}

Result<AddressLimits::Place> AddressLimits::enter(const SocketAddress& client,
                                                  const config::Limits& limits,
                                                  Clock::time_point now) {
  const bool counts = limits.connections_per_address != 0;
  const bool rated = limits.handshakes_per_address.limited();
  const auto key = key_of(client);
  if (!key || (!counts && !rated)) return Place();
  Shard& shard = shard_of(*key);
  const std::scoped_lock lock(shard.mutex);
  Entry* const entry = find_or_add(shard, *key, now);
  if (entry == nullptr) return Place();
  if (counts && entry->connections >= limits.connections_per_address) {
    return Error(Reason::address_connection_limit, Side::proxy);
  }
  if (rated && !take(entry->handshakes_full, limits.handshakes_per_address, now)) {
    return Error(Reason::handshake_rate, Side::proxy);
  }
  ++entry->connections;
  return Place(this, *key);
}

bool AddressLimits::may_request(const SocketAddress& client, const config::Rate& rate,
                                Clock::time_point now) {
  const auto key = key_of(client);
  if (!key || !rate.limited()) return true;
  Shard& shard = shard_of(*key);
  const std::scoped_lock lock(shard.mutex);
  Entry* const entry = find_or_add(shard, *key, now);
  return entry == nullptr || take(entry->requests_full, rate, now);
}

std::size_t AddressLimits::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    size += shard.entries.size();
  }
  return size;
}

AddressLimits::Entry* AddressLimits::find_or_add(Shard& shard, const Key& key,
                                                 Clock::time_point now) {
  if (const auto found = shard.entries.find(key); found != shard.entries.end()) {
    return &found->second;
  }
  if (shard.entries.size() >= kMostInShard) sweep(shard, now);
  if (shard.entries.size() >= kMostInShard) return nullptr;
  return &shard.entries[key];
}

void AddressLimits::sweep(Shard& shard, Clock::time_point now) {
  if (now - shard.swept < kBetweenSweeps) return;
  shard.swept = now;
  std::erase_if(shard.entries, [&](const auto& each) {
    const Entry& entry = each.second;
    return entry.connections == 0 && entry.handshakes_full <= now && entry.requests_full <= now;
  });
}

void AddressLimits::leave(const Key& key) {
  const auto now = Clock::now();
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.entries.find(key);
  if (found == shard.entries.end()) return;
  Entry& entry = found->second;
  if (--entry.connections > 0) return;
  if (entry.handshakes_full <= now && entry.requests_full <= now) shard.entries.erase(found);
}

}  // namespace wssgate::gateway
