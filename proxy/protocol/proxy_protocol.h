#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/address.h"
#include "base/bytes.h"
#include "base/error.h"

/// The PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): a header in front of all
/// else on a connection, by which a proxy tells the next server whose connection it carries.
namespace wssgate::proxy_protocol {

/// How a header begins (§2.1, §2.2).
inline constexpr std::string_view kV1Start = "PROXY ";
inline constexpr std::string_view kV2Signature("\r\n\r\n\0\r\nQUIT\n", 12);
/// The longest line of version 1, CRLF included (§2.1).
inline constexpr std::size_t kMostV1 = 107;
/// The longest header of version 2 that is taken: its fixed part, and 4 KiB of addresses and TLVs.
inline constexpr std::size_t kMostV2 = 16 + 4096;

/// What a peer is told of that may send no header.
inline constexpr std::string_view kNotListed =
    "the client sent a PROXY header but is not listed in the listener's proxy_protocol";

/// The two ends of the connection that a header speaks for.
struct Addresses {
  SocketAddress source;
  SocketAddress destination;
};

struct Header {
  /// How many bytes of the connection it takes.
  std::size_t size = 0;
  /// Nothing where the connection's own addresses are the true ones: LOCAL (a proxy's own checks),
  /// UNKNOWN, and what is not TCP over IP.
  std::optional<Addresses> conveyed = std::nullopt;
};

/// No header ends before this many bytes in all are there: more than were given, never more than a
/// valid one brings, so that it is safe to wait for with SO_RCVLOWAT.
struct NeedMore {
  std::size_t total;
};

using ReadResult = std::variant<Header, NeedMore, Error>;

/// Reads a header of either version from the first bytes of a connection; what follows it is not
/// looked at, and TLVs are skipped. Errors, all of side client: proxy_header_missing (the bytes
/// begin otherwise), malformed_proxy_header (also one that is too long).
ReadResult read_header(ByteView bytes);

/// The bytes begin with a header's first bytes, of either version.
bool begins_header(std::string_view bytes);

/// §2.2.
struct Tlv {
  std::uint8_t type;
  std::string value;
};
inline constexpr std::uint8_t kTlvAlpn = 0x01;
inline constexpr std::uint8_t kTlvAuthority = 0x02;
inline constexpr std::uint8_t kTlvSsl = 0x20;

/// What is told of the client's TLS; empty texts are left out.
struct SslFacts {
  std::string version = {};  ///< "TLSv1.3"
  std::string cipher = {};   ///< OpenSSL's name
  /// The client showed a certificate, which was verified.
  bool client_certificate = false;
  std::string client_common_name = {};
};

/// The value of a kTlvSsl (§2.2.5).
std::string ssl_tlv_value(const SslFacts& facts);

/// A header of version 1. IPv4 and IPv6 together are both told as IPv6; without IP addresses the
/// header says UNKNOWN.
std::string v1_header(const Addresses& addresses);
/// The same of version 2, where that is LOCAL. The TLVs take 4 KiB at most.
std::string v2_header(const Addresses& addresses, std::span<const Tlv> tlvs = {});

}  // namespace wssgate::proxy_protocol
