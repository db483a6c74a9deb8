#include "support/relay.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "support/hello.h"

namespace wssgate::test {
namespace {

void send_all(RawClient& to, const std::vector<std::string>& pieces) {
  for (const std::string& piece : pieces) to.write(piece);
}

/// Both ways until one side ends.
void carry(RawClient& client, RawClient& gateway, const Relay::Recut& recut) {
  constexpr int kMostIdle = 10'000;
  int flight = 1;
  for (;;) {
    std::array<pollfd, 2> ready{pollfd{.fd = client.fd(), .events = POLLIN, .revents = 0},
                                pollfd{.fd = gateway.fd(), .events = POLLIN, .revents = 0}};
    if (::poll(ready.data(), ready.size(), kMostIdle) <= 0) return;
    if (ready[0].revents != 0) {
      const std::string bytes = client.read_some();
      if (bytes.empty()) return;
      send_all(gateway, recut(bytes, flight++));
    }
    if (ready[1].revents != 0) {
      const std::string bytes = gateway.read_some();
      if (bytes.empty()) return;
      client.write(bytes);
    }
  }
}

}  // namespace

Relay::Relay(const SocketAddress& gateway, Recut recut)
    : listener_([gateway, recut = std::move(recut)](RawClient& client, int) {
        RawClient to(gateway);
        send_at_once(to);
        send_all(to, recut(read_hello(client), 0));
        carry(client, to, recut);
      }) {}

std::string read_hello(RawClient& client) {
  constexpr std::size_t kMessageHeader = 4;
  std::string records;
  std::string message;
  for (;;) {
    const std::string header = client.read_exactly(5);
    const auto byte = [&](std::size_t at) {
      return std::size_t{static_cast<unsigned char>(header[at])};
    };
    const std::string payload = client.read_exactly((byte(3) << 8U) | byte(4));
    records += header + payload;
    message += payload;
    const auto length = [&](std::size_t at) {
      return std::size_t{static_cast<unsigned char>(message[at])};
    };
    if (message.size() < kMessageHeader) continue;
    const std::size_t whole = kMessageHeader + ((length(1) << 16U) | (length(2) << 8U) | length(3));
    if (message.size() >= whole) return records;
  }
}

void send_at_once(const RawClient& client) {
  const int on = 1;
  setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace wssgate::test
