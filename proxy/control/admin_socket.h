#pragma once

#include <sys/types.h>

#include <asio/local/stream_protocol.hpp>
#include <functional>
#include <string>

#include "net/asio.h"

namespace wssgate::control {

/// The admin interface: HTTP/1.1 on a unix socket that only this user (and root) may use, one
/// request a connection. Belongs to the loop's thread.
class AdminSocket {
 public:
  struct Request {
    std::string method;
    std::string path;
    /// What follows the '?', as it was sent.
    std::string query;
  };
  /// Sends the answer, a JSON text; later, if need be.
  using Answer = std::function<void(int status, const std::string& json)>;
  using Handler = std::function<void(const Request&, Answer)>;

  /// Whether the socket of a process that still answers may be taken away from it.
  enum class Take { free_path, from_predecessor };

  /// Listens at `path`, in a folder that is made if it is missing. A socket that nobody listens on
  /// any more is replaced. Throws std::system_error: EADDRINUSE where another process answers.
  AdminSocket(asio::io_context& loop, std::string path, Handler handler,
              Take take = Take::free_path);
  /// Removes the socket, unless another process has put its own there meanwhile.
  ~AdminSocket();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  class Visit;

  void accept();
  void pause();

  std::string path_;
  ino_t inode_ = 0;
  Handler handler_;
  asio::local::stream_protocol::acceptor acceptor_;
  asio::steady_timer retry_;
};

}  // namespace wssgate::control
