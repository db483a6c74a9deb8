#include "net/byte_relay.h"

#include <utility>

namespace wssgate::net {
namespace {

// Steps that moved something before the worker's other connections have their turn.
constexpr int kStepsPerTurn = 32;

}  // namespace

Result<bool> ByteRelay::Way::step(std::span<char> scratch) {
  if (done_) return false;
  if (to_.pending()) {
    const std::size_t before = to_.pending_bytes();
    auto flushed = to_.flush();
    if (!flushed) return flushed;
    if (!*flushed) return wait_for_room(before);
  }
  if (ended_) {
    done_ = to_.end_writing();
    return done_;
  }
  auto got = from_.read(scratch);
  if (!got) return std::move(got).error();
  if (got->nothing()) return false;
  ended_ = got->end;
  bytes_ += got->bytes;
  auto sent = to_.send({scratch.data(), got->bytes});
  if (!sent) return std::move(sent).error();
  return true;
}

/// Nothing is read while the destination takes nothing; that the source has gone is seen all the
/// same. True when some of what is pending went out.
Result<bool> ByteRelay::Way::wait_for_room(std::size_t pending_before) const {
  if (!from_.broken()) return to_.pending_bytes() < pending_before;
  const bool client = from_.side() == Side::client;
  return Error(client ? Reason::client_reset : Reason::upstream_reset, from_.side());
}

ByteRelay::ByteRelay(Stream& client, Stream& upstream, Waiter& waiter, std::span<char> scratch,
                     Duration patience)
    : client_(client),
      upstream_(upstream),
      waiter_(waiter),
      scratch_(scratch),
      patience_(patience),
      up_(client, upstream),
      down_(upstream, client) {}

asio::awaitable<Result<void>> ByteRelay::run() {
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

/// Nobody owes a byte. Whoever does not take what was sent, or does not end after the other side
/// has, may do so for a while only: it must not hold the pair for ever.
void ByteRelay::arm_deadline() {
  if (client_.pending()) {
    owes(Reason::stalled, Side::client, down_.bytes() - client_.pending_bytes());
  } else if (upstream_.pending()) {
    owes(Reason::stalled, Side::upstream, up_.bytes() - upstream_.pending_bytes());
  } else if (first_to_end_) {
    owes(Reason::idle, Side::proxy, up_.bytes() + down_.bytes());
  } else {
    owed_ = Reason::none;
    waiter_.never_expires();
  }
}

/// What the other side does is no excuse: only who pays has the time anew.
void ByteRelay::owes(Reason what, Side who, std::uint64_t paid) {
  if (owed_ == what && debtor_ == who && paid_ == paid) return;
  owed_ = what;
  debtor_ = who;
  paid_ = paid;
  waiter_.expires_after(patience_, what, who);
}

Result<bool> ByteRelay::step() {
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

/// Whoever takes no more bytes may have said why (an alert, then a close with input unread, which
/// is a reset): what has arrived of it is passed on, also what the poller has not come to tell yet.
void ByteRelay::hear_out(Way& from_broken) {
  from_broken.look_again();
  for (int i = 0; i < kStepsPerTurn; ++i) {
    const auto moved = from_broken.step(scratch_);
    if (!moved || !*moved) return;
  }
}

void ByteRelay::note_order() {
  if (first_to_end_) return;
  if (up_.ended()) {
    first_to_end_ = Side::client;
  } else if (down_.ended()) {
    first_to_end_ = Side::upstream;
  }
}

}  // namespace wssgate::net
