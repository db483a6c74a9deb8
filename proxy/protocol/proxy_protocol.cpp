#include "protocol/proxy_protocol.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace wssgate::proxy_protocol {
namespace {

constexpr std::size_t kLeastV1 = std::string_view("PROXY UNKNOWN\r\n").size();
constexpr std::size_t kFixedV2 = 16;  // signature, version and command, family, length
constexpr std::size_t kIpv4Addresses = 12;
constexpr std::size_t kIpv6Addresses = 36;
constexpr std::size_t kUnixAddresses = 216;

constexpr std::uint8_t kLocal = 0x20;
constexpr std::uint8_t kProxy = 0x21;
constexpr std::uint8_t kTcpOverIpv4 = 0x11;
constexpr std::uint8_t kTcpOverIpv6 = 0x21;

Error malformed(std::string detail) {
  return Error(Reason::malformed_proxy_header, Side::client, std::move(detail));
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// As far as both go, they are the same.
bool agrees(std::string_view bytes, std::string_view beginning) {
  const std::size_t both = std::min(bytes.size(), beginning.size());
  return bytes.substr(0, both) == beginning.substr(0, both);
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

/// The address and the port of version 1. The port has no leading zeros.
std::optional<SocketAddress> parse_end(int family, std::string_view ip, std::string_view port) {
  if (port.size() > 1 && port.front() == '0') return std::nullopt;
  auto address = SocketAddress::parse(family == AF_INET6 ? fmt::format("[{}]:{}", ip, port)
                                                         : fmt::format("{}:{}", ip, port));
  if (!address || address->family() != family) return std::nullopt;
  return address;
}

Result<std::optional<Addresses>> parse_v1_line(std::string_view line) {
  const auto words = split(line);
  if (words.size() > 1 && words[1] == "UNKNOWN") return std::optional<Addresses>();  // §2.1
  const auto fault = [&](std::string_view what) {
    return malformed(fmt::format("a PROXY header of version 1 that {}: {}", what,
                                 printable(std::string(line), kMostV1)));
  };
  if (words.size() != 6) return fault("does not have its six words, with one space between them");
  if (words[1] != "TCP4" && words[1] != "TCP6") return fault("is not TCP4, TCP6 or UNKNOWN");
  const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
  const auto source = parse_end(family, words[2], words[4]);
  const auto destination = parse_end(family, words[3], words[5]);
  if (!source || !destination) return fault("holds no valid addresses and ports");
  return std::optional(Addresses{*source, *destination});
}

ReadResult read_v1(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, std::min(bytes.find('\n'), kMostV1 - 1));
  const bool ended = line.size() < bytes.size() && bytes[line.size()] == '\n';
  if (ended && !line.ends_with('\r')) {
    return malformed("a PROXY header of version 1 whose line ends without CR");
  }
  if (ended) {
    auto conveyed = parse_v1_line(line.substr(0, line.size() - 1));
    if (!conveyed) return std::move(conveyed).error();
    return Header{.size = line.size() + 1, .conveyed = *std::move(conveyed)};
  }
  if (bytes.size() >= kMostV1) {
    return malformed(fmt::format(
        "a PROXY header of version 1 whose line does not end within {} bytes", kMostV1));
  }
  const std::size_t rest = bytes.ends_with('\r') ? 1 : 2;
  return NeedMore{std::min(kMostV1, std::max(kLeastV1, bytes.size() + rest))};
}

SocketAddress make_address(int family, ByteView ip, std::uint16_t port) {
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip.data(), sizeof v4.sin_addr);
    return {reinterpret_cast<const sockaddr*>(&v4), sizeof v4};
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, ip.data(), sizeof v6.sin6_addr);
  return {reinterpret_cast<const sockaddr*>(&v6), sizeof v6};
}

/// How much the addresses of a family take (§2.2); nothing for what is no family.
std::optional<std::size_t> addresses_size(std::uint8_t family) {
  switch (family) {
    case 0x00:
      return 0;
    case kTcpOverIpv4:
    case 0x12:
      return kIpv4Addresses;
    case kTcpOverIpv6:
    case 0x22:
      return kIpv6Addresses;
    case 0x31:
    case 0x32:
      return kUnixAddresses;
    default:
      return std::nullopt;
  }
}

/// `block` holds at least what addresses_size() says.
std::optional<Addresses> read_addresses(std::uint8_t family, ByteView block) {
  if (family != kTcpOverIpv4 && family != kTcpOverIpv6) return std::nullopt;
  const int ip_family = family == kTcpOverIpv4 ? AF_INET : AF_INET6;
  const std::size_t ip_size = family == kTcpOverIpv4 ? 4 : 16;
  ByteReader ports(block.subspan(2 * ip_size));
  const std::uint16_t source_port = ports.u16().value_or(0);
  const std::uint16_t destination_port = ports.u16().value_or(0);
  return Addresses{make_address(ip_family, block, source_port),
                   make_address(ip_family, block.subspan(ip_size), destination_port)};
}

ReadResult read_v2(ByteView bytes) {
  if (bytes.size() < kFixedV2) return NeedMore{kFixedV2};
  const std::uint8_t command = bytes[12];
  const std::uint8_t family = bytes[13];
  const std::size_t length = (std::size_t{bytes[14]} << 8U) | bytes[15];
  if (command != kLocal && command != kProxy) {
    return malformed(
        fmt::format("a PROXY header of version 2 with the version and command {:#04x}", command));
  }
  if (kFixedV2 + length > kMostV2) {
    return malformed(fmt::format("a PROXY header of version 2 of {} bytes, and {} is the most",
                                 kFixedV2 + length, kMostV2));
  }
  if (command == kProxy) {
    const auto least = addresses_size(family);
    if (!least) {
      return malformed(
          fmt::format("a PROXY header of version 2 with the address family {:#04x}", family));
    }
    if (length < *least) {
      return malformed(fmt::format(
          "a PROXY header of version 2 whose addresses take {} bytes, not {}", *least, length));
    }
  }
  Header header{.size = kFixedV2 + length};
  if (bytes.size() < header.size) return NeedMore{header.size};
  if (command == kProxy) header.conveyed = read_addresses(family, bytes.subspan(kFixedV2, length));
  return header;
}

