#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

/// The ClientHello (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2), read before any TLS state exists.
namespace wssgate::tls {

struct ClientHello {
  /// The host_name of the server_name extension (RFC 6066 §3) as sent, not yet canonical; nothing
  /// when the extension is absent.
  std::optional<std::string> server_name;
  /// Protocol names in the client's order (RFC 7301 §3.1).
  std::vector<std::string> alpn;
  /// supported_versions (RFC 8446 §4.2.1) has 0x0304.
  bool offers_tls13 = false;
  /// It brings a ticket: pre_shared_key (RFC 8446 §4.2.11) or a session_ticket that is not empty
  /// (RFC 5077 §3.2). Whether we honour it is another matter.
  bool offers_resumption = false;
};

/// The hello is not complete: no hello ends before this many bytes in all are there. Always more
/// than were given, never more than a valid hello brings: safe to wait for with SO_RCVLOWAT.
/// Once the message's length is known this counts all that is still to come, so that a hello cut
/// into one-byte records wakes its reader a few dozen times, not once a record.
struct NeedMore {
  std::size_t total;
};

using ClientHelloResult = std::variant<ClientHello, NeedMore, Error>;

/// Reads a ClientHello from the first bytes of a connection, reassembled from as many TLS records
/// as it was cut into (RFC 8446 §5.1). `limit` bounds the whole, record headers included.
/// Frames strictly all the way, so that the name is the one the TLS library will see too.
/// What follows the hello's last record (early data, say) is not looked at.
/// Errors, all of side client; what the framing shows is refused as soon as it is there, the
/// hello's body once it is complete:
/// plain_http (the bytes begin as an HTTP request), proxy_header_refused (or as a PROXY header,
/// which only listed peers may send), not_tls (anything else that is no handshake record),
/// malformed_client_hello (SSLv2-style, broken framing, a repeated extension, a server name list
/// that is not exactly one host_name), client_hello_too_large.
ClientHelloResult parse_client_hello(ByteView bytes, std::size_t limit);

/// A fatal alert as one plaintext record (RFC 8446 §6): what refuses a hello.
std::array<std::uint8_t, 7> fatal_alert_record(std::uint8_t description);

}  // namespace wssgate::tls
