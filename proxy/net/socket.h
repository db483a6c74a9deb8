#pragma once

#include <cerrno>
#include <cstdint>

#include "net/fd.h"
#include "net/loop.h"
#include "net/waiter.h"

namespace wssgate::net {

/// Sets up a TCP socket before it connects or listens (accepted sockets inherit it): small writes
/// leave at once, little is queued for a peer that does not read, and one that vanished without a
/// word is noticed within two minutes. Does nothing to others.
void tune_tcp(int fd);

/// There is nothing to be had of a non-blocking socket now.
constexpr bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

/// A non-blocking stream socket with what is known of its readiness: true until a call said
/// EAGAIN, true again when the loop saw an edge. Its address is registered: it never moves.
class Socket final : private Watched {
 public:
  Socket(Loop& loop, Fd fd) : loop_(loop), fd_(std::move(fd)) { loop.watch(fd_.get(), *this); }
  /// Closing is not enough: a process that is being started has a copy of each descriptor for a
  /// moment, and the loop would be told of this one still.
  ~Socket() override { loop_.forget(fd_.get()); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_.get(); }
  Loop& loop() const { return loop_; }

  /// Who is woken by news; null for nobody. Borrowed until the next call.
  void attach(Waiter* waiter) { waiter_ = waiter; }

  bool may_read() const { return readable_; }
  bool may_write() const { return writable_; }
  /// The peer has sent its last byte (or the connection is broken), although bytes may be unread.
  bool peer_ended() const { return peer_ended_; }
  /// The connection was reset or failed, although bytes may be unread.
  bool broken() const { return broken_; }
  void drained() { readable_ = false; }
  void look_again() { readable_ = true; }
  /// It takes no more for now: the loop tells when it does. Throws std::system_error.
  void filled();
  void emptied() { writable_ = true; }
  /// Wakes who is attached, although there is no news: it stopped in front of more that is there.
  void wake() {
    if (waiter_ != nullptr) waiter_->notify();
  }

  /// Closing will send RST instead of FIN, so that the peer learns of an abnormal end.
  void reset_on_close();

 private:
  void on_events(std::uint32_t events) override;

  Loop& loop_;
  Fd fd_;
  Waiter* waiter_ = nullptr;
  bool readable_ = true;
  bool writable_ = true;
  bool watches_writing_ = false;
  bool peer_ended_ = false;
  bool broken_ = false;
};

}  // namespace wssgate::net
