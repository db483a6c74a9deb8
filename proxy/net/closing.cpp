#include "net/closing.h"

#include <array>

namespace wssgate::net {
namespace {

constexpr Duration kLinger{2'000};
// Many clients send their whole request before they read that it was refused.
constexpr std::size_t kMostDropped = std::size_t{64} << 20U;
constexpr std::size_t kDroppedPerTurn = std::size_t{1} << 20U;

asio::awaitable<bool> send_the_rest(Stream& stream, Waiter& waiter) {
  for (;;) {
    auto flushed = stream.flush();
    if (!flushed) co_return false;
    if (*flushed && stream.end_writing()) co_return true;
    auto waited = co_await waiter.wait();
    if (!waited) co_return false;
  }
}

/// Reads and drops what is there. Not part of the coroutine, whose frame would hold the bytes.
Result<Received> drop_some(Stream& stream) {
  std::array<char, 4096> bin;  // NOLINT(*-member-init): its bytes are never looked at
  return stream.read(bin);
}

}  // namespace

asio::awaitable<void> close_gently(Stream& stream, Waiter& waiter) {
  waiter.expires_after(kLinger, Reason::stalled, stream.side());
  const bool sent = co_await send_the_rest(stream, waiter);
  if (!sent) co_return;
  std::size_t dropped = 0;
  std::size_t yield_at = kDroppedPerTurn;
  while (dropped < kMostDropped) {
    const auto got = drop_some(stream);
    if (!got || got->end) co_return;
    dropped += got->bytes;
    Result<void> going;
    if (got->nothing()) {
      going = co_await waiter.wait();
    } else if (dropped >= yield_at) {
      yield_at = dropped + kDroppedPerTurn;
      going = co_await waiter.yield();
    }
    if (!going) co_return;
  }
}

}  // namespace wssgate::net
