#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace wssgate {

/// Where a socket listens or connects: an IPv4 or IPv6 address with a port, or a unix socket path.
class SocketAddress {
 public:
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t length);

  /// "127.0.0.1:443", "[::1]:443" or "unix:/run/app.sock". No names: they need a resolver.
  static std::optional<SocketAddress> parse(std::string_view text);

  const sockaddr* get() const {
    return path_ ? reinterpret_cast<const sockaddr*>(path_.get())
                 : reinterpret_cast<const sockaddr*>(&ip_);
  }
  socklen_t length() const { return length_; }
  int family() const { return get()->sa_family; }
  bool is_unix() const { return family() == AF_UNIX; }

  /// Nobody on another machine reaches it.
  bool is_loopback() const;

  /// 0 for a unix socket.
  std::uint16_t port() const;
  void set_port(std::uint16_t port);

  /// The IP address without port or brackets ("::1"); IPv4 mapped into IPv6 as IPv4. "unix" for a
  /// unix socket.
  std::string ip() const;
  /// As `parse` reads it.
  std::string text() const;

  bool operator==(const SocketAddress& other) const { return text() == other.text(); }

 private:
  sockaddr_in6 ip_{};  // or whatever else fits, such as a unix socket without a path
  socklen_t length_ = 0;
  std::shared_ptr<const sockaddr_un> path_;  // each connection has an address, few have a path
};

/// A block of IP addresses: "10.0.0.0/8", "fd00::/8", or one address. One of IPv4 mapped into IPv6
/// ("::ffff:10.0.0.0/104") is the IPv4 block. Bits after the prefix do not count.
class Network {
 public:
  static std::optional<Network> parse(std::string_view text);
  /// False for unix sockets. IPv4 mapped into IPv6 counts as IPv4.
  bool contains(const SocketAddress& address) const;

  bool operator==(const Network&) const = default;

 private:
  void unmap();

  int family_ = AF_INET;
  std::uint8_t bytes_[16] = {};
  unsigned prefix_ = 0;
};

/// "host:port" or "[v6]:port" taken apart. Between brackets stands an IPv6 address; any other host
/// is not judged beyond holding no bracket, colon or NUL. The port must be 1 to 65535 (0 only if
/// `zero_port`).
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
std::optional<HostPort> parse_host_port(std::string_view text, bool zero_port = false);

}  // namespace wssgate