/// One end as IPv6, an IPv4 address mapped into it.
in6_addr as_ipv6(const SocketAddress& address) {
  in6_addr v6{};
  if (address.family() == AF_INET6) {
    return reinterpret_cast<const sockaddr_in6*>(address.get())->sin6_addr;
  }
  v6.s6_addr[10] = v6.s6_addr[11] = 0xff;
  std::memcpy(v6.s6_addr + 12, &reinterpret_cast<const sockaddr_in*>(address.get())->sin_addr, 4);
  return v6;
}

enum class Family : std::uint8_t { none, ipv4, ipv6 };

Family family_of(const Addresses& addresses) {
  bool all_ipv4 = true;
  for (const SocketAddress* end : {&addresses.source, &addresses.destination}) {
    if (end->family() != AF_INET && end->family() != AF_INET6) return Family::none;
    const in6_addr ip = as_ipv6(*end);
    all_ipv4 = all_ipv4 && IN6_IS_ADDR_V4MAPPED(&ip);
  }
  return all_ipv4 ? Family::ipv4 : Family::ipv6;
}

std::string ip_text(const SocketAddress& address, Family family) {
  const in6_addr ip = as_ipv6(address);
  const bool mapped = IN6_IS_ADDR_V4MAPPED(&ip);
  return (family == Family::ipv6 && mapped ? "::ffff:" : "") + address.ip();
}

void append_u16(std::string& out, std::size_t value) {
  out += static_cast<char>(value >> 8U);
  out += static_cast<char>(value & 0xffU);
}

void append_tlv(std::string& out, const Tlv& tlv) {
  out += static_cast<char>(tlv.type);
  append_u16(out, tlv.value.size());
  out += tlv.value;
}

std::string address_block(const Addresses& addresses, Family family) {
  std::string block;
  if (family == Family::none) return block;
  for (const SocketAddress* end : {&addresses.source, &addresses.destination}) {
    const in6_addr ip = as_ipv6(*end);
    const std::size_t skipped = family == Family::ipv4 ? 12 : 0;
    block.append(reinterpret_cast<const char*>(ip.s6_addr) + skipped, sizeof ip - skipped);
  }
  append_u16(block, addresses.source.port());
  append_u16(block, addresses.destination.port());
  return block;
}

}  // namespace

ReadResult read_header(ByteView bytes) {
  if (bytes.empty()) return NeedMore{1};
  const std::string_view text = as_text(bytes);
  for (const std::string_view beginning : {kV1Start, kV2Signature}) {
    if (!agrees(text, beginning)) continue;
    if (text.size() < beginning.size()) return NeedMore{beginning.size()};
    return beginning == kV1Start ? read_v1(text) : read_v2(bytes);
  }
  constexpr std::uint8_t kTlsHandshake = 22;
  return Error(Reason::proxy_header_missing, Side::client,
               fmt::format("a PROXY header must come first from this peer, which is listed in "
                           "proxy_protocol; {} came",
                           bytes[0] == kTlsHandshake ? "a TLS ClientHello" : "something else"));
}

bool begins_header(std::string_view bytes) {
  return bytes.starts_with(kV1Start) || bytes.starts_with(kV2Signature);
}

std::string ssl_tlv_value(const SslFacts& facts) {
  constexpr std::uint8_t kOverTls = 0x01;
  constexpr std::uint8_t kInThisConnection = 0x02;
  constexpr std::uint8_t kInThisSession = 0x04;
  std::string value;
  value += static_cast<char>(
      facts.client_certificate ? kOverTls | kInThisConnection | kInThisSession : kOverTls);
  // "verify": zero only where a certificate was shown and is good.
  value += std::string({'\0', '\0', '\0', static_cast<char>(facts.client_certificate ? 0 : 1)});
  const std::array<std::pair<std::uint8_t, const std::string*>, 3> parts = {
      {{0x21, &facts.version}, {0x22, &facts.client_common_name}, {0x23, &facts.cipher}}};
  for (const auto& [type, text] : parts) {
    if (!text->empty()) append_tlv(value, {type, *text});
  }
  return value;
}

std::string v1_header(const Addresses& addresses) {
  const Family family = family_of(addresses);
  if (family == Family::none) return "PROXY UNKNOWN\r\n";
  return fmt::format("PROXY {} {} {} {} {}\r\n", family == Family::ipv4 ? "TCP4" : "TCP6",
                     ip_text(addresses.source, family), ip_text(addresses.destination, family),
                     addresses.source.port(), addresses.destination.port());
}

std::string v2_header(const Addresses& addresses, std::span<const Tlv> tlvs) {
  const Family family = family_of(addresses);
  std::string rest = address_block(addresses, family);
  for (const Tlv& tlv : tlvs) append_tlv(rest, tlv);
  std::string header(kV2Signature);
  header += static_cast<char>(family == Family::none ? kLocal : kProxy);
  switch (family) {
    case Family::none:
      header += '\0';
      break;
    case Family::ipv4:
      header += static_cast<char>(kTcpOverIpv4);
      break;
    case Family::ipv6:
      header += static_cast<char>(kTcpOverIpv6);
      break;
  }
  append_u16(header, rest.size());
  return header + rest;
}

}  // namespace wssgate::proxy_protocol
