#include "support/socket_activated.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <stdexcept>

#include "net/listener.h"

namespace wssgate::test {
namespace {

net::Fd notification_socket(const std::string& path) {
  net::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot bind " + path);
  }
  const timeval most{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  return fd;
}

}  // namespace

ActivatedGateway::ActivatedGateway(const std::string& yaml, std::string listeners)
    : notifications_(notification_socket(folder_.path() + "/notify")) {
  const TestCertificate leaf = ca_.intermediate.leaf({"a.example"});
  folder_.write("certs/a/fullchain.pem", ca_.chain(leaf));
  folder_.write("certs/a/privkey.pem", leaf.key_pem());
  folder_.write("root.pem", ca_.root.pem());

  const net::Fd socket = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  // As systemd leaves it.
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) & ~O_NONBLOCK);
  address_ = net::bound_address(socket.get());
  if (listeners.empty()) listeners = "[{address: \"" + address_.text() + "\"}]";
  const std::string file =
      folder_.write("wssgate.yaml", "listeners: " + listeners +
                                        "\nworkers: 2\nadmin: {address: off}\n"
                                        "certificates: {folders: [certs], roots: [root.pem]}\n"
                                        "stapling: {cache: off}\n"
                                        "log: {level: info, format: json, access: off}\n" +
                                        yaml);
  process_ = std::make_unique<Process>(
      std::vector<std::string>{"run", "-c", file},
      std::vector<std::string>{"NOTIFY_SOCKET=" + folder_.path() + "/notify"}, socket.get());
  process_->wait_for_error("\"serving\"");
}

std::string ActivatedGateway::next_notification() const {
  std::array<char, 256> text{};
  const ssize_t length = ::recv(notifications_.get(), text.data(), text.size(), 0);
  if (length < 0) throw std::runtime_error("nothing was told: " + error_output());
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace wssgate::test
