#include "gateway/proxy_header.h"

#include <openssl/ssl.h>

#include <utility>
#include <vector>

#include "net/tls_stream.h"
#include "pki/x509_facts.h"
#include "protocol/proxy_protocol.h"

namespace wssgate::gateway {
namespace {

using proxy_protocol::Tlv;

// X.520 has 64 characters; the header must stay small whatever a CA signs.
constexpr std::size_t kMostName = 256;

std::string alpn_protocol(const SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

proxy_protocol::SslFacts ssl_facts(const SSL* ssl) {
  proxy_protocol::SslFacts facts{.version = SSL_get_version(ssl),
                                 .cipher = SSL_get_cipher_name(ssl)};
  const X509* const shown = SSL_get0_peer_certificate(ssl);
  if (shown != nullptr && SSL_get_verify_result(ssl) == X509_V_OK) {
    facts.client_certificate = true;
    std::string name = pki::common_name(shown);
    if (name.size() <= kMostName) facts.client_common_name = std::move(name);
  }
  return facts;
}

std::vector<Tlv> tls_tlvs(const Connection& connection) {
  std::vector<Tlv> tlvs;
  const auto* const tls = dynamic_cast<const net::TlsStream*>(connection.stream.get());
  if (tls != nullptr) {
    const std::string alpn = alpn_protocol(tls->ssl());
    if (!alpn.empty()) tlvs.push_back({proxy_protocol::kTlvAlpn, alpn});
  }
  tlvs.push_back({proxy_protocol::kTlvAuthority, connection.server_name});
  if (tls != nullptr) {
    tlvs.push_back({proxy_protocol::kTlvSsl, proxy_protocol::ssl_tlv_value(ssl_facts(tls->ssl()))});
  }
  return tlvs;
}

}  // namespace

std::string proxy_header(const Connection& connection, upstream::ProxyHeader kind) {
  const proxy_protocol::Addresses addresses{connection.client, connection.destination()};
  switch (kind) {
    case upstream::ProxyHeader::none:
      break;
    case upstream::ProxyHeader::v1:
      return proxy_protocol::v1_header(addresses);
    case upstream::ProxyHeader::v2:
      return proxy_protocol::v2_header(addresses);
    case upstream::ProxyHeader::v2_ssl:
      return proxy_protocol::v2_header(addresses, tls_tlvs(connection));
  }
  return {};
}

}  // namespace wssgate::gateway
