#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/units.h"
#include "doctor/wire.h"
#include "pki/openssl_ptr.h"

/// What one address answered, and nothing of what that means. Texts are as they came: whoever shows
/// them escapes them.
namespace wssgate::doctor {

/// What is looked at of a chain: real ones have three or four, and to walk one takes signatures to
/// be verified by the square of this.
inline constexpr std::size_t kMostCertificates = 16;

/// One handshake, with whichever certificate it brought.
struct TlsAnswer {
  enum class End : std::uint8_t {
    not_tried,
    done,
    alert,        ///< `alert` says which
    not_tls,      ///< `first_bytes` say what it is
    timed_out,    ///< nothing, or no end of it, came in time
    closed,       ///< ended without an alert
    reset,        ///< cut
    failed,       ///< OpenSSL does not go on: `detail`
    interrupted,  ///< not the peer's doing
  };
  End end = End::not_tried;
  /// The alert's description (RFC 8446 §6), 0 for none. Also of one that came later, when `end` is
  /// done: a server of TLS 1.3 refuses a client without a certificate then only.
  int alert = 0;
  std::string detail;
  std::string first_bytes;
  std::string version;
  std::string cipher;
  std::string group;
  std::string alpn;
  /// As it was sent: the server's own first. Of more than kMostCertificates the first ones.
  std::vector<pki::X509Ptr> chain;
  /// How many were sent.
  std::size_t chain_sent = 0;
  /// The OCSP response, in DER; empty where there was none.
  std::string staple;
  bool asks_for_client_certificate = false;
  /// TLS 1.2 or older, without RFC 5746.
  bool lacks_secure_renegotiation = false;
  Duration took{0};
};

/// An HTTP response's head.
struct HttpAnswer {
  enum class End : std::uint8_t {
    not_tried,
    answered,
    not_http,  ///< `detail` says why not
    timed_out,
    closed,
    reset,
    tls_alert,
    failed,
    interrupted,
  };
  End end = End::not_tried;
  int status = 0;
  /// In order. 256 at most.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string detail;
  Duration took{0};

  /// The first of that name.
  std::optional<std::string> field(std::string_view name) const;
};

/// What became of the stream behind a 101.
struct WebSocketAnswer {
  enum class End : std::uint8_t {
    not_tried,
    alive,    ///< our ping was answered
    bad_101,  ///< `detail` says what is wrong with it
    no_pong,  ///< in time
    flooded,  ///< 64 MiB came, and no pong among them
    closed,   ///< before the pong; `close_code` says why where a Close frame came
    reset,
    not_frames,  ///< what comes is no WebSocket stream
    interrupted,
  };
  End end = End::not_tried;
  std::string detail;
  /// The one that the server chose; nothing where it chose none.
  std::optional<std::string> subprotocol;
  std::optional<std::uint16_t> close_code;
  Duration pong_after{0};
};

/// Everything that one address answered.
struct Probe {
  SocketAddress address;
  Step connect = Step::failed;
  Duration connect_took{0};
  /// With the server name, and a ClientHello of the size and in the pieces that browsers send it.
  TlsAnswer tls;
  /// The hello above failed twice, and a small one in one piece passed: `tls` is what that one got.
  bool only_small_hello_passes = false;
  /// How the one that browsers send ended, where only a small one passes.
  TlsAnswer::End split_hello_end = TlsAnswer::End::not_tried;
  /// Only a small hello that offers TLS 1.0, 1.1 and old suites passes: `tls` is what that one got.
  bool only_outdated_passes = false;
  /// What a plain HTTP request gets where no TLS came; its first line. No 400: that proves nothing.
  std::string plain_http;
  TlsAnswer without_name;
  TlsAnswer made_up_name;
  HttpAnswer http;
  WebSocketAnswer websocket;
  /// Strict-Transport-Security (RFC 6797), of the answer or of a plain GET of "/".
  std::optional<std::string> hsts;
  /// An HTTP answer was there to look for it in.
  bool hsts_known = false;
};

}  // namespace wssgate::doctor
