#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/waiter.h"

namespace wssgate::net {

/// What a read brought: bytes, the peer's end, or (neither) nothing for now.
struct Received {
  std::size_t bytes = 0;
  bool end = false;

  bool nothing() const { return bytes == 0 && !end; }
};

/// Bytes both ways, whatever carries them. Nothing here waits: calls do what they can at once, and
/// where that is nothing the caller waits on the Waiter that it attached. Belongs to one worker.
/// Errors: client_reset or upstream_reset, by the side this stream leads to.
class Stream {
 public:
  explicit Stream(Side side) : side_(side) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// Who is woken when reading or writing may go on.
  virtual void attach(Waiter* waiter) = 0;
  virtual Result<Received> read(std::span<char> into) = 0;
  /// The next read asks the kernel, although no news of the socket has come. For decisions that
  /// must not miss what is there already and has only not been told yet.
  virtual void look_again() = 0;
  /// Known to be reset or failed, although bytes may be unread.
  virtual bool broken() const = 0;
  /// The peer's end has arrived, although bytes may be unread before it.
  virtual bool peer_ended() const = 0;
  /// No more will be written: the peer reads an end after what was sent. pending() must be false.
  /// False: the socket takes not even that for now; call again.
  virtual bool end_writing() = 0;
  /// The peer shall see an abnormal end when this is destroyed (RST instead of FIN).
  virtual void reset() = 0;

  /// Writes what goes out at once and keeps the rest, in order. Back-pressure is the caller's: it
  /// reads no more for this stream while pending().
  virtual Result<void> send(std::string_view bytes) { return put(bytes); }
  /// Goes on with what was kept; true when nothing is pending any more. What hold() holds is not.
  Result<bool> flush();
  bool pending() const { return !kept_.empty() && !held_; }
  /// As they go over the wire.
  std::size_t pending_bytes() const { return kept_.size(); }

  Side side() const { return side_; }

 protected:
  /// Puts bytes on the wire: those that it takes now, the others are kept.
  Result<void> put(std::string_view bytes);
  /// Bytes that nobody waits for: they leave with the next ones, or by release().
  void hold(std::string_view bytes);
  void release();
  /// Writes at least one byte to the wire or returns 0 for now.
  virtual Result<std::size_t> write(std::string_view bytes) = 0;
  Error reset_error(std::string detail) const;

 private:
  Side side_;
  bool held_ = false;  // what is kept
  std::string kept_;
};

}  // namespace wssgate::net
