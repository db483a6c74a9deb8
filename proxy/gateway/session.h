#pragma once

#include "base/address.h"
#include "gateway/connection_gate.h"
#include "gateway/gateway.h"

namespace wssgate::gateway {

/// The life of one client connection, from accept to close: peek at the hello, match its name to
/// a site, take TLS, serve HTTP and what it becomes; or pass the TLS through. Takes over the socket
/// and its place. `listener` is one of the snapshot's.
asio::awaitable<void> run_session(Gateway& gateway, std::shared_ptr<const Snapshot> snapshot,
                                  net::Fd socket, SocketAddress client, const Listening& listener,
                                  ConnectionGate::Place place);

}  // namespace wssgate::gateway
