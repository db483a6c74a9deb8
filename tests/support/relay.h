#pragma once

#include <functional>
#include <string>
#include <vector>

#include "support/backend.h"

namespace wssgate::test {

/// Sits between a client and the gateway and sends what the client sent in other pieces, so that a
/// real client can complete a handshake whose bytes come as the test wants them.
class Relay {
 public:
  /// What to send for `bytes`, piece by piece (each a send of its own). `flight` 0 is the client's
  /// whole ClientHello; later ones are whatever a read brought.
  using Recut = std::function<std::vector<std::string>(const std::string& bytes, int flight)>;

  Relay(const SocketAddress& gateway, Recut recut);

  SocketAddress address() const { return *SocketAddress::parse(listener_.endpoint()); }

 private:
  Backend listener_;
};

/// The records of the first handshake message that comes.
std::string read_hello(RawClient& client);

/// Small writes leave at once, each in a segment of its own.
void send_at_once(const RawClient& client);

}  // namespace wssgate::test
