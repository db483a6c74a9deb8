#include "support/clients.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "base/text.h"
#include "support/test_ca.h"

namespace wssgate::test {
namespace {

void limit_waits(int fd) {
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::system_category(), what);
}

std::optional<std::size_t> content_length(std::string_view head) {
  for (const std::string_view line : split(head, '\n')) {
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && iequals(line.substr(0, colon), "content-length")) {
      return std::stoul(std::string(trim(line.substr(colon + 1))));
    }
  }
  return std::nullopt;
}

}  // namespace

RawClient::RawClient(const SocketAddress& address)
    : fd_(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  limit_waits(fd_.get());
  if (::connect(fd_.get(), address.get(), address.length()) != 0) fail("connect");
}

RawClient::RawClient(net::Fd fd) : fd_(std::move(fd)) { limit_waits(fd_.get()); }

void RawClient::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string RawClient::read_some() {
  std::string bytes(std::size_t{64} * 1024, '\0');
  const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (got < 0) {
    was_reset_ = errno == ECONNRESET;
    fail("recv");
  }
  bytes.resize(static_cast<std::size_t>(got));
  return bytes;
}

std::string RawClient::take(std::size_t bytes) {
  std::string taken = ahead_.substr(0, bytes);
  ahead_.erase(0, bytes);
  return taken;
}

std::string RawClient::read_until(std::string_view end) {
  for (;;) {
    const auto found = ahead_.find(end);
    if (found != std::string::npos) return take(found + end.size());
    const std::string more = read_some();
    if (more.empty())
      throw std::runtime_error("ended before '" + printable(end) + "': " + printable(ahead_));
    ahead_ += more;
  }
}

std::string RawClient::read_exactly(std::size_t bytes) {
  while (ahead_.size() < bytes) {
    const std::string more = read_some();
    if (more.empty()) throw std::runtime_error("ended too early: " + printable(ahead_));
    ahead_ += more;
  }
  return take(bytes);
}

std::string RawClient::read_all() {
  for (;;) {
    const std::string more = read_some();
    if (more.empty()) return take(ahead_.size());
    ahead_ += more;
  }
}

std::string RawClient::read_message(bool head_only) {
  std::string head = read_until("\r\n\r\n");
  if (head_only) return head;
  if (const auto length = content_length(head)) return head + read_exactly(*length);
  if (to_lower(head).find("transfer-encoding: chunked") == std::string::npos) return head;
  std::string body;
  for (;;) {
    const std::string line = read_until("\r\n");
    const std::size_t size = std::stoul(line, nullptr, 16);
    body += line;
    if (size == 0) break;
    body += read_exactly(size + 2);
  }
  for (;;) {  // trailers
    const std::string line = read_until("\r\n");
    body += line;
    if (line == "\r\n") return head + body;
  }
}

bool RawClient::ends() {
  try {
    while (!read_some().empty()) {
    }
    return true;
  } catch (const std::system_error& error) {
    return error.code().value() == ECONNRESET || error.code().value() == EPIPE;
  }
}

void RawClient::end_writing() { ::shutdown(fd_.get(), SHUT_WR); }

void RawClient::reset() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

void RawClient::receive_buffer(int bytes) {
  setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

TlsClient::TlsClient(const SocketAddress& address, const TlsOptions& options) : TlsSocket(address) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
  SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
  if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context_.get(), options.ciphers.c_str());
  if (!options.groups.empty()) {
    SSL_CTX_ctrl(context_.get(), SSL_CTRL_SET_GROUPS_LIST, 0,
                 const_cast<char*>(options.groups.c_str()));
  }
  if (options.certificate != nullptr) {
    const pki::BorrowingStack chain(sk_X509_new_null());
    for (const TestCertificate* each : options.intermediates) {
      sk_X509_push(chain.get(), each->certificate());
    }
    SSL_CTX_use_cert_and_key(context_.get(), options.certificate->certificate(),
                             options.certificate->key(), chain.get(), 1);
  }
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), fd());
  if (options.server_name) {
    // SSL_set_tlsext_host_name() is a macro with a C cast, as is the one below.
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(options.server_name->c_str()));
  }
  if (!options.signature_algorithms.empty()) {
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_SIGALGS_LIST, 0,
             const_cast<char*>(options.signature_algorithms.c_str()));
  }
  std::string alpn;
  for (const std::string& protocol : options.alpn) {
    alpn += static_cast<char>(protocol.size());
    alpn += protocol;
  }
  if (!alpn.empty()) {
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  }
  if (options.status_request) {
    SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, TLSEXT_STATUSTYPE_ocsp, nullptr);
  }
  if (options.session != nullptr) SSL_set_session(ssl_.get(), options.session);
  ERR_clear_error();
  check_handshake(SSL_connect(ssl_.get()));
}

void TlsSocket::check_handshake(int done) {
  if (done == 1) return;
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  const bool alert = ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET;
  const char* const text = ERR_reason_error_string(code);
  ERR_clear_error();
  throw TlsRefused(alert ? reason - SSL_AD_REASON_OFFSET : 0,
                   text != nullptr ? text : "closed in the handshake");
}

void TlsSocket::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const int sent = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
    if (sent <= 0) fail("SSL_write");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string TlsSocket::read_some() {
  std::string bytes(std::size_t{64} * 1024, '\0');
  ERR_clear_error();
  errno = 0;
  const int got = SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (got > 0) {
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }
  const int error = SSL_get_error(ssl_.get(), got);
  if (error == SSL_ERROR_ZERO_RETURN) return {};
  if (error == SSL_ERROR_SSL) {
    const unsigned long code = ERR_peek_error();
    const std::string text = std::string("TLS: ") + ERR_reason_error_string(code);
    if (const int reason = ERR_GET_REASON(code); reason >= SSL_AD_REASON_OFFSET) {
      throw TlsAlert(reason - SSL_AD_REASON_OFFSET, text);
    }
    throw std::runtime_error(text);
  }
  was_reset_ = errno == ECONNRESET;
  fail("SSL_read");
}

void TlsSocket::end_writing() { SSL_shutdown(ssl_.get()); }

std::string TlsClient::staple() const {
  const char* der = nullptr;
  // SSL_get_tlsext_status_ocsp_resp() without its C cast.
  const long length =
      SSL_ctrl(ssl_.get(), SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, static_cast<void*>(&der));
  return length <= 0 ? std::string() : std::string(der, static_cast<std::size_t>(length));
}

std::vector<std::string> TlsClient::leaf_names() const {
  const pki::X509Ptr leaf(SSL_get1_peer_certificate(ssl_.get()));
  std::vector<std::string> names;
  auto* const list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(leaf.get(), NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* const entry = sk_GENERAL_NAME_value(list, i);
    if (entry->type != GEN_DNS) continue;
    names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(entry->d.dNSName)),
                       static_cast<std::size_t>(ASN1_STRING_length(entry->d.dNSName)));
  }
  GENERAL_NAMES_free(list);
  return names;
}

std::string upgrade_request(const std::string& host, const std::string& target,
                            const std::string& extra) {
  return "GET " + target + " HTTP/1.1\r\nHost: " + host +
         "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         extra + "\r\n";
}

std::string upgrade_response(const std::string& extra) {
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" +
         extra + "\r\n";
}

}  // namespace wssgate::test
