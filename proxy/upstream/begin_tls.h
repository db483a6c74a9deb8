#pragma once

#include <memory>

#include "net/tcp_stream.h"
#include "pki/tls_peer.h"

namespace wssgate::upstream {

/// The TLS handshake with an endpoint on a connection that is open; nothing of ours has been sent
/// before. How long it may take is the deadline set in `waiter`, which is the stream's. Errors:
/// which check the endpoint's certificate did not pass (upstream_certificate_…), upstream_not_tls,
/// upstream_tls_version, upstream_tls_alert, upstream_tls_failed, upstream_closed, the waiter's.
asio::awaitable<Result<std::unique_ptr<net::Stream>>> begin_tls(
    std::unique_ptr<net::TcpStream> plain, std::shared_ptr<pki::TlsPeer> peer, net::Waiter& waiter);

}  // namespace wssgate::upstream
