#include "gateway/tunnel_relay.h"

#include <utility>

namespace wssgate::gateway {
namespace {

// Steps that moved something before the worker's other connections have their turn.
constexpr int kStepsPerTurn = 32;

ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

Result<void> Direction::pass(std::string_view bytes) {
  bytes_ += bytes.size();
  frames_.follow(as_bytes(bytes));
  return to_.send(bytes);
}

Result<bool> Direction::step(std::span<char> scratch) {
  if (ended_passed_) return false;
  if (to_.pending()) {
    const std::size_t before = to_.pending_bytes();
    auto flushed = to_.flush();
    if (!flushed) return std::move(flushed).error();
    if (!*flushed) return wait_for_room(before);
  }
  if (ended_) {
    ended_passed_ = to_.end_writing();
    return ended_passed_;
  }
  auto got = from_.read(scratch);
  if (!got) return std::move(got).error();
  if (got->nothing()) return false;
  if (got->end) {
    ended_ = true;
    return true;
  }
  auto passed = pass({scratch.data(), got->bytes});
  if (!passed) return std::move(passed).error();
  return true;
}

/// Nothing is read while the destination takes nothing; that the source has gone is seen all the
/// same. True when some of what is pending went out.
Result<bool> Direction::wait_for_room(std::size_t pending_before) const {
  if (!from_.broken()) return to_.pending_bytes() < pending_before;
  const bool client = from_.side() == Side::client;
  return Error(client ? Reason::client_reset : Reason::upstream_reset, from_.side());
}

TunnelRelay::TunnelRelay(net::Stream& client, net::Stream& upstream, net::Waiter& waiter,
                         std::span<char> scratch, Duration patience)
    : client_(client),
      upstream_(upstream),
      waiter_(waiter),
      scratch_(scratch),
      patience_(patience),
      up_(client, upstream),
      down_(upstream, client) {}

Result<void> TunnelRelay::pass_early(const std::string& from_client,
                                     const std::string& from_upstream) {
  // The upstream first: should it be gone by now, this is all that the client hears of it.
  auto down = down_.pass(from_upstream);
  if (!down) return down;
  return up_.pass(from_client);
}

asio::awaitable<Result<void>> TunnelRelay::run() {
  arm_deadline();
  for (int steps = 1;; ++steps) {
    auto moved = step();
    note_order();
    if (!moved) co_return std::move(moved).error();
    if (up_.done() && down_.done()) co_return Result<void>();
    if (*moved) arm_deadline();
    Result<void> going;
    if (!*moved) {
      going = co_await waiter_.wait();
    } else if (steps % kStepsPerTurn == 0) {
      going = co_await waiter_.yield();
    }
    if (!going) co_return going;
  }
}

/// Between messages nobody owes anything. Whoever does not take what was sent, or does not end
/// after the other side has, may do so for a while only: it must not hold the pair for ever.
void TunnelRelay::arm_deadline() {
  if (client_.pending()) {
    waiter_.expires_after(patience_, Reason::stalled, Side::client);
  } else if (upstream_.pending()) {
    waiter_.expires_after(patience_, Reason::stalled, Side::upstream);
  } else if (first_to_end_) {
    waiter_.expires_after(patience_, Reason::idle, Side::proxy);
  } else {
    waiter_.never_expires();
  }
}

Result<bool> TunnelRelay::step() {
  auto up = up_.step(scratch_);
  if (!up) {
    hear_out(down_);
    return up;
  }
  auto down = down_.step(scratch_);
  if (!down) {
    hear_out(up_);
    return down;
  }
  return *up || *down;
}

/// Whoever takes no more bytes may have said why: a server that refuses a message sends its Close
/// frame and closes with input unread, which is a reset. What has arrived of it is passed on,
/// also what the poller has not come to tell yet.
void TunnelRelay::hear_out(Direction& from_broken) {
  from_broken.look_again();
  for (int i = 0; i < kStepsPerTurn; ++i) {
    const auto moved = from_broken.step(scratch_);
    if (!moved || !*moved) return;
  }
}

void TunnelRelay::note_order() {
  if (!first_to_close_) {
    if (up_.ended() || up_.frames().close_code()) {
      first_to_close_ = Side::client;
    } else if (down_.ended() || down_.frames().close_code()) {
      first_to_close_ = Side::upstream;
    }
  }
  if (!first_to_end_) {
    if (up_.ended()) {
      first_to_end_ = Side::client;
    } else if (down_.ended()) {
      first_to_end_ = Side::upstream;
    }
  }
}

}  // namespace wssgate::gateway
