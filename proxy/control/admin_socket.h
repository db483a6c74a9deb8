#pragma once

#include <sys/types.h>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <cstddef>
#include <optional>
#include <string>

#include "control/admin_access.h"
#include "control/admin_routes.h"
#include "net/asio.h"
#include "net/fd.h"

namespace wssgate::control {

/// The admin interface: HTTP/1.1, one request a connection, on a unix socket that only this user
/// (and root) may use, or on a port. Belongs to the loop's thread.
class AdminSocket {
 public:
  /// Whether the socket of a process that still answers may be taken away from it.
  enum class Take { free_path, from_predecessor };

  /// Listens at `path`, in a folder that is made if it is missing. A socket that nobody listens on
  /// any more is replaced. Throws std::system_error: EADDRINUSE where another process answers.
  AdminSocket(asio::io_context& loop, std::string path, AdminHandler handler,
              Take take = Take::free_path);
  /// Takes over a listening TCP socket.
  AdminSocket(asio::io_context& loop, net::Fd listening, AdminAccess access, AdminHandler handler);
  /// Removes the socket, unless another process has put its own there meanwhile.
  ~AdminSocket();
  /// On a port: AdminAccess::take_token().
  bool take_token(std::string token);
  /// Nobody new; who is connected is still answered.
  void close();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  class Visit;

  void accept();
  void pause();

  std::string path_;  // empty on a port
  bool closed_ = false;
  std::size_t visits_ = 0;
  ino_t inode_ = 0;
  std::optional<AdminAccess> access_;
  AdminHandler handler_;
  asio::basic_socket_acceptor<asio::generic::stream_protocol> acceptor_;
  asio::steady_timer retry_;
};

}  // namespace wssgate::control
