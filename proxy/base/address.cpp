#include "base/address.h"

#include <arpa/inet.h>
#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace wssgate {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::string_view kNeverInHost("[]:\0", 4);

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || text.empty()) return std::nullopt;
  return value;
}

// inet_pton stops at a NUL byte, which would let "127.0.0.1\0x" pass for an address.
bool parse_ip(int family, std::string_view text, void* out) {
  if (text.find('\0') != std::string_view::npos) return false;
  return inet_pton(family, std::string(text).c_str(), out) == 1;
}

// The address bytes in network order: 4 for IPv4 and for IPv4 mapped into IPv6, else 16.
struct IpBytes {
  int family = AF_UNSPEC;
  const std::uint8_t* bytes = nullptr;
};

IpBytes ip_bytes(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return {AF_INET, reinterpret_cast<const std::uint8_t*>(&v4->sin_addr)};
  }
  if (address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) return {AF_INET, v6->sin6_addr.s6_addr + 12};
    return {AF_INET6, v6->sin6_addr.s6_addr};
  }
  return {};
}

}  // namespace

std::optional<HostPort> parse_host_port(std::string_view text, bool zero_port) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port || (*port == 0 && !zero_port)) return std::nullopt;
  if (host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    in6_addr v6{};
    if (!parse_ip(AF_INET6, host, &v6)) return std::nullopt;
  } else if (host.find_first_of(kNeverInHost) != std::string_view::npos) {
    return std::nullopt;
  }
  return HostPort{std::string(host), *port};
}

SocketAddress::SocketAddress(const sockaddr* address, socklen_t length)
    : length_(std::min<socklen_t>(length, sizeof(sockaddr_un))) {
  if (length_ <= sizeof ip_) {
    std::memcpy(&ip_, address, length_);
    return;
  }
  const auto path = std::make_shared<sockaddr_un>();
  std::memcpy(path.get(), address, length_);
  path_ = path;
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  if (text.substr(0, kUnixPrefix.size()) == kUnixPrefix) {
    const std::string_view path = text.substr(kUnixPrefix.size());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path ||
        path.find('\0') != std::string_view::npos) {
      return std::nullopt;
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    const std::size_t length = offsetof(sockaddr_un, sun_path) + path.size() + 1;
    return SocketAddress(reinterpret_cast<const sockaddr*>(&address),
                         static_cast<socklen_t>(length));
  }
  const auto parts = parse_host_port(text, true);
  if (!parts) return std::nullopt;
  if (text.front() != '[') {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(parts->port);
    if (!parse_ip(AF_INET, parts->host, &v4.sin_addr)) return std::nullopt;
    return SocketAddress(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(parts->port);
  if (!parse_ip(AF_INET6, parts->host, &v6.sin6_addr)) return std::nullopt;
  return SocketAddress(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

bool SocketAddress::is_loopback() const {
  static const auto v4 = *Network::parse("127.0.0.0/8");
  static const auto v6 = *Network::parse("::1");
  return is_unix() || v4.contains(*this) || v6.contains(*this);
}

std::uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&ip_)->sin_port);
  return family() == AF_INET6 ? ntohs(ip_.sin6_port) : 0;
}

void SocketAddress::set_port(std::uint16_t port) {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in*>(&ip_)->sin_port = htons(port);
  if (family() == AF_INET6) ip_.sin6_port = htons(port);
}

std::string SocketAddress::ip() const {
  const IpBytes ip = ip_bytes(get());
  if (ip.bytes == nullptr) return "unix";
  if (ip.family == AF_INET) {  // inet_ntop would sprintf, several times a request
    return fmt::format(FMT_COMPILE("{}.{}.{}.{}"), ip.bytes[0], ip.bytes[1], ip.bytes[2],
                       ip.bytes[3]);
  }
  char buffer[INET6_ADDRSTRLEN] = {};
  inet_ntop(ip.family, ip.bytes, buffer, sizeof buffer);
  return buffer;
}

std::string SocketAddress::text() const {
  if (is_unix()) {
    return std::string(kUnixPrefix) + reinterpret_cast<const sockaddr_un*>(get())->sun_path;
  }
  const std::string address = ip();
  if (address.find(':') != std::string::npos) return fmt::format("[{}]:{}", address, port());
  return fmt::format(FMT_COMPILE("{}:{}"), address, port());
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  Network network;
  network.family_ = address.find(':') == std::string_view::npos ? AF_INET : AF_INET6;
  if (!parse_ip(network.family_, address, network.bytes_)) return std::nullopt;
  const unsigned most = network.family_ == AF_INET ? 32 : 128;
  network.prefix_ = most;
  if (slash != std::string_view::npos) {
    const auto prefix = parse_number<unsigned>(text.substr(slash + 1));
    if (!prefix || *prefix > most) return std::nullopt;
    network.prefix_ = *prefix;
  }
  network.unmap();
  return network;
}

void Network::unmap() {
  constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (family_ != AF_INET6 || prefix_ < 96) return;
  if (!std::equal(kMapped, kMapped + 12, bytes_)) return;
  family_ = AF_INET;
  prefix_ -= 96;
  std::copy(bytes_ + 12, bytes_ + 16, bytes_);
}

bool Network::contains(const SocketAddress& address) const {
  const IpBytes ip = ip_bytes(address.get());
  if (ip.family != family_) return false;
  const unsigned whole = prefix_ / 8;
  if (!std::equal(ip.bytes, ip.bytes + whole, bytes_)) return false;
  const unsigned rest = prefix_ % 8;
  if (rest == 0) return true;
  const unsigned mask = 0xffU & (0xffU << (8 - rest));
  return (ip.bytes[whole] & mask) == (bytes_[whole] & mask);
}

}  // namespace wssgate
