#include "support/backend.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "net/listener.h"

namespace wssgate::test {

Backend::Backend(Script script, const std::string& address)
    : script_(std::move(script)),
      listening_(net::listen_on(*SocketAddress::parse(address), false)) {
  address_ = net::bound_address(listening_.get());
  acceptor_ = std::thread([this] { accept(); });
}

Backend::~Backend() {
  stopping_ = true;
  ::shutdown(listening_.get(), SHUT_RDWR);  // wakes accept()
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
}

std::vector<std::string> Backend::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

void Backend::accept() {
  while (!stopping_) {
    pollfd ready{.fd = listening_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, -1) < 0) continue;
    net::Fd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) continue;
    const int number = accepted_++;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd.get());
    threads_.emplace_back([this, number, moved = fd.release()] { serve(net::Fd(moved), number); });
  }
}

void Backend::serve(net::Fd fd, int number) {
  const int raw = fd.get();
  RawClient proxy(std::move(fd));
  try {
    script_(proxy, number);
  } catch (const std::exception& failure) {
    const std::lock_guard lock(mutex_);
    failures_.emplace_back(failure.what());
  }
  const std::lock_guard lock(mutex_);
  open_.erase(std::remove(open_.begin(), open_.end(), raw), open_.end());
  proxy.close();
}

Backend::Script answering(std::function<std::string(const std::string& request)> answer) {
  return [answer = std::move(answer)](RawClient& proxy, int) {
    for (;;) proxy.write(answer(proxy.read_message()));
  };
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace wssgate::test
