#pragma once

#include "gateway/gateway.h"

namespace wssgate::gateway {

/// One plain HTTP connection to a listener with redirect_to_https: reads a request, answers 308 to
/// the same address under https at the listener's redirect_port, and closes. Names that we do not
/// serve get 421: no redirect leads where the handshake would be refused, nor where a forged Host
/// points.
asio::awaitable<void> run_redirect(Gateway& gateway, std::shared_ptr<const Snapshot> snapshot,
                                   net::Fd socket, SocketAddress client, const Listening& listener,
                                   ConnectionGate::Place place);

}  // namespace wssgate::gateway
