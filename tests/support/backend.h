#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/address.h"
#include "net/fd.h"
#include "support/clients.h"

namespace wssgate::test {

/// An upstream on a loopback port (or a unix socket) that does what the test's script says, one
/// thread a connection. A script that throws ends its connection; what it threw is kept, so that a
/// test can ask for it.
class Backend {
 public:
  /// The connection, and which one it is (0, 1, …).
  using Script = std::function<void(RawClient& proxy, int number)>;

  explicit Backend(Script script, const std::string& address = "127.0.0.1:0");
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// As an endpoint in a configuration.
  std::string endpoint() const { return address_.text(); }
  int connections() const { return accepted_; }
  std::vector<std::string> failures() const;

 private:
  void accept();
  void serve(net::Fd fd, int number);

  Script script_;
  net::Fd listening_;
  SocketAddress address_;
  std::atomic<int> accepted_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> failures_;
  std::vector<std::thread> threads_;
  std::vector<int> open_;
  std::thread acceptor_;
};

/// Answers each request on a connection with what `answer` makes of it (head and body as they
/// came), until the proxy ends it.
Backend::Script answering(std::function<std::string(const std::string& request)> answer);

/// "HTTP/1.1 200 OK" with this body and its length.
std::string ok(const std::string& body);

}  // namespace wssgate::test
