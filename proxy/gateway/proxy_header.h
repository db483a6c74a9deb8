#pragma once

#include <string>

#include "gateway/connection.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

/// The PROXY header that tells an upstream of this connection's client; empty for
/// ProxyHeader::none. With v2_ssl it has the server name as authority and, where TLS ends here, the
/// version, the cipher, the ALPN protocol and the name in a verified client certificate.
std::string proxy_header(const Connection& connection, upstream::ProxyHeader kind);

}  // namespace wssgate::gateway
