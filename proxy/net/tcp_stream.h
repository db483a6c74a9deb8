#pragma once

#include <sys/socket.h>

#include "net/socket.h"
#include "net/stream.h"

namespace wssgate::net {

/// A plain TCP or unix stream socket.
class TcpStream : public Stream {
 public:
  TcpStream(Loop& loop, Fd fd, Side side) : Stream(side), socket_(loop, std::move(fd)) {}

  void attach(Waiter* waiter) override { socket_.attach(waiter); }
  Result<Received> read(std::span<char> into) override;
  void look_again() override { socket_.look_again(); }
  bool broken() const override { return socket_.broken(); }
  bool peer_ended() const override { return socket_.peer_ended(); }
  bool end_writing() override;
  void reset() override { socket_.reset_on_close(); }

  /// Copies the first bytes into `into` without taking them from the socket.
  Result<Received> peek(std::span<char> into);
  /// 0, or the errno of a connection attempt that has ended; EINPROGRESS while it goes on.
  int connect_result();

  Socket& socket() { return socket_; }
  /// Writes at least one byte or returns 0 for now.
  Result<std::size_t> write(std::string_view bytes) override { return write(bytes, 0); }
  /// The same for the last bytes: they leave with the end that end_writing() sends.
  Result<std::size_t> write_last(std::string_view bytes) { return write(bytes, MSG_MORE); }

 private:
  Result<std::size_t> write(std::string_view bytes, int flags);
  Result<Received> receive(std::span<char> into, int flags);

  Socket socket_;
};

}  // namespace wssgate::net
