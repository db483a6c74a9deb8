#include "net/byte_relay.h"

#include <utility>

#include "net/two_ways.h"

namespace wssgate::net {

Result<bool> ByteRelay::Way::step(std::span<char> scratch) {
  if (done_) return false;
  if (to_.pending()) {
    const std::size_t before = to_.pending_bytes();
    auto flushed = to_.flush();
    if (!flushed) return flushed;
    if (!*flushed) return wait_for_room(from_, to_, before);
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
  if (sum_ != nullptr) *sum_ += got->bytes;
  auto sent = to_.send({scratch.data(), got->bytes});
  if (!sent) return std::move(sent).error();
  return true;
}

ByteRelay::ByteRelay(Stream& client, Stream& upstream, Waiter& waiter, std::span<char> scratch,
                     Duration patience, const Sums& sums)
    : client_(client),
      upstream_(upstream),
      waiter_(waiter),
      scratch_(scratch),
      patience_(patience),
      up_(client, upstream, sums.from_client),
      down_(upstream, client, sums.from_upstream) {}

asio::awaitable<Result<void>> ByteRelay::run() {
  arm_deadline();
  for (int steps = 1;; ++steps) {
    auto moved = step_both(up_, down_, scratch_);
    note_order();
    if (!moved) co_return std::move(moved).error();
    if (up_.done() && down_.done()) co_return Result<void>();
    if (*moved) arm_deadline();
    Result<void> going;
    if (!*moved) {
      going = co_await waiter_.wait();
    } else if (steps % kRelayStepsPerTurn == 0) {
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

void ByteRelay::note_order() {
  if (first_to_end_) return;
  if (up_.ended()) {
    first_to_end_ = Side::client;
  } else if (down_.ended()) {
    first_to_end_ = Side::upstream;
  }
}

}  // namespace wssgate::net
