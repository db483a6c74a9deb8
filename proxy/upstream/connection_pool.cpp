#include "upstream/connection_pool.h"

#include <array>
#include <utility>

namespace wssgate::upstream {
namespace {

// Enough for a worker's bursts; more would only hold the upstream's descriptors.
constexpr std::size_t kMostIdle = 64;
// Shorter than the keep-alive of common backends that announce none to us (nginx 75 s, Apache and
// Node 5 s close earlier themselves, and their closing is noticed).
constexpr Duration kIdleLimit{60'000};

/// An idle connection has nothing to say: any byte, end or error makes it useless.
bool alive(net::Stream& stream) {
  std::array<char, 1> byte{};
  const auto got = stream.read(byte);
  return got.ok() && got->nothing();
}

}  // namespace

ConnectionPool::ConnectionPool(net::Loop& loop) : news_(loop) { loop.spawn(tend()); }

std::unique_ptr<net::Stream> ConnectionPool::take(const Endpoint& endpoint) {
  const auto found = idle_.find(&endpoint);
  if (found == idle_.end()) return nullptr;
  auto& kept = found->second;
  while (!kept.empty()) {
    auto stream = std::move(kept.back().stream);
    kept.pop_back();
    stream->look_again();  // what it closed a moment ago would cost a POST its answer
    if (alive(*stream)) return stream;
  }
  return nullptr;
}

void ConnectionPool::keep(const std::shared_ptr<const Endpoint>& endpoint,
                          std::unique_ptr<net::Stream> stream) {
  auto& kept = idle_[endpoint.get()];
  if (kept.size() >= kMostIdle || !alive(*stream)) return;
  stream->attach(&news_);
  kept.push_back({endpoint, std::move(stream), Clock::now()});
  if (kept.size() == 1) news_.notify();  // tend() may be sleeping without a deadline
}

std::size_t ConnectionPool::idle() const {
  std::size_t count = 0;
  for (const auto& [endpoint, kept] : idle_) count += kept.size();
  return count;
}

asio::awaitable<void> ConnectionPool::tend() {
  for (;;) {
    if (idle() == 0) {
      news_.never_expires();
    } else {
      news_.expires_after(kIdleLimit, Reason::idle, Side::proxy);
    }
    (void)co_await news_.wait();  // news or the limit: either way there is something to look at
    drop_dead();
  }
}

void ConnectionPool::drop_dead() {
  const auto oldest = Clock::now() - kIdleLimit;
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    std::erase_if(entry->second,
                  [&](const Idle& idle) { return idle.since <= oldest || !alive(*idle.stream); });
    entry = entry->second.empty() ? idle_.erase(entry) : std::next(entry);
  }
}

}  // namespace wssgate::upstream
