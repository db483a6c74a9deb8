#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/tcp_stream.h"
#include "net/tls_stream.h"
#include "wssbench/frames.h"
#include "wssbench/load_thread.h"

namespace wssgate::bench {

/// One client connection: TCP, TLS where the URL has it, and a WebSocket once upgraded. Belongs to
/// the thread of its slot; errors are labelled for the books (failure.h).
class Connection {
 public:
  Connection(LoadThread& thread, std::uint64_t id);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// TCP and TLS, within --timeout together with upgrade().
  asio::awaitable<Result<void>> open(bool resume);
  /// Asks for the WebSocket by this request, and checks the answer.
  asio::awaitable<Result<void>> upgrade(const std::string& request);
  /// Says that no more comes and waits a little for the server's end: it has then done all that
  /// the connection asked of it, and neither side is reset.
  asio::awaitable<void> close();
  /// A Close frame, if it still goes out.
  void say_close(std::uint16_t code);
  /// The server sees RST.
  void reset() { stream_->reset(); }

  /// Writes what goes out at once; the rest is kept (pending).
  Result<void> send(std::string_view bytes) { return stream_->send(bytes); }
  Result<bool> flush() { return stream_->flush(); }
  bool pending() const { return stream_->pending(); }

  /// Reads once. Control frames are dealt with; every other piece goes to `on_piece`, which returns
  /// Result<void>. False: nothing was there. Error: on_piece's; the connection's end, "closed with
  /// code N" where a Close frame came.
  template <class OnPiece>
  Result<bool> receive(OnPiece&& on_piece);
  /// The same without frames, for HTTP.
  Result<net::Received> read_raw() { return stream_->read(thread_.worker().scratch()); }

  /// From now on a wait() longer than --timeout fails as "timed out: `phase`" (a literal).
  void expect(const char* phase);
  void expect_nothing() { waiter_.never_expires(); }
  asio::awaitable<Result<void>> wait();
  /// Until then at the latest, or until something came. expect() has to be called again.
  asio::awaitable<Result<void>> wait_until(TimePoint time);
  asio::awaitable<Result<void>> yield() { return waiter_.yield(); }

  std::uint64_t id() const { return id_; }
  const MaskKey& mask() const { return mask_; }
  LoadThread& thread() { return thread_; }
  std::string_view scratch(std::size_t bytes) { return {thread_.worker().scratch().data(), bytes}; }
  /// Null without TLS.
  SSL* ssl() const { return tls_ == nullptr ? nullptr : tls_->ssl(); }

 private:
  Result<net::Fd> begin_connect();
  asio::awaitable<Result<void>> connect();
  asio::awaitable<Result<void>> shake_hands(bool resume);
  Result<bool> judge_upgrade();
  Result<void> on_control(const Piece& piece);
  Error late_refusal(const Error& error) const;

  LoadThread& thread_;
  std::uint64_t id_;
  net::Waiter waiter_;
  TlsNotes notes_;
  std::unique_ptr<net::Stream> stream_;
  net::TlsStream* tls_ = nullptr;
  FrameDecoder decoder_{false};
  // One key a connection: what a new one for each frame guards against (§10.3) are scripts in
  // browsers that choose what is sent, and here nobody does.
  MaskKey mask_{};
  std::string early_;  // what came behind the response head
  std::string control_;
  const char* phase_ = "";
  bool counted_ = false;
};

template <class OnPiece>
Result<bool> Connection::receive(OnPiece&& on_piece) {
  std::string_view bytes;
  std::string early = std::exchange(early_, {});
  if (!early.empty()) {
    bytes = early;
  } else {
    auto got = stream_->read(thread_.worker().scratch());
    if (!got) return std::move(got).error();
    if (got->end) return Error(Reason::upstream_closed, Side::upstream);
    if (got->nothing()) return false;
    bytes = scratch(got->bytes);
  }
  for (;;) {
    auto piece = decoder_.next(bytes);
    if (!piece) return std::move(piece).error();
    if (!*piece) return true;
    auto taken = (*piece)->is_control() ? on_control(**piece) : on_piece(**piece);
    if (!taken) return std::move(taken).error();
  }
}

/// TCP, TLS and the upgrade to the plan's WebSocket, as a slot does it: counts it as a connect or
/// as a failure, after which it has paused. Error: already counted. `began` is when the connect was
/// meant to begin.
asio::awaitable<Result<void>> open_tunnel(Slot& slot, Connection& connection,
                                          TimePoint began = Clock::now());
/// The same with another request.
asio::awaitable<Result<void>> open_tunnel_by(Slot& slot, Connection& connection,
                                             const std::string& request, TimePoint began);

}  // namespace wssgate::bench
