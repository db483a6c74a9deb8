#pragma once

#include <string>

#include "doctor/facts.h"
#include "doctor/target.h"
#include "doctor/wire.h"

/// HTTP and WebSocket with one peer, as a client.
namespace wssgate::doctor {

/// Sends the target's request and reads the head that answers it. For a WebSocket that is the
/// upgrade, and behind a 101 a ping is sent and its pong waited for: `websocket`.
HttpAnswer ask(Channel& channel, const Target& target, WebSocketAnswer& websocket);

/// The head that answers `request`, interim ones passed over. What came behind it goes to `rest`.
HttpAnswer exchange(Channel& channel, const std::string& request, Deadline deadline,
                    std::string& rest);

}  // namespace wssgate::doctor
