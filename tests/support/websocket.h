#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "support/backend.h"
#include "support/clients.h"
#include "support/running_gateway.h"

namespace wssgate::test {

/// First bytes of frames (RFC 6455 §5.2), with FIN.
inline constexpr std::uint8_t kText = 0x81;
inline constexpr std::uint8_t kBinary = 0x82;
inline constexpr std::uint8_t kCloseFrame = 0x88;
inline constexpr std::uint8_t kPing = 0x89;
inline constexpr std::uint8_t kPong = 0x8a;

/// One frame as it stands on the wire, masked as a client's or bare as a server's.
std::string client_frame(std::uint8_t first, std::string_view payload);
std::string server_frame(std::uint8_t first, std::string_view payload);
/// A Close frame's payload.
std::string close_payload(std::uint16_t code, std::string_view reason = "");

/// Bytes that repeat nowhere soon, so that a lost or doubled piece shows.
std::string noise(std::size_t size, std::uint32_t seed = 1);

/// Answers an upgrade, then sends back every byte until the proxy ends.
Backend::Script echoing();

/// Writes all of `out` and reads `expected` bytes into `in`, both at once, whichever can go on.
void pump(TlsClient& client, std::string_view out, std::string& in, std::size_t expected);

/// One WebSocket through wssgate with both ends in the test's hands.
class OpenTunnel {
 public:
  /// `yaml`: timeouts and limits.
  explicit OpenTunnel(const std::string& yaml = "");

  TlsClient& client() { return *client_; }
  RawClient& upstream() { return *upstream_; }
  RunningGateway& gateway() { return gateway_; }
  /// Lets an end go, as by a program that exits.
  void drop_client() { client_.reset(); }
  void drop_upstream() { upstream_.reset(); }
  /// The tunnel's access line; waits for its end.
  nlohmann::json access_line();

 private:
  std::promise<std::unique_ptr<RawClient>> handed_over_;
  Backend backend_;
  RunningGateway gateway_;
  std::unique_ptr<TlsClient> client_;
  std::unique_ptr<RawClient> upstream_;
};

}  // namespace wssgate::test
