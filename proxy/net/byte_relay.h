#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "net/stream.h"
#include "net/waiter.h"

namespace wssgate::net {

/// Bytes both ways between a client and an upstream, exactly as they came, until both have ended or
/// one is broken. Holds no buffer between reads; what one side refuses is kept (at most one read's
/// worth) and reading from the other side stops until it is gone. A side's end is passed on as an
/// end. Belongs to one worker.
class ByteRelay {
 public:
  /// Where what is moved is added up as it goes, besides Way::bytes(). Borrowed; null: nowhere.
  struct Sums {
    std::uint64_t* from_client = nullptr;
    std::uint64_t* from_upstream = nullptr;
  };

  /// What one side sends to the other.
  class Way {
   public:
    /// All are borrowed; `sum` may be null.
    Way(Stream& from, Stream& to, std::uint64_t* sum) : from_(from), to_(to), sum_(sum) {}

    /// Moves what can be moved now; false when that is nothing.
    Result<bool> step(std::span<char> scratch);
    /// The next step reads although nothing was announced.
    void look_again() { from_.look_again(); }
    /// The source has ended.
    bool ended() const { return ended_; }
    /// And the destination has been told.
    bool done() const { return done_; }
    std::uint64_t bytes() const { return bytes_; }

   private:
    Stream& from_;
    Stream& to_;
    std::uint64_t* sum_;
    std::uint64_t bytes_ = 0;
    bool ended_ = false;
    bool done_ = false;
  };

  /// `patience` is how long one side may take no byte of what was sent to it, or not end after the
  /// other has. `scratch` is used within one step only; everything is borrowed.
  ByteRelay(Stream& client, Stream& upstream, Waiter& waiter, std::span<char> scratch,
            Duration patience, const Sums& sums);

  /// Errors: client_reset, upstream_reset, stalled, idle (one side has ended, and the other neither
  /// does nor says anything), the waiter's.
  asio::awaitable<Result<void>> run();

  const Way& from(Side side) const { return side == Side::client ? up_ : down_; }
  std::optional<Side> first_to_end() const { return first_to_end_; }

 private:
  void arm_deadline();
  void owes(Reason what, Side who, std::uint64_t paid);
  void note_order();

  Stream& client_;
  Stream& upstream_;
  Waiter& waiter_;
  std::span<char> scratch_;
  Duration patience_;
  Reason owed_ = Reason::none;
  Side debtor_ = Side::proxy;
  std::uint64_t paid_ = 0;
  Way up_;
  Way down_;
  std::optional<Side> first_to_end_;
};

}  // namespace wssgate::net
