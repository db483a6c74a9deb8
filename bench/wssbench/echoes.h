#pragma once

#include "wssbench/connection.h"
#include "wssbench/echo_message.h"
#include "wssbench/failure.h"

/// Echoing on an open tunnel, for the modes that do.
namespace wssgate::bench {

inline constexpr std::uint16_t kNormalClosure = 1000;

/// Of the size and kind that the options name.
EchoMessage echo_message(Connection& connection);
/// Waits until it is time to send, and hears the server meanwhile. Error: also run_over().
asio::awaitable<Result<void>> await_turn(Connection& connection, EchoMessage& message,
                                         TimePoint intended);
/// Sends a message and waits for it to come back.
asio::awaitable<Result<void>> echo_once(Connection& connection, EchoMessage& message);
Result<void> take_echoes(Connection& connection, EchoMessage& message);

}  // namespace wssgate::bench
